"""Two writers of one journal in PostgreSQL: the database decides between them."""

import threading
import time

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.postgres import PostgresStore
from tests.journal.places import PostgresPlace, block
from tests.journal.sessions import INSERT, session


def test_claim_when_a_writer_is_in_a_transaction_then_it_waits_for_the_block(postgres: PostgresPlace) -> None:
    """What an earlier writer has begun ends before a claim does: the claimant sees it."""
    store = postgres.store()
    store.create(b"head")
    epoch = store.claim()
    claimed: list[int] = []
    with session(postgres.server.url("app")) as writer:
        writer.script("BEGIN")
        writer.write(INSERT, postgres.domain, *block(1, epoch))
        claiming = threading.Thread(target=lambda: claimed.append(store.claim()))
        claiming.start()
        time.sleep(0.3)
        assert claimed == []
        writer.script("COMMIT")
        claiming.join()
    assert ([2], block(1, epoch)) == (claimed, store.last())


def test_append_when_a_claim_is_in_a_transaction_then_it_is_fenced_behind_it(postgres: PostgresPlace) -> None:
    """A block that waits for a claim is refused by it."""
    store = postgres.store()
    store.create(b"head")
    epoch = store.claim()
    refused: list[Why] = []

    def append() -> None:
        try:
            store.append(block(1, epoch))
        except JournalFault as fault:
            refused.append(fault.why)

    with session(postgres.server.url("app")) as claimant:
        claimant.script("BEGIN")
        claimant.write("INSERT INTO epoch (domain) VALUES ($1)", postgres.domain)
        appending = threading.Thread(target=append)
        appending.start()
        time.sleep(0.3)
        assert refused == []
        claimant.script("COMMIT")
        appending.join()
    assert (refused, store.last()) == ([Why.FENCED], None)


def test_checkpoint_when_its_writer_was_overtaken_then_it_is_fenced(postgres: PostgresPlace) -> None:
    """A writer that was overtaken signs nothing more, either: its checkpoint would stand in the way of the next."""
    old = postgres.store()
    old.create(b"head")
    old.claim()
    postgres.store().claim()
    with pytest.raises(JournalFault) as refused:
        old.add_checkpoint(0, b"mine")
    assert (refused.value.why, old.checkpoints()) == (Why.FENCED, [])


def test_append_when_a_block_does_not_follow_then_the_server_refuses_it(postgres: PostgresPlace) -> None:
    """No gap and no second block of a number, whoever writes it."""
    store = postgres.store()
    store.create(b"head")
    epoch = store.claim()
    store.append(block(1, epoch))
    for wrong in (block(3, epoch), block(1, epoch), block(2, epoch)._replace(first_seq=5)):
        with pytest.raises(JournalFault) as refused:
            store.append(wrong)
        assert (refused.value.why, refused.value.expected) == (Why.BROKEN_CHAIN, "2, 4")


def test_domains_when_two_share_a_database_then_they_do_not_meet(postgres: PostgresPlace) -> None:
    """Numbers, epochs, keys and fences belong to a domain."""
    one, other = postgres.store(), PostgresStore(postgres.server.url("app"), f"{postgres.domain}-b")
    for store in (one, other):
        store.create(b"head")
    assert [one.claim(), other.claim(), other.claim()] == [1, 1, 2]
    one.append(block(1, 1))
    one.index_keys([("a", 1)], 1)
    assert (other.last(), other.indexed(), other.seqs_of(["a"])) == (None, 0, {})
    other.close()
