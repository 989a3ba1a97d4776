"""What a journal asks of a store, of each of them in the same words."""

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.store import Snapshot, Store
from tests.journal.places import Place, block


def claimed(place: Place) -> tuple[Store, int]:
    """Return a store with a head, and its epoch."""
    store = place.fresh()
    store.create(b"head")
    return store, store.claim()


def test_store_when_nothing_is_there_then_it_is_no_journal(place: Place) -> None:
    """A place without a head is refused as none."""
    store = place.fresh()
    with pytest.raises(JournalFault) as refused:
        store.head()
    assert refused.value.why is Why.NO_JOURNAL


def test_store_when_made_twice_then_the_second_is_refused(place: Place) -> None:
    """What is there is never written over."""
    store, _ = claimed(place)
    with pytest.raises(JournalFault) as refused:
        store.create(b"other")
    assert (refused.value.why, place.store().head()) == (Why.EXISTS, b"head")


def test_store_when_empty_then_it_has_no_block(place: Place) -> None:
    """An empty journal has a head, and nothing else."""
    store, _ = claimed(place)
    assert (store.last(), list(store.blocks()), store.block_with(1)) == (None, [], None)
    assert (store.snapshot(), store.checkpoints(), store.indexed()) == (None, [], 0)


def test_store_when_130_blocks_are_appended_then_they_come_in_order(place: Place) -> None:
    """Blocks are read in pages, and none is left out between two of them."""
    store, epoch = claimed(place)
    written = [block(number, epoch) for number in range(1, 131)]
    for one in written:
        store.append(one)
    again = place.store()
    assert again.last() == written[-1]
    assert list(again.blocks()) == written
    assert list(again.blocks(64)) == written[64:]
    assert list(again.blocks(130)) == []


@pytest.mark.parametrize(("seq", "number"), [(0, None), (1, 1), (3, 1), (4, 2), (6, 2), (7, None)])
def test_block_with_when_asked_for_a_command_then_it_is_the_block_around_it(
    place: Place, seq: int, number: int | None
) -> None:
    """The block of a command is found by its first and last one."""
    store, epoch = claimed(place)
    for at in (1, 2):
        store.append(block(at, epoch))
    found = store.block_with(seq)
    assert number == (None if found is None else found.number)


def test_append_when_a_block_is_large_then_its_bytes_come_back(place: Place) -> None:
    """Blocks are bytes of any size."""
    store, epoch = claimed(place)
    store.append(block(1, epoch, 1_000_000))
    assert block(1, epoch, 1_000_000) == place.store().last()


def test_append_when_the_number_was_used_then_nothing_is_written(place: Place) -> None:
    """No block takes the place of another."""
    store, epoch = claimed(place)
    store.append(block(1, epoch))
    with pytest.raises(JournalFault):
        store.append(block(1, epoch, 50))
    assert [block(1, epoch)] == list(place.store().blocks())


def test_claim_when_asked_again_then_each_epoch_is_later(place: Place) -> None:
    """Epochs count, whoever claims them."""
    _, first = claimed(place)
    assert [first, place.store().claim(), place.store().claim()] == [1, 2, 3]


def test_append_when_a_later_epoch_was_claimed_then_it_is_fenced(place: Place) -> None:
    """A writer that was overtaken writes nothing more, however often it tries."""
    old, epoch = claimed(place)
    old.append(block(1, epoch))
    new = place.store()
    later = new.claim()
    for _ in range(10):
        with pytest.raises(JournalFault) as refused:
            old.append(block(2, epoch))
        assert (Why.FENCED, str(epoch), str(later)) == (refused.value.why, refused.value.found, refused.value.expected)
    new.append(block(2, later))
    assert [block(1, epoch), block(2, later)] == list(place.store().blocks())


def test_checkpoints_when_kept_then_they_come_in_order(place: Place) -> None:
    """Checkpoints are kept for ever."""
    store, _ = claimed(place)
    for number in (3, 11, 20):
        store.add_checkpoint(number, b"%d" % number)
    assert place.store().checkpoints() == [b"3", b"11", b"20"]


def test_snapshot_when_several_are_kept_then_the_newest_comes(place: Place) -> None:
    """Where two journals know the same block, the later snapshot of it stands."""
    store, _ = claimed(place)
    for number, content in ((1, b"a"), (2, b"b"), (9, b"c"), (9, b"d")):
        store.add_snapshot(Snapshot(number, 3 * number, content))
    assert Snapshot(9, 27, b"d") == place.store().snapshot()


def test_keys_when_noted_then_they_are_found_and_the_first_command_stays(place: Place) -> None:
    """Each key leads to the command that it was first used for."""
    store, _ = claimed(place)
    store.index_keys([("b", 2), ("a", 1)], 1)
    store.index_keys([("c", 3), ("a", 4)], 2)
    again = place.store()
    assert again.seqs_of(["a", "c", "z"]) == {"a": 1, "c": 3}
    assert (again.seqs_of([]), again.indexed()) == ({}, 2)


def test_settings_when_asked_then_library_and_version_are_told(place: Place) -> None:
    """Whoever runs a journal can see on what it stands."""
    told = claimed(place)[0].settings()
    assert (told["library"], told["version"][:1].isdigit()) == (
        {"SqliteStore": "SQLite", "PostgresStore": "PostgreSQL"}[type(place.store()).__name__],
        True,
    )
