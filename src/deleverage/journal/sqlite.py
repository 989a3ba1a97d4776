"""A journal in a SQLite file, the default: write-ahead log, synced at every commit, one connection that writes.

Measured by others and by ``make torture``: with ``synchronous=NORMAL`` acknowledged commits are lost in a power cut, so
what the library says it does is read back before anything is written. Versions before 3.51.3 can corrupt a log that two
connections reset at once, and are not used.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import apsw

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files
from deleverage.journal.store import Snapshot, Stored

OLDEST = 3_051_003
"""The first version without the corruption of a reset log (3.7.0 to 3.51.2)."""

WAIT_MS = 5_000
"""How long a reader waits for the moment in which the writer takes the log over."""

_BLOCK = "number, first_seq, last_seq, epoch, chain_hash, content"
_SAFE = {"journal_mode": "wal", "synchronous": "2", "trusted_schema": "0", "mmap_size": "0"}

_TABLES = """
CREATE TABLE head (content BLOB NOT NULL) STRICT;
CREATE TABLE epoch (epoch INTEGER NOT NULL) STRICT;
CREATE TABLE block (
    number INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL UNIQUE, last_seq INTEGER NOT NULL, epoch INTEGER NOT NULL,
    chain_hash BLOB NOT NULL, content BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoint (number INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE snapshot (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
CREATE TABLE key (key TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE indexed (number INTEGER NOT NULL) STRICT;
INSERT INTO epoch VALUES (0);
INSERT INTO indexed VALUES (0);
"""
_APPEND_ONLY = "".join(
    f"CREATE TRIGGER {table}_{act} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, 'append-only'); END;\n"
    for table in ("head", "block", "checkpoint")
    for act in ("update", "delete")
)

Result = TypeVar("Result")


def renew_log(files: Files, path: str) -> None:
    """Make durable what a reader sees of a database's log, before the library opens it.

    After a sync that failed the system takes for clean what is not on the device: it reads well until the power goes,
    and whoever went on behind it lost acknowledged commits. Written once more, in place, it is synced for certain.
    """
    log = f"{os.path.realpath(path) if os.path.islink(path) else path}-wal"
    if files.exists(log):
        file = files.open(log, create=False)
        try:
            file.write_at(0, file.read_at(0, file.size()))
            file.sync()
        finally:
            file.close()


class SqliteStore:
    """A journal's bytes in one SQLite file."""

    def __init__(
        self,
        path: str,
        *,
        create: bool = False,
        read_only: bool = False,
        at_rest: bool = False,
        exclusive: bool = False,
        vfs: str | None = None,
    ) -> None:
        """Open a file, or make one.

        ``read_only`` looks at it while another writes, ``at_rest`` where none does; ``exclusive`` keeps other
        connections out, readers too; ``vfs`` names another file system of the library. Raises JournalFault OLD_LIBRARY,
        UNSAFE_SETTINGS, NO_JOURNAL, FAILED.
        """
        if apsw.SQLITE_VERSION_NUMBER < OLDEST:
            raise JournalFault(Why.OLD_LIBRARY, "SQLite", apsw.sqlite_lib_version(), "3.51.3 or later")
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
        flags |= apsw.SQLITE_OPEN_CREATE if create else 0
        if at_rest:
            path, flags = f"{Path(path).absolute().as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
        self._connection = self._guarded(lambda: _connected(path, flags, vfs))
        self._run = self._connection.execute
        self._epoch: int | None = None
        self._connection.set_busy_timeout(WAIT_MS if read_only else 0)
        if not read_only:
            try:
                self._guarded(lambda: self._prepare(exclusive))
            except BaseException:
                with suppress(apsw.Error):
                    self._connection.close(True)
                raise

    def _prepare(self, exclusive: bool) -> None:
        # Exclusive comes first: the log's index then lies in this process, and needs no shared memory.
        if exclusive:
            self._run("PRAGMA locking_mode=EXCLUSIVE").fetchall()
        for name, value in _SAFE.items():
            self._run(f"PRAGMA {name}={value}").fetchall()
        self._run("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # nothing is written behind what a crash has left
        found = self.settings()
        for name, value in _SAFE.items():
            if found.get(name, value) != value:
                raise JournalFault(Why.UNSAFE_SETTINGS, f"SQLite's {name}", found[name], value)

    def settings(self) -> dict[str, str]:
        """Return library, version and the modes that durability hangs on, as the library tells them."""
        told = {"library": "SQLite", "version": apsw.sqlite_lib_version()}
        for name in _SAFE:
            value = self._run(f"PRAGMA {name}").fetchone()
            if value is not None:  # a file system without memory maps says nothing of their size
                told[name] = str(value[0])
        return told

    def create(self, head: bytes) -> None:
        """Write tables and head in one transaction; EXISTS where there is something already."""
        if self._guarded(lambda: self._one("SELECT count(*) FROM sqlite_schema")) != 0:
            raise JournalFault(Why.EXISTS, "the file has tables already")

        def write() -> None:
            self._run(_TABLES + _APPEND_ONLY)
            self._run("INSERT INTO head VALUES (?)", (head,))

        self._guarded(lambda: self._at_once(write))

    def head(self) -> bytes:
        """Return the head."""
        rows = self._guarded(self._heads)
        if len(rows) != 1:
            raise JournalFault(Why.BAD_FORMAT, "heads in the file", len(rows), 1)
        (content,) = _typed(rows[0], bytes)
        return bytes(content)

    def claim(self) -> int:
        """Return the next epoch, durable."""

        epoch = int(self._guarded(lambda: self._one("UPDATE epoch SET epoch = epoch + 1 RETURNING epoch")))
        self._epoch = epoch
        return epoch

    def append(self, stored: Stored) -> None:
        """Return once the block is on the device: the commit syncs the log."""

        def write() -> None:
            self._run("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?)", stored)

        self._transact(write, stored.epoch)

    def last(self) -> Stored | None:
        """Return the last block."""
        return self._block("ORDER BY number DESC LIMIT 1", ())

    def block_with(self, seq: int) -> Stored | None:
        """Return the block in which command ``seq`` lies."""
        found = self._block("WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1", (seq,))
        return found if found is not None and seq <= found.last_seq else None

    def blocks(self, after: int = 0) -> Iterator[Stored]:
        """Yield the blocks behind number ``after``; a page at a time, so that a reader holds up no writer."""
        while True:
            rows = self._read(f"SELECT {_BLOCK} FROM block WHERE number > ? ORDER BY number LIMIT 64", (after,))
            page = [_stored(row) for row in rows]
            yield from page
            if not page:
                return
            after = page[-1].number

    def add_checkpoint(self, number: int, content: bytes) -> None:
        """Keep a checkpoint."""
        self._transact(lambda: self._run("INSERT INTO checkpoint VALUES (?, ?)", (number, content)), self._epoch)

    def checkpoints(self) -> list[bytes]:
        """Return every checkpoint, in order."""
        rows = self._read("SELECT content FROM checkpoint ORDER BY number", ())
        return [_typed(row, bytes)[0] for row in rows]

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and of the older ones the newest."""

        def write() -> None:
            self._run("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?)", snapshot)
            second = "SELECT number FROM snapshot ORDER BY number DESC LIMIT 1 OFFSET 1"
            self._run(f"DELETE FROM snapshot WHERE number < ({second})")

        self._transact(write, self._epoch)

    def snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        rows = self._read("SELECT number, seq, content FROM snapshot ORDER BY number DESC LIMIT 1", ())
        return Snapshot(*_typed(rows[0], int, int, bytes)) if rows else None

    def index_keys(self, keys: Sequence[tuple[str, int]], upto: int) -> None:
        """Note keys; the order in which they come is no matter."""

        def write() -> None:
            self._connection.executemany("INSERT OR IGNORE INTO key VALUES (?, ?)", sorted(keys))
            self._run("UPDATE indexed SET number = ?", (upto,))

        self._transact(write, self._epoch)

    def indexed(self) -> int:
        """Return the number of the last block whose keys are noted."""
        return int(_typed((self._guarded(lambda: self._one("SELECT number FROM indexed")),), int)[0])

    def seqs_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the command under each of these keys that is noted."""
        asked = "SELECT key, seq FROM key WHERE key IN (SELECT value FROM json_each(?))"
        return dict(self._read(asked, (json.dumps(list(keys)),)))

    def close(self) -> None:
        """Close the connection; the log is taken over into the file."""
        self._guarded(self._connection.close)

    def _block(self, clause: str, values: tuple[Any, ...]) -> Stored | None:
        rows = self._read(f"SELECT {_BLOCK} FROM block {clause}", values)
        return _stored(rows[0]) if rows else None

    def _heads(self) -> list[Any]:
        try:
            return self._run("SELECT content FROM head").fetchall()
        except apsw.SQLError as error:
            raise JournalFault(Why.NO_JOURNAL, f"the file has no table of a journal: {error}") from None

    def _one(self, query: str) -> Any:
        rows = self._run(query).fetchall()
        if len(rows) != 1:
            raise JournalFault(Why.BAD_FORMAT, f"rows where one is expected: {query}", len(rows), 1)
        return rows[0][0]

    def _transact(self, write: Callable[[], object], epoch: int | None) -> None:
        """Write as a whole or not at all; FENCED where a writer that claimed an epoch is not the last who did."""

        def act() -> None:
            last = self._one("SELECT epoch FROM epoch")
            if epoch not in (None, last):
                raise JournalFault(Why.FENCED, "the epoch of the writer", epoch, last)
            write()

        self._guarded(lambda: self._at_once(act))

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Any]:
        return self._guarded(lambda: self._run(query, values).fetchall())

    def _at_once(self, act: Callable[[], object]) -> None:
        """Do all of an act or nothing; what failed comes out, also where the library has rolled back by itself."""
        self._run("BEGIN IMMEDIATE")
        try:
            act()
            self._run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                with suppress(apsw.Error):
                    self._run("ROLLBACK")
            raise

    def _guarded(self, act: Callable[[], Result]) -> Result:
        """Return what an act returns; what the library raises comes out as a typed reason."""
        try:
            return act()
        except apsw.FullError as error:
            raise JournalFault(Why.FULL, f"SQLite: {error}") from None
        except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError) as error:
            raise JournalFault(Why.BAD_FORMAT, f"SQLite: {error}") from None
        except (apsw.BusyError, apsw.LockedError) as error:
            raise JournalFault(Why.LOCKED, f"SQLite: {error}") from None
        except apsw.Error as error:
            raise JournalFault(Why.FAILED, f"SQLite: {error}") from None
        except OverflowError:
            raise JournalFault(Why.UNLAWFUL, "a number that no journal counts to", "more than 64 bits") from None


def _stored(row: tuple[Any, ...]) -> Stored:
    return Stored(*_typed(row, int, int, int, int, bytes, bytes))


def _typed(row: tuple[Any, ...], *kinds: type) -> tuple[Any, ...]:
    """Return a row; BAD_FORMAT where a value is of another kind: who rewrites a file can declare its tables anew."""
    found = tuple(type(value) for value in row)
    if found != kinds:
        told, expected = (" ".join(kind.__name__ for kind in kinds_of) for kinds_of in (found, kinds))
        raise JournalFault(Why.BAD_FORMAT, "the kinds of values in a row", told, expected)
    return row


def _connected(path: str, flags: int, vfs: str | None) -> apsw.Connection:
    try:
        return apsw.Connection(path, flags=flags, vfs=vfs)
    except apsw.CantOpenError as error:
        if vfs is None and not os.path.exists(path):
            raise JournalFault(Why.NO_JOURNAL, path) from None
        raise JournalFault(Why.FAILED, f"{path} cannot be opened: {error}") from None
