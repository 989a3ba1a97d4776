"""Rounds of a venue: known truths of clocks and values, the printed death spiral, identities, and seeds."""

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics.fund import solvency_gap
from deleverage.lab.policies.catalogue import named
from deleverage.lab.policies.followers import Follower
from deleverage.lab.rounds.clocks import (
    default_round,
    first_below,
    first_uncovered,
    long_term_value,
    mean_clock,
    scales,
    tau_rev,
    tau_solv,
    values,
)
from deleverage.lab.rounds.world import ByChance, ByUtility, Venue, fees_of, pareto_deficits, play

PAIR = (Follower("a", 600, Fraction(2)), Follower("b", 400, Fraction(5)))
HALF, NINE_TENTHS = Fraction(1, 2), Fraction(9, 10)


def venue(beta: float = 0.0, **changes: Any) -> Venue:
    """Return a venue that shares by pro rata and earns a tenth of a unit per unit of notional."""
    return Venue(named("pro-rata"), ByChance(beta), **{"fee": Fraction(1, 10), **changes})


def test_rounds_when_nobody_ever_leaves_then_the_value_is_an_annuity_and_revenue_is_back_at_once() -> None:
    """Churn 0: fees of 120 and 200 in every round; 320 x (1 + 1/2 + 1/4), and tau_rev of 0."""
    played = play(venue(), PAIR, [100, 0, 50])
    assert [one.revenue for one in played] == [320, 320, 320]
    assert long_term_value(played, HALF) == 320 * Fraction(7, 4)
    assert values(played, HALF) == {"a": Fraction(210), "b": Fraction(350)}
    assert tau_rev(played, 320, Fraction(1)).value == 0
    assert first_below(played, 320, Fraction(1)).why == "revenue is never below 1 of 320"


def test_rounds_when_no_deficit_comes_then_no_clock_runs() -> None:
    """Deficit 0: nothing is taken and every clock says why it is undefined."""
    played = play(venue(5.0, fund=7), PAIR, [0, 0])
    assert default_round(played) is None
    assert [one.taken for one in played] == [{"a": 0, "b": 0}] * 2
    for clock in (
        tau_solv(played, 1),
        tau_rev(played, 320, HALF),
        first_uncovered(played),
        first_below(played, 1, HALF),
    ):
        assert (clock.value, clock.why) == (None, "no round has a deficit")


def test_clocks_when_a_fund_is_filled_by_fees_then_they_count_from_the_default() -> None:
    """50 in the fund, a deficit of 50 in the second round, 32 of fees a round: 32, 64, 96 behind the rounds."""
    played = play(venue(fund=50, to_fund=Fraction(1, 10)), PAIR, [0, 82, 0, 0])
    assert [one.step.after for one in played] == [82, 32, 64, 96]
    assert [tau_solv(played, safe).value for safe in (32, 33, 64, 65)] == [0, 1, 1, 2]
    assert tau_solv(played, 97).why == "the fund never holds 97 again"
    assert long_term_value(played) - long_term_value(played, net=True) == 4 * 32


def test_clocks_when_winners_may_not_be_asked_for_all_then_the_first_residual_is_a_breach() -> None:
    """Half of what the fund lacks is laid on winners, the other half nobody pays; they have 1,000 at most."""
    played = play(venue(fund=10, severity=HALF), PAIR, [10, 0, 30])
    assert [one.step.residual for one in played] == [0, 0, 15]
    assert first_uncovered(played).value == 2
    assert play(venue(), PAIR, [1_200])[0].step.residual == 200


def test_clocks_when_those_who_left_come_back_then_revenue_recovers() -> None:
    """All leave whom half is taken of (beta so large), and all return in the round after."""
    played = play(venue(1e6, returns=Fraction(1)), PAIR, [500, 0, 0])
    assert [one.revenue for one in played] == [0, 320, 320]
    assert (tau_rev(played, 320, NINE_TENTHS).value, first_below(played, 320, NINE_TENTHS).value) == (1, 0)
    gone = play(venue(1e6), PAIR, [500, 0, 0])
    assert [one.there for one in gone] == [(), (), ()]
    assert tau_rev(gone, 320, NINE_TENTHS).why == "revenue never is 9/10 of 320 again"
    assert play(venue(), (), [5])[0].step.residual == 5


