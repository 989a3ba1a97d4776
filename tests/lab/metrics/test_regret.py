"""Regret and where it comes from: one-sided parts, the bound, and the printed statements that are and are not so."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics import regret
from deleverage.lab.metrics.collection import collection, sides, transfers

AMOUNTS = st.lists(st.tuples(*[st.floats(0, 1e6)] * 3), min_size=1, max_size=8)


def test_bound_when_the_published_waves_are_taken_then_path_and_bound_are_the_published_ones(shared_dir: Path) -> None:
    """P, sum D^2 and B_inst from the waves' D and B."""
    given_ = json.loads((shared_dir / "lab" / "given_reference.json").read_text("utf-8"))
    needed, deficit = (np.array([wave[name] for wave in given_["per_wave"]]) for name in ("B", "D"))
    path = regret.path_length(regret.needed_severity(needed, deficit)).value
    assert path == pytest.approx(given_["P_theta"], rel=1e-14)
    assert float((deficit**2).sum()) == pytest.approx(given_["sum_D2"], rel=1e-14)
    assert regret.regret_bound(needed, deficit).value == pytest.approx(given_["B_inst"], rel=1e-14)


def test_estimation_error_when_waves_cancel_then_it_is_still_one_sided(shared_dir: Path) -> None:
    """T41: needed 400, estimate 100 gives 300; another wave that takes 300 too much takes none of it back."""
    worked = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))["ogd_one_wave"]
    one = regret.estimation_error(np.array([worked["estimate"]]), np.array([worked["needed"]])).value
    both = regret.estimation_error(np.array([100.0, 700.0]), np.array([400.0, 400.0])).value
    assert (one, both) == (worked["V"], 300.0)


def test_fixed_severity_when_regimes_alternate_then_every_one_pays_half_of_the_waves() -> None:
    """T39: theta* = 0, 1, 0, 1 ...: any fixed theta loses T / 2 on |theta - theta_t|."""
    needed, deficit = np.array([0.0, 1.0] * 5), np.ones(10)
    lost = [regret.losses(np.full(10, theta), needed, deficit).sum() for theta in np.linspace(0, 1, 11)]
    assert lost == pytest.approx([5.0] * 11)


@given(AMOUNTS)
def test_static_regret_when_all_severities_are_tried_then_none_beats_the_median(waves: list[tuple[float, ...]]) -> None:
    """The weighted median against a grid: its loss is the least, so the best course's regret is never below."""
    _, needed, deficit = np.array(waves).T
    best = regret.losses(np.full(len(waves), regret.best_static(needed, deficit)), needed, deficit).sum()
    for theta in np.linspace(0, 1, 21):
        assert best <= regret.losses(np.full(len(waves), theta), needed, deficit).sum() * (1 + 1e-12) + 1e-9


@given(AMOUNTS)
def test_decomposition_when_added_up_then_the_parts_bound_the_total(waves: list[tuple[float, ...]]) -> None:
    """Severity + allocation + estimation + what lies beyond the deficit >= sum |H - B| + allocation."""
    taken, needed, deficit = np.array(waves).T
    parts = regret.decomposition(taken, needed, deficit, np.full(len(waves), 0.25))
    total = parts.pop("total")
    assert total <= sum(parts.values()) * (1 + 1e-12) + 1e-6


def test_decomposition_when_more_is_taken_than_was_lost_then_the_printed_bound_fails() -> None:
    """As printed, severity + allocation + estimation: H = 300, B = 100, D = 100 has regret 200 and a bound of 0."""
    parts = regret.decomposition(np.array([300.0]), np.array([100.0]), np.array([100.0]), np.zeros(1))
    printed = parts["severity"] + parts["allocation"] + parts["estimation"]
    assert (parts["total"], printed, parts["beyond_deficit"]) == (200.0, 0.0, 200.0)


def test_track_regret_when_shares_alternate_then_it_grows_with_the_waves() -> None:
    """T40: one account's share between two values strays T (max - min) / 2 from its mean; a constant one nothing."""
    shares = np.array([[0.2], [0.6]] * 4)
    assert regret.track_regret(shares).value == pytest.approx(8 * 0.2)
    assert regret.allocation_path(shares) == pytest.approx(7 * 0.4)
    assert regret.track_regret(np.full((5, 3), 1 / 3)).value == pytest.approx(0, abs=1e-15)


def test_linear_regret_when_a_fixed_queue_always_asks_one_of_many_then_it_is_the_published_one(
    shared_dir: Path,
) -> None:
    """T38 (18): T / 2 (1 - 1 / M): each wave costs half the total variation between the queue and equal shares."""
    worked = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))[
        "fixed_queue_linear_regret_eq18"
    ]
    waves, members = worked["T"], worked["M"]
    queue, fair = np.eye(members)[0], np.full(members, 1 / members)
    lost = np.full(waves, np.abs(queue - fair).sum() / 4)
    assert regret.class_regret(lost, np.zeros((1, waves))) == pytest.approx(worked["regret"])


def test_fairness_regret_when_a_policy_is_fairer_than_the_reference_then_it_is_punished() -> None:
    """|0.01 - 0.10| x 1000: the printed measure cannot tell better from worse."""
    assert [regret.fairness_regret(share, 0.10, 1000.0) for share in (0.01, 0.19)] == pytest.approx([90.0, 90.0])


def test_collection_when_waves_cancel_then_over_and_under_stay_apart() -> None:
    """+200 and -200: the signed net is 0 and the measures are not."""
    over, under = (
        sum(row.value or 0.0 for taken in (300.0, 100.0) for row in collection(taken, 200.0, 400.0) if row.name == name)
        for name in ("over_collection", "under_collection")
    )
    assert (over, under) == (100.0, 100.0)
    assert {row.name: row.value for row in collection(1.0, 1.0, 0.0)}["theta"] is None


def test_transfers_when_sides_differ_then_the_sign_is_the_winner_s() -> None:
    """A long closed below the mark loses, a short closed below it gains; without a side nothing is said."""
    side = np.array([1, -1, 0], np.int8)
    column = transfers(side, np.full(3, 100.0), np.full(3, 90.0), np.full(3, 2.0))
    found = sides(column)
    assert (found.above, found.below, found.net, found.unknown) == (20.0, 20.0, 0.0, 1)
