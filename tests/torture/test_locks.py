"""The five levels in which SQLite locks a file: who may come in beside whom."""

import pytest

from tests.torture.locks import EXCLUSIVE, PENDING, RESERVED, SHARED, Locks

PATH = "/file"


@pytest.mark.parametrize(
    ("held", "asked", "granted"),
    [
        (SHARED, SHARED, True),
        (SHARED, RESERVED, True),
        (SHARED, EXCLUSIVE, False),
        (RESERVED, SHARED, True),
        (RESERVED, RESERVED, False),
        (RESERVED, EXCLUSIVE, False),
        (PENDING, SHARED, False),
        (EXCLUSIVE, SHARED, False),
        (EXCLUSIVE, RESERVED, False),
        (EXCLUSIVE, EXCLUSIVE, False),
    ],
)
def test_lock_when_another_holds_one_then_it_is_granted_as_in_sqlite(held: int, asked: int, granted: bool) -> None:
    """Many readers, one of them about to write; from the moment that it waits for them no more come in."""
    locks = Locks()
    assert locks.take(PATH, "one", held)
    assert locks.take(PATH, "other", asked) == granted


def test_lock_when_a_writer_waits_for_readers_then_no_new_one_comes_in() -> None:
    """A refused writer keeps the door shut until it gives up."""
    locks = Locks()
    locks.take(PATH, "reader", SHARED)
    locks.take(PATH, "writer", SHARED)
    assert not locks.take(PATH, "writer", EXCLUSIVE)
    assert not locks.take(PATH, "new", SHARED)
    locks.give_back(PATH, "reader")
    assert locks.take(PATH, "writer", EXCLUSIVE)
    locks.give_back(PATH, "writer", SHARED)
    assert locks.take(PATH, "new", SHARED)
