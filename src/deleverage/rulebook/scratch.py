"""The slip of paper on which one step of the waterfall is planned, stage by stage.

Each stage reads the previous one's result, so the step works on a copy of the book; nothing is written to the real one
before the plan is whole. The pen (``write``) is handed in: nothing in this floor knows how a fact is applied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook.book import Book, Leg, Market, Unit
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.messages import Fact, OrderChange
from deleverage.rulebook.rules import Rules

SIDES = (("long", 1), ("short", -1))
"""Both sides with the sign of their lots, in the order in which a stage visits them."""

Debts = dict[tuple[str, str], int]
"""Quanta owed per (unit, market); market "" is a flat unit's debt, which has no lots."""


@dataclass
class Scratch:
    """One step's working copy, its guards, and what the step has paid and taken so far; quanta and lots."""

    book: Book
    rules: Rules
    write: Callable[[Book, Fact], None]
    time_ns: int
    guarded: dict[str, str]  # market -> reason
    step: int
    round: int = 0
    facts: list[Fact] = field(default_factory=list)
    # per step, for the caps of stage 4 and the capacity of stage 3
    fund_paid_quanta: int = 0
    fund_paid_by_market: dict[str, int] = field(default_factory=dict)
    taken_over_lots: Debts = field(default_factory=dict)
    # per round
    shortfalls: Debts = field(default_factory=dict)
    surpluses: Debts = field(default_factory=dict)
    freed: dict[str, int] = field(default_factory=dict)  # debt without lots per unit
    gains: dict[str, int] = field(default_factory=dict)  # net gain per solvent unit when stage 5 began
    taken: dict[str, int] = field(default_factory=dict)  # money taken per candidate in stage 5

    def emit(self, kind: type[Fact], **values: Any) -> None:
        """Write the next fact on the scratch and keep it for the answer."""
        fact = kind(seq=self.book.seq + 1, time_ns=self.time_ns, **values)
        self.write(self.book, fact)
        self.facts.append(fact)

    def open_markets(self) -> Iterator[tuple[str, Market]]:
        """Markets in which a forced act is allowed, in id order."""
        for market_id in sorted(self.book.markets):
            if market_id not in self.guarded:
                yield market_id, self.book.markets[market_id]

    def open_legs(self, unit: Unit) -> list[tuple[str, Leg]]:
        """Return the unit's legs on which a forced act is allowed, in market order."""
        return [(market_id, leg) for market_id, leg in unit.sorted_legs() if market_id not in self.guarded]

    def out_of_reach(self, unit: Unit) -> bool:
        """Return whether every leg of the unit is guarded: nothing may be forced on it."""
        return bool(unit.legs) and all(market_id in self.guarded for market_id in unit.legs)

    def equity(self, unit_id: str) -> int:
        """Return a unit's equity on the scratch, in quanta."""
        return equity(self.book, self.book.units[unit_id])

    def unhealthy_units(self) -> list[Unit]:
        """Units below maintenance, not bankrupt and within reach, in id order."""
        return [
            unit
            for unit in self.book.sorted_units()
            if not unit.bankrupt and unit.legs and not self.out_of_reach(unit) and is_unhealthy(self.book, unit)
        ]

    def bankrupt_units(self) -> list[Unit]:
        """Bankrupt units in id order."""
        return [unit for unit in self.book.sorted_units() if unit.bankrupt]

    def cancellations(self, unit_ids: set[str], market_id: str | None = None) -> tuple[OrderChange, ...]:
        """Return the changes that take these units' orders (in one market, or all) off the book."""
        return tuple(
            OrderChange(order.order_id, 0)
            for _, order in sorted(self.book.orders.items())
            if order.unit_id in unit_ids and market_id in (None, order.market_id)
        )


def guards(book: Book, rules: Rules, time_ns: int) -> dict[str, str]:
    """Return the markets from whose mark no forced action may come, each with the reason (stage 0)."""
    reasons = {}
    for market_id, market in sorted(book.markets.items()):
        if market.mark_price_ticks == 0:
            reasons[market_id] = "no_mark"
        elif market.guard:
            reasons[market_id] = market.guard
        elif rules.max_mark_age_ns and time_ns - market.mark_time_ns > rules.max_mark_age_ns:
            reasons[market_id] = "stale"
    return reasons
