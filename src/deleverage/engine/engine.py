"""The engine: the rulebook's answers and facts, from columns.

What an ordinary day brings in masses - trades, money in and out, marks, funding - kernels decide and write. Everything
else is the law's: it reads and writes a *desk*, a book that lies over the columns and makes only the units that it is
asked for. So there is one law for whatever is rare, and a second, fast one for what is not.

A domain whose numbers leave the bounds of 64 bits (``bounds``) goes on in the rulebook's own integers: ``wide`` says
why. Nothing is refused that the law accepts.
"""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine import audit, ranks
from deleverage.engine.bounds import TooWide
from deleverage.engine.columns import Columns
from deleverage.engine.day import command, events, fact, marks_of, marks_set, rejection
from deleverage.engine.desk import Desk
from deleverage.engine.kernels import day_state as places
from deleverage.engine.kernels.records import CLOSE, LAW, ORDERS, TOLD, WITHDRAW
from deleverage.engine.one_by_one import close_pool
from deleverage.engine.prices import ENDLESS, Prices
from deleverage.engine.screen import Screen
from deleverage.engine.standings import Standings, standings
from deleverage.engine.step import run_step
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, Market, Order, Unit
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.messages import (
    AssetPricesSet,
    Command,
    Fact,
    Halted,
    OrderPlaced,
    Rejection,
    ResidualNamed,
    Resumed,
    RunStep,
    SetMarks,
)
from deleverage.rulebook.places import Part, Place, part_of
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.candidates import queue_of

PARTS = (20, 50, 100, 200, 500, 1000, 5000)
MOST_CLOSE = 256
"""K of ``kernels.calm``: the smallest at which no more than so many units are close."""

BATCH = 4096
"""Commands that are turned into events at once; it may not change an answer."""


FEW = 8
"""Commands that become events at once after new units or markets: the next ones may name newer ones."""


class Replayed(NamedTuple):
    """What became of a log: what kernels told of each event (``records.TOLD``), and the law's answers by place."""

    told: NDArray[Any]
    by_law: dict[int, Answer]


