"""A journal and its clerk on a simulated disk, one life after another; and what may be put in the place of their parts.

Everything is a function of seeds: the disk, SQLite's random numbers, the commands, and when the state is signed (the
keeper's stopwatch stands still, so that it never rests).
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from unittest.mock import patch

import apsw

from deleverage.domain import keeper
from deleverage.domain.clerk import Clerk
from deleverage.domain.engines import COLUMNS
from deleverage.domain.keeper import Settings
from deleverage.journal import journal as journals
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, locked, typed
from deleverage.journal.journal import Journal
from deleverage.journal.local import anchor_of, finished, head_of, key_of, made
from deleverage.journal.papers import Head
from deleverage.journal.signing import Signer
from deleverage.journal.sqlite import SqliteStore, renew_log
from deleverage.rulebook.book import Book
from tests.torture.disk import Disk
from tests.torture.faults import PowerCut
from tests.torture.files import DiskFiles
from tests.torture.script import RULES
from tests.torture.vfs import mounted

KEYS_AT_HAND = 25
"""So few that keys are noted before a state is signed, too."""
PATH = "/j.db"
SEED = bytes(range(160, 192))
KEY = f"{SEED.hex()}\n".encode()
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
    few = patch.object(journals, "KEYS_AT_HAND", KEYS_AT_HAND)
    with mounted(disk) as vfs, patch.object(keeper, "perf_counter_ns", lambda: 0), few:
        files: Files = build.files(disk)
        opened: list[SqliteStore] = []

        def store() -> SqliteStore:
            opened.append(build.store(PATH, create=create, exclusive=True, vfs=vfs.name))
            return opened[-1]

        try:
            with _heard(disk):
                if create:
                    journal = made(PATH, files, build.head, SEED, store, build.journal)
                else:
                    journal = _opened(build, files, store)
                    journal = finished(journal, files, PATH)
                yield build.clerk(journal, build.engine, build.settings, build.stamp)
        finally:
            is_off, disk.off = disk.off, True  # whoever is dead writes nothing
            for one in opened:
                with suppress(PowerCut, apsw.Error):
                    one._connection.close(True)
            disk.off = is_off


def _opened(build: Build, files: Files, store: Callable[[], SqliteStore]) -> Journal:
    """Do as ``local.open_journal``: is there one, is its log on the device, and may we write?"""
    with typed(PATH):
        if not files.exists(PATH):
            raise JournalFault(Why.NO_JOURNAL, PATH)
        _require_key(files)
        with ExitStack() as failing:
            lock = locked(files, anchor_of(PATH))
            failing.callback(lock.release)
            build.renews(files, PATH)
            opened = store()
            failing.pop_all()
        return build.journal.open(opened, files, anchor_of(PATH), build.signer, lock)


def _require_key(files: Files) -> None:
    """Raise NO_JOURNAL where the key is not there as it was written: nobody could open such a journal."""
    if not files.exists(key_of(PATH)):
        raise JournalFault(Why.NO_JOURNAL, "the signing key")
    with closing(files.open(key_of(PATH), create=False)) as file:
        found = file.read_at(0, 2 * len(KEY))
    if found != KEY:
        raise JournalFault(Why.NO_JOURNAL, "the signing key", found, KEY)


@contextmanager
def _heard(disk: Disk) -> Iterator[None]:
    """Let a PowerCut through in place of what is said by somebody without power."""
    try:
        yield
    except (JournalFault, apsw.Error, OSError):
        if disk.off:
            raise PowerCut from None
        raise
