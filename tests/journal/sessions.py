"""Connections that are no store, and what keeps a server busy."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deleverage.journal.session import Session
from tests.torture.server import Server

INSERT = "INSERT INTO block VALUES ($1, $2, $3, $4, $5, $6, $7)"


@contextmanager
def session(url: str) -> Iterator[Session]:
    """Open a connection of no store."""
    opened = Session(url)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def held(server: Server, statement: str) -> Iterator[None]:
    """Keep a transaction open behind a statement of the superuser."""
    with session(server.url("postgres", "journals")) as other:
        other.script("BEGIN")
        other.script(statement)
        yield
        other.script("ROLLBACK")


def until(true: Callable[[], bool]) -> None:
    """Wait for something that the server does in its own time."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
