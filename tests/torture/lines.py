"""Numbered lines in SQLite, with the settings of a journal and without: what the loops and sweeps are tried on."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from random import Random

import apsw

from tests.torture.disk import Disk
from tests.torture.faults import PowerCut
from tests.torture.vfs import POWERSAFE, mounted
from tests.torture.writer import Start

PATH = "/journal.db"


class NoLog(Exception):
    """SQLite did not go over to WAL mode, and no error says so: its answer does."""


@dataclass(frozen=True)
class Setting:
    """How SQLite is set, and what it is told of the device."""

    synchronous: str = "FULL"
    checkpoint_pages: int = 8
    reads_answer: bool = True
    """The answer to `PRAGMA journal_mode = WAL` is read to its end; else its error is lost, and the old mode stays."""
    renews_log: bool = False
    """Before SQLite sees a log it is written once more and synced: what a failed sync gave up reads well,
    yet is not on the platter, and a checkpoint that the power ends leaves half of it to a log with a hole."""
    empties_log: bool = False
    """Before the first commit the log is brought into the database and cut: SQLite fills up the sector of a commit, but
    what it adds to a log that it found may lie in the sector of the last line."""
    sector_bytes: int = 4096
    device: int = POWERSAFE


JOURNAL = Setting(renews_log=True, empties_log=True)
"""What loses nothing, whatever the cut leaves, on a device that spoils no byte beside those that it writes."""
PADDED = replace(JOURNAL, device=0, renews_log=False)
"""What loses nothing even where a torn sector holds noise: SQLite is told that its device is not safe."""


class Lines:
    """The lines in an open database."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection

    def write(self, number: int) -> None:
        """Commit one line, of one to three parts."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT INTO line VALUES (?, ?, ?)", _line(number))
        self.connection.execute("COMMIT")

    def found(self) -> tuple[int, str | None]:
        """Return the last line, and what is wrong: SQLite is content, lines are whole, in their order, as written."""
        complaint = self.connection.execute("PRAGMA integrity_check").fetchall()
        if complaint != [("ok",)]:
            return 0, f"integrity_check: {complaint}"
        rows = self.connection.execute("SELECT number, part, body FROM line ORDER BY rowid").fetchall()
        last = int(str(rows[-1][0])) if rows else 0
        as_written = [row for number in range(1, last + 1) for row in _line(number)]
        return last, None if rows == as_written else f"the lines up to {last} are not those that were written"


def _line(number: int) -> list[tuple[int, int, bytes]]:
    """Return the parts of a line: short ones, and some that need several pages."""
    rng = Random(number)
    return [(number, part, rng.randbytes(rng.choice((20, 300, 300, 6_000)))) for part in range(rng.randrange(1, 4))]


def sqlite(setting: Setting) -> Start:
    """Return how SQLite is started with a setting."""
    return lambda disk: opened(disk, setting)


@contextmanager
def opened(disk: Disk, setting: Setting) -> Iterator[Lines]:
    """Open the database as a journal does, with one writer and a log in WAL mode, and close it."""
    if setting.renews_log:
        renew(disk, PATH + "-wal")
    with mounted(disk, setting.sector_bytes, setting.device) as vfs, connected(PATH, setting, vfs.name) as opened_lines:
        yield opened_lines


@contextmanager
def connected(path: str, setting: Setting, vfs: str | None = None) -> Iterator[Lines]:
    """Open the database with one of SQLite's file systems; None: its own."""
    connection = apsw.Connection(path, vfs=vfs)
    try:
        _prepare(connection, setting)
        yield Lines(connection)
        connection.close()
    finally:
        with suppress(PowerCut, apsw.Error):
            connection.close(True)


def renew(disk: Disk, path: str) -> None:
    """Make durable what a reader sees of a file, also where the system believes that it is."""
    if disk.exists(path):
        content = disk.open(path)
        disk.write_all(content, 0, disk.read(content, 0, disk.size(content)))
        disk.sync(content)


def _prepare(connection: apsw.Connection, setting: Setting) -> None:
    """Set what is to be set before the first commit."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    if not setting.reads_answer:
        connection.execute("PRAGMA journal_mode = WAL")
    elif connection.execute("PRAGMA journal_mode = WAL").fetchall() != [("wal",)]:
        raise NoLog
    connection.execute(f"PRAGMA synchronous = {setting.synchronous}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {setting.checkpoint_pages}")
    if setting.empties_log:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("CREATE TABLE IF NOT EXISTS line (number INTEGER, part INTEGER, body BLOB)")
