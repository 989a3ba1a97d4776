"""What the clients of a journal asked and were told, compared with what it holds, and with the law."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from deleverage.documents import canonical, encode
from deleverage.domain import Domain
from deleverage.domain.clerk import Clerk
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.outcomes import Acknowledged, Asked, Outcome
from deleverage.domain.verification.verify import verify
from deleverage.journal.entry import Answer, Entry
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command
from tests.torture.script import RULES, command, key


class Witness:
    """Everything that was asked, by its key, and each acknowledgement that came."""

    def __init__(self, book: Book | None = None, stamped: bool = False) -> None:
        """Begin with nothing told. ``stamped``: commands get their time from the clerk, not from whoever asks."""
        self.asked: dict[str, Command] = {}
        self.told: dict[str, Acknowledged] = {}
        self.entries: list[Entry] = []
        self._stamped = stamped
        self._control = Domain((book or Book()).copy(), RULES, RULEBOOK)
        self._answers: list[Answer] = []

    def ask(self, name: str, command: Command) -> Asked:
        """Return a command as it is asked under its key."""
        self.asked.setdefault(name, command)
        return Asked(name, command, Future())

    def script(self, seed: int, numbers: Sequence[int]) -> list[Asked]:
        """Return commands of the script as they are asked."""
        return [self.ask(key(seed, number), command(seed, number)) for number in numbers]

    def hear(self, name: str, future: Future[Outcome]) -> str | None:
        """Take an outcome over; return what is wrong with it, if it is an acknowledgement."""
        if not future.done() or future.exception() is not None:
            return None
        outcome = future.result()
        if not isinstance(outcome, Acknowledged):
            return f"{name} has no place in the journal: {outcome}"
        before = self.told.setdefault(name, outcome)
        if outcome._replace(again=False) != before._replace(again=False):
            return f"{name} was acknowledged as {before}, later as {outcome}"
        return None

    def digest(self) -> str:
        """Return the state that the law comes to."""
        return self._control.digest()

    def complaint(self, clerk: Clerk) -> str | None:
        """Return the first thing that must not be, of what a journal holds after a start."""
        return clerk.look(lambda domain, journal: self._journal(journal) or self._law(domain))

    def verified(self, clerk: Clerk, shown: bool = True, chain_only: bool = False) -> str | None:
        """Return what a verification finds that is shown the anchor, and every receipt or none."""
        witnesses = [one.receipt for one in self.told.values()] if shown else []
        verdict = clerk.look(
            lambda domain, journal: verify(journal.store, journal.mark, witnesses=witnesses, chain_only=chain_only)
        )
        return None if verdict.deviation is None else f"verification finds {verdict.deviation}"

    def _journal(self, journal: Journal) -> str | None:
        entries = list(journal.entries())
        if entries[: len(self.entries)] != self.entries:
            return "what was there at an earlier start is not there any more"
        self.entries = entries
        if [entry.seq for entry in entries] != list(range(1, journal.seq + 1)):
            return f"commands 1 to {journal.seq} are {[entry.seq for entry in entries]}"
        there = {entry.key: entry for entry in entries}
        if len(there) < len(entries):
            return "a key is there twice"
        for name, one in self.told.items():
            if name not in there:
                return f"lost: {name}, acknowledged as {one.seq}"
            if (there[name].seq, there[name].answer, journal.receipt(one.seq)) != (one.seq, one.answer, one.receipt):
                return f"{name} was acknowledged as {one}, the journal says {there[name]}"
        return None

    def _law(self, domain: Domain) -> str | None:
        for entry in self.entries[len(self._answers) :]:
            asked = self.asked[entry.key]
            asked = replace(asked, time_ns=entry.command.time_ns) if self._stamped else asked
            if _text(entry.command) != _text(asked):
                return f"{entry.key} is {entry.command}, asked was {asked}"
            self._control.submit_into([entry.command], self._answers)
            if entry.answer != self._answers[-1]:
                return f"{entry.key} is answered {entry.answer}, by the law {self._answers[-1]}"
        if domain.digest() != self._control.digest():
            return "the state is not that of the law"
        return None


def _text(command: Command) -> str:
    return canonical(encode(Command, command))
