"""Leverage draining: path independence, splits, optimality, whole lots."""

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deleverage.lab.policies.highs import silent_model
from tests.lab.policies.books import parts, random_split, split, winners

BOOKS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30)), min_size=1, max_size=6)


def drained(book: list[tuple[Any, Any]], lots: Any, unit: int) -> tuple[list[Fraction], Any]:
    """Return exact reductions and the level, at a price of 1."""
    found = split("leverage-drain", winners([q for q, _ in book], unit=unit, equity=[e for _, e in book]), lots * unit)
    return parts(found, unit), found.parameter


def level_unit(book: list[tuple[int, int]]) -> int:
    """Return a unit in which every level of the book is whole: the product of sums of equities that can be open."""
    from math import lcm

    ordered = sorted(book, key=lambda row: -Fraction(row[0], row[1]))
    return lcm(*(sum(e for _, e in ordered[: count + 1]) for count in range(len(ordered))))


@given(book=BOOKS, data=st.data())
def test_leverage_drain_when_drained_twice_then_it_is_as_once(book: list[tuple[int, int]], data: Any) -> None:
    """T31: path independence, exact."""
    held = sum(q for q, _ in book)
    first, second = data.draw(st.integers(0, held)), data.draw(st.integers(0, held))
    assume(first + second <= held)
    unit = level_unit(book) ** 2
    once, _ = drained(book, first + second, unit)
    step, _ = drained(book, first, unit)
    rest = [(q - x, e) for (q, e), x in zip(book, step, strict=True)]
    again, _ = drained(rest, second, unit)
    assert [one + other for one, other in zip(step, again, strict=True)] == once


@given(book=BOOKS, data=st.data())
def test_leverage_drain_when_an_account_splits_then_it_never_pays_less(book: list[tuple[int, int]], data: Any) -> None:
    """T32: in proportion it is neutral, in any other way it is no help."""
    lots = data.draw(st.integers(0, sum(q for q, _ in book)))
    (q, e), rest = book[0], book[1:]
    part, share = data.draw(st.integers(0, q)), data.draw(st.integers(0, 4 * e))
    split_book = [(part, Fraction(share, 4)), (q - part, e - Fraction(share, 4)), *rest]
    assume(0 < share < 4 * e)
    unit = 10**9 * 4
    one, other = drained(book, lots, unit)[0][0], drained(split_book, lots, unit)[0]
    assert other[0] + other[1] >= one - Fraction(4, unit)


@given(book=BOOKS, data=st.data())
def test_leverage_drain_when_any_other_reduction_is_tried_then_leverage_and_shortfall_are_not_less(
    book: list[tuple[int, int]], data: Any
) -> None:
    """T30, T33: the largest leverage left is minimal, and so is the expected shortfall for every law of the shock."""
    held = [q for q, _ in book]
    lots = data.draw(st.integers(0, sum(held)))
    found, level = drained(book, lots, level_unit(book))
    other = random_split(held, held, lots, data)
    both: list[Sequence[Fraction | int]] = [found, other]
    left = [[Fraction(q - x) / e for (q, e), x in zip(book, one, strict=True)] for one in both]
    assert max(left[0]) <= max(left[1])
    if 0 < lots < sum(held):
        assert max(left[0]) == level  # The certificate: whoever is above a lower level has more than these lots.
        for below, enough in ((Fraction(0), True), (Fraction(1, 10**6), False)):
            above = sum(max(Fraction(0), q - (level - below) * e) for q, e in book)
            assert (above == lots) if enough else (above > lots)
    for shock in (Fraction(1, 50), Fraction(1, 7), Fraction(1, 2), Fraction(3)):
        owed = [sum(max(Fraction(0), (q - x) * shock - e) for (q, e), x in zip(book, one, strict=True)) for one in both]
        assert owed[0] <= owed[1]


@given(book=BOOKS, data=st.data())
def test_leverage_drain_when_lots_are_whole_then_it_is_one_lot_after_the_other_of_the_highest_leverage(
    book: list[tuple[int, int]], data: Any
) -> None:
    """The published rounding, walked; ties by id. So it is path-independent in whole lots, too."""
    lots = data.draw(st.integers(0, sum(q for q, _ in book)))
    left = [q for q, _ in book]
    for _ in range(lots):
        at = max(range(len(book)), key=lambda row: (Fraction(left[row], book[row][1]), -row))
        left[at] -= 1
    found = split("leverage-drain", winners([q for q, _ in book], equity=[e for _, e in book]), lots)
    assert found.parts.tolist() == [q - one for (q, _), one in zip(book, left, strict=True)]


@pytest.mark.parametrize("seed", range(8))
def test_leverage_drain_when_the_expected_shortfall_is_minimised_by_a_solver_then_it_finds_no_less(seed: int) -> None:
    """T30: a linear programme over accounts and scenarios of a heavy-tailed shock; the same to 10^-10."""
    source = random.Random(seed)
    book = [(source.randrange(1, 40), source.randrange(1, 30)) for _ in range(6)]
    lots = source.randrange(1, sum(q for q, _ in book))
    shocks = [0.02 * source.paretovariate(0.8) for _ in range(25)]
    found, _ = drained(book, lots, level_unit(book))

    def shortfall(closed: Sequence[Any]) -> float:
        return sum(
            max(0.0, float(q - x) * shock - e) for shock in shocks for (q, e), x in zip(book, closed, strict=True)
        ) / len(shocks)

    model = silent_model({"threads": 1, "primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10})
    closed = [model.addVariable(0.0, float(q)) for q, _ in book]
    model.addConstr(sum(closed[1:], start=closed[0] + 0.0) == float(lots))
    owed = []
    for shock in shocks:
        for (q, e), x in zip(book, closed, strict=True):
            short = model.addVariable(0.0, float("inf"), 1.0 / len(shocks))
            model.addConstr(short >= shock * q - e - shock * x)
            owed.append(short)
    model.run()
    assert model.getInfo().objective_function_value == pytest.approx(shortfall(found), abs=1e-10, rel=1e-10)
