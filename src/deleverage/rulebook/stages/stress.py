"""The stress of a book: how much of what is open lies with units in distress.

Positions and marks alone say it. The fund's pool over its obligations would be the other measure; it says nothing until
somebody is bankrupt, and a throttle is to tighten before.
"""

from collections.abc import Container, Iterator

from deleverage.rulebook.book import Book, market_of
from deleverage.rulebook.margin import is_unhealthy, leg_value
from deleverage.rulebook.messages import Throttled
from deleverage.rulebook.quantities import PPB, div_floor
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.grace import is_spared
from deleverage.rulebook.stages.guards import guards
from deleverage.rulebook.throttle import lots_held, most_at


def stress_ppb(book: Book, guarded: Container[str]) -> int:
    """Return the notional of unhealthy and bankrupt units over all open notional, long and short; ppb, rounded down.

    Unguarded legs only: 0 where there are none.
    """
    open_quanta = distressed_quanta = 0
    for unit in book.units.values():
        legs = ((market_of(leg_id), leg) for leg_id, leg in unit.legs.items())
        notional = sum(abs(leg_value(leg, book.markets[key])) for key, leg in legs if key not in guarded)
        open_quanta += notional
        distressed_quanta += notional if unit.bankrupt or is_unhealthy(book, unit) else 0
    return div_floor(distressed_quanta * PPB, open_quanta) if open_quanta else 0


def measured_ppb(book: Book, rules: Rules, guarded: Container[str]) -> int:
    """Return the stress of a step; 0 where no throttle asks for it."""
    return stress_ppb(book, guarded) if rules.reduce_throttle or rules.close_throttle else 0


def throttles_of(
    book: Book, rules: Rules, time_ns: int, stress: int, sold_quanta: int, closed_quanta: int
) -> tuple[Throttled, ...]:
    """Return what the end of a step says of its throttles, on the book as the step leaves it; quanta done in it."""
    found = []
    for stage, table, done in ((2, rules.reduce_throttle, sold_quanta), (5, rules.close_throttle, closed_quanta)):
        most = most_at(table, stress)
        if most is not None:
            waiting = _waiting(book, rules, time_ns, stage)
            values = (abs(book.markets[market_id].value_quanta) for market_id in waiting)
            binds = any(lots_held(most - done, done, value_quanta) == 0 for value_quanta in values)
            found.append(Throttled(stage, stress, most, done, binds))
    return tuple(found)


def _waiting(book: Book, rules: Rules, time_ns: int, stage: int) -> Iterator[str]:
    """Yield the markets of the lots that a stage would still be asked for: of the unhealthy (2), of bankrupts (5)."""
    guarded = guards(book, rules, time_ns)
    for unit in book.units.values():
        if unit.bankrupt if stage == 5 else not unit.bankrupt and is_unhealthy(book, unit):
            markets = sorted(unit.markets() - guarded.keys())
            yield from (market_id for market_id in markets if not is_spared(book, unit, market_id, time_ns))
