"""Where the journals of these tests lie, SQLite and PostgreSQL behind the same words, and how to get at their bytes."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

import apsw

from deleverage.domain.domain import Domain
from deleverage.domain.engines import RULEBOOK, Answer
from deleverage.journal import local, remote
from deleverage.journal.journal import Answered, Journal
from deleverage.journal.postgres import PostgresStore
from deleverage.journal.sqlite import SqliteStore
from deleverage.journal.store import Store, Stored
from deleverage.rulebook.messages import Command, Deposit
from deleverage.rulebook.rules import Rules
from tests.torture.server import Server

Opened = TypeVar("Opened", bound=SqliteStore | PostgresStore | Journal)


class Place(Protocol):
    """A journal's place."""

    def store(self) -> Store:
        """Return a new connection to the same tables."""

    def fresh(self) -> Store:
        """Return a connection to a place in which there is no journal yet."""

    def create(self) -> Journal:
        """Return a new journal."""

    def open(self) -> Journal:
        """Return the journal."""

    def tamper(self, statement: str) -> None:
        """Change what is kept as somebody with every right, past every guard; `WHERE` comes last."""

    def close(self) -> None:
        """Let go of everything that was opened here."""


@dataclass
class SqlitePlace:
    """A file."""

    folder: Path
    name: str = "demo.db"
    ending: ExitStack = field(default_factory=ExitStack)

    @property
    def path(self) -> str:
        """The file's name."""
        return str(self.folder / self.name)

    def store(self) -> Store:
        """Return a new connection to the file."""
        return kept(SqliteStore(self.path), self.ending)

    def fresh(self) -> Store:
        """Make the file."""
        return kept(SqliteStore(self.path, create=True), self.ending)

    def create(self) -> Journal:
        """Return a new journal in the file."""
        return kept(local.create(self.path, "demo", Rules()), self.ending)

    def open(self) -> Journal:
        """Return the journal in the file."""
        return kept(local.open_journal(self.path), self.ending)

    def tamper(self, statement: str) -> None:
        """Drop the guards, and change."""
        connection = apsw.Connection(self.path)
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.ending.close()


@dataclass
class PostgresPlace:
    """A domain in a database, and a folder."""

    server: Server
    folder: Path
    domain: str
    link: Path | None = None
    """The folder of another socket that leads to the server."""
    ending: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        """The address for the login that may insert."""
        return self.server.url("app", folder=self.link)

    def store(self) -> PostgresStore:
        """Return a new connection of the login that may insert."""
        return kept(PostgresStore(self.url, self.domain), self.ending)

    fresh = store

    def create(self) -> Journal:
        """Return a new journal in the database."""
        return kept(remote.create(self.url, str(self.folder), self.domain, Rules()), self.ending)

    def open(self) -> Journal:
        """Return the journal in the database."""
        return kept(remote.open_journal(self.url, str(self.folder), self.domain), self.ending)

    def tamper(self, statement: str) -> None:
        """Switch the guards off, change as the superuser, and switch them on again."""
        within = f"{statement} AND domain = '{self.domain}'"
        tables = ("head", "epoch", "block", "checkpoint")
        off = "".join(f"ALTER TABLE {name} DISABLE TRIGGER USER;" for name in tables)
        on = "".join(f"ALTER TABLE {name} ENABLE TRIGGER USER;" for name in tables)
        self.server.sql(f"BEGIN; SET search_path = deleverage; {off} {within}; {on} COMMIT;", "journals")

    def close(self) -> None:
        """Let go of the connections."""
        self.ending.close()


def kept(opened: Opened, ending: ExitStack) -> Opened:
    """Return what was opened; its connection is closed at the end, if the test has not done so."""
    ending.callback(opened.store.close if isinstance(opened, Journal) else opened.close)
    return opened


def migrated(server: Server) -> Server:
    """Return a server whose database has the tables; the login `app` may write them, `auditor` may read them."""
    remote.migrate(server.url("owner"))
    server.sql("GRANT journal_writer TO app; GRANT journal_reader TO auditor")
    return server


def block(number: int, epoch: int, size_bytes: int = 20) -> Stored:
    """Return a block of three commands as a store keeps it; what is in it is no matter to a store."""
    content = sha256(str(number).encode()).digest() * (size_bytes // 32 + 1)
    return Stored(number, 3 * number - 2, 3 * number, epoch, sha256(content).digest(), content[:size_bytes])


def answered(domain: Domain, keys: Sequence[str]) -> list[Answered]:
    """Return a deposit under each key, and what the domain answers."""
    commands: list[Command] = [Deposit(time_ns=1, unit_id="anna", amount_quanta=1) for _ in keys]
    answers: list[Answer] = domain.submit(commands)
    return list(zip(keys, commands, answers, strict=True))


def empty() -> Domain:
    """Return the domain that a new journal tells of."""
    return Domain.open(Rules(), RULEBOOK)
