"""The rulebook as an engine: its own book, its pen, and every check of it."""

from collections.abc import Iterable

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.messages import Command, Fact
from deleverage.rulebook.places import Part, Place, part_of
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.candidates import queue_of


class OnRulebook:
    """The rulebook's own book, pen and checks."""

    at_once = 1

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

    def queue(self, market_id: str, side: int, part: Part | None = None) -> list[Place]:
        """Return the queue against bankrupt longs (side 1) or shorts (-1), or a part of it."""
        return part_of(queue_of(self.book, self.rules, market_id, side), part)

    def rows_of(self, account_id: str) -> None:
        """Return nothing: the book is plain."""

    def names_after(self, name: str) -> Iterable[str]:
        """Yield the ids of units behind a name, in order."""
        return (unit_id for unit_id in sorted(self.book.units) if unit_id > name)

    def standings(self) -> None:
        """Return nothing: the book is plain."""

    def fork(self) -> "OnRulebook":
        """Return an independent engine in the same state."""
        return OnRulebook(self.book.copy(), self.rules)

    def digest(self) -> str:
        """Return the digest of the state."""
        return self.book.digest()
