"""The anchor: two places, and what is read where either was torn, flipped or put elsewhere."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from deleverage.journal import anchor
from deleverage.journal.anchor import PLACE, Mark
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFile, SystemFiles

START = Mark(0, 0, bytes(32))
LENGTH = 72
"""Bytes of a mark with its check."""


def mark(number: int) -> Mark:
    """Return some mark."""
    return Mark(number, 10 * number, bytes([number % 256]) * 32)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SystemFile]:
    """An anchor with the marks 4 and 5."""
    opened = SystemFiles().open(str(tmp_path / "anchor"), create=True)
    anchor.start(opened, START.chain_hash)
    for number in range(1, 6):
        anchor.write(opened, mark(number))
    yield opened
    opened.close()


def test_anchor_when_it_was_just_started_then_it_names_no_block(tmp_path: Path) -> None:
    """Its size is the last one it will ever have."""
    file = SystemFiles().open(str(tmp_path / "anchor"), create=True)
    anchor.start(file, START.chain_hash)
    assert (anchor.read(file), file.size()) == (START, 2 * PLACE)
    file.close()


def test_anchor_when_marks_are_written_then_the_newest_is_read_and_the_size_stays(file: SystemFile) -> None:
    """In turn into the two places."""
    for number in (6, 7, 300):
        anchor.write(file, mark(number))
        assert (mark(number), 2 * PLACE) == (anchor.read(file), file.size())


@pytest.mark.parametrize("at", [*range(0, LENGTH, 7), LENGTH - 1])
@pytest.mark.parametrize(("place", "left"), [(0, 5), (1, 4)])
def test_anchor_when_a_bit_of_one_place_flips_then_the_other_is_read(
    file: SystemFile, place: int, left: int, at: int
) -> None:
    """The older one lost is no matter; the newer one lost leaves the block before."""
    offset = place * PLACE + at
    file.write_at(offset, bytes([file.read_at(offset, 1)[0] ^ 0x10]))
    assert mark(left) == anchor.read(file)


@pytest.mark.parametrize("cut", range(1, LENGTH))
def test_anchor_when_a_write_is_torn_anywhere_then_it_is_the_old_mark_or_the_new_one(
    file: SystemFile, cut: int
) -> None:
    """A mark of which only the first bytes arrived."""
    before = file.read_at(0, LENGTH)
    anchor.write(file, mark(6))
    file.write_at(0, file.read_at(0, cut) + before[cut:])
    assert anchor.read(file) in (mark(5), mark(6))


def test_anchor_when_both_places_are_torn_then_there_is_none(file: SystemFile) -> None:
    """Nothing is guessed."""
    for place in (0, 1):
        file.write_at(place * PLACE + 20, b"torn")
    with pytest.raises(JournalFault, match="neither place") as caught:
        anchor.read(file)
    assert caught.value.why is Why.NO_ANCHOR


def test_anchor_when_its_places_are_swapped_then_neither_is_believed(file: SystemFile) -> None:
    """The next mark would be written over the newest: no writer of ours has put them there."""
    even, odd = (file.read_at(place * PLACE, LENGTH) for place in (0, 1))
    file.write_at(0, odd)
    file.write_at(PLACE, even)
    with pytest.raises(JournalFault, match="NO_ANCHOR"):
        anchor.read(file)


@pytest.mark.parametrize(("size", "found"), [(2 * PLACE, 5), (PLACE + LENGTH, 5), (PLACE + LENGTH - 1, 4), (LENGTH, 4)])
def test_anchor_when_its_file_is_short_then_what_is_whole_is_read(file: SystemFile, size: int, found: int) -> None:
    """Cut behind the newest mark, in it, and behind the older one."""
    os.ftruncate(file._descriptor, size)
    assert mark(found) == anchor.read(file)


@pytest.mark.parametrize("size", [0, 1, LENGTH - 1])
def test_anchor_when_nothing_whole_is_left_then_there_is_none(file: SystemFile, size: int) -> None:
    """An empty file, and a bit of one."""
    os.ftruncate(file._descriptor, size)
    with pytest.raises(JournalFault, match="NO_ANCHOR"):
        anchor.read(file)


def test_anchor_when_a_mark_is_right_and_its_first_word_is_not_then_it_is_none(file: SystemFile) -> None:
    """Another program's file with a right check."""
    body = b"OTHERAPP" + file.read_at(8, 48)
    for place in (0, 1):
        file.write_at(place * PLACE, body + sha256(body).digest()[:16])
    with pytest.raises(JournalFault, match="NO_ANCHOR"):
        anchor.read(file)
