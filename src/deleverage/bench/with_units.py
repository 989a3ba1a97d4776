"""The fastest plain Python that we could write for a log of events: one flat list of numbers a unit.

It does what the law asks of each event: both sides of a trade keep their initial margin, or reduce and do not lose
below maintenance; money leaves only from what is free, and only while nobody is below zero. The last is looked up, not
recomputed: while no mark has moved by more than ``SKIN`` since all were looked at, only the units on a short list can
be below zero. Linear contracts, one margin tier, cross units.
"""

from deleverage.bench.books import Book
from deleverage.bench.logs import DEPOSIT, MARK, TRADE, WITHDRAW, Log
from deleverage.bench.terms import INVERSE

PPB = 1_000_000_000
SKIN = 0.02
ENOUGH = 20
"""A unit whose notional is at most so many times its equity stays above zero while marks keep within the skin."""


Unit = list[int]
"""Quote, deposits, realised, then of each leg: market, lots, cost, entry funding. One block of memory."""

LEGS, WIDTH = 3, 4


class UnitBook:
    """A book as units; the columns of markets are lists."""

    def __init__(self, book: Book) -> None:
        """Turn the columns into units and lists."""
        terms = book.markets
        if terms.has_tiers or (terms.contract == INVERSE).any() or book.credit.any() or book.hedge.any():
            raise ValueError("this version knows linear contracts, one margin tier and one-way cross units")
        self.factor = terms.quanta_per_tick_lot.tolist()
        self.value = terms.values(terms.mark_ticks).tolist()
        self.funding, self.carry = terms.funding_quanta.tolist(), [0] * len(self.value)
        self.initial_ppb, self.maintenance_ppb = terms.initial_rate_ppb.tolist(), terms.maintenance_rate_ppb.tolist()
        self.max_lots, self.max_price = terms.max_lots.tolist(), terms.max_price_ticks.tolist()
        self.bound = ENOUGH * min(self.initial_ppb)  # above it, initial margin over equity says: watch
        self.worth = [value - funding for value, funding in zip(self.value, self.funding, strict=True)]
        self.margin = [value * rate for value, rate in zip(self.value, self.initial_ppb, strict=True)]
        deposits = (book.quote + book.sums(book.cost)).tolist()
        self.units: list[Unit] = [[quote, given, 0] for quote, given in zip(book.quote.tolist(), deposits, strict=True)]
        rows = zip(book.owner.tolist(), book.market.tolist(), book.lots.tolist(), book.cost.tolist(), strict=True)
        for owner, market, lots, cost in rows:
            self.units[owner] += (market, lots, cost, 0)
        self.seen: list[int] = []
        self.watched = set[int]()
        self._look()

    def quotes(self) -> list[int]:
        """Return each unit's quote."""
        return [unit[0] for unit in self.units]

    def replay(self, log: Log) -> int:
        """Apply a log; how many events were refused."""
        refused = 0
        units, trade = self.units, self._trade
        columns = (log[name].tolist() for name in ("kind", "market", "unit", "other", "lots", "number"))
        for kind, market, one, other, lots, number in zip(*columns, strict=True):
            if kind == TRADE:
                if not trade(market, one, other, lots, number):
                    refused += 1
            elif kind == DEPOSIT:
                unit = units[one]
                unit[0] += number
                unit[1] += number
            elif kind == WITHDRAW:
                refused += not self._withdraw(one, number)
            elif kind == MARK:
                self._moved(market, number * self.factor[market])
            else:
                self._fund(market, number)
        return refused

    def _trade(self, market: int, buyer: int, seller: int, lots: int, price: int) -> bool:
        """Move lots from seller to buyer, or nothing; whether the law allows it."""
        if buyer == seller or lots < 1 or not 1 <= price <= self.max_price[market]:
            return False
        value = price * self.factor[market]
        sides = ((self.units[buyer], lots, buyer), (self.units[seller], -lots, seller))
        worth, margin, places = self.worth, self.margin, []
        for unit, change, number in sides:
            equity, required, held, place = unit[0], 0, 0, len(unit)
            for at in range(LEGS, place, WIDTH):
                of, size = unit[at], unit[at + 1]
                equity += size * worth[of]
                if of == market:
                    held, place = size, at
                else:
                    required += (size if size > 0 else -size) * margin[of]
            after = held + change
            required += (after if after > 0 else -after) * margin[market]
            against = change * (self.value[market] - value)
            equity += against
            if held == 0 or (held > 0) == (change > 0) or abs(change) > abs(held):
                if equity * PPB < required or abs(after) > self.max_lots[market]:
                    return False
            elif against < 0 and (equity < 0 or equity * PPB < self._maintenance(unit, market, change)):
                return False
            if required > equity * self.bound:
                self.watched.add(number)
            places.append(place)
        self._settle(sides[0][0], places[0], market, lots, value)
        self._settle(sides[1][0], places[1], market, -lots, value)
        return True

    def _maintenance(self, unit: Unit, market: int, change: int) -> int:
        """Return what a unit has to hold after a trade, in quanta x 10^9."""
        required = 0
        for at in range(LEGS, len(unit), WIDTH):
            of = unit[at]
            size = unit[at + 1] + (change if of == market else 0)
            required += abs(size) * self.value[of] * self.maintenance_ppb[of]
        return required

    def _settle(self, unit: Unit, at: int, market: int, lots: int, value: int) -> None:
        """Write one side of a trade: quote, realised and the leg's memos, magnitudes rounded down."""
        amount, funding = -lots * value, self.funding[market]
        unit[0] += amount + lots * funding
        if at == len(unit):
            unit += (market, lots, -amount, lots * funding)
            return
        held = unit[at + 1]
        if (held > 0) == (lots > 0):
            unit[at + 1] = held + lots
            unit[at + 2] -= amount
            unit[at + 3] += lots * funding
            return
        size, whole = abs(held), abs(lots)
        closed = size if size < whole else whole
        cost, paid = _share_floor(unit[at + 2], closed, size), _share_floor(unit[at + 3], closed, size)
        closing = amount if closed == whole else _share_floor(amount, closed, whole)
        unit[2] += closing - cost - ((closed if held > 0 else -closed) * funding - paid)
        rest = held + lots
        if closed < size:
            unit[at + 1] = rest
            unit[at + 2] -= cost
            unit[at + 3] -= paid
        elif rest == 0:
            del unit[at : at + WIDTH]
        else:
            unit[at + 1 : at + WIDTH] = (rest, closing - amount, rest * funding)

    def _withdraw(self, number: int, amount: int) -> bool:
        """Pay out what is free, equity less the initial requirement rounded up, or nothing; whether it was paid."""
        unit = self.units[number]
        equity, required = self._measure(unit)
        if amount > max(0, equity + -required // PPB) or not self._nobody_below_zero():
            return False
        unit[0] -= amount
        unit[1] -= amount
        if required > (equity - amount) * self.bound:
            self.watched.add(number)
        return True

    def _fund(self, market: int, rate_ppb: int) -> None:
        """Charge each long lot: the rate of the mark, halves to even, what rounding leaves is carried."""
        owed = self.value[market] * rate_ppb + self.carry[market]
        paid, left = divmod(owed, PPB)
        if 2 * left > PPB or (2 * left == PPB and paid % 2):
            paid += 1
        self.funding[market] += paid
        self.carry[market] = owed - paid * PPB
        self._moved(market, self.value[market])

    def _moved(self, market: int, value: int) -> None:
        """Note a mark or funding; a market that has left its skin means a look at everybody before money leaves."""
        self.value[market] = value
        self.worth[market] = value - self.funding[market]
        self.margin[market] = value * self.initial_ppb[market]
        first = self.seen[market]
        if abs(self.worth[market] - first) > SKIN * first:
            self.stale = True

    def _nobody_below_zero(self) -> bool:
        """Return whether every unit's equity is 0 or more."""
        if self.stale:
            self._look()
        return all(self._measure(self.units[number])[0] >= 0 for number in self.watched)

    def _look(self) -> None:
        """Look at every unit: remember the marks, and whom to watch."""
        self.stale = False
        self.seen = list(self.worth)
        self.watched = set[int]()
        for number, unit in enumerate(self.units):
            equity, required = self._measure(unit)
            if required > equity * self.bound:
                self.watched.add(number)

    def _measure(self, unit: Unit) -> tuple[int, int]:
        """Return a unit's equity, and its initial requirement in quanta x 10^9."""
        equity, required = unit[0], 0
        for at in range(LEGS, len(unit), WIDTH):
            of, size = unit[at], unit[at + 1]
            equity += size * self.worth[of]
            required += (size if size > 0 else -size) * self.margin[of]
        return equity, required


def _share_floor(amount: int, part: int, whole: int) -> int:
    """Return a part of an amount, its magnitude rounded down."""
    return amount * part // whole if amount >= 0 else -(-amount * part // whole)
