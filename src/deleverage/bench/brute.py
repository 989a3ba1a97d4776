"""The plainest crash with the queue put in order before every fill: everybody is ranked anew, in plain Python."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from deleverage.bench.books import Book, Ints
from deleverage.bench.with_objects import ORDINARY, PPB, UNHEALTHY, WITHOUT_EQUITY, Account, ObjectBook, Position


@dataclass(slots=True)
class Short:
    """A candidate; ``required`` is what its other legs need, in quanta x 10^9."""

    position: Position
    required: int
    closed: int = 0

    def rank(self) -> tuple[float, ...]:
        """Return tier, score (the largest first, negative), and number."""
        position, account = self.position, self.position.unit
        if account.equity <= 0:
            return WITHOUT_EQUITY, 0.0, account.number
        unhealthy = (account.equity + account.credit) * PPB < self.required + position.required()
        worth = position.lots * position.market.value
        pnl, base, value = float(worth - position.cost), float(max(1, abs(position.cost))), float(abs(worth))
        equity = float(account.equity)
        score = (pnl * value) / (base * equity) if pnl >= 0 else (pnl * equity) / (base * value)
        return UNHEALTHY if unhealthy else ORDINARY, -score, account.number

    def close(self, lots: int, money: int) -> None:
        """Give up lots and pay; the cost that goes with them is rounded down as a magnitude."""
        position = self.position
        cost = abs(position.cost) * lots // abs(position.lots)
        position.cost -= cost if position.cost > 0 else -cost
        position.lots += lots
        position.unit.equity -= money
        self.closed += lots


def brute_force(book: Book, market: int, mark_ticks: int) -> Ints:
    """Return the lots that each unit gives up when the bankrupt longs of a market are taken one by one."""
    marks = book.markets.mark_ticks.copy()
    marks[market] = mark_ticks
    objects = ObjectBook(book)
    objects.revalue(marks)
    positions = objects.markets[market].positions
    queue = [Short(one, _required(one.unit) - one.required()) for one in positions if one.lots < 0 <= one.unit.equity]
    debtors = [one for one in positions if one.lots > 0 > one.unit.equity]
    given = np.zeros(book.units, np.int64)
    for debtor in sorted(debtors, key=lambda one: (_distress(one.unit), one.unit.number)):
        notional = sum(abs(one.lots * one.market.value) for one in debtor.unit.positions)
        need, debt = debtor.lots, -(debtor.unit.equity * debtor.lots * debtor.market.value // notional)
        while need and queue:
            first = min(queue, key=Short.rank)
            lots = min(need, -first.position.lots)
            owed = -(-debt * lots // need)
            first.close(lots, min(owed, max(0, first.position.unit.equity)))
            need, debt = need - lots, debt - owed
            given[first.position.unit.number] = first.closed
            if first.position.lots == 0:
                queue.remove(first)
    return given


def _required(account: Account) -> int:
    return sum(position.required() for position in account.positions)


def _distress(account: Account) -> Fraction:
    required = _required(account)
    return Fraction(account.equity, max(1, required))
