"""The programme: the optimum against all whole-lot answers, both ways of solving it, bound, prices and statuses."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from deleverage.lab.cross.book import CrossBook
from deleverage.lab.cross.moves import gains, moves, shortfall
from deleverage.lab.cross.programme import solve
from deleverage.lab.cross.rules import RULES, by_factor, pro_rata
from deleverage.lab.cross.terms import terms_of, whole_lots
from tests.lab.cross.books import book, drawn, legs_of

ALL_AT_ONCE = 10**9


def sample(made: CrossBook, *, seed: int = 1, count: int = 60, factor: float = 0.2, own: float = 0.1) -> Any:
    """Return what a lot of each leg gains in drawn scenarios."""
    return gains(made, moves(made.legs, count, seed, factor=factor, own=own))


@pytest.mark.parametrize("seed", range(25))
def test_terms_when_any_rule_closes_then_they_are_its_expected_shortfall(seed: int) -> None:
    """What is left out as never or always owed changes nothing; closing nothing and all included."""
    made, required = drawn(seed, most=40)
    gained = sample(made, seed=seed)
    terms = terms_of(made, required, gained)
    for rule in RULES.values():
        lots = rule(made, required).lots
        assert terms.value(terms.shares(lots)) * terms.scale == pytest.approx(shortfall(made, lots, gained), abs=1e-9)


@pytest.mark.parametrize("seed", range(25))
def test_programme_when_solved_both_ways_then_the_optimum_is_one_and_no_rule_is_below_its_bound(seed: int) -> None:
    """One programme and cutting planes; the lower bound is below every rule's shortfall."""
    made, required = drawn(seed, most=200)
    gained = sample(made, seed=seed)
    terms = terms_of(made, required, gained)
    lots = {name: rule(made, required).lots for name, rule in RULES.items()}
    start = terms.shares(lots["pro-rata"])
    whole, planes = (solve(terms, start, most_pairs=most) for most in (ALL_AT_ONCE, 0))
    assert whole.value == pytest.approx(planes.value, rel=2e-7, abs=1e-6)
    assert whole.bound == pytest.approx(planes.bound, rel=2e-7, abs=1e-6)
    assert max(whole.gap, planes.gap) <= 2e-7 * max(1.0, whole.value)
    assert {whole.status.partition(",")[0], planes.status.partition(",")[0]} == {"optimal"}
    for closed in lots.values():
        assert shortfall(made, closed, gained) >= whole.bound - 1e-6
    rounded = whole_lots(terms, whole.shares)
    assert rounded.sum(axis=0).tolist() == [
        min(wanted, int(held)) for wanted, held in zip(required, made.held.sum(axis=0), strict=True)
    ]
    assert ((rounded >= 0) & (rounded <= made.held)).all()


def test_programme_when_all_whole_lots_are_tried_then_none_is_better_than_its_bound() -> None:
    """Three accounts, two legs: 4 x 4 x 4 x 4 ways, the best of which is not below the bound and near it."""
    made = book([5, 7], {"a": (6, [3, 1]), "b": (9, [3, -3]), "c": (12, [0, 3])})
    required, gained = [3, 0, 2, 0], sample(made, count=40, factor=0.5)
    terms = terms_of(made, required, gained)
    best = solve(terms, terms.shares(pro_rata(made, required).lots))
    tried = []
    for a, b, c, d in product(range(4), repeat=4):
        lots = np.array([[a, 0, c, 0], [b, 0, 0, 0], [0, 0, d, 0]])
        if (lots <= made.held).all() and lots.sum(axis=0).tolist() == required:
            tried.append(shortfall(made, lots, gained))
    assert len(tried) >= 8
    assert min(tried) >= best.bound - 1e-9
    assert shortfall(made, whole_lots(terms, best.shares), gained) <= sorted(tried)[1]


@pytest.mark.parametrize("seed", range(25))
def test_factor_when_one_factor_moves_all_then_it_is_the_optimum_up_to_lots(seed: int) -> None:
    """Betas of both signs, several legs at once: no further from the bound than a lot of each account loses."""
    made, required = drawn(seed)
    steps = np.array([float(leg.step) for leg in made.legs])
    law = moves(legs_of([1]), 80, seed, factor=0.2, own=0.0)[:, :1]
    gained = law * steps
    terms = terms_of(made, required, gained)
    lots = by_factor(made, required).lots
    best = solve(terms, terms.shares(lots))
    lot = float(np.abs(steps).max() * np.abs(law).mean()) * len(made.ids)
    assert -1e-6 <= shortfall(made, lots, gained) - best.bound <= lot / 10


def test_prices_when_a_little_more_is_required_then_the_optimum_moves_by_them() -> None:
    """The shadow price of a lot is the slope of the least shortfall; with it each account's part is its own problem."""
    made, required = drawn(7, most=2_000)
    gained = sample(made, seed=7)
    terms = terms_of(made, required, gained)
    start = terms.shares(pro_rata(made, required).lots)
    found = [solve(terms, start, most_pairs=most) for most in (ALL_AT_ONCE, 0)]
    leg = terms.asked[0]
    more = list(required)
    more[leg] += 1
    moved = solve(terms_of(made, more, gained), start)
    for best in found:
        assert moved.value - best.value == pytest.approx(best.prices[leg], rel=0.05)
    prices = np.array([found[0].prices[at] for at in terms.asked])
    apart = _apart(made, gained, terms.asked, prices) + float(prices @ np.array(terms.wanted))
    assert apart == pytest.approx(found[0].value, rel=0.02)  # The grid is above each least, by little.


