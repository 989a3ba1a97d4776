"""A real PostgreSQL for a whole run of tests, and a place for a journal in either store."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.journal.places import Place, PostgresPlace, SqlitePlace, migrated
from tests.torture.server import Missing, Server

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a server; where none runs, skip and say why."""
    try:
        started = Server.fresh()
    except Missing as reason:
        pytest.skip(f"no PostgreSQL for the tests: {reason}")
    try:
        yield migrated(started)
    finally:
        started.remove()


@pytest.fixture
def own(server: Server) -> Iterator[Server]:
    """Start a server that a test may spoil."""
    started = migrated(Server.fresh())
    yield started
    started.remove()


@pytest.fixture
def postgres(server: Server, tmp_path: Path) -> Iterator[PostgresPlace]:
    """Return a place of a domain of its own."""
    found = PostgresPlace(server, tmp_path, f"demo-{next(_numbers)}")
    yield found
    found.close()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return a place in each of the two stores."""
    if request.param == "SQLite":
        file = SqlitePlace(tmp_path)
        yield file
        file.close()
    else:
        yield request.getfixturevalue("postgres")
