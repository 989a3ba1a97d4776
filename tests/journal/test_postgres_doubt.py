"""What a journal does when PostgreSQL leaves it in doubt: nothing is cancelled, and nothing is guessed."""

import signal
from types import FrameType

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.postgres import PostgresStore
from tests.journal.places import PostgresPlace, answered, block, empty
from tests.journal.sessions import held
from tests.torture.server import Server

_DOUBT = """
CREATE FUNCTION deleverage.doubt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'canceling wait for synchronous replication due to user request';
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER z_doubt AFTER INSERT ON deleverage.block DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION deleverage.doubt();
"""


def test_append_when_the_server_warns_at_commit_then_the_outcome_is_unknown(
    own: Server, postgres: PostgresPlace
) -> None:
    """A success with a warning is none: the journal shuts, and the next one reads what is there."""
    spoilt = PostgresPlace(own, postgres.folder, "demo")
    journal, domain = spoilt.create(), empty()
    journal.append(answered(domain, ["a"]))
    own.sql(_DOUBT, "journals")
    with pytest.raises(JournalFault) as refused:
        journal.append(answered(domain, ["b"]))
    assert (refused.value.why, "canceling wait" in refused.value.sentence) == (Why.FAILED, True)
    with pytest.raises(JournalFault) as shut:
        journal.append(answered(domain, ["c"]))
    assert (shut.value.why, journal.seq) == (Why.SHUT, 1)
    journal.close()
    own.sql("DROP FUNCTION deleverage.doubt CASCADE", "journals")
    again = spoilt.open()
    assert (again.seq, again.known(["b", "c"])) == (2, {"b": 2})
    again.close()


def test_append_when_nobody_answers_then_nothing_is_cancelled_and_the_outcome_is_read(own: Server) -> None:
    """Patience ends here and not at the server, which goes on with what it was asked."""
    store = PostgresStore(own.url("app"), "demo", patience_s=0.5)
    store.create(b"head")
    epoch = store.claim()
    with held(own, "LOCK TABLE deleverage.block IN ACCESS EXCLUSIVE MODE"):
        with pytest.raises(JournalFault) as refused:
            store.append(block(1, epoch))
        assert (refused.value.why, "did not answer" in refused.value.sentence) == (Why.FAILED, True)
        store.close()
    again = PostgresStore(own.url("app"), "demo")
    again.claim()  # waits until whatever was asked is decided
    assert again.last() in (None, block(1, epoch))
    assert "cancel" not in own.log()
    again.close()


def test_append_when_it_is_interrupted_then_nothing_is_cancelled(own: Server) -> None:
    """An interrupt reaches whoever waits, and not the commit."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    store = PostgresStore(own.url("app"), "demo")
    store.create(b"head")
    epoch = store.claim()
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with held(own, "LOCK TABLE deleverage.block IN ACCESS EXCLUSIVE MODE"):
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            with pytest.raises(KeyboardInterrupt):
                store.append(block(1, epoch))
            store.close()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert "cancel" not in own.log()


def test_append_when_the_server_is_killed_then_the_outcome_is_unknown(own: Server) -> None:
    """A lost connection tells nothing of the block."""
    store = PostgresStore(own.url("app"), "demo")
    store.create(b"head")
    epoch = store.claim()
    own.kill()
    for _ in range(2):
        with pytest.raises(JournalFault) as refused:
            store.append(block(1, epoch))
        assert refused.value.why is Why.FAILED
    store.close()
    own.start()
    again = PostgresStore(own.url("app"), "demo")
    assert (None, epoch + 1) == (again.last(), again.claim())
    again.close()


def test_append_when_the_device_is_full_then_it_is_known_that_nothing_was_written(own: Server) -> None:
    """The server's word for a full device leaves no doubt."""
    store = PostgresStore(own.url("app"), "demo")
    store.create(b"head")
    epoch = store.claim()
    own.sql(
        "CREATE FUNCTION deleverage.full() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space left'; END $$;"
        "CREATE TRIGGER z_full BEFORE INSERT ON deleverage.block FOR EACH ROW EXECUTE FUNCTION deleverage.full()",
        "journals",
    )
    with pytest.raises(JournalFault) as refused:
        store.append(block(1, epoch))
    assert (refused.value.why, store.last()) == (Why.FULL, None)
    store.close()
