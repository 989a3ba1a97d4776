"""Policies side by side: what is measured of whom, on which waves means are taken, and what is left out, and why."""

import json
from pathlib import Path

import pytest

from deleverage.lab.compare.averages import common, sums
from deleverage.lab.compare.digest import result_hash, rounded
from deleverage.lab.compare.dominance import fairer_than
from deleverage.lab.compare.published import published_misses, published_rows
from deleverage.lab.compare.run import compare
from deleverage.lab.events.generator import generate
from deleverage.lab.events.load import load
from tests.lab.compare.events import chosen, compared, event, told, wave


def test_compare_when_policies_share_a_wave_then_budget_and_winners_are_the_same() -> None:
    """The whole budget of each, exactly; who knows what stands beside it."""
    found = told(event(), "queue", "wealth-pro-rata", "top-levelling")
    for row in found["policies"]:
        assert [(cell["allocated"], cell["residual"]) for cell in row["waves"]] == [("400.25", "0")]
        assert row["sums"] == {"over_collection": 0.0, "under_collection": 0.0}
        assert row["information"] in ("ex ante", "online", "ex post")
    assert found["synthetic"] is True
    assert "not a fact about the event" in found["winners"]


def test_compare_when_the_budget_is_above_all_gains_then_the_rest_is_named() -> None:
    """Nobody is asked for more than there is: 10,000 of 12,000 USD, and 2,000 too little."""
    found = told(event(wave(needed_usd=12_000.0)), "queue", "wealth-pro-rata")
    for row in found["policies"]:
        assert [(cell["allocated"], cell["residual"]) for cell in row["waves"]] == [("10000", "2000")]
        assert row["sums"] == {"over_collection": 0.0, "under_collection": 2000.0}
        assert "no survivors" in row["waves"][0]["undefined"]["survivor"]


def test_compare_when_nothing_was_needed_then_nothing_is_taken_and_indices_are_undefined() -> None:
    """A budget of 0: zeros, no Gini of nothing."""
    found = told(event(wave(needed_usd=0.0)), "queue", "wealth-pro-rata")
    for row in found["policies"]:
        (cell,) = row["waves"]
        assert (cell["allocated"], cell["measures"]["gini_x"], cell["lorenz"]) == ("0", None, None)
        assert cell["undefined"]["gini_x"] == "nobody pays anything"


def test_compare_when_contracts_are_asked_for_then_the_policy_is_left_out_with_the_reason() -> None:
    """What each winner held of a coin is not known."""
    (row,) = told(event(), "contracts-pro-rata")["policies"]
    assert row["waves"] == []
    assert "closes contracts" in row["why"]


def test_compare_when_a_wave_has_no_winners_then_all_leave_it_out_and_say_why() -> None:
    """One wave without a published profit, one with."""
    found = told(event(wave(1, winners_profit_usd=float("nan")), wave(2)), "queue")
    assert [row["wave"] for row in found["left_out"]] == [1]
    assert [cell["wave"] for cell in found["policies"][0]["waves"]] == [2]


def test_means_when_a_policy_lacks_a_wave_then_all_are_averaged_over_the_others() -> None:
    """Ours are defined in both waves, the published ratio in the second only: the mean of all is one over wave 2."""
    claims = [(1, "prod", "budget", 1_500.0), (1, "prod", "ptsr", float("nan")), (2, "prod", "budget", 300.0)]
    claims += [(2, "prod", "ptsr", 4.0), (3, "prod", "budget", float("nan"))]
    result = compared(event(wave(1), wave(2), claims=claims), "queue")
    means = {row.name: row for row in common(result)}
    assert means["ptsr_code"].waves == (2,)
    assert means["ptsr_code"].means["prod"] == 4.0
    assert means["collected"].waves == (1, 2)
    assert means["gini_x"].waves == (1, 2)
    assert means["gini_x"].never == ("prod",)


def test_published_when_production_takes_too_much_and_too_little_then_both_sums_stand() -> None:
    """1,500 of 400.25 and 300 of 400.25: over 1,099.75 and under 100.25, never 999.5."""
    claims = [(1, "prod", "budget", 1_500.0), (2, "prod", "budget", 300.0)]
    rows = told(event(wave(1), wave(2), claims=claims), "queue")["policies"]
    assert rows[1]["published"] is True
    assert rows[1]["sums"] == pytest.approx({"over_collection": 1099.75, "under_collection": 100.25})


def test_published_when_it_collects_each_need_then_it_is_told_that_it_knew() -> None:
    """400.25 of 400.25 in both waves is an oracle's; one wave that differs proves nothing."""
    claims = [(at, name, "budget", sum_) for at in (1, 2) for name, sum_ in (("a", 400.25), ("b", 400.0 + at / 4))]
    rows = {row["policy"]: row for row in told(event(wave(1), wave(2), claims=claims), "queue")["policies"]}
    assert rows["a"]["information"].startswith("ex post: ")
    assert rows["b"]["information"] == "not stated by the source"


