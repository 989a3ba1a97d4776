"""What the papers on policies leave out: the transfer price, the order of fund and winners, hedged books."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deleverage.lab.policies.positions import Position, factor_exposure, haircuts_of_contracts, waterfall
from tests.lab.policies.books import parts, split, winners

MONEY = st.integers(0, 1_000)


@given(size=st.integers(1, 50), collateral=MONEY, entry=st.integers(1, 100), mark=st.integers(1, 300))
def test_contracts_when_closed_at_the_bankruptcy_price_then_winners_give_exactly_what_is_missing(
    size: int, collateral: int, entry: int, mark: int
) -> None:
    """A rule for contracts with this price is a rule for money: the sum is the loser's negative equity."""
    loser = Position(Fraction(size), Fraction(collateral), -1, Fraction(entry))
    price, equity = Fraction(mark), loser.equity(Fraction(mark))
    held = [size + 3, 2, 7]
    closed = split("contracts", winners(held), size).parts.tolist()
    assert sum(closed) == size  # As many lots of the winners as of the loser: open interest stays balanced.
    at_bankruptcy = haircuts_of_contracts(closed, 1, price, loser.bankruptcy_price_now(price))
    assert sum(at_bankruptcy) == -equity
    assert haircuts_of_contracts(closed, 1, price, price) == [0, 0, 0]  # At the mark the deficit stays with the fund.


@given(
    sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5),
    entries=st.lists(st.integers(1, 200), min_size=5, max_size=5),
    price=st.fractions(0, 300, max_denominator=8),
    data=st.data(),
)
def test_contracts_when_closed_at_any_price_then_equities_and_open_interest_balance(
    sizes: list[int], entries: list[int], price: Fraction, data: Any
) -> None:
    """T5, T6: at a fixed mark all equities, fund and residual keep their sum; longs equal shorts, both fall alike."""
    mark, closed_lots = Fraction(150), data.draw(st.integers(1, sum(sizes)))
    longs = [Position(Fraction(q), Fraction(40), 1, Fraction(e)) for q, e in zip(sizes, entries, strict=False)]
    short = Position(Fraction(sum(sizes)), Fraction(30), -1, Fraction(90))
    closed = split("contracts", winners(sizes), closed_lots).parts.tolist()

    def after(one: Position, lots: int) -> Position:
        """Return a position with lots closed at the price, what they made put to its collateral."""
        made = one.side * lots * (price - one.entry)
        return replace(one, size=one.size - lots, collateral=one.collateral + made)

    left, loser = [after(one, lots) for one, lots in zip(longs, closed, strict=True)], after(short, closed_lots)
    before, now = ([one.equity(mark) for one in (*each, own)] for each, own in ((longs, short), (left, loser)))
    assert sum(before) == sum(now)
    nothing, fund = Fraction(0), Fraction(25)
    deficit = max(nothing, -now[-1])
    by_fund = min(deficit, fund)
    assert sum(before) + fund == sum(now[:-1]) + max(nothing, now[-1]) + (fund - by_fund) - (deficit - by_fund)
    assert sum(one.size for one in left) == loser.size == sum(sizes) - closed_lots
    paid = haircuts_of_contracts(closed, 1, mark, price)
    assert [was - is_ for was, is_ in zip(before, now, strict=True)] == [*paid, -sum(paid)]


@given(deficit=MONEY, fund=MONEY, gains=st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_waterfall_when_the_order_of_fund_and_winners_turns_then_the_total_covered_is_the_same(
    deficit: int, fund: int, gains: list[int]
) -> None:
    """T7, T45, T47: fund first or winners first; what each pays differs, the cover is min(deficit, gains + fund)."""
    capacity = sum(gains)
    first, last = waterfall(deficit, fund, capacity), waterfall(deficit, fund, capacity, winners_first=True)
    for paid_by_fund, paid_by_winners, residual in (first, last):
        assert 0 <= paid_by_fund <= fund
        assert 0 <= paid_by_winners <= capacity
        assert paid_by_fund + paid_by_winners + residual == deficit
        assert paid_by_fund + paid_by_winners == min(deficit, capacity + fund)
    assert first[1] == min(capacity, max(0, deficit - fund))
    assert last[0] == min(fund, max(0, deficit - capacity))
    assert split("pro-rata", winners(gains), first[1]).rest == 0


def test_leverage_drain_when_a_book_is_hedged_then_its_exposure_to_the_factor_counts_not_its_gross_size() -> None:
    """Long one and short one of coins that move together: gross leverage 2, no exposure, not touched."""
    betas = [Fraction(1), Fraction(1)]
    hedged, plain = [Fraction(1), Fraction(-1)], [Fraction(2), Fraction(0)]
    exposures = [factor_exposure(book, betas) for book in (hedged, plain)]
    assert exposures == [0, 2]
    gross = [sum(abs(q) for q in book) for book in (hedged, plain)]
    assert gross == [2, 2]
    by_factor = parts(split("drain", winners(exposures, unit=10, equity=[1, 1]), 10), 10)
    by_gross = parts(split("drain", winners(gross, unit=10, equity=[1, 1]), 10), 10)
    assert by_factor == [0, 1]
    assert by_gross == [Fraction(1, 2), Fraction(1, 2)]


@pytest.mark.parametrize(("capacity", "expected"), [(10, (5, 10, 5)), (100, (5, 15, 0))])
def test_waterfall_when_winners_are_few_or_many_then_the_residual_is_named(
    capacity: int, expected: tuple[int, int, int]
) -> None:
    """A deficit of 20, a fund of 5."""
    assert waterfall(20, 5, capacity) == expected
