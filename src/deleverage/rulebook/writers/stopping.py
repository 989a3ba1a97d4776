"""What halts, their ends, graces and breakers write."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, Market, Unit
from deleverage.rulebook.writers import Writers


def note_breakers(book: Book, fact: m.MarksSet) -> None:
    """Write where the breakers of a mark set stand."""
    for breaker in fact.breakers:
        market = book.markets[breaker.market_id]
        market.reference_price_ticks = breaker.reference_ticks
        market.reference_time_ns = breaker.reference_time_ns
        market.paused_until_ns = breaker.paused_until_ns


def note_grace_lost(market: Market, unit: Unit, fill: m.Fill, time_ns: int) -> None:
    """Note who is about to make its leg larger, or to turn it, while a grace runs: it is spared there no more."""
    held = unit.legs[fill.leg_id].lots if fill.leg_id in unit.legs else 0
    after = held + fill.lots
    opens = abs(after) > abs(held) or held * after < 0
    if opens and time_ns < market.grace_until_ns:
        market.grace_lost = tuple(sorted({*market.grace_lost, fill.unit_id}))


def _halted(book: Book, fact: m.Halted) -> None:
    book.halts[fact.scope] = fact.reason


def _resumed(book: Book, fact: m.Resumed) -> None:
    book.halts.pop(fact.scope, None)
    book.halted = book.halted and fact.scope != ""
    for market_id, market in book.markets.items():
        if fact.scope in ("", market_id):
            market.reduce_only = market_id in fact.reduce_only
    for market_id in fact.grace:
        book.markets[market_id].grace_until_ns = fact.grace_until_ns
        book.markets[market_id].grace_lost = ()


WRITERS: Writers = {
    m.Halted: _halted,
    m.Resumed: _resumed,
}
