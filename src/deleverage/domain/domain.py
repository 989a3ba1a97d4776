"""One writer around the law: commands go in, facts come out, and money is accounted for before the next one is asked.

Rules of this module:

* Nothing is decided here. An engine answers and writes, and says whether its book adds up: the columns (the law at the
  speed of memory; every sum over the book is checked after each batch in which something was forced) or the rulebook
  (every fact is recomputed on its way into the book). Both give the same facts and the same digest.
* A broken invariant, or whatever else nobody foresaw, stops the domain: it refuses everything from then on, the book
  stays as it was found, and the evidence (command, fact, sequence number, rules) is kept.
* What others can cause is no defect: what is no command is a TypeError, an unlawful policy a PolicyFault, an unlawful
  loss rule a LossFault, an unlawful reduction rule a PlugFault; all leave the book unchanged and the domain at work.
* What may happen is asked of a fork, never of the book: ``plan`` and ``what_if`` write nothing here.
* Time is measured here and nowhere below; it changes no result.

Deliberately absent: threads, journals, clocks in commands (every command carries its own time).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from time import perf_counter_ns
from typing import NamedTuple, Protocol

from deleverage.domain.engines import COLUMNS, RULEBOOK, Answer, Engine, engine_of
from deleverage.domain.faults import DomainStopped, Evidence, UnknownMarket, UnknownSide, stopped_by
from deleverage.domain.own import own_book
from deleverage.domain.standings import Standings, by_law
from deleverage.rulebook.book import Book
from deleverage.rulebook.gates import Gate, withdrawal_gates
from deleverage.rulebook.losses.rule import LossFault
from deleverage.rulebook.messages import Command, Fact, MarksSet, Rejection, RunStep, StepEnded
from deleverage.rulebook.places import Part, Place
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import PolicyFault

BANKRUPT_SIGN = {"long": -1, "short": 1}
"""The side whose queue is asked for, and the sign of the bankrupt lots that would be closed against it."""


class Watcher(Protocol):
    """Somebody who looks at the book around each fact; may not write."""

    def before(self, book: Book, fact: Fact) -> None:
        """See the book as it is just before the fact."""

    def after(self, book: Book, fact: Fact) -> None:
        """See the book as it is just after the fact."""


@dataclass(slots=True)
class Timings:
    """Where the time went, in ns: deciding, writing, and checking (which is not the law's own work)."""

    decide_ns: int = 0
    apply_ns: int = 0
    check_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one step of the waterfall would do at ``time_ns`` (ns), to the book as it stood after ``seq`` facts.

    ``facts`` are, fact for fact, what a ``RunStep`` of that time is answered with as long as the book has ``seq`` facts
    and the rules have this hash; the last one is ``StepEnded``, and where it is the only one nothing is asked of
    anybody. Lots, ticks and quanta as in every fact. A plan is no promise: any fact in between may change it.
    """

    time_ns: int
    seq: int
    rules_hash: str
    facts: tuple[Fact, ...]


class WhatIf(NamedTuple):
    """The answer to each command that was tried, in order, and the domain it would leave: one of its own, to go on."""

    answers: list[Answer]
    fork: "Domain"


class Domain:
    """A clearing domain: a book, its rules, and the only hand that writes.

    >>> domain = Domain.open(Rules())
    >>> domain.submit([])
    []
    """

    def __init__(self, book: Book, rules: Rules, engine: str = RULEBOOK) -> None:
        """Take over a book; ``open`` is the usual door. The rulebook writes into this very book, columns into a copy.

        ``engine`` is "columns" or "rulebook"; raises ValueError for any other.
        """
        self._take(engine_of(book, rules, engine))

    @classmethod
    def open(cls, rules: Rules, engine: str = COLUMNS) -> "Domain":
        """Return a domain with an empty book under these rules; ``engine`` is "columns" or "rulebook"."""
        return cls(Book(), rules, engine)

    def _take(self, engine: Engine) -> None:
        self.engine = engine
        self.rules = engine.rules
        self.timings = Timings()
        self.stopped: DomainStopped | None = None

    @property
    def book(self) -> Book:
        """The state as the law reads it; nobody but the domain's engine writes it."""
        return self.engine.book

    def submit(self, commands: Iterable[Command], watcher: Watcher | None = None) -> list[Answer]:
        """Return the answer to each command, in order: its facts, or the rejection that left the book unchanged.

        Raises, at the first command that cannot be answered (those before it stay done): PolicyFault where the policy's
        allocation is unlawful, LossFault where the loss rule's shares are, PlugFault where the reduction rule's lots
        are, and TypeError where it is no command at all - nothing was changed; DomainStopped where we have a bug - the
        domain then refuses to go on.
        """
        answers: list[Answer] = []
        self.submit_into(commands, answers, watcher)
        return answers

    def submit_into(self, commands: Iterable[Command], answers: list[Answer], watcher: Watcher | None = None) -> None:
        """Do as ``submit``; answers are there as far as they got, whatever is raised."""
        if watcher is None and self.engine.at_once > 1:
            rest = iter(commands)
            while some := list(islice(rest, self.engine.at_once)):
                self._submit(some, answers)
        else:
            for command in commands:
                answers.append(self._answer(command, watcher))

    def plan(self, time_ns: int) -> Plan | Rejection:
        """Return what a step of the waterfall at ``time_ns`` would do now, or the rejection it would meet.

        Nothing is written: the step is decided, written and checked on a fork, at the cost of a copy of the book.
        Raises what ``what_if`` raises.
        """
        (answer,), _ = self.what_if([RunStep(time_ns=time_ns)])
        if isinstance(answer, Rejection):
            return answer
        return Plan(time_ns=time_ns, seq=self.book.seq, rules_hash=self.rules.hash(), facts=answer)

    def what_if(self, commands: Iterable[Command]) -> WhatIf:
        """Return what these commands would be answered with, and a fork on which they were done; this domain stays.

        Any commands, in order: marks, trades, deposits, steps. A refused one changes nothing on the fork either, and
        the next one is asked. The fork is a ``Domain`` with a copy of the book, its own invariants, timings from 0.

        Raises what ``submit`` raises; DomainStopped then tells of the fork, and this domain goes on. Where this domain
        is stopped itself, raises why.
        """
        if self.stopped is not None:
            raise self.stopped
        fork = Domain.__new__(Domain)
        fork._take(self.engine.fork())
        return WhatIf(fork.submit(commands), fork)

    def queue(self, market_id: str, side: str, part: Part | None = None) -> list[Place]:
        """Return the places of everybody who holds lots on ``side`` (long or short) of a market, next one first.

        These are the positions that would be closed against bankrupts of the other side, at the marks the book has; a
        bankrupt is in no queue. Each place has rank (from 1), score (exact text, "" where there is none), own lots and
        lots ahead, percentile (ppb of the queue's lots, up to and including its own) and lights (5 = next, 1 = last).
        Nobody there: an empty list. ``part``: only these places are made. Raises UnknownMarket or UnknownSide, which
        name what is known.
        """
        if market_id not in self.book.markets:
            raise UnknownMarket(market_id, sorted(self.book.markets))
        if side not in BANKRUPT_SIGN:
            raise UnknownSide(side, list(BANKRUPT_SIGN))
        return self.engine.queue(market_id, BANKRUPT_SIGN[side], part)

    def withdrawal_gates(self, time_ns: int) -> tuple[Gate, ...]:
        """Return every gate that keeps money in at ``time_ns`` (ns): whom it holds, why, and what has to happen.

        Empty: free money may leave. A gate of the domain holds everybody, the others one unit each.
        """
        return withdrawal_gates(self.book, self.rules, time_ns)

    def own_book(self, account_id: str) -> Book | None:
        """Return a book of one account alone, to be read only: no other account is looked at. None: there is none."""
        book = self.book
        if account_id not in book.accounts:
            return None
        units, orders = self.engine.rows_of(account_id) or (
            [unit for unit in book.units.values() if unit.account_id == account_id],
            [order for order in book.orders.values() if book.units[order.unit_id].account_id == account_id],
        )
        return own_book(book, book.accounts[account_id], units, orders)

    def accounts_after(self, account_id: str, most: int) -> list[str]:
        """Return the ids of so many accounts behind one, in order; behind "" are all."""
        return list(islice((key for key in self.engine.names_after(account_id) if key in self.book.accounts), most))

    def standings(self) -> Standings:
        """Return everybody's lights now, and what all are worth together: one look at all."""
        return self.engine.standings() or by_law(self.book, self.rules)

    def digest(self) -> str:
        """Return the SHA-256 of the whole state, 64 hexadecimal digits."""
        return self.engine.digest()

    def _submit(self, commands: list[Command], answers: list[Answer]) -> None:
        """Answer a batch; what is no command ends it, behind those before it."""
        if self.stopped is not None:
            raise self.stopped
        count = len(list(takewhile(lambda one: isinstance(one, Command), commands)))
        started, before = perf_counter_ns(), len(answers)
        try:
            self.engine.submit_into(commands[:count], answers)
            self.timings.decide_ns += perf_counter_ns() - started
            if any(_is_forced(answer) for answer in answers[before:]):
                started = perf_counter_ns()
                self.engine.check()
                self.timings.check_ns += perf_counter_ns() - started
        except (PolicyFault, LossFault, PlugFault):
            raise
        except BaseException as defect:
            stopped = self._stop(self.engine.answering or commands[0], self.engine.writing, defect)
            if isinstance(defect, Exception):
                raise stopped from defect
            raise  # Half of an answer may be written: nobody may go on from there.
        if count < len(commands):
            raise TypeError(f"{type(commands[count]).__name__} is no command of the law")

    def _answer(self, command: Command, watcher: Watcher | None) -> Answer:
        """Answer one command, fact by fact."""
        if self.stopped is not None:
            raise self.stopped
        if not isinstance(command, Command):
            raise TypeError(f"{type(command).__name__} is no command of the law")
        started = perf_counter_ns()
        try:
            answer = self.engine.decide(command)
        except (PolicyFault, LossFault, PlugFault):
            raise
        except Exception as defect:
            raise self._stop(command, None, defect) from defect
        finally:
            self.timings.decide_ns += perf_counter_ns() - started
        if isinstance(answer, Rejection):
            return answer
        for at, fact in enumerate(answer):
            try:
                self._write(fact, watcher)
                if _ends_a_batch(command, fact, answer[at + 1] if at + 1 < len(answer) else None):
                    started = perf_counter_ns()
                    self.engine.check()
                    self.timings.check_ns += perf_counter_ns() - started
            except Exception as defect:
                raise self._stop(command, fact, defect) from defect
            except BaseException as interruption:  # half of an answer is written: nobody may go on from there
                self._stop(command, fact, interruption)
                raise
        return answer

    def _stop(self, command: Command, fact: Fact | None, defect: BaseException) -> DomainStopped:
        """Stop the domain for good and return why, with the evidence."""
        self.stopped = stopped_by(defect, Evidence(command, fact, self.book.seq, self.rules.hash()))
        return self.stopped

    def _write(self, fact: Fact, watcher: Watcher | None) -> None:
        if watcher is not None:
            watcher.before(self.book, fact)
        started = perf_counter_ns()
        self.engine.look(fact)
        checked = perf_counter_ns()
        self.engine.apply(fact)
        applied = perf_counter_ns()
        self.engine.looked(fact)
        done = perf_counter_ns()
        self.timings.apply_ns += applied - checked
        self.timings.check_ns += checked - started + done - applied
        if watcher is not None:
            watcher.after(self.book, fact)


def _is_forced(answer: Answer) -> bool:
    """Return whether an answer tells of a step of the waterfall."""
    return not isinstance(answer, Rejection) and isinstance(answer[-1], StepEnded)


def _ends_a_batch(command: Command, fact: Fact, following: Fact | None) -> bool:
    """Return whether the whole book is looked at now: after each mark set, and after each stage that said something."""
    if isinstance(fact, MarksSet):
        return True
    return isinstance(command, RunStep) and type(fact) is not type(following)
