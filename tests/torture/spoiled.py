"""Children with a fault planted in them: what the kills have to find."""

from collections.abc import Sequence
from multiprocessing.connection import Connection
from unittest.mock import patch

from deleverage.domain import Domain
from deleverage.journal.block import read_block
from deleverage.journal.journal import Journal
from deleverage.journal.sqlite import SqliteStore
from deleverage.journal.store import Stored
from tests.torture import child


def early(path: str, seed: int, first: int, last: int, pipe: Connection) -> None:
    """Work with a store that writes each block when the next one comes: it acknowledges what it does not have."""
    held: list[Stored] = []
    write = SqliteStore.append

    def append(store: SqliteStore, stored: Stored) -> None:
        held.append(stored)
        if len(held) > 1:
            write(store, held.pop(0))

    patch.object(SqliteStore, "append", append).start()
    child.through(path, seed, first, last, pipe)


def forgetful(path: str, seed: int, first: int, last: int, pipe: Connection) -> None:
    """Work with a journal that knows no key of before."""

    def known(journal: Journal, keys: Sequence[str]) -> dict[str, int]:
        return {}

    patch.object(Journal, "known", known).start()
    child.through(path, seed, first, last, pipe)


def unsure(path: str, seed: int, first: int, last: int, pipe: Connection) -> None:
    """Work with a start that leaves the last command out of what was done before."""

    def recover(journal: Journal, engine: str) -> Domain:
        domain = Domain(journal.head.state_at_start.copy(), journal.head.rules, engine)
        entries = [entry for stored in journal.store.blocks() for entry in read_block(stored.content).entries()]
        domain.submit(entry.command for entry in entries[:-1])
        return domain

    patch("deleverage.domain.clerk.recover", recover).start()
    child.through(path, seed, first, last, pipe)
