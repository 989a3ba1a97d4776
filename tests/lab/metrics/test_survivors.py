"""PTSR, PMR and RD-NSE: two conventions with opposite denominators, undefined where they are, out of range told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics.measure import Measure
from deleverage.lab.metrics.survivors import Wave, inconsistencies, ratios, survivor

NAMES = ("ptsr_paper", "ptsr_code", "pmr_paper", "pmr_code", "rd_nse")


def by_name(kept: Measure, wave: Wave) -> dict[str, float | None]:
    """Return the values by name."""
    return {item.name: item.value for item in ratios(kept, wave)}


def test_ratios_when_denominators_differ_then_both_conventions_are_given() -> None:
    """v = 60, D = 100, H = 40, largest loss 50: the paper divides by 40 and 20, the code by 60 and 30."""
    found = by_name(survivor(np.array([100.0, 10.0]), np.array([40.0, 0.0])), Wave(40.0, 100.0, 50.0))
    assert found == {"ptsr_paper": 1.5, "ptsr_code": 1.0, "pmr_paper": 3.0, "pmr_code": 2.0, "rd_nse": 0.5}


@pytest.mark.parametrize("taken", [100.0, 100.0 + 1e-11])
def test_ratios_when_nothing_of_the_deficit_is_left_then_the_code_s_are_undefined(taken: float) -> None:
    """D - H <= 0, float noise included: no quotient, and the reason holds both sums."""
    found = ratios(Measure("survivor", "USD", 60.0), Wave(taken, 100.0, 50.0))
    values = {item.name: item.value for item in found}
    assert (values["ptsr_code"], values["pmr_code"], values["rd_nse"]) == (None, None, 1.0)
    assert "100 USD collected, the deficit is 100" in found[1].why


@pytest.mark.parametrize(("taken", "told"), [(110.0, "1.2"), (170.0, "denominator is -10")])
def test_nse_when_more_is_collected_than_was_lost_then_it_is_out_of_range(taken: float, told: str) -> None:
    """60 / (60 + 100 - 110) = 1.2 is no share of anything."""
    nse = ratios(Measure("survivor", "USD", 60.0), Wave(taken, 100.0, 50.0))[-1]
    assert nse.value is None
    assert "out of range" in nse.why
    assert told in nse.why


def test_survivor_when_nobody_keeps_anything_then_all_is_undefined() -> None:
    """An empty set has no maximum; the same where there are no winners at all."""
    for endowment, taken in (([5.0, 3.0], [5.0, 3.0]), ([], [])):
        kept = survivor(np.array(endowment), np.array(taken))
        assert kept.value is None
        assert by_name(kept, Wave(8.0, 10.0, 10.0)) == dict.fromkeys(NAMES)


def test_survivor_when_the_first_ranked_is_cut_then_the_maximum_runs_over_all() -> None:
    """w = (10, 9), B = 5: the queue keeps v = 9, pro-rata 140/19: as printed ("the queue minimises") it is false."""
    endowment = np.array([10.0, 9.0])
    queue, pro_rata = (survivor(endowment, np.array(x)).value for x in ([5.0, 0.0], [50 / 19, 45 / 19]))
    assert queue == 9.0
    assert pro_rata == pytest.approx(140 / 19)
    assert survivor(endowment, np.array([3.0, 2.0])).value == 7.0


def test_survivor_when_books_are_drawn_then_the_queue_is_often_no_minimiser() -> None:
    """T24: about a quarter of 20,000 Pareto(1.5) books violate "Queue minimises PTSR"; T23 holds in all of them."""
    rng = np.random.Generator(np.random.PCG64(1))
    violated = 0
    for _ in range(20_000):
        w = np.sort(1 + rng.pareto(1.5, int(rng.integers(2, 6))))[::-1]
        budget = w.sum() * rng.uniform(0.05, 0.5)
        queue = w - np.minimum(w, np.maximum(budget - (np.cumsum(w) - w), 0))
        pro_rata = w * (1 - budget / w.sum())
        assert queue[0] <= pro_rata[0] + 1e-9
        if budget <= w[0]:
            assert pro_rata[0] - queue[0] == pytest.approx(budget * (1 - w[0] / w.sum()))
        violated += queue.max() > pro_rata.max() + 1e-9
    assert 0.15 < violated / 20_000 < 0.45


@given(st.floats(1, 1e9), st.floats(1, 1e9), st.floats(0.01, 0.98), st.floats(0.01, 1))
def test_identities_when_ratios_are_ours_then_they_hold(kept: float, deficit: float, part: float, of: float) -> None:
    """NSE = PTSR / (1 + PTSR); PMR = PTSR D / max loss."""
    wave = Wave(part * deficit, deficit, of * deficit)
    misses = inconsistencies(by_name(Measure("survivor", "USD", kept), wave), wave)
    assert set(misses) == {"nse_from_ptsr", "pmr_from_ptsr"}
    assert max(misses.values()) < 1e-12


def test_identities_when_a_published_ratio_is_another_one_then_the_miss_is_seen() -> None:
    """Planted: a PTSR in the paper's convention under the code's name."""
    wave = Wave(40.0, 100.0, 50.0)
    ours = by_name(Measure("survivor", "USD", 60.0), wave)
    assert max(inconsistencies({**ours, "ptsr_code": ours["ptsr_paper"]}, wave).values()) > 0.1