@pytest.mark.parametrize("outside", [0, 2])
def test_rounds_when_the_printed_death_spiral_is_played_then_pro_rata_loses_the_safe_one(
    shared_dir: Path, outside: int
) -> None:
    """Masses, exit and the second haircut as printed, also with the printed outside option of 2; by risk both stay."""
    told = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))["death_spiral"]
    unit = 7 * 10**6
    rows = zip("LH", told["equity_LH"], told["leverage_LH"], told["utility_mu"], strict=True)
    pair = [Follower(name, equity * unit, Fraction(lev), mu * unit) for name, equity, lev, mu in rows]
    deficits = [deficit * unit for deficit in told["D_rounds"]]
    by = {
        name: play(Venue(named(name), ByUtility(outside * unit)), pair, deficits) for name in ("pro-rata", "rap")
    }  # fmt: skip
    first, second = by["pro-rata"]
    assert [first.taken[name] // unit for name in "LH"] == told["pro_rata_r1_mass"]
    assert (first.there == ("H",)) is told["L_exits"]
    assert Fraction(second.taken["H"], pair[1].equity) == Fraction(str(told["r2_H_haircut"]))
    for turn, one in enumerate(by["rap"], start=1):
        assert [one.taken[name] / unit for name in "LH"] == pytest.approx(told[f"rap_r{turn}_mass"], abs=1e-6)
        assert one.there == ("L", "H")
    before = sum(fees_of(Venue(named("rap"), ByUtility()), pair).values())
    assert tau_rev(by["rap"], before, NINE_TENTHS).value == 0
    assert first_below(by["pro-rata"], before, NINE_TENTHS).value == 0
    assert long_term_value(by["pro-rata"], HALF) < long_term_value(by["rap"], HALF)
    assert "L" not in values(by["pro-rata"])


@given(
    deficits=st.lists(st.integers(0, 3_000), min_size=1, max_size=12),
    fund=st.integers(0, 2_000),
    beta=st.sampled_from([0.0, 0.5, 5.0]),
    seed=st.integers(0, 9),
)
def test_rounds_when_played_then_every_unit_is_accounted_for(
    deficits: list[int], fund: int, beta: float, seed: int
) -> None:
    """The solvency identity to the unit, steps that follow one another, accounts' values that sum to the venue's."""
    played = play(venue(beta, fund=fund, to_fund=Fraction(1, 3), returns=Fraction(1, 4)), PAIR, deficits, seed)
    steps = [one.step for one in played]
    assert solvency_gap(steps) == 0
    assert all(before.after == after.before for before, after in pairwise(steps))
    assert all(min(step.paid, step.haircut, step.residual, step.after) >= 0 for step in steps)
    assert sum(values(played, HALF).values()) == long_term_value(played, HALF)


def test_rounds_when_seeds_differ_then_courses_do_and_the_mean_share_that_leaves_is_the_published_chance() -> None:
    """A tenth is taken of 2,000 accounts once: 39.3 % leave at beta 5; the same seed plays the same."""
    crowd = [Follower(f"t{at}", 100) for at in range(2_000)]
    courses = [play(venue(5.0), crowd, [20_000], seed) for seed in (1, 1, 2)]
    assert courses[0] == courses[1] != courses[2]
    assert 1 - len(courses[0][0].there) / 2_000 == pytest.approx(0.3935, abs=0.02)


def test_mean_clock_when_some_courses_never_stop_then_they_are_counted_and_not_averaged() -> None:
    """Of one that is back at once, one that is after a round, and one that never is."""
    back = [
        play(venue(beta, returns=Fraction(chance)), PAIR, [500, 0]) for beta, chance in ((0, 0), (1e6, 1), (1e6, 0))
    ]
    found = mean_clock(back, lambda played: tau_rev(played, 320, Fraction(1)))
    assert (found.mean, found.stopped, found.courses) == (0.5, 2, 3)
    none = mean_clock(back[2:], lambda played: tau_rev(played, 320, Fraction(1)))
    assert (none.mean, none.stopped) == (None, 0)


def test_scales_when_measured_then_they_are_of_those_who_are_there() -> None:
    """b_n 600, kappa 1/2 x 2 / 600, leverage mass 7; without anybody there is no scale."""
    scale, kappa, mass = scales(PAIR, ("a", "b"), HALF)
    assert (scale.value, kappa.value, mass.value) == (600.0, 1 / 600, 7.0)
    assert [one.value for one in scales(PAIR, ("b",), HALF)] == [400.0, 0.5 / 400, 5.0]
    assert [one.value for one in scales(PAIR, (), HALF)] == [None, None, 0.0]


def test_deficits_when_drawn_then_they_follow_their_law() -> None:
    """A third of rounds; of those half lie below 2^(1/index) x the least."""
    drawn = pareto_deficits(6_000, 4, least=10**6, index=Fraction(3, 2), chance=Fraction(1, 3))
    hit = [one for one in drawn if one]
    assert len(hit) / 6_000 == pytest.approx(1 / 3, abs=0.02)
    assert min(hit) >= 10**6
    assert float(np.median(hit)) == pytest.approx(10**6 * 2 ** (2 / 3), rel=0.03)
    assert drawn == pareto_deficits(6_000, 4, least=10**6, index=Fraction(3, 2), chance=Fraction(1, 3))
