"""Rules on cross books: only reduce, meet what is required, spare hedges; the drain of one leg lot by lot."""

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.cross.book import Leg, book_of, met
from deleverage.lab.cross.drain import highest_first
from deleverage.lab.cross.rules import RULES, by_factor, by_leverage, leverages, pro_rata
from deleverage.lab.policies.policy import Unfit
from tests.lab.cross.books import book, drawn, legs_of

HEDGED = {"bet": (20, [10, 0]), "hedged": (1, [1, -1]), "safe": (90, [9, 0])}
"""Lots are worth 1: the hedged account has gross leverage 2 and an exposure of 0."""

ROWS = st.lists(st.tuples(st.integers(-60, 60), st.integers(1, 30), st.integers(0, 9)), min_size=1, max_size=6)


def one_by_one(lots: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return the same as ``highest_first``, a lot at a time over fractions."""
    taken = [0] * len(caps)
    for _ in range(lots):
        free = [row for row in range(len(caps)) if taken[row] < caps[row]]
        row = max(free, key=lambda row: (Fraction(amounts[row] - taken[row] * step, weights[row]), -row))
        taken[row] += 1
    return taken


@given(rows=ROWS, step=st.integers(1, 7), data=st.data())
def test_drain_when_compared_with_a_lot_at_a_time_then_it_is_the_same(
    rows: list[tuple[int, int, int]], step: int, data: Any
) -> None:
    """Amounts below 0 and ties included."""
    amounts, weights, caps = (list(column) for column in zip(*rows, strict=True))
    lots = data.draw(st.integers(0, sum(caps)))
    assert highest_first(lots, amounts, step, weights, caps) == one_by_one(lots, amounts, step, weights, caps)


def test_drain_when_numbers_are_beyond_binary64_then_it_is_exact_all_the_same() -> None:
    """Two accounts that differ by one in 10^40, and 10^5 lots of each."""
    huge, caps = 10**40, [100_000, 100_000]
    assert highest_first(1, [huge, huge + 1], 10**35, [1, 1], caps) == [0, 1]
    assert highest_first(100_001, [huge, huge], 10**35, [1, 1], caps) == [50_001, 50_000]


@given(rows=ROWS, step=st.integers(1, 7), data=st.data())
def test_drain_when_leverages_are_large_beside_a_lot_then_it_still_ends_and_is_the_same(
    rows: list[tuple[int, int, int]], step: int, data: Any
) -> None:
    """A level added to all changes no order; binary64 tells 10^12 lots apart no more, and a step a lot never ends."""
    amounts, weights, caps = (list(column) for column in zip(*rows, strict=True))
    caps = [cap * 10**12 for cap in caps]
    lots = data.draw(st.integers(0, sum(caps)))
    lifted = [amount + 10**40 * weight for amount, weight in zip(amounts, weights, strict=True)]
    assert highest_first(lots, lifted, step, weights, caps) == highest_first(lots, amounts, step, weights, caps)


def test_factor_when_an_account_is_hedged_then_it_is_not_touched_while_others_can_give() -> None:
    """q = (+1, -1), beta = (1, 1): exposure 0; gross leverage 2 is drained first by the rule that adds legs up."""
    made = book([1, 1], HEDGED)
    assert leverages(made)[1][made.ids.index("hedged")] == 0
    for lots in (1, 8, 19):  # All that the two others have of it.
        assert by_factor(made, [lots, 0, 0, 0]).lots[made.ids.index("hedged")].tolist() == [0, 0, 0, 0]
    assert by_factor(made, [20, 0, 0, 0]).lots[:, 0].tolist() == [10, 1, 9]
    assert by_leverage(made, [1, 0, 0, 0]).lots[:, 0].tolist() == [0, 1, 0]


def test_factor_when_the_leg_is_somebody_s_hedge_then_it_is_closed_last() -> None:
    """Short 5 and long 3: closing the long exposes the account more, so even a hedged one gives before it."""
    made = book([1, 1], {**HEDGED, "short": (50, [3, -5])})
    order = [made.ids.index(name) for name in ("bet", "safe", "hedged", "short")]
    assert by_factor(made, [19, 0, 0, 0]).lots[order, 0].tolist() == [10, 9, 0, 0]
    assert by_factor(made, [20, 0, 0, 0]).lots[order, 0].tolist() == [10, 9, 1, 0]
    assert by_factor(made, [22, 0, 0, 0]).lots[order, 0].tolist() == [10, 9, 1, 2]


def test_factor_when_a_coin_falls_as_the_factor_rises_then_longs_in_it_are_hedges_of_longs() -> None:
    """Beta -1: long both is hedged, and is spared where long against short is not."""
    made = book([1, 1], {"both": (10, [5, 5]), "twice": (10, [5, -5])}, betas=[1, -1])
    assert by_factor(made, [5, 0, 0, 0]).lots[:, 0].tolist() == [0, 5]


def test_factor_when_a_coin_does_not_follow_it_then_gross_leverage_decides() -> None:
    """Beta 0: no lot changes the exposure."""
    made = book([1, 1], {"a": (10, [4, 0]), "b": (10, [4, 9])}, betas=[0, 1])
    assert by_factor(made, [3, 0, 0, 0]).lots[:, 0].tolist() == [0, 3]


def test_rules_when_leverages_are_equal_then_the_first_id_gives_the_lot_more() -> None:
    """Ties fall by id, not by the order of rows."""
    rows: dict[str, tuple[int, list[int]]] = {"b": (5, [5]), "a": (5, [5])}
    for name in ("gross-leverage", "factor", "pro-rata"):
        made = book([1], rows)
        assert made.ids == ("a", "b")
        assert RULES[name](made, [5, 0]).lots[:, 0].tolist() == [3, 2]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(40))
def test_rules_when_they_close_then_nobody_flips_and_every_leg_is_met(name: str, seed: int) -> None:
    """Only reductions, whole lots, sums exact; of more than is held all of it goes and the residual is the rest."""
    made, required = drawn(seed, accounts=Random(seed).randint(1, 9))
    most = [int(total) for total in made.held.sum(axis=0)]
    required[0] = most[0] + 5
    closed = RULES[name](made, required).lots
    assert closed.dtype == np.int64
    assert ((closed >= 0) & (closed <= made.held)).all()
    assert closed.sum(axis=0).tolist() == met(made, required)
    assert required[0] - met(made, required)[0] == 5


def test_factor_when_legs_are_drained_together_then_it_says_how_it_ended() -> None:
    """After how many sweeps it settled, or that it has not."""
    made, required = drawn(3)
    found = by_factor(made, required)
    assert found.status.startswith("settled after ")
    cut = by_factor(made, required, sweeps=1)
    assert cut.status == "still moving after 1 sweeps"


def test_leverage_of_pro_rata_when_hedges_are_cut_on_one_side_then_exposure_grows() -> None:
    """The hedged account of 1 and -1 is left with -1."""
    made = book([1, 1], {"hedged": (1, [1, -1])})
    left = made.without(pro_rata(made, [1, 0, 0, 0]).lots)
    assert leverages(left) == ([Fraction(1)], [Fraction(1)])


def test_book_when_accounts_have_no_equity_then_they_are_not_asked() -> None:
    """Bankrupts are liquidated; what they hold is no capacity."""
    made, left_out = book_of(["b", "c", "a"], [0, 4, -3], legs_of([1]), [[5, 0], [2, 0], [0, 9]])
    assert (made.ids, left_out) == (("c",), ("a", "b"))
    assert met(made, [9, 9]) == [2, 0]


@pytest.mark.parametrize(
    ("ids", "legs", "held", "said"),
    [
        (["a", "a"], legs_of([1]), [[0, 0], [0, 0]], "2 ids, of which 1 are different"),
        (["a", "b"], [*legs_of([1]), *legs_of([2])], [[0] * 4] * 2, "4 legs, of which 2 are different"),
        (["a", "b"], legs_of([1]), [[0], [0]], "2 ids need 2 equities and as many rows of 2 lots"),
        (["a", "b"], legs_of([1]), [[0, -1], [0, 0]], "the least holding is -1 lots"),
        (["a", "b"], legs_of([0]), [[0, 1], [0, 0]], "a lot is worth 0"),
        (["a", "b"], legs_of([1]), [[0, 1 << 62], [0, 0]], "lots are held, below 2^62 in all are allowed"),
    ],
)
def test_book_when_columns_are_none_then_the_numbers_are_said(
    ids: list[str], legs: list[Leg], held: list[list[int]], said: str
) -> None:
    """A refusal names what was compared."""
    with pytest.raises(Unfit, match=said.replace("^", r"\^")):
        book_of(ids, [1, 1], legs, held)
    with pytest.raises(Unfit, match="of 2 legs, 0 and more of each"):
        met(book([1], {"a": (1, [1])}), [-1, 0])


@pytest.mark.parametrize("seed", range(20))
def test_factor_when_somebody_adds_a_hedged_pair_then_nobody_s_lots_change_and_by_gross_leverage_they_do(
    seed: int,
) -> None:
    """Wash-trade resistant: lots of one coin against as many of another of the same beta and worth."""
    random = Random(seed)
    rows = {f"a{at}": (random.randint(5, 60), [random.randint(1, 200), 0, 0]) for at in range(5)}
    lots = random.randint(1, sum(row[0] for _, row in rows.values()))
    washed = {**rows, "a2": (rows["a2"][0], [rows["a2"][1][0], 500, -500])}
    required = [lots, 0, 0, 0, 0, 0]
    before, after = book([3, 1, 1], rows), book([3, 1, 1], washed)
    assert by_factor(before, required).lots[:, 0].tolist() == by_factor(after, required).lots[:, 0].tolist()
    at = before.ids.index("a2")
    assert by_leverage(after, required).lots[at, 0] >= by_leverage(before, required).lots[at, 0]


@pytest.mark.parametrize("seed", range(20))
def test_factor_when_an_account_splits_in_proportion_then_its_parts_give_what_it_gave(seed: int) -> None:
    """Up to a lot a part: three equal parts of equity and of every leg."""
    random = Random(seed)
    rows = {
        f"a{at}": (3 * random.randint(5, 60), [3 * random.randint(0, 300), 3 * random.randint(-300, 300)])
        for at in range(5)
    }
    parts = {f"a0-{part}": (rows["a0"][0] // 3, [lots // 3 for lots in rows["a0"][1]]) for part in range(3)}
    split = {**{name: row for name, row in rows.items() if name != "a0"}, **parts}
    required = [random.randint(0, sum(row[0] for _, row in rows.values())), 0, 0, 0]
    whole, apart = book([2, 3], rows), book([2, 3], split)
    gave = by_factor(whole, required).lots[whole.ids.index("a0"), 0]
    assert abs(sum(by_factor(apart, required).lots[apart.ids.index(name), 0] for name in parts) - gave) <= 3


@pytest.mark.parametrize("seed", range(20))
def test_factor_when_a_leg_is_closed_in_two_parts_then_it_is_as_in_one(seed: int) -> None:
    """Path independent, lot by lot, for one leg: what is drained first is what would have been."""
    made, required = drawn(seed, coins=2)
    leg = int(np.argmax(made.held.sum(axis=0)))
    first = [required[leg] // 3 if at == leg else 0 for at in range(len(required))]
    rest = [int(made.held[:, leg].sum()) // 2 if at == leg else 0 for at in range(len(required))]
    both = [one + other for one, other in zip(first, rest, strict=True)]
    once = by_factor(made, both).lots
    step = by_factor(made, first).lots
    assert (step + by_factor(made.without(step), rest).lots == once).all()
