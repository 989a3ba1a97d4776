"""The engine under measurement: what the harness asks for, from the same ``Engine`` that answers commands.

Markets, marks and collateral go in as commands; units and legs as a population (``engine.load``), because no log has
made them. Nobody in such a book has been declared bankrupt. Everything compiled is loaded here, when somebody connects.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np

from deleverage.bench.books import Book, Ints
from deleverage.bench.brute import brute_force
from deleverage.bench.crowds import Crowd, close
from deleverage.bench.logs import Log
from deleverage.bench.streams import Stream
from deleverage.bench.subject import Brute, Maker, Whole
from deleverage.bench.terms import INVERSE
from deleverage.engine import ranks, split
from deleverage.engine.detections import Detections
from deleverage.engine.engine import Engine
from deleverage.engine.load import Kinds, add_population
from deleverage.engine.valuation import Tables, Valuation
from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.rules import Rules

ASSET = AssetTerms("collateral", 1, 0, 0, 2**60, 1)
CONTRACTS = {0: "linear", 1: "quanto", 2: "inverse"}
LARGEST_DIGEST = 10_000
"""Up to so many units the digest is the rulebook's; beyond, the hash of the columns in use."""


def connect() -> tuple[Maker | None, Brute | None]:
    """Return what makes an engine to measure, and the plainest crash."""
    return EngineSubject, brute_force


