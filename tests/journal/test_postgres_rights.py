"""Who may do what with a journal in PostgreSQL: a writer inserts and reads, a reader reads, nobody changes."""

from contextlib import closing
from pathlib import Path

import pytest

from deleverage.domain.domain import Domain
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.verification.verify import verify
from deleverage.journal import remote
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.postgres import PostgresStore
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import OpenAccount
from deleverage.rulebook.rules import Rules
from tests.journal.places import PostgresPlace, answered, empty
from tests.journal.sessions import session, until
from tests.torture.server import Server

TABLES = ("head", "epoch", "block", "checkpoint")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET domain = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_writer_when_it_changes_what_is_written_then_it_has_no_right_to(
    postgres: PostgresPlace, table: str, change: str
) -> None:
    """The login of a journal inserts and reads: what it wrote is out of its own reach."""
    postgres.create().close()
    with session(postgres.server.url("app")) as writer, pytest.raises(JournalFault) as refused:
        writer.write(change.format(table))
    assert (refused.value.why, "permission denied" in refused.value.sentence) == (Why.NO_RIGHT, True)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET domain = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_superuser_when_it_changes_what_is_written_then_a_trigger_says_no(
    postgres: PostgresPlace, table: str, change: str
) -> None:
    """Not even whoever owns the tables changes them by mistake."""
    with session(postgres.server.url("postgres", "journals")) as owner, pytest.raises(JournalFault) as refused:
        owner.write(change.format(table))
    assert refused.value.why is Why.UNLAWFUL


@pytest.mark.parametrize("login", ["postgres", "owner"])
def test_store_when_the_login_may_change_blocks_then_it_is_refused(postgres: PostgresPlace, login: str) -> None:
    """A journal that could be rewritten by its own writer is no journal."""
    with pytest.raises(JournalFault) as refused:
        PostgresStore(postgres.server.url(login, "journals"), "demo")
    told = refused.value
    assert (told.why, told.expected) == (Why.UNSAFE_SETTINGS, "rights=insert-only")
    assert told.found == "rights=may change head, epoch, block, checkpoint"


def test_reader_when_it_looks_at_a_journal_then_it_verifies_and_writes_nothing(own: Server, tmp_path: Path) -> None:
    """Whoever verifies needs no right to write, and may look at a standby."""
    place, domain = PostgresPlace(own, tmp_path, "demo"), empty()
    journal = place.create()
    journal.append(answered(domain, ["a", "b"]))
    journal.checkpoint(domain.digest())
    with closing(own.standby()) as standby:
        journal.append(answered(domain, ["c"]))
        until(lambda: standby.sql("SELECT count(*) FROM deleverage.block", "journals") == "2")
        for server in (own, standby):
            with closing(remote.open_store(server.url("auditor"), "demo")) as store:
                verdict = verify(store, journal.mark, jobs=1)
                assert (verdict.passed, verdict.chained_seq) == (True, 3)
                with pytest.raises(JournalFault) as refused:
                    store.claim()
                assert refused.value.why is Why.UNSAFE_SETTINGS
        with pytest.raises(JournalFault) as not_there:
            remote.open_store(own.url("auditor"), "other")
        assert not_there.value.why is Why.NO_JOURNAL
    journal.close()


def test_store_when_the_server_is_a_standby_then_it_is_not_written(own: Server, tmp_path: Path) -> None:
    """A standby is named as one."""
    with closing(own.standby()) as standby, pytest.raises(JournalFault) as refused:
        PostgresStore(standby.url("app"), "demo")
    assert (refused.value.why, refused.value.found) == (Why.UNSAFE_SETTINGS, "pg_is_in_recovery=true")


def test_create_when_the_callers_book_goes_on_then_the_journal_begins_as_it_was(postgres: PostgresPlace) -> None:
    """A state that was handed in is the caller's to change."""
    book = Book()
    journal = remote.create(postgres.url, str(postgres.folder), postgres.domain, Rules(), book)
    Domain(book, Rules(), RULEBOOK).submit([OpenAccount(time_ns=0, account_id="al")])
    assert (journal.head.state_at_start.digest(), "al" in book.units) == (journal.head.digest_at_start, True)
    journal.close()


def test_create_when_the_database_has_the_domain_then_no_key_is_made(postgres: PostgresPlace, tmp_path: Path) -> None:
    """What is refused leaves nothing behind that the next try would trip over."""
    postgres.create().close()
    there = tmp_path / "there"
    there.mkdir()
    with pytest.raises(JournalFault) as refused:
        PostgresPlace(postgres.server, there, postgres.domain).create()
    assert (refused.value.why, list(there.iterdir())) == (Why.EXISTS, [])
