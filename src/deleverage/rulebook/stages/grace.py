"""The grace after a halt: for a while nobody but a bankrupt is liquidated in what was resumed.

Marks went on in the halt, and whoever could not trade must not be sold out by the first step behind it. A bankrupt has
nothing to save and costs the others more by the minute, so it is handled. A leg that is spared is like a guarded one to
stages 1 to 3: the unit's other legs are handled as usual.
Who does it: Perennial after its unpause (an audit asked for it), lending markets when a sequencer is back.
"""

from deleverage.rulebook.book import Book
from deleverage.rulebook.margin import is_unhealthy
from deleverage.rulebook.messages import Spared


def graces(book: Book, time_ns: int) -> dict[str, int]:
    """Return the markets in which a grace runs at ``time_ns``, each with the time at which it ends."""
    untils = {market_id: market.grace_until_ns for market_id, market in sorted(book.markets.items())}
    return {market_id: until_ns for market_id, until_ns in untils.items() if time_ns < until_ns}


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
    found, untils = [], graces(book, time_ns)
    for unit in book.sorted_units() if untils else ():
        markets = sorted(unit.markets() & untils.keys() - guarded.keys())
        if markets and not unit.bankrupt and is_unhealthy(book, unit):
            found += [Spared(unit.unit_id, market_id, untils[market_id]) for market_id in markets]
    return tuple(found)
