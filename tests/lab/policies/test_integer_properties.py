"""Whole units and lots: the best that there is, found by trying all; published roundings that lose lots."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deleverage.lab.policies.whole import total
from tests.lab.policies.books import split, winners


def test_contracts_when_a_lot_more_is_needed_then_somebody_can_give_less() -> None:
    """T36: the Alabama paradox of Hamilton's method."""
    held = [6, 6, 2]
    ten, eleven = (split("contracts", winners(held, cap=held), lots).parts.tolist() for lots in (10, 11))
    assert ten[2] > eleven[2]


@given(held=st.lists(st.integers(0, 30), min_size=1, max_size=7), lot=st.integers(1, 7), data=st.data())
def test_contracts_when_split_in_lots_then_each_is_within_a_lot_of_its_ideal_and_only_what_no_lot_holds_is_missing(
    held: list[int], lot: int, data: Any
) -> None:
    """T34: |x - ideal| < 1 lot where no cap binds, never below 0, and a rest only where whole lots run out."""
    budget = data.draw(st.integers(0, sum(held) // lot + 2)) * lot
    found = split("contracts", winners(held), budget, lot=str(lot))
    taken, lots = found.parts.tolist(), [size // lot for size in held]
    assert total(found.parts) == min(budget, sum(lots) * lot)
    assert all(part % lot == 0 <= part <= count * lot for part, count in zip(taken, lots, strict=True))
    for size, part, count in zip(held, taken, lots, strict=True):
        ideal = Fraction(budget * size, max(1, sum(held)))
        assert part == count * lot or part > ideal - lot
    if all(Fraction(budget * size, max(1, sum(held))) <= size // lot * lot for size in held):
        assert all(
            abs(part - Fraction(budget * size, max(1, sum(held)))) < lot for size, part in zip(held, taken, strict=True)
        )
    for size, part in zip(held, taken, strict=True):
        for other, less in zip(held, taken, strict=True):
            assert size < other or part >= less - lot  # Fair within one lot: more held, not more than a lot less.


def test_single_pass_when_ten_hold_1_9_and_one_100_lots_then_seven_of_110_are_forgotten() -> None:
    """T34: whole lots can hold all 110; one pass closes 103, largest remainder under caps all."""
    held = [Fraction(19, 10)] * 10 + [Fraction(100)]
    book = winners(held, unit=10)
    published, right = (split(name, book, 1100, lot="10") for name in ("contracts-single-pass", "contracts"))
    assert (total(published.parts), total(right.parts), right.rest) == (1030, 1100, 0)


def test_single_pass_when_nothing_binds_then_it_is_largest_remainder() -> None:
    """The defect shows only where caps bind."""
    held = [13, 7, 29, 4]
    for lots in range(54):
        published, right = (split(name, winners(held), lots) for name in ("contracts-single-pass", "contracts"))
        assert published.parts.tolist() == right.parts.tolist()


@given(book=st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 12)), min_size=1, max_size=4), data=st.data())
def test_min_max_when_all_splits_are_tried_then_none_is_better_and_the_bound_is_below(
    book: list[tuple[int, int]], data: Any
) -> None:
    """T35: optimal in whole units; at most a unit above the bound, never above 1; the status is said."""
    gains, equities = [gain for gain, _ in book], [equity for _, equity in book]
    caps = [max(0, min(row)) for row in book]
    budget = data.draw(st.integers(0, sum(caps) + 2))
    found = split("min-max", winners(gains, equity=equities), budget)
    assert found.status == "optimal"
    if found.parameter is None or not 0 < budget <= sum(caps):
        return
    rows = [(cap, equity) for cap, equity in zip(caps, equities, strict=True) if equity > 0]
    best = min(
        max(Fraction(x, e) for x, (_, e) in zip(one, rows, strict=True))
        for one in every_split([cap for cap, _ in rows], budget)
    )
    assert found.parameter == best <= 1
    assert found.bound is not None
    assert found.bound <= found.parameter <= found.bound + max(Fraction(1, e) for _, e in rows)


def every_split(caps: list[int], budget: int) -> list[list[int]]:
    """Return every way to split a budget under caps."""
    if not caps:
        return [[]] if budget == 0 else []
    return [
        [first, *rest] for first in range(min(caps[0], budget) + 1) for rest in every_split(caps[1:], budget - first)
    ]


@settings(max_examples=25)
@given(
    book=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 20), st.integers(1, 5)), min_size=1, max_size=4),
    data=st.data(),
)
def test_min_max_lots_when_all_counts_are_tried_then_the_solver_found_the_best(
    book: list[tuple[int, int, int]], data: Any
) -> None:
    """T35 with lots of different value, two rows of one owner among them: exact optimum, above the relaxed bound."""
    owners = ["x" if at < 2 else f"o{at}" for at in range(len(book))]
    equity = {owner: e for owner, (_, e, _) in reversed(list(zip(owners, book, strict=True)))}
    reach = [[count * lot for count in range(gain // lot + 1)] for gain, _, lot in book]
    budget = data.draw(st.integers(1, 30))
    best = None
    for taken in product(*reach):
        by_owner = {name: sum(x for x, own in zip(taken, owners, strict=True) if own == name) for name in owners}
        worst = max(Fraction(units, equity[name]) for name, units in by_owner.items())
        if sum(taken) >= budget and worst <= 1 and (best is None or worst < best):
            best = worst
    found = split(
        "min-max-lots",
        winners(
            [gain for gain, _, _ in book],
            equity=[equity[owner] for owner in owners],
            lots=[lot for _, _, lot in book],
            owner=owners,
        ),
        budget,
    )
    if best is not None:
        assert found.status.startswith("optimal, gap 0")
        assert found.parameter == best
        assert found.bound is not None
        assert float(found.bound) <= float(best) + 1e-9
        assert total(found.parts) >= budget


def test_min_max_lots_when_time_is_up_then_the_status_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted end without an answer: nothing is taken, nothing replaces it, and it is said."""
    import highspy

    book = winners([50, 50], equity=[60, 40], lots=[3, 7])
    monkeypatch.setattr(highspy.Highs, "run", lambda self: None)
    found = split("min-max-lots", book, 30)
    assert (found.parts.tolist(), found.rest) == ([0, 0], 30)
    assert "no solution was found" in found.status
    assert "time limit 30 s" in found.status


def test_rounded_when_caps_bind_then_it_leaves_lots_and_a_larger_scale_repairs_it() -> None:
    """At most one lot is added to each: the published rounding under-fills, the fixed point asks for more."""
    book = winners([10, 10, 100], cap=[1, 1, 100], lots=[1, 1, 1])
    rounded = split("rounded", book, 40)
    assert (rounded.parts.tolist(), rounded.rest) == ([1, 1, 34], 4)
    scaled = split("fixed-point-scale", book, 40)
    assert total(scaled.parts) >= 40
    assert scaled.parameter is not None
    assert 1 < scaled.parameter < 2
    over = split("rounded", winners([10, 10], lots=[7, 7]), 10)
    assert over.rest == -4