class EngineSubject:
    """An engine with a drawn book."""

    def load(self, book: Book) -> int:
        """Take a book over."""
        self.book, self.engine = book, Engine(Rules())
        self.desk, self.columns = self.engine.desk, self.engine.columns
        marks = [m.MarkUpdate(market_id(at), mark) for at, mark in enumerate(book.markets.mark_ticks.tolist())]
        self.ids = [market_id(at) for at in range(len(marks))]
        listed = [m.ListMarket(time_ns=0, terms=terms(book, at)) for at in range(len(marks))]
        self._submit(*listed, m.SetMarks(time_ns=0, marks=tuple(marks)))
        self.marks: list[int] = book.markets.mark_ticks.tolist()
        deposits = book.quote + book.sums(book.cost)
        legs = book.owner, book.market.astype(np.int64), book.lots, book.cost
        add_population(self.engine, names(book), deposits, *legs, self._kinds())
        self.value, self.chooser = Valuation(self.columns), ranks.Chooser(self.desk, self.engine.rules)
        self.detections: Detections | None = None
        return self._bytes()

    def _kinds(self) -> Kinds | None:
        """Return what is not plain about the book, None where all of it is."""
        book = self.book
        if not (book.credit.any() or book.hedge.any() or (book.isolated >= 0).any()):
            return None
        prices = (m.AssetPriceUpdate(ASSET.asset_id, 1),)
        self._submit(m.ListAsset(time_ns=0, terms=ASSET), m.SetAssetPrices(time_ns=0, prices=prices))
        cross = np.flatnonzero(book.isolated < 0)
        account = cross[book.account]
        return Kinds(account, book.isolated, book.hedge, book.side, book.credit, ASSET.asset_id)

    def _submit(self, *commands: m.Command) -> list[tuple[m.Fact, ...]]:
        facts = []
        for answer in self.engine.submit(commands):
            if isinstance(answer, m.Rejection):
                raise ValueError(f"the engine refuses what was drawn: {answer}")
            facts.append(answer)
        return facts

    def _bytes(self) -> int:
        columns = self.columns
        rows = (columns.lots, columns.owner, columns.code, columns.memos)
        units = (columns.quote, columns.units)
        of_row, of_unit = sum(one.itemsize for one in rows), sum(one.itemsize for one in units)
        return int(of_row * columns.rows + of_unit * columns.size)

    def _mark(self, mark_ticks: Ints) -> None:
        """Set every mark that is another one now."""
        now = mark_ticks.tolist()
        moved = [at for at, mark in enumerate(now) if mark != self.marks[at]]
        if moved:
            self._submit(m.SetMarks(time_ns=0, marks=tuple(m.MarkUpdate(self.ids[at], now[at]) for at in moved)))
            self.marks = now

    # -- what everybody is worth --------------------------------------------------------------------------------------

    def revalue(self, mark_ticks: Ints, *, exact: bool = False) -> Ints:
        """Move every mark, look at everybody; ``exact``: in 128 bits at once, on books without tiers and collateral."""
        self._mark(mark_ticks)
        tables = Tables(self.desk)
        if exact:
            return self.value.look_exactly(tables).astype(np.int64)
        self.value.look()
        return self.value.decide(tables).astype(np.int64)

    def equities(self) -> Ints:
        """Return the equities of the last look."""
        return self.value.equity

    def tick(self, market: int, mark_ticks: int) -> Ints:
        """Move one mark; who was healthy and is not any more."""
        if self.detections is None:
            self.detections = Detections(self.desk)
        if mark_ticks != self.marks[market]:
            self._submit(m.SetMarks(time_ns=0, marks=(m.MarkUpdate(self.ids[market], mark_ticks),)))
            self.marks[market] = mark_ticks
        return self.detections.tick(market).astype(np.int64)

    def rows_touched(self) -> int:
        """Return how many rows the last tick has read at most."""
        assert self.detections is not None
        return self.detections.watch.rows_read

    # -- who is asked -------------------------------------------------------------------------------------------------

    def select(self, market: int, sign: int, lots: int) -> tuple[Whole, Whole]:
        """Choose the front of the queue, at what everybody was worth at the last look."""
        span = ranks.opposite(self.desk, market, sign)
        found = self.chooser.choose(span, self.value, lots)
        assert found is not None
        return found

    def lights(self) -> Whole:
        """Return the lights of every row, at what everybody was worth at the last look."""
        return ranks.lights(self.desk, self.engine.rules, self.value)

    def crash(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Close the bankrupt longs of a market against the queue of its shorts."""
        marks = self.marks.copy()
        marks[market] = mark_ticks
        self.revalue(np.array(marks))
        return close(Crowd(self.desk, self.engine.rules, market, self.value), each_fill=each_fill)

    def step(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Answer a mark and a step as anybody's."""
        engine, given = self.engine, np.zeros(self.columns.size, np.int64)
        engine.rules = replace(engine.rules, rerank="each_fill" if each_fill else "once")
        mark = m.SetMarks(time_ns=0, marks=(m.MarkUpdate(market_id(market), mark_ticks),))
        self.marks[market] = mark_ticks
        for fact in self._submit(mark, m.RunStep(time_ns=0))[-1]:
            for closing in fact.closings if isinstance(fact, m.Deleveraged) else ():
                given[self.columns.numbers[closing.unit_id]] += closing.closed_lots
        return given

    def split(self, amount: int, weights: Ints, caps: Ints | None) -> Ints:
        """Split an amount."""
        parts: Ints = split.apportion(amount, weights, np.arange(len(weights), dtype=np.int32), caps)[0]
        return parts

    # -- an ordinary day ----------------------------------------------------------------------------------------------

    def replay(self, log: Log, batch: int) -> int:
        """Answer the events of a log, and leave the columns as records are: whoever revalues next reads them."""
        stream = Stream(self.engine)
        refused = sum(stream.answer(log[start : start + batch]) for start in range(0, len(log), batch))
        self.columns.catch_up()
        return refused

    def quotes(self) -> Ints:
        """Return every quote."""
        quotes: Ints = self.columns.quote[: self.columns.size]
        return quotes

    def digest(self) -> str:
        """Return the rulebook's digest; of a large book the hash of the columns in use, which tells as much."""
        columns = self.columns
        if columns.size <= LARGEST_DIGEST:
            return self.engine.digest()
        sha = sha256(repr(self.desk.markets).encode())
        for column, used in (
            (columns.units, columns.size),
            (columns.lots, columns.rows),
            (columns.owner, columns.rows),
            (columns.memos, columns.rows),
        ):
            sha.update(column[:used].tobytes())
        return sha.hexdigest()


def market_id(market: int) -> str:
    """Return a market's id."""
    return f"m{market:03}"


def names(book: Book) -> list[str]:
    """Return the units' ids, padded, so that their order is that of the numbers; isolated ones behind their account."""
    accounts = map("a{:09}".format, book.account.tolist())
    if not (book.isolated >= 0).any():
        return list(accounts)
    pairs = zip(accounts, book.isolated.tolist(), strict=True)
    return [name if isolated < 0 else f"{name}/{market_id(isolated)}" for name, isolated in pairs]


def terms(book: Book, number: int) -> MarketTerms:
    """Return a market's terms."""
    of: Any = book.markets
    tiers = [
        Tier(*(int(column[at]) for column in (
            of.from_notional_quanta,
            of.maintenance_rate_ppb,
            of.initial_rate_ppb,
            of.maintenance_deduction_quanta,
            of.initial_deduction_quanta,
        )))
        for at in range(int(of.first_tier[number]), int(of.first_tier[number + 1]))
    ]  # fmt: skip
    inverse = of.contract[number] == INVERSE
    return MarketTerms(
        market_id=market_id(number),
        quanta_per_tick_lot=int(of.quanta_per_tick_lot[number]),
        tiers=tuple(tiers),
        max_lots=int(of.max_lots[number]),
        max_price_ticks=int(of.max_price_ticks[number]),
        max_open_interest_lots=2**60,
        contract=CONTRACTS[int(of.contract[number])],
        face_quanta_ticks=int(of.face_quanta_ticks[number]) if inverse else 0,
    )
