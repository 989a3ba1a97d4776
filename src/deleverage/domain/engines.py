"""The two engines that a domain can stand on, behind one face: columns, and the rulebook with every check of it.

Both give the same answers, facts and digests. The rulebook recomputes each fact from the book before it; columns answer
ordinary days in batches and add up their sums.
"""

from typing import Protocol

from deleverage.engine.engine import BATCH as BATCH
from deleverage.engine.engine import Engine as OnColumns
from deleverage.engine.load import load
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.messages import Command, Fact
from deleverage.rulebook.places import Place
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.candidates import queue_of

COLUMNS, RULEBOOK = "columns", "rulebook"
ENGINES = (COLUMNS, RULEBOOK)


class Engine(Protocol):
    """What a domain asks of an engine."""

    rules: Rules
    answering: Command | None
    writing: Fact | None

    @property
    def book(self) -> Book:
        """The state as the law reads it."""
        ...

    @property
    def takes_batches(self) -> bool:
        """Whether ``submit_into`` is faster than asking for one command after the other."""
        ...

    def submit_into(self, commands: list[Command], answers: list[Answer]) -> None:
        """Answer and write commands in order; answers are there as far as they got, whatever is raised."""
        ...

    def decide(self, command: Command) -> Answer:
        """Return what a command is answered with; nothing is written."""
        ...

    def look(self, fact: Fact) -> None:
        """Check what must hold before a fact."""
        ...

    def apply(self, fact: Fact) -> None:
        """Write a fact."""
        ...

    def looked(self, fact: Fact) -> None:
        """Check what a fact did."""
        ...

    def check(self) -> None:
        """Check every sum over the whole book."""
        ...

    def queue(self, market_id: str, side: int) -> list[Place]:
        """Return the queue against bankrupt longs (side 1) or shorts (-1)."""
        ...

    def fork(self) -> "Engine":
        """Return an independent engine in the same state."""
        ...

    def digest(self) -> str:
        """Return the digest of the state."""
        ...


class OnRulebook:
    """The rulebook's own book, pen and checks."""

    takes_batches = False

    def __init__(self, book: Book, rules: Rules) -> None:
        """Take over a book, which is checked in full."""
        self.book = book
        self.rules = rules
        self.answering: Command | None = None
        self.writing: Fact | None = None
        self._invariants = Invariants(book, rules)

    def submit_into(self, commands: list[Command], answers: list[Answer]) -> None:
        """Answer and write commands in order, without a look between their facts."""
        for command in commands:
            self.answering = command
            answer = self.decide(command)
            for fact in answer if isinstance(answer, tuple) else ():
                self.look(fact)
                self.apply(fact)
                self.looked(fact)
            answers.append(answer)

    def decide(self, command: Command) -> Answer:
        """Return what a command is answered with."""
        return decide(self.book, command, self.rules)

    def look(self, fact: Fact) -> None:
        """Check what must hold before a fact."""
        self._invariants.before(fact)

    def apply(self, fact: Fact) -> None:
        """Write a fact."""
        apply(self.book, fact)

    def looked(self, fact: Fact) -> None:
        """Check what a fact did."""
        self._invariants.after(fact)

    def check(self) -> None:
        """Check every state invariant from nothing."""
        self._invariants.full()

    def queue(self, market_id: str, side: int) -> list[Place]:
        """Return the queue against bankrupt longs (side 1) or shorts (-1)."""
        return queue_of(self.book, self.rules, market_id, side)

    def fork(self) -> "OnRulebook":
        """Return an independent engine in the same state."""
        return OnRulebook(self.book.copy(), self.rules)

    def digest(self) -> str:
        """Return the digest of the state."""
        return self.book.digest()


def engine_of(book: Book, rules: Rules, name: str) -> Engine:
    """Return the engine of a name over a book: the rulebook's takes it as it is, columns copy it.

    Raises ValueError for an unknown name, with the known ones.
    """
    if name == RULEBOOK:
        return OnRulebook(book, rules)
    if name != COLUMNS:
        raise ValueError(f"{name!r} is no engine: it is one of {', '.join(ENGINES)}")
    return load(book, rules) if book.seq else OnColumns(rules)
