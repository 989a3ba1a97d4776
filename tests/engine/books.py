"""Random books in columns, and what a plain reading of them says."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from deleverage.engine.kernels.records import MEMO, UNIT

PPB = 10**9
ENDLESS = 2**63 - 1

Tier = tuple[int, int, int]
"""From which notional, maintenance rate in ppb, deduction."""


@dataclass
class RandomMarket:
    """What a market's price tables are made of."""

    value: int
    tiers: list[Tier]
    funding: int = 0
    factor: int = PPB

    def tables(self) -> list[tuple[int, int, int, int, int]]:
        """Return worth, held, spare, least and most of each code."""
        lot = abs(self.value)
        starts = [-(-start // lot) for start, _, _ in self.tiers] + [ENDLESS]
        rows = []
        for at, (_, rate, deduction) in enumerate(self.tiers):
            held = min(lot, -(-lot * rate * self.factor // PPB**2))
            row = (self.value - self.funding, held, deduction * self.factor // PPB, starts[at], starts[at + 1])
            rows += [row, row]
        return rows


@dataclass
class RandomBook:
    """Columns as the engine has them, in Python lists, with price tables; chains are made when it is read."""

    random: Random
    markets: list[RandomMarket]
    lots: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    market: list[int] = field(default_factory=list)
    quote: list[int] = field(default_factory=list)
    credit: list[int] = field(default_factory=list)

    def open(self, unit: int, market: int, lots: int) -> None:
        """Give a unit a leg, in a free row if there is one and chance wants it."""
        free = [row for row, held in enumerate(self.lots) if held == 0]
        if free and self.random.random() < 0.7:
            row = self.random.choice(free)
            self.lots[row], self.owner[row], self.market[row] = lots, unit, market
        else:
            self.lots.append(lots)
            self.owner.append(unit)
            self.market.append(market)

    def rows_of(self, unit: int) -> list[int]:
        """Return the rows that a unit's legs stand in."""
        return [row for row, held in enumerate(self.lots) if held and self.owner[row] == unit]

    def margin(self, unit: int, zero: bool = False) -> int:
        """Return equity, and unless against ``zero`` credit less maintenance from above, read row by row."""
        total = self.quote[unit] + (0 if zero else self.credit[unit])
        for row in self.rows_of(unit):
            held = self.lots[row]
            for worth, per_lot, spare, least, most in self.markets[self.market[row]].tables()[::2]:
                if least <= abs(held) < most:
                    total += held * worth - (0 if zero else max(0, abs(held) * per_lot - spare))
        return total

    def below(self, zero: bool = False) -> list[int]:
        """Return the units whose margin is below zero."""
        return [unit for unit in range(len(self.quote)) if self.margin(unit, zero) < 0]


@dataclass
class Columns:
    """The columns of a random book, with spare cells."""

    lots: Any
    owner: Any
    code: Any
    memos: Any
    quote: Any
    units: Any
    rows: int
    size: int


@dataclass
class Prices:
    """The price tables of a random book."""

    worth: Any
    held: Any
    spare: Any
    least: Any
    most: Any
    code_market: Any


def prices_of(book: RandomBook) -> Prices:
    """Return all markets' tables."""
    rows = [row for market in book.markets for row in market.tables()]
    worth, held, spare, least, most = np.array(rows, np.int64).T.copy()
    marks = [at for at, market in enumerate(book.markets) for _ in range(2 * len(market.tiers))]
    return Prices(worth, held, spare, least, most, np.array(marks, np.int64))


def fill(columns: Columns, book: RandomBook) -> None:
    """Write a book into columns, tiers all the first one, chains in the order of rows."""
    first = np.cumsum([0] + [2 * len(market.tiers) for market in book.markets])
    columns.rows, columns.size = len(book.lots), len(book.quote)
    room = max(len(columns.lots), 2 * columns.rows), max(len(columns.quote), 2 * columns.size)
    if room != (len(columns.lots), len(columns.quote)):
        for name, count in (("lots", 0), ("owner", 0), ("code", 0), ("memos", 0), ("quote", 1), ("units", 1)):
            old = getattr(columns, name)
            setattr(columns, name, np.zeros(room[count], old.dtype))
    columns.units["head"] = -1
    for unit in range(columns.size):
        columns.quote[unit], columns.units["credit"][unit] = book.quote[unit], book.credit[unit]
    for row in reversed(range(columns.rows)):
        unit, held = book.owner[row], book.lots[row]
        columns.lots[row], columns.owner[row] = held, unit
        columns.code[row] = first[book.market[row]] + (held < 0)
        if held:
            columns.memos["next"][row] = columns.units["head"][unit]
            columns.units["head"][unit] = row


def columns_of(book: RandomBook) -> Columns:
    """Return a book's columns."""
    lots, owner, code, memos = (np.zeros(0, kind) for kind in (np.int64, np.uint32, np.uint16, MEMO))
    columns = Columns(lots, owner, code, memos, np.zeros(0, np.int64), np.zeros(0, UNIT), rows=0, size=0)
    fill(columns, book)
    return columns


def random_tiers(random: Random, count: int) -> list[Tier]:
    """Return tiers that meet at their bounds, or leap there."""
    tiers = [(0, random.randrange(5, 40) * 1_000_000, 0)]
    start = 0
    leaps = random.random() < 0.4
    for _ in range(count - 1):
        start += random.randrange(20_000, 3_000_000)
        rate = tiers[-1][1] + random.randrange(1, 40) * 1_000_000
        deduction = tiers[-1][2] + start * (rate - tiers[-1][1]) // PPB
        tiers.append((start, rate, 0 if leaps else deduction))
    return tiers


def random_book(random: Random, units: int, markets: int, tiers: int) -> RandomBook:
    """Return a book in which many units are near their maintenance: flat units, hedges and late rows among them."""
    signs = [random.choice((1, 1, 1, -1)) for _ in range(markets)]
    made = [RandomMarket(sign * random.randrange(500, 50_000), random_tiers(random, tiers)) for sign in signs]
    book = RandomBook(random, made)
    for _ in range(units):
        add_unit(book)
    for unit in random.sample(range(units), units // 10):
        book.open(unit, random.randrange(markets), random.choice((-1, 1)) * random.randrange(1, 300))
    return book


def add_unit(book: RandomBook) -> int:
    """Add a unit with some legs and a margin of a few per cent of what it holds; return its index."""
    random, unit = book.random, len(book.quote)
    book.quote.append(0)
    book.credit.append(random.choice((0, 0, 0, random.randrange(0, 5_000))))
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        lots = random.choice((-1, 1)) * random.choice((1, random.randrange(1, 30), random.randrange(1, 3_000)))
        book.open(unit, random.randrange(len(book.markets)), lots)
    gross = sum(abs(book.lots[row] * book.markets[book.market[row]].value) for row in book.rows_of(unit))
    book.quote[unit] = gross * random.randrange(-5, 60) // 1000 - book.margin(unit)
    return unit
