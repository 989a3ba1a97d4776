"""The insurance fund: its size, its recursion, and that nothing is lost between fund, winners and residual."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.metrics import fund, tails
from deleverage.lab.policies.followers import churn as churn_of

DEFICITS = st.lists(st.integers(0, 10**18), min_size=1, max_size=30)
RATES = st.fractions(0, 1, max_denominator=50)


@given(DEFICITS, RATES, st.fractions(Fraction(1, 50), 1, max_denominator=50))
def test_newsvendor_when_all_sizes_are_tried_then_none_is_cheaper(
    deficits: list[int], carry: Fraction, shortage: Fraction
) -> None:
    """T48: the quantile minimises r K + kappa E(D - K)+ over the sample, exactly; r >= kappa keeps nothing."""
    best = fund.newsvendor(carry, shortage, deficits)
    cost = fund.expected_cost(carry, shortage, best, deficits)
    for size in {0, *deficits, *(deficit + 1 for deficit in deficits)}:
        assert cost <= fund.expected_cost(carry, shortage, size, deficits)
    if carry >= shortage:
        assert best == 0


def test_newsvendor_when_r_and_kappa_are_the_worked_ones_then_it_is_the_published_quantile(shared_dir: Path) -> None:
    """r = .05, kappa = .5: the 90 % quantile; of 1..1000 that is 900, and 899 / 1000 is not enough."""
    worked = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))["newsvendor"]
    rates = Fraction(str(worked["r"])), Fraction(str(worked["kappa"]))
    assert fund.newsvendor(*rates, range(1, 1001)) == 1000 * worked["quantile"]
    assert fund.breach_frequency(900, range(1, 1001)) == 1 - Fraction(str(worked["quantile"]))


@pytest.mark.parametrize(("carry", "shortage", "sample"), [(-1, 1, [1]), (0, 0, [1]), (0, 1, [])])
def test_newsvendor_when_there_is_nothing_to_decide_then_it_is_refused(
    carry: int, shortage: int, sample: list[int]
) -> None:
    """A negative price, none at all, or no sample."""
    with pytest.raises(ValueError, match=r"kappa|sample"):
        fund.newsvendor(Fraction(carry), Fraction(shortage), sample)


@given(DEFICITS, st.integers(0, 10**18), st.integers(0, 10**18))
def test_breach_frequency_when_the_fund_grows_then_it_never_rises(deficits: list[int], a: int, b: int) -> None:
    """T49: more in the fund, not more waves that empty it."""
    assert fund.breach_frequency(max(a, b), deficits) <= fund.breach_frequency(min(a, b), deficits)


@given(st.lists(st.tuples(*[st.integers(0, 10**18)] * 3), max_size=8), st.integers(0, 10**18))
def test_recursion_when_played_in_both_orders_then_nothing_is_lost(rows: list[tuple[int, ...]], start: int) -> None:
    """T45 to the unit; T7: with nothing coming in, one wave is covered by min(D, U + F) in either order."""
    inflows, deficits, capacities = ([row[at] for row in rows] for at in range(3))
    for order in (fund.INSURANCE_FIRST, fund.DELEVERAGING_FIRST):
        steps = fund.recursion(start, inflows, deficits, capacities, order)
        assert fund.solvency_gap(steps) == 0
        for step, (_, deficit, capacity) in zip(steps, rows, strict=True):
            assert step.paid + step.haircut == min(deficit, capacity + step.before)
            assert min(step.after, step.residual, step.paid, step.haircut) >= 0


def test_recursion_when_nothing_comes_in_and_the_fund_is_enough_then_it_shrinks_by_the_deficit() -> None:
    """T47: F' = F - D; what comes in counts only afterwards."""
    (step,) = fund.recursion(100, [0], [30], [10**6])
    assert (step.after, step.haircut, step.residual) == (70, 0, 0)
    assert fund.recursion(100, [50], [120], [5])[0].residual == 15
    assert fund.inflow([Fraction(1, 2), Fraction(0), Fraction(1, 10)], [Fraction(8), Fraction(9), Fraction(20)]) == 6