def test_published_when_it_has_the_name_of_a_policy_of_ours_then_both_stand() -> None:
    """A claim about "queue" is no answer of our queue."""
    found = told(event(claims=[(1, "queue", "budget", 500.0)]), "queue")
    assert [row["policy"] for row in found["policies"]] == ["queue", "queue (published)"]
    assert [row["sums"]["over_collection"] for row in found["policies"]] == [0.0, 99.75]


def test_compare_when_the_deficit_is_not_known_then_that_is_the_reason() -> None:
    """NaN in the source is no 0."""
    (row,) = told(event(wave(deficit_usd=float("nan"), max_loss_usd=float("nan"))), "queue")["policies"]
    reasons = row["waves"][0]["undefined"]
    assert {reasons[name] for name in ("theta", "ptsr_code", "pmr_paper", "rd_nse")} == {"the deficit is not known"}
    assert row["waves"][0]["measures"]["ptsr_paper"] is not None
    assert set(row["course"]["measures"]) == {"fairness_regret", "total_regret"}  # which need no deficit


def test_published_when_a_share_is_none_then_it_is_out_of_range_and_a_blank_is_a_blank() -> None:
    """An NSE of 1.2, and an empty cell."""
    claims = [(1, "prod", "budget", 1_500.0), (1, "prod", "rd_nse", 1.2), (1, "prod", "ptsr", float("nan"))]
    row = {item.name: item for item in published_rows(event(claims=claims))["prod"][1][3]}
    assert row["rd_nse"].why == "out of range 0..1: the source prints 1.2"
    assert row["ptsr_code"].why == "the source leaves the cell empty"
    assert row["survivor"].value is None


def test_published_when_ratios_contradict_each_other_then_the_miss_is_told() -> None:
    """Planted: NSE is not PTSR / (1 + PTSR)."""
    claims = [(1, "p", "budget", 400.0), (1, "p", "ptsr", 3.0), (1, "p", "rd_nse", 0.5), (1, "p", "pmr", 3000 / 700)]
    misses = published_misses(event(claims=claims))["p"]
    assert misses == pytest.approx({"nse_from_ptsr": 1 / 3, "pmr_from_ptsr": 0.0}, abs=1e-12)


def test_dominance_when_sums_are_equal_then_equal_haircuts_beat_pro_rata_and_that_the_queue() -> None:
    """In dollars, whatever index is chosen; what takes another sum is compared with nobody."""
    fairer = fairer_than(compared(event(), "queue", "per-capita", "wealth-pro-rata", "queue-whole"))
    assert {"queue", "wealth-pro-rata"} <= set(fairer["per-capita"])
    assert "queue" in fairer["wealth-pro-rata"]
    assert fairer["queue"] == []
    assert all("queue-whole" not in others for others in fairer.values())


def test_metrics_when_chosen_then_only_those_are_given_and_defined() -> None:
    """Two of them: in cells, means and definitions; Lorenz curves come with fairness only."""
    found = compared(event(), "queue", metrics=("over_collection", "theta"))
    names = {item.name for line in found.lines for cell in line.cells for item in cell.measures}
    assert names == {"over_collection", "theta"}
    assert found.lines[0].cells[0].lorenz is None
    course = compared(event(), "queue", metrics=("regret_bound",))
    assert {item.name for line in course.lines for cell in line.cells for item in cell.measures} == set()


def test_compare_when_the_event_has_accounts_then_they_are_asked_and_nothing_is_drawn() -> None:
    """A generated event: no seed in the document, every wave has its own winners."""
    found = told(generate(1).event, "queue", "wealth-pro-rata")
    assert (found["synthetic"], found["seed"]) == (False, None)
    assert {row["kind"] for row in found["waves"]} == {"event"}
    assert found["left_out"] == []


def test_hash_when_a_unit_or_a_ninth_digit_moves_then_it_is_another_one() -> None:
    """Allocations in full, measures to nine digits; zero has no sign."""
    plain = result_hash(compared(event(), "queue"))
    assert plain == result_hash(compared(event(), "queue"))
    assert plain != result_hash(compared(event(wave(needed_usd=400.26)), "queue"))
    assert plain != result_hash(compared(event(wave(deficit_usd=1_000.0001)), "queue"))
    assert plain == result_hash(compared(event(wave(deficit_usd=1_000.0 + 1e-9)), "queue"))
    assert (rounded(-0.0), rounded(None), rounded(1 / 3)) == ("0.00000000e+00", "undefined", "3.33333333e-01")


def test_compare_when_the_real_event_is_taken_then_published_sums_are_those_of_its_tables(shared_dir: Path) -> None:
    """Production: over minus under is the published overshoot at horizon 0; coverage is that of fills."""
    reference = json.loads((shared_dir / "lab" / "given_reference.json").read_text("utf-8"))
    made = load(shared_dir / "data" / "oct10")
    found = compare(made, chosen("queue", "wealth-pro-rata"), ("rd_nse",), 1)
    over, under = sums({line.name: line for line in found.lines}["prod"]).values()
    assert over is not None
    assert under is not None
    assert over - under == pytest.approx(reference["signed_overshoot_h0"], rel=1e-12)
    assert min(over, under) > 1e6
    assert max(miss for row in published_misses(made).values() for miss in row.values()) < 1e-12
    assert len(found.crowds) == len(made.waves) == 16
