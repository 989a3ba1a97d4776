"""Everybody's lights at one moment, and what all are worth together: what may be shown until the next such moment."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from deleverage.rulebook.book import Book
from deleverage.rulebook.margin import equity
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.candidates import queue_of

Lit = tuple[str, str, int]
"""Unit, leg, and its lights: 1 to 5, 5 is next; 0 of a bankrupt, who is in no queue."""


class Standings(Protocol):
    """What was noted of everybody at one moment; it never changes."""

    @property
    def below_zero(self) -> bool:
        """Whether somebody's equity was below zero."""
        ...

    @property
    def owed_quanta(self) -> int:
        """What customers could ask for: positive equities of all but the fund's unit, and claims."""
        ...

    def lights_of(self, account_id: str) -> Iterable[Lit]:
        """Return the lights of each leg of an account."""
        ...


class ByLaw(NamedTuple):
    """The same from the law's own rows."""

    below_zero: bool
    owed_quanta: int
    legs: dict[str, list[Lit]]

    def lights_of(self, account_id: str) -> Iterable[Lit]:
        """Return the lights of each leg of an account."""
        return self.legs.get(account_id, [])


def by_law(book: Book, rules: Rules) -> ByLaw:
    """Return everybody's standing by the rulebook's own walk over everybody."""
    places = {
        (place.unit_id, market_id, side): place.lights
        for market_id in book.markets
        for side in (1, -1)
        for place in queue_of(book, rules, market_id, -side)
    }
    legs: dict[str, list[Lit]] = {}
    equities = []
    for unit in book.sorted_units():
        for leg_id, leg in unit.legs.items():
            key = unit.unit_id, leg_id.partition("/")[0], 1 if leg.lots > 0 else -1
            legs.setdefault(unit.account_id, []).append((unit.unit_id, leg_id, places.get(key, 0)))
        equities.append((equity(book, unit), book.role(unit)))
    owed = sum(max(0, own) for own, role in equities if role != "fund") + sum(book.claims.values())
    return ByLaw(any(own < 0 for own, _ in equities), owed, legs)