def _apart(made: CrossBook, gained: Any, asked: tuple[int, ...], prices: Any) -> float:
    """Return the sum over accounts of the least shortfall - price x lots, each on a grid of its own lots."""
    total = 0.0
    for row in range(len(made.ids)):
        best = np.inf
        axes = [np.linspace(0, made.held[row, at], 13) if made.held[row, at] else np.zeros(1) for at in asked]
        for lots in product(*axes):
            closed = np.zeros(len(made.legs))
            closed[list(asked)] = lots
            after = float(made.equity[row]) + gained @ (made.held[row] - closed)
            best = min(best, float(np.maximum(0, -after).mean()) - float(prices @ np.array(lots)))
        total += best
    return total


@pytest.mark.parametrize("most", [ALL_AT_ONCE, 0])
def test_programme_when_time_is_up_then_the_status_says_so_and_the_shares_are_feasible(most: int) -> None:
    """What comes back is what it began with, and a bound that holds."""
    made, required = drawn(5, accounts=60, most=500)
    terms = terms_of(made, required, sample(made, count=400))
    start = terms.shares(pro_rata(made, required).lots)
    best = solve(terms, start, most_pairs=most, seconds=0)
    assert not best.status.startswith("optimal")
    assert (best.shares == start).all()
    assert (best.bound, best.prices) == (0.0, {})
    assert best.value > 0


def test_programme_when_nobody_holds_what_is_asked_then_nothing_is_closed() -> None:
    """The shortfall of the book as it is."""
    made = book([10], {"a": (5, [4])})
    gained = sample(made, factor=0.5)
    best = solve(terms := terms_of(made, [0, 9], gained), np.zeros(0))
    assert best.method == "nothing to close"
    assert best.value == pytest.approx(shortfall(made, whole_lots(terms, best.shares), gained))


def test_lots_when_they_are_finer_than_the_solver_s_shares_then_the_sum_is_met_all_the_same() -> None:
    """Shares that are off by 10^-7 of 2^60 lots, and a holding that binary64 rounds up."""
    held = (1 << 60) + 1
    made = book([1], {"a": (9, [held]), "b": (9, [held]), "c": (9, [0])})
    for required in (held, 2 * held, held // 3):
        terms = terms_of(made, [required, 0], sample(made))
        share = required / (2 * held)
        for shares in ([share, share], [share - 1e-7, share], [min(1.0, share + 1e-7), share], [1.0, 1.0]):
            lots = whole_lots(terms, np.array(shares))
            assert int(lots.sum()) == required
            assert ((lots >= 0) & (lots <= made.held)).all()


@pytest.mark.parametrize("most", [ALL_AT_ONCE, 0])
def test_programme_when_a_part_is_too_small_for_the_solver_then_it_is_not_infeasible(most: int) -> None:
    """Twenty accounts hold 10^-9 of the leg together less than that each: no coefficient of them counts."""
    rows: dict[str, tuple[int, list[int]]] = {f"s{at:02}": (10**12, [900]) for at in range(20)}
    made = book([1], {**rows, "large": (10**12, [10**12])})
    required = [10**12 + 18_000, 0]
    terms = terms_of(made, required, sample(made, factor=0.9))
    best = solve(terms, terms.shares(pro_rata(made, required).lots), most_pairs=most)
    assert best.status.startswith("optimal")
    assert whole_lots(terms, best.shares).sum(axis=0).tolist() == required


@pytest.mark.parametrize("most", [ALL_AT_ONCE, 0])
def test_programme_when_one_lot_of_very_many_is_closed_then_the_solver_still_has_the_leg(most: int) -> None:
    """10^18 held and 1 closed: a coefficient of 10^18 is refused, and with it the row."""
    made = book([1], {"a": (10**17, [10**18]), "b": (10**17, [10**17])})
    terms = terms_of(made, [1, 0], sample(made, factor=0.3))
    best = solve(terms, terms.shares(pro_rata(made, [1, 0]).lots), most_pairs=most)
    assert best.status.startswith("optimal")
    assert list(best.prices) == [0]
    assert whole_lots(terms, best.shares).sum(axis=0).tolist() == [1, 0]


def test_programme_when_what_is_left_drowns_in_what_was_then_the_bound_is_not_above_the_value() -> None:
    """Equities of a few quanta against 10^30 of exposure: the value is noise of binary64, and no bound exceeds it."""
    value, other = 10**22, 10**20
    rows = {"a": (43, [28_992_954, -244_826_796_589]), "b": (800_029_998_518_867_639, [0, -6_824_452])}
    made = book([value, other], rows)
    required = [730_501_420_004_903, 0, 0, 181_382_710_045_582]
    for seed in range(20):
        terms = terms_of(made, required, sample(made, seed=seed))
        start = terms.shares(pro_rata(made, required).lots)
        for most in (ALL_AT_ONCE, 0):
            best = solve(terms, start, most_pairs=most)
            assert best.bound <= best.value


def test_moves_when_drawn_then_they_are_of_the_seed_and_of_the_law() -> None:
    """Legs of a coin move alike; half of the draws are within 0.741 scales; nobody loses more than all of it."""
    legs = legs_of([1, 1], [Fraction(1), Fraction(2)])
    once, again, other = (moves(legs, 4_000, seed, factor=0.1, own=0.0) for seed in (1, 1, 2))
    assert (once == again).all()
    assert (once != other).any()
    assert (once[:, 0] == once[:, 1]).all()
    assert float((np.abs(once[:, 0]) <= 0.0741).mean()) == pytest.approx(0.5, abs=0.02)
    assert float((np.abs(once[:, 0]) <= 0.2776).mean()) == pytest.approx(0.95, abs=0.01)
    assert once.min() >= -1.0
    wide = moves(legs, 4_000, 1, factor=1.0, own=0.5)
    assert wide.min() == -1.0
    assert float(np.corrcoef(wide[:, 0], wide[:, 2])[0, 1]) > 0.5
