"""The address of a journal in PostgreSQL: it holds a password, and nothing else may."""

import sys

import pytest

from deleverage.journal import remote
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.postgres import PostgresStore
from deleverage.journal.session import Session
from tests.journal.places import PostgresPlace, answered, empty
from tests.torture.server import PASSWORD, Server

CANARY = "s3cr3t"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"postgresql://app:{CANARY}@/journals?host={{folder}}", Why.NO_RIGHT),
        (f"postgresql://app:{CANARY}@/journals?host=/nowhere", Why.NO_SERVER),
        (f"postgresql://app:{CANARY}@127.0.0.1:1/journals", Why.NO_SERVER),
        (f"postgresql://app:{CANARY}/x@localhost/journals", Why.UNLAWFUL),
        (f"postgresql://app:7{CANARY}/x@localhost/journals", Why.UNLAWFUL),
        (f"postgresql://app:1/{CANARY}@localhost/journals", Why.NO_SERVER),
        (f"{CANARY}://app@localhost/journals", Why.UNLAWFUL),
        (f"postgresql://app@/journals?host={{folder}}&password={CANARY}&port=nine", Why.UNLAWFUL),
        (f"postgresql://app@/{CANARY}?host={{folder}}", Why.NO_RIGHT),
        (f"postgresql://auditor@/{CANARY}?host={{folder}}", Why.NO_JOURNAL),
        (f"postgresql://{CANARY}@/journals?host={{folder}}&sslmode={CANARY}", Why.UNLAWFUL),
    ],
)
def test_store_when_it_is_not_let_in_then_the_reason_is_typed_and_no_part_of_the_address_is_told(
    server: Server, url: str, why: Why
) -> None:
    """An address holds a password, and a slip in writing one puts it anywhere."""
    with pytest.raises(JournalFault) as refused:
        PostgresStore(url.format(folder=server.folder), "demo", patience_s=5)
    assert (refused.value.why, CANARY in f"{refused.value} {refused.value!r}") == (why, False)


def test_journal_when_written_then_the_password_is_nowhere_in_it(postgres: PostgresPlace) -> None:
    """What is kept, told and logged is free of what opened the door."""
    journal, domain = postgres.create(), empty()
    journal.append(answered(domain, ["a"]))
    journal.checkpoint(domain.digest())
    told = f"{journal.store.settings()} {journal.head} {journal.store!r} {vars(journal.store)}"
    journal.close()
    kept = postgres.server.run("pg_dump", "--schema=deleverage", "-d", postgres.server.url("postgres", "journals"))
    files = b"".join(path.read_bytes() for path in postgres.folder.iterdir())
    assert (PASSWORD in told, PASSWORD in kept, PASSWORD.encode() in files) == (False, False, False)
    assert PASSWORD not in postgres.server.log()


@pytest.mark.parametrize("domain", ["", "a/b", "../x", "a b", "ä", "x" * 65])
def test_open_when_the_domain_is_no_name_then_it_is_refused(postgres: PostgresPlace, domain: str) -> None:
    """A domain names files, so it is a plain word."""
    with pytest.raises(JournalFault) as refused:
        remote.open_journal(postgres.server.url("app"), str(postgres.folder), domain)
    assert refused.value.why is Why.UNLAWFUL


def test_session_when_asyncpg_is_missing_then_it_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is optional, and its absence is told as such."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(JournalFault) as refused:
        Session("postgresql://localhost/journals")
    assert (refused.value.why, "deleverage[postgres]" in refused.value.sentence) == (Why.NO_LIBRARY, True)
