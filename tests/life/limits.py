"""Where a threshold lies, to the lot, quantum and tick: asked of the rulebook's own functions, by halving."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deleverage.rulebook.book import Book, Unit, copy_unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import equity, initial_numerator, margin_balance
from deleverage.rulebook.quantities import MARGIN_SCALE


def last_true(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return a number from ``low`` on for which it holds and for the next (or above ``high``) not; low - 1: nowhere."""
    if not holds(low):
        return low - 1
    step = 1
    while low + step <= high and holds(low + step):
        low, step = low + step, 2 * step
    bound = min(high + 1, low + step)
    while bound - low > 1:
        middle = (low + bound) // 2
        low, bound = (middle, bound) if holds(middle) else (low, middle)
    return low


def room(book: Book, unit: Unit, market_id: str, side: int, leg_side: str, price_ticks: int) -> int:
    """Return the most lots that a unit can open at a price and still hold its initial margin; 0: none."""
    market = book.markets[market_id]
    value = market.terms.value_at(price_ticks)

    def carries(lots: int) -> bool:
        after = copy_unit(unit)
        settle_unit(after, market, side * lots, -side * lots * value, leg_side)
        return margin_balance(book, after) * MARGIN_SCALE >= initial_numerator(book, after)

    return max(0, last_true(carries, 1, market.terms.max_lots))


@contextmanager
def marks_at(book: Book, prices: dict[str, int]) -> Iterator[None]:
    """Look at a book as it would be at other marks."""
    before = {key: book.markets[key].mark_price_ticks for key in prices}
    try:
        for key, price_ticks in prices.items():
            book.markets[key].mark_price_ticks = price_ticks
        yield
    finally:
        for key, price_ticks in before.items():
            book.markets[key].mark_price_ticks = price_ticks


def last_price(book: Book, market_id: str, holds: Callable[[], bool], rising: bool) -> int:
    """Return the last mark of a market, going up or down from now, at which it still holds; 0: not even now."""
    market = book.markets[market_id]
    now, most = market.mark_price_ticks, market.terms.max_price_ticks

    def at(distance: int) -> bool:
        with marks_at(book, {market_id: now + distance if rising else now - distance}):
            return holds()

    distance = last_true(at, 0, most - now if rising else now - 1)
    return 0 if distance < 0 else now + distance if rising else now - distance


def equity_at(book: Book, unit: Unit, prices: dict[str, int]) -> int:
    """Return a unit's equity at other marks."""
    with marks_at(book, prices):
        return equity(book, unit)
