"""A subject without any speed: what the harness asks of an engine, answered by the rivals themselves."""

from hashlib import sha256

import numpy as np

from deleverage.bench.books import Book, Ints
from deleverage.bench.choices import scores
from deleverage.bench.logs import Log
from deleverage.bench.splits import by_law
from deleverage.bench.with_objects import ObjectBook
from deleverage.bench.with_units import UnitBook


class SlowEngine:
    """Everything in plain Python or NumPy; the queue of a crash is made once, whatever is asked for."""

    def load(self, book: Book) -> int:
        """Take a book over."""
        self.book, self.objects = book, ObjectBook(book)
        self.marks = book.markets.mark_ticks.copy()
        self.unhealthy = np.zeros(0, np.int64)
        self.units: UnitBook | None = None
        return int(book.lots.nbytes)

    def revalue(self, mark_ticks: Ints, *, exact: bool = False) -> Ints:
        """Look at every unit."""
        self.marks = mark_ticks.copy()
        self.unhealthy = np.array(self.objects.revalue(mark_ticks), np.int64)
        return self.unhealthy

    def equities(self) -> Ints:
        """Return every equity."""
        return self.objects.equities()

    def tick(self, market: int, mark_ticks: int) -> Ints:
        """Move a mark, look at every unit."""
        before, marks = self.unhealthy, self.marks.copy()
        marks[market] = mark_ticks
        return np.setdiff1d(self.revalue(marks), before)

    def rows_touched(self) -> int:
        """Return all of them."""
        return self.book.positions

    def select(self, market: int, sign: int, lots: int) -> tuple[Ints, Ints]:
        """Choose by sorting."""
        units, parts = self.objects.select(market, sign, lots)
        return np.array(units, np.int64), np.array(parts, np.int64)

    def lights(self) -> Ints:
        """Return the lights of every row, group by group."""
        book, lights = self.book, np.zeros(self.book.positions, np.int64)
        value, equities = book.markets.values(self.marks), self.equities()
        tiers = np.array([account.tier for account in self.objects.accounts])
        for market in range(len(value)):
            for sign in (1, -1):
                rows = np.flatnonzero((book.market == market) & (np.sign(book.lots) == sign))
                owners = book.owner[rows]
                score = scores(book.lots[rows], int(value[market]), book.cost[rows], equities[owners])
                rows = rows[np.lexsort((owners, -score, tiers[owners]))]
                through = np.cumsum(np.abs(book.lots[rows]))
                lights[rows] = 6 - -(-5 * through // through[-1])
        return lights

    def crash(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Close the lots of everybody below zero against the front of the queue."""
        marks = self.marks.copy()
        marks[market] = mark_ticks
        self.revalue(marks)
        rows = (self.book.market == market) & (self.book.lots > 0) & (self.equities()[self.book.owner] < 0)
        given = np.zeros(self.book.units, np.int64)
        units, parts = self.select(market, 1, int(self.book.lots[rows].sum()))
        given[units] = parts
        return given

    def step(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Do what a crash does."""
        return self.crash(market, mark_ticks, each_fill=each_fill)

    def split(self, amount: int, weights: Ints, caps: Ints | None) -> Ints:
        """Split as the law does."""
        return by_law(amount, weights, caps)

    def replay(self, log: Log, batch: int) -> int:
        """Apply a log, batch by batch."""
        self.units = UnitBook(self.book)
        return sum(self.units.replay(log[start : start + batch]) for start in range(0, len(log), batch))

    def quotes(self) -> Ints:
        """Return every quote."""
        assert self.units is not None
        return np.array(self.units.quotes(), np.int64)

    def digest(self) -> str:
        """Return the hash of all quotes."""
        return sha256(self.quotes().tobytes()).hexdigest()
