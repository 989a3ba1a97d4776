"""PostgreSQL under torture: nothing that was acknowledged is lost, and the torture finds what was planted."""

from collections.abc import Callable

import pytest

from deleverage.journal.postgres import PostgresStore
from deleverage.journal.session import Session
from deleverage.journal.store import Stored
from tests.journal.places import migrated
from tests.torture.failover import zombies
from tests.torture.postgres import crashes, second_writers
from tests.torture.postgres_writer import Tally
from tests.torture.server import Missing, Server, binaries

try:
    binaries()
except Missing as reason:
    pytest.skip(f"no PostgreSQL for the tests: {reason}", allow_module_level=True)


@pytest.mark.parametrize(("family", "count"), [(crashes, 2), (second_writers, 2), (zombies, 1)])
def test_family_when_run_then_nothing_is_lost_or_twice(family: Callable[[int, int], Tally], count: int) -> None:
    """A few of each, every time; `python -m tests.torture.postgres` runs many."""
    tally = family(count, 1)
    assert (tally.passed, tally.cases) == (True, count), str(tally)
    assert tally.kept + tally.retried > 0


def test_crashes_when_a_block_is_acknowledged_before_it_is_written_then_they_find_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted bug: the store answers at once, and writes with the next block."""
    append, kept = PostgresStore.append, dict[int, Stored]()

    def early(store: PostgresStore, stored: Stored) -> None:
        if id(store) in kept:
            append(store, kept[id(store)])
        kept[id(store)] = stored

    monkeypatch.setattr(PostgresStore, "append", early)
    assert not crashes(5, 1).passed


def test_second_writers_when_nothing_fences_then_they_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: blocks are taken from whoever comes."""

    def unfenced(server: Server) -> Server:
        migrated(server).sql("DROP TRIGGER a_epoch ON deleverage.block", "journals")
        return server

    monkeypatch.setattr("tests.torture.grounds.migrated", unfenced)
    assert not second_writers(2, 1).passed


def test_zombies_when_warnings_are_not_heard_then_they_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: an answer with a warning passes for an answer."""
    monkeypatch.setattr(Session, "_require_no_doubt", lambda session: None)
    assert not zombies(1, 1).passed
