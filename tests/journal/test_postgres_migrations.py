"""The tables of a journal in PostgreSQL: applied once, and compared with what this program would apply."""

import pytest

from deleverage.journal import remote
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.migrations import Migration, migrations, require_migrated
from deleverage.journal.postgres import PostgresStore
from tests.journal.places import PostgresPlace, answered, empty
from tests.journal.sessions import session
from tests.torture.server import Server


def test_migrate_when_applied_twice_then_the_second_does_nothing(postgres: PostgresPlace) -> None:
    """Each migration is applied once."""
    assert remote.migrate(postgres.server.url("owner")) == []


def test_store_when_there_are_no_tables_then_it_is_no_journal(own: Server) -> None:
    """A database without the tables is said to have none."""
    own.sql("CREATE DATABASE other")
    with pytest.raises(JournalFault) as refused:
        PostgresStore(own.url("app", "other"), "demo")
    assert refused.value.why is Why.NO_JOURNAL


def test_store_when_a_migration_was_edited_then_it_is_refused(
    postgres: PostgresPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was applied is compared with what this program would apply, text by text."""
    edited = [Migration(one.name, one.text + "--") for one in migrations()]
    monkeypatch.setattr("deleverage.journal.migrations.migrations", lambda: edited)
    with session(postgres.server.url("app")) as writer, pytest.raises(JournalFault) as refused:
        require_migrated(writer)
    assert refused.value.why is Why.BAD_FORMAT


def test_journal_when_the_database_is_an_old_backup_then_it_is_not_opened(postgres: PostgresPlace) -> None:
    """The anchor lies elsewhere: blocks that a restored backup lacks are missed."""
    server, journal, domain = postgres.server, postgres.create(), empty()
    journal.append(answered(domain, ["a"]))
    backup = server.run("pg_dump", "-d", server.url("postgres", "journals"))
    journal.append(answered(domain, ["b"]))
    journal.close()
    restored = f"{postgres.domain}-restored"
    server.sql(f'CREATE DATABASE "{restored}"')
    server.sql(backup, restored)
    with pytest.raises(JournalFault) as refused:
        remote.open_journal(server.url("app", restored), str(postgres.folder), postgres.domain)
    assert (refused.value.why, refused.value.found, refused.value.expected) == (Why.LOST_TAIL, "1", "2 at least")
