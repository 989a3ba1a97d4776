"""A journal and its clerk on a simulated disk, one life after another; and what may be put in the place of their parts.

Everything is a function of seeds: the disk, SQLite's random numbers, the commands, and when the state is signed (the
keeper's stopwatch stands still, so that it never rests).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import apsw

from deleverage.domain import keeper
from deleverage.domain.clerk import Clerk
from deleverage.domain.engines import COLUMNS
from deleverage.domain.keeper import Settings
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, locked
from deleverage.journal.journal import Journal
from deleverage.journal.local import anchor_of, head_of
from deleverage.journal.papers import Head
from deleverage.journal.signing import Signer
from deleverage.journal.sqlite import SqliteStore, renew_log
from deleverage.rulebook.book import Book
from tests.torture.disk import Disk
from tests.torture.faults import PowerCut
from tests.torture.files import DiskFiles
from tests.torture.script import RULES
from tests.torture.vfs import mounted

PATH = "/j.db"
SEED = bytes(range(160, 192))
SIGNER = Signer(SEED)
HEAD = replace(head_of("torture", RULES, Book(), SIGNER.public_key), blind="00" * 32)


@dataclass(frozen=True)
class Build:
    """What a journal is made of: a planted bug is another part."""

    store: type[SqliteStore] = SqliteStore
    journal: type[Journal] = Journal
    clerk: type[Clerk] = Clerk
    files: type[DiskFiles] = DiskFiles
    renews: Callable[[Files, str], None] = renew_log
    settings: Settings = field(default_factory=lambda: Settings(checkpoint_every=20, snapshot_every=60))
    engine: str = COLUMNS
    signer: Signer = SIGNER
    head: Head = HEAD
    stamp: Callable[[int], int] | None = None


ORDINARY = Build()


@contextmanager
def running(disk: Disk, build: Build = ORDINARY, create: bool = False) -> Iterator[Clerk]:
    """Give a clerk at work on a disk; its process ends at the end, however that comes, and only ``end`` is orderly."""
    with mounted(disk) as vfs, patch.object(keeper, "perf_counter_ns", lambda: 0):
        files: Files = build.files(disk)
        with _heard(disk):
            lock = None if create else locked(files, anchor_of(PATH))
            if not create:
                _looked_at(build, files)
            store = build.store(PATH, create=create, exclusive=True, vfs=vfs.name)
        try:
            with _heard(disk):
                if create:
                    journal = build.journal.create(store, files, anchor_of(PATH), build.head, build.signer)
                else:
                    journal = build.journal.open(store, files, anchor_of(PATH), build.signer, lock)
                yield build.clerk(journal, build.engine, build.settings, build.stamp)
        finally:
            is_off, disk.off = disk.off, True  # whoever is dead writes nothing
            with suppress(PowerCut, apsw.Error):
                store._connection.close(True)
            disk.off = is_off


def _looked_at(build: Build, files: Files) -> None:
    """Do what is done before a journal is opened: is there one, and is its log on the device?"""
    try:
        if not files.exists(PATH):
            raise JournalFault(Why.NO_JOURNAL, PATH)
        build.renews(files, PATH)
    except OSError as error:
        raise JournalFault(Why.FAILED, f"the log of {PATH}: {error}") from None


@contextmanager
def _heard(disk: Disk) -> Iterator[None]:
    """Let a PowerCut through in place of what is said by somebody without power."""
    try:
        yield
    except (JournalFault, apsw.Error, OSError):
        if disk.off:
            raise PowerCut from None
        raise
