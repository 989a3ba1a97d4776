"""The grace after a halt: for a while nobody but a bankrupt is liquidated in what was resumed.

Marks went on in the halt, and whoever could not trade must not be sold out by the first step behind it. A bankrupt has
nothing to save and costs the others more by the minute, so it is handled. A leg that is spared is like a guarded one to
stages 1 to 3: the unit's other legs are handled as usual. Who opens lots in a market while its grace runs could trade:
it loses the grace there, or it would have a free option on the fund.
Who does it: Perennial after its unpause (an audit asked for it), lending markets when a sequencer is back.
"""

from collections.abc import Container

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import is_unhealthy
from deleverage.rulebook.messages import Spared


def is_spared(book: Book, unit: Unit, market_id: str, time_ns: int) -> bool:
    """Return whether a grace protects the unit's lots and orders in a market from stages 1 to 3, and from bids."""
    market = book.markets[market_id]
    return not unit.bankrupt and time_ns < market.grace_until_ns and unit.unit_id not in market.grace_lost


def may_liquidate(book: Book, guarded: Container[str], unit: Unit, time_ns: int) -> bool:
    """Return whether a unit that is not bankrupt has a leg that is neither guarded nor spared."""
    return any(key not in guarded and not is_spared(book, unit, key, time_ns) for key in unit.markets())


def grace_given(book: Book, scope: str) -> tuple[str, ...]:
    """Return the markets in which the resumption of a scope would end a halt, in id order; none if it was not halted.

    A market that stays halted by itself has its grace when that halt is lifted.
    """
    if scope:
        return (scope,) if scope in book.halts else ()
    live = (market_id for market_id, market in sorted(book.markets.items()) if not market.settled)
    return tuple(market_id for market_id in live if market_id not in book.halts) if book.is_halted else ()


def spared(book: Book, guarded: dict[str, str], time_ns: int) -> tuple[Spared, ...]:
    """Return whom only a grace protects: unhealthy units, not bankrupt, with legs in unguarded markets of a grace."""
    found = []
    runs = any(time_ns < market.grace_until_ns for market in book.markets.values())
    for unit in book.sorted_units() if runs else ():
        markets = [key for key in sorted(unit.markets() - guarded.keys()) if is_spared(book, unit, key, time_ns)]
        if markets and is_unhealthy(book, unit):
            found += [Spared(unit.unit_id, key, book.markets[key].grace_until_ns) for key in markets]
    return tuple(found)
