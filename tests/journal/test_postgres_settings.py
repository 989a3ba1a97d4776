"""What a journal asks of a PostgreSQL server, at the start and at every block."""

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.postgres import PostgresStore
from tests.journal.places import PostgresPlace, block
from tests.journal.sessions import INSERT, session, until
from tests.torture.server import Server


def test_store_when_the_server_is_unsafe_then_everything_is_named_at_once(own: Server) -> None:
    """Each setting that would lose something is named, with what it has to be."""
    own.stop()
    own.run("pg_checksums", "--disable", "--pgdata", str(own.data))
    own.start("fsync=off", "full_page_writes=off", "synchronous_commit=local", "zero_damaged_pages=on")
    with pytest.raises(JournalFault) as refused:
        PostgresStore(own.url("app"), "demo")
    assert refused.value.why is Why.UNSAFE_SETTINGS
    assert refused.value.found == (
        "fsync=off, full_page_writes=off, data_checksums=off, zero_damaged_pages=on, synchronous_commit=local"
    )
    assert refused.value.expected == (
        "fsync=on, full_page_writes=on, data_checksums=on, zero_damaged_pages=off, "
        "synchronous_commit=on or remote_apply"
    )


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_append_when_the_server_was_made_unsafe_meanwhile_then_it_is_refused(own: Server, setting: str) -> None:
    """The server looks at every block: a setting that is switched off later acknowledges nothing."""
    store = PostgresStore(own.url("app"), "demo")
    store.create(b"head")
    epoch = store.claim()
    store.append(block(1, epoch))
    own.sql(f"ALTER SYSTEM SET {setting} = off; SELECT pg_reload_conf()")
    until(lambda: store.settings()[setting] == "off")
    with pytest.raises(JournalFault) as refused:
        store.append(block(2, epoch))
    assert (refused.value.why, f"{setting}=off" in refused.value.found) == (Why.UNSAFE_SETTINGS, True)
    store.close()


def test_append_when_the_default_of_commits_is_changed_then_the_session_keeps_its_own(own: Server) -> None:
    """A journal says for itself that commits are waited for."""
    store = PostgresStore(own.url("app"), "demo")
    store.create(b"head")
    own.sql("ALTER SYSTEM SET synchronous_commit = off; SELECT pg_reload_conf()")
    until(lambda: own.sql("SHOW synchronous_commit") == "off")
    assert store.settings()["synchronous_commit"] == "on"
    store.append(block(1, store.claim()))
    store.close()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("SET synchronous_commit = off", "synchronous_commit=off"),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ", "repeatable read"),
    ],
)
def test_insert_when_the_session_is_unsafe_then_the_server_refuses_it(
    postgres: PostgresPlace, spoil: str, told: str
) -> None:
    """The guard stands in the database, so that no client can forget it."""
    store = postgres.store()
    store.create(b"head")
    epoch = store.claim()
    with session(postgres.server.url("app")) as writer:
        writer.script(spoil)
        with pytest.raises(JournalFault) as refused:
            writer.write(INSERT, postgres.domain, *block(1, epoch))
    assert (refused.value.why, told in refused.value.found) == (Why.UNSAFE_SETTINGS, True)
