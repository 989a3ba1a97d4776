"""Parts of a journal with a bug each, such as somebody might have written: they are here to be found."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Asked
from deleverage.journal.anchor import Mark
from deleverage.journal.entry import Answer
from deleverage.journal.faults import JournalFault
from deleverage.journal.files import Files
from deleverage.journal.journal import Journal
from deleverage.journal.sqlite import SqliteStore
from deleverage.journal.store import Stored
from deleverage.rulebook.messages import Command


class Normal(SqliteStore):
    """Leaves the library its quicker setting, which syncs the log when it is taken over, and not at each commit."""

    def _prepare(self, exclusive: bool) -> None:
        super()._prepare(exclusive)
        self._run("PRAGMA synchronous=NORMAL").fetchall()


class Early(SqliteStore):
    """Says of a block that it is durable, and writes it when it is next asked something."""

    _late: Stored | None = None

    def append(self, stored: Stored) -> None:
        """Return at once."""
        self._catch_up()
        self._late = stored

    def close(self) -> None:
        """Write what is left."""
        self._catch_up()
        super().close()

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        self._catch_up()
        return super()._read(query, values)

    def _catch_up(self) -> None:
        late, self._late = self._late, None
        if late is not None:
            super().append(late)


class Unanchored(Journal):
    """Writes no mark beside the blocks: a chain that is shorter is a chain, too."""

    def _anchor(self, mark: Mark) -> None:
        self.mark = mark


class Forgetful(Journal):
    """Knows the keys of its own time only: whoever asks again after a restart is done again."""

    def known(self, keys: Sequence[str]) -> dict[str, int]:
        """Return those of this writer's keys that were used."""
        return {key: seq for key, seq in super().known(keys).items() if self.epoch == self.receipt(seq).epoch}


class Unfenced(SqliteStore):
    """Asks nobody whether it may still write."""

    def _transact(self, write: Callable[[], object], epoch: int | None) -> None:
        super()._transact(write, None)


class InHalves(SqliteStore):
    """Writes the first half of a block, and all of it in a second transaction."""

    def create(self, head: bytes) -> None:
        """Leave out what would forbid it."""
        super().create(head)
        self._run("DROP TRIGGER block_update")

    def append(self, stored: Stored) -> None:
        """Return once both are on the device."""
        super().append(stored._replace(content=stored.content[: len(stored.content) // 2]))
        change = "UPDATE block SET content = ? WHERE number = ?"
        self._transact(lambda: self._run(change, (stored.content, stored.number)), stored.epoch)


class Credulous(SqliteStore):
    """Takes a failed append for one that will do."""

    def append(self, stored: Stored) -> None:
        """Return, whatever happens."""
        with suppress(JournalFault):
            super().append(stored)


class OffByOne(Journal):
    """Goes on one number too far after a restart."""

    def _catch_up(self) -> None:
        super()._catch_up()
        self.mark = self.mark._replace(seq=self.mark.seq + 1)


class Piling(SqliteStore):
    """Goes on behind the log that it finds."""

    def _prepare(self, exclusive: bool) -> None:
        run = self._run
        self._run = lambda query, *values: run("SELECT 1" if "checkpoint" in query else query, *values)
        super()._prepare(exclusive)
        self._run = run


def trust_log(files: Files, path: str) -> None:
    """Take a log that can be read for one that is on the device."""


class Floating(Clerk):
    """Lets times of commands go through a floating point number."""

    def _write(self, fresh: Sequence[Asked], commands: Sequence[Command], answers: Sequence[Answer]) -> None:
        rounded = [replace(command, time_ns=int(float(command.time_ns) + 0.5)) for command in commands]
        super()._write(fresh, rounded, answers)


class Clockwise(Clerk):
    """Asks the machine what time it is."""

    def __init__(
        self, journal: Journal, engine: str, settings: Settings, stamp: Callable[[int], int] | None = None
    ) -> None:
        """Give every batch the time of the wall."""
        super().__init__(journal, engine, settings, lambda last_ns: max(last_ns, time.time_ns()))


class Unordered(Clerk):
    """Works through a batch in whatever order a set has it."""

    def do(self, batch: Sequence[Asked]) -> None:
        """Answer a batch."""
        by_key = {asked.key: asked for asked in batch}
        twins = [asked for asked in batch if by_key[asked.key] is not asked]
        super().do([by_key[key] for key in set(by_key)] + twins)