def test_solvency_when_a_payment_is_booked_twice_then_the_gap_is_seen() -> None:
    """Planted: the fund pays 10 more than was owed."""
    (step,) = fund.recursion(100, [0], [30], [0])
    assert fund.solvency_gap([fund.Step(step.before, 0, 30, 40, 0, 0)]) == 10


@pytest.mark.parametrize("index", [1.2, 1.5, 1.8])
def test_trilemma_when_accounts_grow_then_the_scaled_ratio_stays_in_a_band(index: float) -> None:
    """T44: Pareto in (1, 2), n of 100, 1,000 and 10,000: v / D^pi x theta n / b_n neither vanishes nor explodes."""
    rng = np.random.Generator(np.random.PCG64(int(index * 10)))
    medians = []
    for n in (100, 1_000, 10_000):
        w = 1 + rng.pareto(index, (400, n))
        budget = 0.2 * n  # theta D with D proportional to n
        v = w.max(axis=1) * (1 - budget / w.sum(axis=1))
        medians.append(float(np.median(v / budget * 0.2 * n / tails.pareto_scale(index, n))))
    assert max(medians) / min(medians) < 1.5
    assert min(medians) > 0.2


@pytest.mark.parametrize(("fund_mean", "left_over"), [(2.0, False), (0.5, True)])
def test_trilemma_when_the_fund_takes_in_what_is_lost_then_all_three_hold(fund_mean: float, left_over: bool) -> None:
    """T44: with a mean inflow above the mean deficit no residual and no haircut is needed; below it, one of them is."""
    rng = np.random.Generator(np.random.PCG64(7))
    deficits = (1000 * rng.exponential(1.0, 2_000)).astype(int).tolist()
    steps = fund.recursion(10**5, [int(1000 * fund_mean)] * 2_000, deficits, [0] * 2_000)
    assert (sum(step.residual for step in steps) > 0) is left_over
    late = sum(step.residual for step in steps[1_000:])
    assert (late > 0) is left_over


def test_tails_when_examples_are_worked_then_they_come_out(shared_dir: Path) -> None:
    """Churn after haircuts of 10 and 20 %, and the leverage masses of the five positions."""
    worked = json.loads((shared_dir / "lab" / "worked_examples.json").read_text("utf-8"))
    churn, five = worked["churn"], worked["five_position_exchange_P5"]
    assert [churn_of(churn["beta"], share) for share in churn["h"]] == pytest.approx(churn["p"], rel=1e-15)
    equity = np.array(five["equity_t2"])
    notional = np.array(five["q"]) * five["p"][2]
    masses = [tails.leverage_mass(notional[side], equity[side]).value for side in (equity > 0, equity < 0)]
    assert masses == pytest.approx([five["lev_mass_winners"], five["lev_mass_losers"]], rel=1e-6)


def test_tails_when_the_law_is_known_then_hill_finds_its_index() -> None:
    """Pareto 1.5 in 100,000 draws; too few members have no estimate."""
    sample = 1 + np.random.Generator(np.random.PCG64(3)).pareto(1.5, 100_000)
    assert tails.hill(sample, 1_000).value == pytest.approx(1.5, rel=0.1)
    assert tails.hill(sample[:5], 5).value is None
    assert tails.order_parameter(0.5, 100, 25.0).value == 2.0


def test_undone_when_fills_go_both_ways_then_gross_counts_more_than_net() -> None:
    """10 closed of a long (-10); later +6, -4: gross .6, net .2; ten times more is still 1."""
    later = np.array([6.0, -4.0])
    assert tails.undone(-10.0, later).value == 0.6
    assert tails.undone(-10.0, later, net=True).value == pytest.approx(0.2)
    assert tails.undone(-10.0, 10 * later).value == 1.0


def test_over_collateralisation_when_profit_is_near_zero_then_trimming_decides_the_mean() -> None:
    """Nine accounts of 4 and one of 10^6: the mean is 100,003.6, trimmed by a tenth it is 4."""
    ratios = tails.over_collateralisation(np.array([4.0] * 9 + [1.0, 5.0]), np.array([1.0] * 9 + [1e-6, 0.0]))
    assert len(ratios) == 10
    assert ratios.mean() == pytest.approx(100_003.6)
    assert tails.trimmed_mean(ratios, 0.1) == 4.0
