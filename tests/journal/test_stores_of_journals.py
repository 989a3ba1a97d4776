"""A journal over either store: what was acknowledged is there again, and what is not as it was is not opened."""

import pytest

from deleverage.domain.engines import RULEBOOK
from deleverage.domain.recovery import recover
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.journal.papers import require_signature
from deleverage.journal.past import walk
from deleverage.journal.store import Store
from tests.journal.places import Place, answered, block, empty


def written(place: Place, blocks: int = 3) -> None:
    """Write blocks of two deposits each under the keys k1, k2, ..., and close the journal."""
    journal, domain = place.create(), empty()
    for number in range(blocks):
        journal.append(answered(domain, [f"k{2 * number + 1}", f"k{2 * number + 2}"]))
    journal.close()


def refusal(place: Place) -> JournalFault:
    """Return why the journal is not opened."""
    with pytest.raises(JournalFault) as refused:
        place.open()
    return refused.value


def test_journal_when_opened_again_then_it_goes_on(place: Place) -> None:
    """A restart keeps every command, its key, its receipt and the state, and counts the epoch on."""
    journal, domain = place.create(), empty()
    receipts = journal.append(answered(domain, ["a", "b"])) + journal.append(answered(domain, ["c"]))
    journal.close()
    again = place.open()
    assert (again.seq, again.epoch, again.known(["a", "c", "z"])) == (3, 2, {"a": 1, "c": 3})
    assert receipts == [again.receipt(seq) for seq in (1, 2, 3)]
    assert domain.digest() == recover(again, RULEBOOK).digest()
    (more,) = again.append(answered(domain, ["d"]))
    require_signature(more, again.head.public_key)
    assert [block.number for block in walk(again.store)] == [1, 2, 3]
    again.close()


def test_journal_when_made_where_one_is_then_it_is_refused(place: Place) -> None:
    """A journal is never begun over another."""
    written(place, 0)
    with pytest.raises(JournalFault) as refused:
        place.create()
    assert refused.value.why is Why.EXISTS


def test_journal_when_a_key_was_used_then_nothing_is_written(place: Place) -> None:
    """A key is used once, before and behind a checkpoint, which moves it into the store's index."""
    journal, domain = place.create(), empty()
    journal.append(answered(domain, ["a"]))
    journal.checkpoint(domain.digest())
    journal.append(answered(domain, ["b"]))
    for key in ("a", "b"):
        with pytest.raises(JournalFault) as refused:
            journal.append(answered(empty(), [key]))
        assert refused.value.why is Why.UNLAWFUL
    assert journal.seq == 2
    journal.close()


def test_checkpoint_when_nothing_came_since_then_the_one_before_stands(place: Place) -> None:
    """The same state is signed once, also by whoever opens the journal next; another one there is a fault."""
    journal, domain = place.create(), empty()
    journal.append(answered(domain, ["a"]))
    first = journal.checkpoint(domain.digest())
    journal.close()
    again = place.open()
    assert [again.checkpoint(domain.digest()), *again.checkpoints()] == [first, first]
    with pytest.raises(JournalFault) as refused:
        again.checkpoint("other")
    assert (refused.value.why, again.shut) == (Why.UNLAWFUL, None)
    again.close()


def test_journal_when_the_tail_is_gone_then_it_is_not_opened(place: Place) -> None:
    """An acknowledged block that is missing is said to be, and nothing is cut to fit."""
    written(place)
    place.tamper("DELETE FROM block WHERE number = 3")
    fault = refusal(place)
    assert (fault.why, fault.found, fault.expected) == (Why.LOST_TAIL, "2", "3 at least")


def test_journal_when_the_last_block_is_another_then_it_is_not_opened(place: Place) -> None:
    """A block of the right number with another hash is another past."""
    written(place)
    place.tamper("UPDATE block SET chain_hash = substr(content, 1, 32) WHERE number = 3")
    assert refusal(place).why is Why.OTHER_PAST


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE block SET chain_hash = substr(content, 1, 32)", Why.BROKEN_CHAIN),
        ("UPDATE block SET content = substr(content, 1, 60)", Why.BAD_FORMAT),
        ("UPDATE block SET epoch = 7", Why.BROKEN_CHAIN),
        ("UPDATE block SET first_seq = 40, last_seq = 41", Why.BROKEN_CHAIN),
        ("DELETE FROM block", Why.BROKEN_CHAIN),
    ],
)
def test_journal_when_a_block_in_the_middle_is_changed_then_it_is_not_opened(
    place: Place, change: str, why: Why
) -> None:
    """Each block follows from the one before, in everything that is kept of it."""
    written(place)
    place.tamper(f"{change} WHERE number = 2")
    assert why is refusal(place).why


def test_journal_when_another_writer_claims_then_the_first_is_fenced_and_shut(place: Place) -> None:
    """A writer that was overtaken acknowledges nothing more, and says who overtook it."""
    journal, domain = place.create(), empty()
    journal.append(answered(domain, ["a"]))
    place.store().claim()
    assert [_refused(journal, key) for key in ("b", "c", "d")] == [Why.FENCED, Why.SHUT, Why.SHUT]
    assert (journal.seq, sum(1 for _ in place.store().blocks())) == (1, 1)
    journal.close()


def test_journal_when_a_block_comes_in_just_before_the_claim_then_it_is_looked_at_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier writer adds while the journal is opened is not taken over unseen."""
    written(place, 1)
    store = place.store()
    claim = type(store).claim

    def late(claiming: Store) -> int:
        store.append(block(2, 1)._replace(first_seq=3, last_seq=5))
        return claim(claiming)

    monkeypatch.setattr(type(store), "claim", late)
    assert refusal(place).why is Why.BAD_FORMAT


def _refused(journal: Journal, key: str) -> Why:
    with pytest.raises(JournalFault) as refused:
        journal.append(answered(empty(), [key]))
    return refused.value.why
