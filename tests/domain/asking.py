"""What tests of clerks and runners share: commands in line, journals, and stores that fail when they are told to."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deleverage.domain import Domain
from deleverage.domain.clerk import Clerk
from deleverage.domain.outcomes import Acknowledged, Asked, Outcome
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.local import create, open_journal
from deleverage.rulebook.messages import Command
from tests.torture.script import RULES, command, key

SEED = 1


def new(folder: Path) -> Journal:
    """Return a new journal under the script's rules."""
    return create(path_of(folder), "test", RULES)


def again(folder: Path) -> Journal:
    """Return the journal of a folder, opened again."""
    return open_journal(path_of(folder))


def path_of(folder: Path) -> str:
    """Return the name of a folder's journal."""
    return str(folder / "j.db")


def asked(number: int, under: str = "", instead: Command | None = None) -> Asked:
    """Return the script's command of a number in line, or another one under its key."""
    return Asked(under or key(SEED, number), instead or command(SEED, number), Future())


def batch(first: int, last: int) -> list[Asked]:
    """Return commands of the script in line."""
    return [asked(number) for number in range(first, last + 1)]


def done(clerk: Clerk, line: Sequence[Asked]) -> list[Outcome | BaseException]:
    """Let a clerk do a batch, and return what everybody was told; whoever was not told fails the test."""
    clerk.do(line)
    return [told(one.future) for one in line]


def told(future: Future[Outcome]) -> Outcome | BaseException:
    """Return an outcome, or what was raised."""
    error = future.exception(timeout=0)
    return future.result() if error is None else error


def acknowledged(outcome: Outcome | BaseException) -> Acknowledged:
    """Return an outcome that must be an acknowledgement."""
    assert isinstance(outcome, Acknowledged), outcome
    return outcome


def control(last: int) -> Domain:
    """Return a plain domain that was asked the first commands of the script."""
    domain = Domain.open(RULES)
    domain.submit(command(SEED, number) for number in range(1, last + 1))
    return domain


class Failing:
    """A store that does all that another one does, until it is told when to fail and how."""

    def __init__(self, store: Any) -> None:
        """Take over a store."""
        self._store, self.calls, self.at, self.fault = store, 0, 0, JournalFault(Why.FAILED, "planted")

    def fail_at(self, call: int, why: Why) -> None:
        """Fail at this call from now on, counted from 1."""
        self.calls, self.at, self.fault = 0, call, JournalFault(why, "planted")

    def __getattr__(self, name: str) -> Any:
        """Return a method that may fail."""
        method = getattr(self._store, name)

        def act(*values: Any) -> Any:
            self.calls += 1
            if self.calls == self.at:
                raise self.fault
            return method(*values)

        return act


@contextmanager
def failing(folder: Path) -> Iterator[tuple[Journal, Failing]]:
    """Give a new journal and its store, which fails when it is told to."""
    journal = new(folder)
    store = Failing(journal.store)
    journal.store = store
    yield journal, store
