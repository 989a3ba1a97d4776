"""Plain Python: an object for each unit and leg, loops and ``sorted``."""

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from deleverage.bench.books import Book, Ints

PPB = 1_000_000_000
ORDINARY, UNHEALTHY, WITHOUT_EQUITY = 2, 4, 5
"""Tiers of candidates, the first to be asked first."""


@dataclass(slots=True)
class Position:
    """A leg."""

    unit: "Account"
    market: "Contract"
    lots: int
    cost: int

    def worth(self) -> int:
        """Return the quanta the lots are worth at the mark, funding taken off."""
        return self.lots * (self.market.value - self.market.funding)

    def required(self) -> int:
        """Return the maintenance requirement in quanta x 10^9."""
        notional = abs(self.lots * self.market.value)
        rate_ppb, deduction = self.market.tier(notional)
        return min(max(0, notional * rate_ppb - deduction * PPB), notional * PPB)


@dataclass(slots=True)
class Account:
    """A unit."""

    number: int
    quote: int
    credit: int
    equity: int = 0
    tier: int = ORDINARY
    positions: list[Position] = field(default_factory=list)

    def is_unhealthy(self) -> bool:
        """Return whether the margin balance lies below maintenance; equity and tier are kept."""
        self.equity = self.quote + sum(position.worth() for position in self.positions)
        unhealthy = (self.equity + self.credit) * PPB < sum(position.required() for position in self.positions)
        self.tier = WITHOUT_EQUITY if self.equity <= 0 else UNHEALTHY if unhealthy else ORDINARY
        return unhealthy


@dataclass(slots=True)
class Contract:
    """A market with its margin table: starts, rates and deductions of the tiers."""

    number: int
    value: int
    funding: int
    starts: list[int]
    rates_ppb: list[int]
    deductions: list[int]
    positions: list[Position] = field(default_factory=list)

    def tier(self, notional: int) -> tuple[int, int]:
        """Return rate and deduction for a notional."""
        at = bisect_right(self.starts, notional) - 1
        return self.rates_ppb[at], self.deductions[at]


class ObjectBook:
    """A book as objects."""

    def __init__(self, book: Book) -> None:
        """Turn the columns into objects."""
        terms = book.markets
        tables = (terms.from_notional_quanta, terms.maintenance_rate_ppb, terms.maintenance_deduction_quanta)
        ends = terms.first_tier.tolist()
        cuts = [[table[ends[m] : ends[m + 1]].tolist() for table in tables] for m in range(len(ends) - 1)]
        values, funding = terms.values(terms.mark_ticks).tolist(), terms.funding_quanta.tolist()
        self.terms = terms
        self.markets = [Contract(m, values[m], funding[m], *cut) for m, cut in enumerate(cuts)]
        units = zip(book.quote.tolist(), book.credit.tolist(), strict=True)
        self.accounts = [Account(number, quote, credit) for number, (quote, credit) in enumerate(units)]
        rows = zip(book.owner.tolist(), book.market.tolist(), book.lots.tolist(), book.cost.tolist(), strict=True)
        for owner, market, lots, cost in rows:
            position = Position(self.accounts[owner], self.markets[market], lots, cost)
            position.unit.positions.append(position)
            position.market.positions.append(position)

    def revalue(self, mark_ticks: Ints) -> list[int]:
        """Return the unhealthy units at these marks, ascending; each account keeps its equity."""
        for market, value in zip(self.markets, self.terms.values(mark_ticks).tolist(), strict=True):
            market.value = value
        return [account.number for account in self.accounts if account.is_unhealthy()]

    def equities(self) -> Ints:
        """Return the equities of the last ``revalue``."""
        return np.array([account.equity for account in self.accounts], np.int64)

    def select(self, market: int, sign: int, lots: int) -> tuple[list[int], list[int]]:
        """Return who closes so many lots of the side ``sign``, in the order of the queue, and lots of each."""
        positions = self.markets[market].positions
        queue = sorted((_rank(one), one.unit.number, abs(one.lots)) for one in positions if one.lots * sign < 0)
        units, parts = [], []
        for _, unit, held in queue:
            if lots <= 0:
                break
            units.append(unit)
            parts.append(min(held, lots))
            lots -= held
        return units, parts


def _rank(position: Position) -> tuple[int, float]:
    """Return tier and common score, the largest first: negative; without equity nobody has one."""
    tier, equity = position.unit.tier, float(position.unit.equity)
    if equity <= 0:
        return tier, 0.0
    worth = position.lots * position.market.value
    pnl, base, value = float(worth - position.cost), float(max(1, abs(position.cost))), float(abs(worth))
    if pnl >= 0:
        return tier, -((pnl * value) / (base * equity))
    return tier, -((pnl * equity) / (base * value))
