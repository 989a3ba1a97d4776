"""The clock of an auction: it runs only while somebody can bid, so that no auction ends without one possible bid.

Halts, guards and graces come with facts, but some of them begin or end by the mere passing of time: a mark grows too
old, a grace is over, a contract expires. Between two facts nothing else changes, so the time is counted in pieces
between these instants. The pen counts with every fact; that is why an auction keeps the rules' bound on the age of
marks.
"""

from itertools import pairwise

from deleverage.rulebook.book import Book, Market, Unit
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.stages.grace import is_spared


def why_guarded(market: Market, max_mark_age_ns: int, time_ns: int) -> str:
    """Return why the mark of a market is not to be believed at a time; empty: it is. No bound on its age: 0."""
    if not market.mark_price_ticks:
        return "no_mark"
    return market.guard or ("stale" if is_stale(market.mark_time_ns, max_mark_age_ns, time_ns) else "")


def is_stale(set_ns: int, max_age_ns: int, time_ns: int) -> bool:
    """Return whether what was set then is older than allowed at a time."""
    return 0 < max_age_ns < time_ns - set_ns


def elapsed_ns(book: Book, unit_id: str, time_ns: int) -> int:
    """Return how long the lots of a unit's auction have been on offer at a time that is not before the book's."""
    auction, unit = book.auctions[unit_id], book.units[unit_id]
    if auction.expired or book.is_halted or equity(book, unit) < 0 or not is_unhealthy(book, unit):
        return auction.offered_ns
    markets, age = [book.markets[key] for key in sorted(unit.markets())], auction.max_mark_age_ns
    ends = [market.mark_time_ns + age + 1 for market in markets if age]
    ends += [market.grace_until_ns for market in markets]
    ends += [market.terms.expiry_ns for market in markets]
    turns = sorted({book.time_ns, *(end for end in ends if book.time_ns < end < time_ns), time_ns})
    pieces = (until - since for since, until in pairwise(turns) if _is_on_sale(book, unit, markets, age, since))
    return auction.offered_ns + sum(pieces)


def _is_on_sale(book: Book, unit: Unit, markets: list[Market], max_mark_age_ns: int, time_ns: int) -> bool:
    """Return whether lots of a distressed unit can be bid for at an instant, in one market at least."""
    if any(why_guarded(market, max_mark_age_ns, time_ns) for market in markets):
        return False
    names = (market.terms.market_id for market in markets if not 0 < market.terms.expiry_ns <= time_ns)
    return any(key not in book.halts and not is_spared(book, unit, key, time_ns) for key in names)
