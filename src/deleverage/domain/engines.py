"""The two engines that a domain can stand on, behind one face: columns, and the rulebook with every check of it.

Both give the same answers, facts and digests. The rulebook recomputes each fact from the book before it; columns answer
ordinary days in batches and add up their sums. Only the one that is named is loaded, when a domain opens.
"""

from collections.abc import Iterable
from typing import Protocol

from deleverage.domain.standings import Standings
from deleverage.rulebook.book import Book, Order, Unit
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.rulebook.places import Part, Place
from deleverage.rulebook.rules import Rules

Answer = tuple[Fact, ...] | Rejection

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
    def at_once(self) -> int:
        """How many commands are best handed over at once; 1: one after the other."""
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

    def queue(self, market_id: str, side: int, part: Part | None = None) -> list[Place]:
        """Return the queue against bankrupt longs (side 1) or shorts (-1), or a part of it."""
        ...

    def rows_of(self, account_id: str) -> tuple[list[Unit], list[Order]] | None:
        """Return an account's units and orders without looking at others'; None: the book is plain, ask it."""
        ...

    def names_after(self, name: str) -> Iterable[str]:
        """Yield the ids of units behind a name, in order."""
        ...

    def standings(self) -> Standings | None:
        """Return everybody's standing now; None: the book is plain, ask it."""
        ...

    def fork(self) -> "Engine":
        """Return an independent engine in the same state."""
        ...

    def digest(self) -> str:
        """Return the digest of the state."""
        ...


def engine_of(book: Book, rules: Rules, name: str) -> Engine:
    """Return the engine of a name over a book: the rulebook's takes it as it is, columns copy it.

    Raises ValueError for an unknown name, with the known ones.
    """
    if name == RULEBOOK:
        from deleverage.domain.on_rulebook import OnRulebook

        return OnRulebook(book, rules)
    if name != COLUMNS:
        raise ValueError(f"{name!r} is no engine: it is one of {', '.join(ENGINES)}")
    from deleverage.engine.engine import Engine as OnColumns
    from deleverage.engine.load import load

    return load(book, rules) if book.seq else OnColumns(rules)