class Engine:
    """One clearing domain on columns: one writer, no clock, no randomness."""

    def __init__(self, rules: Rules, desk: Desk | None = None) -> None:
        """Start with an empty book, or take over a desk."""
        self.rules = rules
        self.desk = Desk.over(Columns(Prices())) if desk is None else desk
        self.columns = self.desk.columns
        self.prices = self.columns.prices
        self.answering: Command | None = None  # for whoever has to say what was done when something broke
        self.writing: Fact | None = None
        self.wide: TooWide | None = None
        self._plain: Book | None = None
        self._orders: dict[int, dict[str, None]] = {}  # the resting orders of each unit that has some
        self._screen = Screen(self.columns)
        self._nobody_poor = False  # known: no unit is below zero at these marks
        self._calm, self._parts = False, 1  # while values keep their room, only the close can be: kernels.calm
        self._close, self._close_ones = np.zeros(4 * MOST_CLOSE, np.int32), 0
        self._seen: dict[str, tuple[Any, ...]] = {}  # markets as their numbers were derived last

    @property
    def book(self) -> Book:
        """The state, as the law reads it; only ``apply`` writes it."""
        return self._plain if self._plain is not None else self.desk

    def submit(self, commands: Iterable[Command], batch: int = BATCH) -> list[Answer]:
        """Return the answer to each command, in order, as the rulebook gives it."""
        answers: list[Answer] = []
        rest = iter(commands)
        while some := list(islice(rest, batch)):
            self.submit_into(some, answers)
        return answers

    def decide(self, command: Command) -> Answer:
        """Return the law's facts in answer to a command, or why it is refused; nothing is written."""
        self.answering, self.writing = command, None
        answer = None
        if self._plain is None and type(command) is RunStep:
            answer = run_step(self.desk, self.rules, command, self._screen)
        if answer is None:
            answer = decide(self.book, command, self.rules, close_pool)
        self.desk.tidy()
        return answer

    def apply(self, fact: Fact) -> None:
        """Write one fact by the law's pen."""
        self.writing = fact
        if self._plain is None:
            self._count_orders(fact)
        apply(self.book, fact)
        if self._plain is None:
            names = named_in(fact)
            numbers = [self.columns.numbers[name] for name in names if name in self.columns.numbers]
            markets = [self.prices.numbers[name] for name in names if name in self.prices.numbers]
            if isinstance(fact, AssetPricesSet):
                numbers = [number for number, special in self.columns.special.items() if special.assets]
                for number in numbers:
                    self.desk.credit(number, self.desk.units[self.columns.names[number]])
            self._screen.note(np.array(numbers, np.uint32), markets)
            self._put_back(names, self.desk.markets if isinstance(fact, _OF_ALL_MARKETS) else names)

    def replay(self, log: NDArray[Any], batch: int = BATCH) -> Replayed:
        """Answer a log of events (``records.EVENT``) in order; what no kernel answers is the law's."""
        told, by_law = np.zeros(len(log), TOLD), dict[int, Answer]()
        at = 0
        while at < len(log):
            end = min(at + batch, len(log))
            at = self._run(log, at, end, told)
            if at < end:
                by_law[at] = self._by_law(command(self.columns, log[at]))
                at += 1
        return Replayed(told, by_law)

    def adopt(self, book: Book) -> None:
        """Take over the accounts and units of a book whose other rows lie on the empty desk already."""
        try:
            self._refresh(self.desk.markets)
            for account_id, account in book.accounts.items():
                self.desk.accounts[account_id] = account
            for unit_id in sorted(book.units, key=lambda unit_id: unit_id not in book.accounts):
                self.desk.units[unit_id] = book.units[unit_id]
            self.desk.put_back(book.units)
        except TooWide as reason:
            self.wide, self._plain = reason, book
        else:
            for order in book.orders.values():
                self._note_order(order.unit_id, order.order_id, rests=True)

    @property
    def at_once(self) -> int:
        """How many commands are best handed over at once; it changes no answer."""
        return BATCH

    def look(self, fact: Fact) -> None:
        """Nothing is checked before a fact: ``check`` adds up what it left."""

    def looked(self, fact: Fact) -> None:
        """Nothing is checked behind a single fact."""

    def queue(self, market_id: str, side: int, part: Part | None = None) -> list[Place]:
        """Return who would be asked for lots of bankrupt longs (side 1) or shorts (-1) now: the law's ``queue_of``."""
        if self._plain is not None:
            return part_of(queue_of(self._plain, self.rules, market_id, side), part)
        return ranks.queue(self.desk, self.rules, market_id, side, part)

    def rows_of(self, account_id: str) -> tuple[list[Unit], list[Order]] | None:
        """Return an account's units and resting orders, looked up one by one; None: ask the book, which is plain."""
        if self._plain is not None:
            return None
        numbers = self.columns.units_of(self.columns.numbers[account_id])
        own = (order_id for number in numbers for order_id in self._orders.get(number, ()))
        return [self.columns.unit(number) for number in numbers], [self.desk.orders[order_id] for order_id in own]

    def names_after(self, name: str) -> Iterable[str]:
        """Yield the ids of units behind a name, in order."""
        if self._plain is not None:
            later: Iterable[str] = (unit_id for unit_id in sorted(self._plain.units) if unit_id > name)
        else:
            later = self.columns.names_after(name)
        return later

    def standings(self) -> Standings | None:
        """Return what everybody's lights are, and what all are worth together; None: ask the book, which is plain."""
        return None if self._plain is not None else standings(self.desk, self.rules)

    def lights(self) -> dict[tuple[str, str], int]:
        """Return the lights (1 to 5) of every leg of who is not bankrupt, by unit and leg id."""
        if self._plain is not None:
            return ranks.lights_by_law(self._plain, self.rules)
        return ranks.lights_by_leg(self.desk, self.rules)

    def fork(self) -> "Engine":
        """Return an independent engine in the same state."""
        forked = Engine(self.rules, self.desk.fork())
        forked.wide, forked._plain = self.wide, self._plain and self._plain.copy()
        forked._seen = self._seen.copy()
        forked._orders = {number: dict(ids) for number, ids in self._orders.items()}
        forked._close, forked._close_ones = self._close.copy(), self._close_ones
        return forked

    def check(self) -> None:
        """Raise InvariantBroken where a sum over the whole book does not hold."""
        if self._plain is None:
            audit.check(self.desk)
        else:
            Invariants(self._plain, self.rules)

    def digest(self) -> str:
        """Return the rulebook's digest of the state, 64 hexadecimal digits."""
        return self.book.digest()

    # -- kernels and the law in turn ----------------------------------------------------------------------------------

    def submit_into(self, commands: list[Command], answers: list[Answer]) -> None:
        """Answer one batch; answers are there as far as it got, whatever is raised."""
        at, count = 0, len(commands)
        while at < len(commands):
            if (several := self._set_marks(commands[at])) is not None:
                answers.append((several,))
                at += 1
                continue
            part = commands[at : at + count]
            done = self._submit_part(part, answers)
            at, count = at + done, 2 * count if done == len(part) else FEW

    def _submit_part(self, commands: list[Command], answers: list[Answer]) -> int:
        """Answer commands up to the first whose names were not known yet when they became events; return how many."""
        log, told = events(self.columns, commands), np.zeros(len(commands), TOLD)
        known = self.columns.size + len(self.prices.names)
        at = 0
        while at < len(commands):
            self.answering, self.writing = commands[at], None
            seq = self.book.seq
            until = self._run(log, at, len(commands), told)
            for place in range(at, until):
                if told[place]["refused"]:
                    answers.append(rejection(self.columns, told[place]))
                    continue
                seq += 1
                answers.append((fact(self.columns, log[place], seq, told[place]),))
            at = until
            if at < len(commands):
                if log[at]["kind"] == LAW and at and known != self.columns.size + len(self.prices.names):
                    return at
                several = self._set_marks(commands[at])
                answers.append((several,) if several is not None else self._by_law(commands[at]))
                at += 1
        return at

    def _set_marks(self, command: Command) -> Fact | None:
        """Return the fact of a command that sets the marks of several markets, where a kernel could write all."""
        if not isinstance(command, SetMarks):
            return None
        log = marks_of(self.columns, command)
        if log is None or not self._is_ordinary():
            return None
        self.answering, self.writing = command, None
        from deleverage.engine.kernels import day

        prices, state, told = self.prices, self._state(), np.zeros(len(log), TOLD)
        if not day.set_marks(log, prices.markets, prices.tiers, prices.tables, state, told):
            return None
        self._take_over(state)
        self._note_written(log)
        return marks_set(command.marks, command.time_ns, self.book.seq, told)

    def _by_law(self, command: Command) -> Answer:
        answer = self.decide(command)
        if not isinstance(answer, Rejection):
            for fact in answer:
                self.apply(fact)
        return answer

    def _run(self, log: NDArray[Any], at: int, end: int, told: NDArray[Any]) -> int:
        """Let a kernel answer events from ``at`` on, and return the first it left; ``told`` has what facts need."""
        if log[at]["kind"] == LAW or not self._is_ordinary():
            return at
        from deleverage.engine.kernels import day  # The compiler is loaded when there is something to run.

        until, again = at, True
        while again and until < end:
            columns, prices = self.columns, self.prices
            state = self._state()
            reached = day.run(
                log,
                until,
                end,
                columns.units,
                columns.memos,
                columns.free,
                columns.touched,
                prices.markets,
                prices.tiers,
                prices.code_market,
                prices.tables,
                self._close,
                state,
                told,
            )
            self._take_over(state)
            self._note_written(log[until:reached])
            until, again = reached, False
            if state[places.ASKS_ROOM]:
                columns.reserve(columns.size, 2 * columns.rows + 2)
                again = True
            elif state[places.ASKS_POOR]:
                again = self._nobody_poor = self._is_nobody_poor()
        return until

    def _note_written(self, written: NDArray[Any]) -> None:
        """Tell the desk and the screen, where they hold something, which units and markets a kernel has written."""
        if not (self.desk.lies_there or self._screen.is_kept):
            return
        parties = written[written["kind"] <= WITHDRAW]
        changed = np.union1d(parties["one"], parties["other"])
        self.desk.drop(self.columns.names[number] for number in changed)
        self._screen.note(changed.astype(np.uint32), np.unique(written["market"][written["kind"] > WITHDRAW]))

    def _is_ordinary(self) -> bool:
        """Return whether it is a day on which kernels may answer at all."""
        desk = self.desk
        out_of_the_ordinary = self._plain is not None or desk.auctions or desk.is_halted or desk.residual_quanta
        remembers = any(pool.terms.drawdown.slots for pool in desk.pools.values())
        return not (out_of_the_ordinary or desk.waiting or remembers or desk.time_ns >= ENDLESS)

    def _state(self) -> NDArray[np.int64]:
        """Return what a kernel has to know beside the columns, by its places."""
        desk, rules, columns = self.desk, self.rules, self.columns
        due = [one.effective_ns for market in desk.markets.values() for one in market.announced]
        state = np.zeros(places.PLACES, np.int64)
        state[places.TIME], state[places.DUE] = desk.time_ns, min([*due, ENDLESS])
        state[places.AGE], state[places.SOURCES] = min(rules.max_mark_age_ns, ENDLESS), min(rules.min_sources, ENDLESS)
        state[places.MARKS] = 0 if rules.breaker_ppb else 1 if rules.mark_band_ppb else 2
        state[places.BAND], state[places.NOBODY_POOR] = bool(rules.trade_band_ppb), self._nobody_poor
        state[places.CALM], state[places.PARTS] = self._calm, self._parts
        state[places.CLOSE_ONES] = self._close_ones
        state[places.ROWS], state[places.FREE] = columns.rows, columns.free_count
        state[places.TOUCHED] = columns.behind
        return state

    def _take_over(self, state: NDArray[np.int64]) -> None:
        """Take over what a kernel has done beside the columns."""
        desk, columns = self.desk, self.columns
        columns.rows, columns.free_count = int(state[places.ROWS]), int(state[places.FREE])
        columns.behind = int(state[places.TOUCHED])
        desk.time_ns, desk.seq = int(state[places.TIME]), desk.seq + int(state[places.ACCEPTED])
        desk.net_deposits_quanta += int(state[places.NET])
        self._nobody_poor, self._calm = bool(state[places.NOBODY_POOR]), bool(state[places.CALM])
        self._close_ones = int(state[places.CLOSE_ONES])
        for market_id in self.prices.write_back(desk.markets):
            self._seen.pop(market_id, None)

    def _is_nobody_poor(self) -> bool:
        """Look at everybody, and say how far values may move until somebody else has to be looked at (``calm``)."""
        from deleverage.engine.kernels import calm

        columns, prices, parts = self.columns, self.prices, np.array(PARTS, np.int64)
        rows = columns.lots, columns.owner, columns.code, columns.rows
        value = prices.markets["value"][prices.code_market]
        poor, counts, equity, gross = calm.look(columns.quote, columns.size, *rows, prices.worth, value, parts)
        few = np.flatnonzero(counts <= MOST_CLOSE)
        columns.units["flags"][self._close[: self._close_ones]] &= ~CLOSE
        self._calm, self._parts = bool(len(few)), PARTS[few[0]] if len(few) else 1
        self._close_ones = calm.listed(equity, gross, self._parts, self._close) if len(few) else 0
        columns.units["flags"][self._close[: self._close_ones]] |= CLOSE
        prices.be_calm(self._parts if self._calm else 0)
        return bool(poor == 0)

    def _count_orders(self, fact: Fact) -> None:
        """Mark the units that have resting orders, as a fact leaves them."""
        if isinstance(fact, OrderPlaced):
            self._note_order(fact.unit_id, fact.order_id, rests=True)
        for change in getattr(fact, "orders", ()):
            if change.lots_left == 0:
                self._note_order(self.book.orders[change.order_id].unit_id, change.order_id, rests=False)

    def _note_order(self, unit_id: str, order_id: str, *, rests: bool) -> None:
        number = self.columns.numbers[unit_id]
        own = self._orders.setdefault(number, {})
        if rests:
            own[order_id] = None
        else:
            del own[order_id]
        if not own:
            del self._orders[number]
        flags = int(self.columns.units[number]["flags"])
        self.columns.units[number]["flags"] = flags | ORDERS if own else flags & ~ORDERS

    def _put_back(self, names: set[str], markets: Iterable[str]) -> None:
        """Bring columns and price tables up to what the law has written; go on in plain rows if they cannot hold it."""
        self._nobody_poor = self._calm = False
        try:
            self._refresh(market_id for market_id in markets if market_id in self.desk.markets)
            self.desk.put_back(names)
        except TooWide as reason:
            self.wide = reason
            self._plain = self.desk.copy()

    def _refresh(self, market_ids: Iterable[str]) -> None:
        """Derive the numbers of these markets, where they have changed since they were derived last."""
        halted = self.desk.is_halted
        for market_id in market_ids:
            market, shut = self.desk.markets[market_id], halted or market_id in self.desk.halts
            state = (shut, *(getattr(market, name) for name in _READ_OF_MARKETS))
            if self._seen.get(market_id) != state:
                if market_id not in self.prices.numbers:
                    self.prices.add(market)
                self.prices.refresh(market, shut)
                self._seen[market_id] = state


_OF_ALL_MARKETS = (Halted, Resumed, ResidualNamed)
"""Facts that shut or open markets which they do not name."""

_READ_OF_MARKETS = tuple(item.name for item in fields(Market) if item.name not in ("terms", "grace_lost", "announced"))


def named_in(part: Any) -> set[str]:
    """Return every text in a fact, and in whatever it is made of: the units that it writes are among them."""
    names, rest = set[str](), [part]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            names.add(item)
        elif isinstance(item, tuple):
            rest += item
        elif type(item) is not int and is_dataclass(item):
            rest += [getattr(item, field.name) for field in fields(item)]
    return names
