"""The slip of paper on which one step of the waterfall is planned, stage by stage.

Each stage reads the previous one's result, so the step works on a copy of the book; nothing is written to the real one
before the plan is whole. The pen (``write``) is handed in: nothing in this floor knows how a fact is applied.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Leg, Market, Order, Unit, market_of
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.liquidation import is_below_close_out
from deleverage.rulebook.margin import equity, is_unhealthy, leg_value
from deleverage.rulebook.messages import Fact, OrderChange, Sale
from deleverage.rulebook.pace import Room, Spent
from deleverage.rulebook.quantities import PPB, share_floor
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import Gains, gains_now
from deleverage.rulebook.stages.grace import is_spared, may_liquidate
from deleverage.rulebook.throttle import most_at

Debts = dict[tuple[str, str], int]
"""Quanta owed per (unit, leg id); leg id "" is a flat unit's debt, which has no lots."""

PoolDebts = dict[tuple[str, str, str], int]
"""Quanta without lots per (unit, market, side of the pool that closed the lots); "" and "": the unit was flat."""


@dataclass
class Scratch:
    """One step's working copy, its guards, and what the step has paid and taken so far; quanta and lots."""

    book: Book
    rules: Rules
    write: Callable[[Book, Fact], None]
    time_ns: int
    guarded: dict[str, str]  # market -> reason
    step: int
    original: Book  # the book before the step: gains are taken from it
    stress_ppb: int  # of that book
    round: int = 0
    facts: list[Fact] = field(default_factory=list)
    # per step, for the caps of stage 4 and the capacity of stage 3
    fund_paid_quanta: int = 0
    fund_paid_by_market: dict[str, int] = field(default_factory=dict)
    fund_paid_by_leg: dict[tuple[str, str], int] = field(default_factory=dict)
    taken_over_lots: dict[tuple[str, str], int] = field(default_factory=dict)
    gains: dict[str, Gains] | None = None  # per solvent unit when the step began; None: not asked for yet
    taken: dict[str, int] = field(default_factory=dict)  # money taken per unit in stages 5 and 6 of the step
    # per step, for the pace: notional closed against candidates, and who was touched
    closed_notional_quanta: int = 0
    sold_notional_quanta: int = 0
    touched: set[str] = field(default_factory=set)
    # backstops that left lots of a market and side to others, and why: as it was asked last
    passed: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    # per round
    unsold: list[Sale] = field(default_factory=list)
    paced: bool = False  # pace has left lots that candidates could have taken
    shortfalls: Debts = field(default_factory=dict)
    surpluses: Debts = field(default_factory=dict)
    freed: PoolDebts = field(default_factory=dict)  # debt whose lots stage 5 has closed
    guarded_assets: dict[str, str] = field(default_factory=dict)  # asset -> reason; stands for the whole step

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

    def note_fund_money(self, unit_id: str, leg_id: str, paid_quanta: int) -> None:
        """Count fund money for the caps of the step; leg "" is a flat unit's debt."""
        self.fund_paid_quanta += paid_quanta
        key, market_id = (unit_id, leg_id), market_of(leg_id)
        self.fund_paid_by_leg[key] = self.fund_paid_by_leg.get(key, 0) + paid_quanta
        if market_id:
            self.fund_paid_by_market[market_id] = self.fund_paid_by_market.get(market_id, 0) + paid_quanta

    def notional_cap(self, unit_id: str, leg_id: str) -> int | None:
        """Return the most the fund pays for a leg in this step, None if nothing binds; quanta, rounded down.

        A share of the leg's value, as a magnitude, when the step began: 0 for a debt without lots.
        """
        return notional_cap_floor(self.original, self.rules, unit_id, leg_id)

    def room(self) -> Room:
        """Return what pace leaves of this step."""
        return self.rules.pace.room(Spent(self.round, self.closed_notional_quanta, len(self.touched)))

    def sale_room(self) -> int | None:
        """Return the notional that stage 2 may still sell in this step; ``None``: any."""
        most = most_at(self.rules.reduce_throttle, self.stress_ppb)
        return None if most is None else most - self.sold_notional_quanta

    def close_room(self) -> int | None:
        """Return the notional that the throttle lets stage 5 still close in this step; ``None``: any."""
        most = most_at(self.rules.close_throttle, self.stress_ppb)
        return None if most is None else most - self.closed_notional_quanta

    def note_closed(self, unit_id: str, notional_quanta: int) -> None:
        """Count lots closed against a candidate for the pace of the step."""
        self.closed_notional_quanta += notional_quanta
        self.touched.add(unit_id)

    def gains_before(self) -> dict[str, Gains]:
        """Return every solvent unit's gains as they were when the step began.

        Marks do not move within a step, so a gain that was closed or cut in one round is not there again in the next.
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
        for unit_id in sorted({key[0] for key in debts}):
            found |= trimmed(debts, unit_id, -self.equity(unit_id))
        return found

    def debts_without_lots(self) -> dict[str, int]:
        """Return the same per unit, whatever pool they come from."""
        debts: dict[str, int] = {}
        for (unit_id, _, _), debt in self.debts_by_pool().items():
            debts[unit_id] = debts.get(unit_id, 0) + debt
        return debts

    def owner_group(self, unit_id: str) -> str:
        """Return the owner group of the account a unit belongs to."""
        return self.book.accounts[self.book.units[unit_id].account_id].owner_group

    def equity(self, unit_id: str) -> int:
        """Return a unit's equity on the scratch, in quanta."""
        return equity(self.book, self.book.units[unit_id])

    def unhealthy_units(self) -> list[Unit]:
        """Units below maintenance, not bankrupt, with legs that may be liquidated, in id order."""
        return [
            unit
            for unit in self.book.sorted_units()
            if not unit.bankrupt and self.may_liquidate(unit) and is_unhealthy(self.book, unit)
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


def trimmed(debts: PoolDebts, unit_id: str, below_zero_quanta: int) -> PoolDebts:
    """Return a unit's debts without lots, at most what it is below zero now.

    What an isolated unit has released meanwhile pays its owner's debt before anybody else does.
    """
    mine = [Share(key, debt, debt) for key, debt in sorted(debts.items()) if key[0] == unit_id]
    left = max(0, min(sum(share.weight for share in mine), below_zero_quanta))
    return {key: debt for key, debt in apportion(left, mine).parts.items() if debt}


def notional_cap_floor(book: Book, rules: Rules, unit_id: str, leg_id: str) -> int | None:
    """Return the share of a leg's notional that the fund may pay, by the book before a step; None: no cap."""
    if rules.fund_notional_cap_ppb is None:
        return None
    leg = book.units[unit_id].legs.get(leg_id)
    notional = abs(leg_value(leg, book.markets[market_of(leg_id)])) if leg else 0
    return share_floor(notional, rules.fund_notional_cap_ppb, PPB)
