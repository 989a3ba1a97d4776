"""The slip of paper on which one step of the waterfall is planned, stage by stage.

Each stage reads the previous one's result, so the step works on a copy of the book; nothing is written to the real one
before the plan is whole. The pen (``write``) is handed in: nothing in this floor knows how a fact is applied.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Leg, Market, Order, Unit, market_of
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.liquidation import is_below_close_out
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.messages import Fact, OrderChange, Sale
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import Gains, gains_now
from deleverage.rulebook.stages.caps import FundMoney
from deleverage.rulebook.stages.grace import is_spared, may_liquidate
from deleverage.rulebook.stages.tempo import Tempo

Debts = dict[tuple[str, str], int]
"""Quanta owed per (unit, leg id); leg id "" is a flat unit's debt, which has no lots."""

PoolDebts = dict[tuple[str, str, str], int]
"""Quanta without lots per (unit, market, side of the pool that closed the lots); "" and "": the unit was flat."""


@dataclass
class Scratch:
    """One step's working copy, its guards, and what the step has paid and taken so far; quanta and lots."""

    book: Book
    rules: Rules
    rules_hash: str  # of these rules
    write: Callable[[Book, Fact], None]
    time_ns: int
    guarded: dict[str, str]  # market -> reason
    step: int
    original: Book  # the book before the step: gains are taken from it
    tempo: Tempo  # what pace and throttles leave of the step
    fund_money: FundMoney  # what the fund has paid in the step, and what its caps leave
    close_pool: Callable[..., None]  # of bankrupts that are taken one by one: a PoolCloser
    round: int = 0
    facts: list[Fact] = field(default_factory=list)
    taken_over_lots: dict[tuple[str, str], int] = field(default_factory=dict)  # per backstop and market, in the step
    gains: dict[str, Gains] | None = None  # per solvent unit when the step began; None: not asked for yet
    taken: dict[str, int] = field(default_factory=dict)  # money taken per unit in stages 5 and 6 of the step
    # backstops that left lots of a market and side to others, and why: as it was asked last
    passed: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    # per round
    unhealthy: list[Unit] = field(default_factory=list)  # when it began; stages 1 to 3 leave nobody so who was not
    unsold: list[Sale] = field(default_factory=list)
    paced: bool = False  # pace has left lots that candidates could have taken
    # each bankrupt's negative equity, split over its legs anew in every round, lowered by what the fund pays
    shortfalls: Debts = field(default_factory=dict)
    surpluses: Debts = field(default_factory=dict)
    freed: PoolDebts = field(default_factory=dict)  # debt whose lots stage 5 has closed
    guarded_assets: dict[str, str] = field(default_factory=dict)  # asset -> reason; stands for the whole step

    def emit(self, kind: type[Fact], **values: Any) -> None:
        """Write the next fact on the scratch and keep it for the answer; what only a step tells names its rules."""
        if hasattr(kind, "rules_hash"):
            values["rules_hash"] = self.rules_hash
        fact = kind(seq=self.book.seq + 1, time_ns=self.time_ns, **values)
        self.write(self.book, fact)
        self.facts.append(fact)

    def open_markets(self) -> Iterator[tuple[str, Market]]:
        """Markets in which a forced act is allowed, in id order."""
        for market_id in sorted(self.book.markets):
            if market_id not in self.guarded:
                yield market_id, self.book.markets[market_id]

    def open_legs(self, unit: Unit) -> list[tuple[str, Leg]]:
        """Return the unit's legs on which a forced act is allowed, in the order of their ids."""
        return [(leg_id, leg) for leg_id, leg in unit.sorted_legs() if market_of(leg_id) not in self.guarded]

    def out_of_reach(self, unit: Unit) -> bool:
        """Return whether every leg of the unit is guarded: nothing may be forced on it."""
        return bool(unit.legs) and all(market_of(leg_id) in self.guarded for leg_id in unit.legs)

    def spares(self, unit: Unit, market_id: str) -> bool:
        """Return whether a grace protects the unit's lots and orders in a market from stages 1 to 3."""
        return is_spared(self.book, unit, market_id, self.time_ns)

    def may_liquidate(self, unit: Unit) -> bool:
        """Return whether a unit that is not bankrupt has a leg that is neither guarded nor spared."""
        return may_liquidate(self.book, self.guarded, unit, self.time_ns)

    def would_take(self, unit: Unit) -> bool:
        """Return whether a solvent unit is to be taken over, auctions aside: below close-out, waiting for no price."""
        waits = awaits_price(self.book, unit, self.guarded_assets)
        return self.may_liquidate(unit) and not waits and is_below_close_out(self.book, unit)

    def gains_before(self) -> dict[str, Gains]:
        """Return every solvent unit's gains as they were when the step began.

        They are not taken anew after a closing: marks do not move within a step, and what was taken is subtracted.
        """
        if self.gains is None:
            self.gains = gains_now(self.original, self.guarded)
        return self.gains

    def debts_by_pool(self) -> PoolDebts:
        """Return the shortfalls that no lots carry, in id order: of flat bankrupts, or set free in stage 5."""
        debts = dict(self.freed)
        for (unit_id, leg_id), debt in self.shortfalls.items():
            if leg_id == "" and debt:
                debts[unit_id, "", ""] = debt
        found: PoolDebts = {}
        for unit_id, mine in by_debtor(debts).items():
            found |= trimmed(mine, -self.equity(unit_id))
        return found

    def debts_without_lots(self) -> dict[str, int]:
        """Return the same per unit, whatever pool they come from."""
        return {unit_id: sum(mine.values()) for unit_id, mine in by_debtor(self.debts_by_pool()).items()}

    def equity(self, unit_id: str) -> int:
        """Return a unit's equity on the scratch, in quanta."""
        return equity(self.book, self.book.units[unit_id])

    def unhealthy_among(self, units: Iterable[Unit]) -> list[Unit]:
        """Units below maintenance, not bankrupt, with legs that may be liquidated, in the order of the units."""
        return [
            unit for unit in units if not unit.bankrupt and self.may_liquidate(unit) and is_unhealthy(self.book, unit)
        ]

    def note_taken(self, unit_id: str, quanta: int) -> None:
        """Count money taken from a unit: it lowers what a haircut of this step may still cut."""
        self.taken[unit_id] = self.taken.get(unit_id, 0) + quanta

    def bankrupt_units(self) -> list[Unit]:
        """Bankrupt units in id order."""
        return [unit for unit in self.book.sorted_units() if unit.bankrupt]

    def cancellations(self, chosen: Callable[[Order], bool]) -> tuple[OrderChange, ...]:
        """Return the changes that take the chosen orders off the book, in id order."""
        return tuple(OrderChange(order_id, 0) for order_id, order in sorted(self.book.orders.items()) if chosen(order))


def by_debtor(debts: PoolDebts) -> dict[str, PoolDebts]:
    """Return debts by the unit that owes them, in id order."""
    found: dict[str, PoolDebts] = {}
    for key, debt in sorted(debts.items()):
        found.setdefault(key[0], {})[key] = debt
    return found


def trimmed(mine: PoolDebts, below_zero_quanta: int) -> PoolDebts:
    """Return one unit's debts without lots, at most what it is below zero now.

    What an isolated unit has released meanwhile pays its owner's debt before anybody else does.
    """
    left = max(0, min(sum(mine.values()), below_zero_quanta))
    parts = apportion(left, [Share(key, debt, debt) for key, debt in mine.items()]).parts
    return {key: debt for key, debt in parts.items() if debt}
