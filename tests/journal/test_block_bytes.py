"""Bytes that nobody wrote: each is a block or a typed refusal, at a cost that its length bounds."""

import struct
import tracemalloc
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deleverage.documents import BadDocument
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook.messages import Rejection, Trade
from tests.journal.made import blocks_of, has_text, small_pairs, story_pairs, world_pairs

HEAD = struct.Struct("<4sHHQQQQIII")


@cache
def _lawful() -> list[bytes]:
    """Return blocks of every kind of row and of texts."""
    told = [[pair for pair in world_pairs(seed, 150) if has_text(pair)] for seed in (0, 2, 5)]
    return [block.to_bytes() for pairs in (*told, story_pairs("hedge-mode")) for block in blocks_of(pairs, 30)]


def _looked_at(content: bytes) -> bool:
    """Return whether it is a block with lawful entries; only two faults may come out of it."""
    faults: list[Why] = []
    try:
        block = read_block(content)
        assert content == block.to_bytes(), "one content, one encoding of its parts"
        assert block.last_seq >= block.first_seq
        assert block.facts_after >= block.facts_before
        list(block.entries())
    except JournalFault as fault:
        faults.append(fault.why)
    except BadDocument:
        faults.append(Why.BAD_FORMAT)
    assert set(faults) <= {Why.BAD_FORMAT}
    return not faults


@given(st.binary(max_size=400))
def test_block_when_bytes_are_arbitrary_then_they_are_refused_as_no_block(content: bytes) -> None:
    """Nothing but BAD_FORMAT."""
    assert not _looked_at(content)


@given(st.integers(0, 2**16), st.integers(0, 2**16), st.integers(0, 2**16), st.binary(max_size=300))
def test_block_when_counts_are_arbitrary_behind_a_lawful_head_then_it_is_refused(
    rows: int, names: int, texts: int, rest: bytes
) -> None:
    """The magic is right and everything behind it is not."""
    assert not _looked_at(HEAD.pack(b"DLVB", 1, 0, 1, 1, 1, 0, rows, names, texts) + rest)


@given(st.data())
@settings(max_examples=400)
def test_block_when_a_lawful_one_is_altered_then_it_is_another_block_or_refused(data: st.DataObject) -> None:
    """Bits flipped, parts cut out, doubled and put elsewhere, in blocks of every kind of row."""
    blocks = _lawful()
    content = bytearray(blocks[data.draw(st.integers(0, len(blocks) - 1))])
    for _ in range(data.draw(st.integers(1, 4))):
        at, count = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 70))
        match data.draw(st.sampled_from(("flip", "set", "cut", "double", "end"))):
            case "flip":
                content[at] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                content[at : at + 8] = data.draw(st.sampled_from((bytes(8), b"\xff" * 8, b"\x00" * 7 + b"\x80")))
            case "cut" if len(content) > count:
                del content[at : at + count]
            case "double":
                content[at:at] = content[at : at + count]
            case _:
                content += bytes(count)
    _looked_at(bytes(content))


@pytest.mark.parametrize("at", range(3))
def test_block_when_its_head_claims_four_billion_parts_then_it_is_refused_at_no_cost(at: int) -> None:
    """Rows, names and texts: nothing is laid out before it is known to be there."""
    counts = [0, 0, 0]
    counts[at] = 0xFFFF_FFFF
    content = HEAD.pack(b"DLVB", 1, 0, 1, 1, 1, 0, *counts) + bytes(100)
    tracemalloc.start()
    try:
        assert not _looked_at(content)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_block_when_a_row_of_a_text_claims_a_number_of_facts_that_wraps_then_it_is_refused() -> None:
    """Facts are counted without being read: a lie may not make the count smaller."""
    (block,) = blocks_of(story_pairs("two-traders"), 1000)
    for claimed in (-1, 1 << 32, (1 << 63) - 1):
        table = block.rows.copy()
        table["first"][table["kind"] == 0] = claimed
        with pytest.raises(JournalFault, match=r"BAD_FORMAT.*facts"):
            read_block(replace(block, rows=table).to_bytes())


@pytest.mark.parametrize(("old", "new"), [(b"k-1k-2k-3", b"k-1k-1k-3"), (b"k-1k-2k-3", b"k-1k\n2k-3")])
def test_block_when_its_keys_are_unlawful_then_it_is_refused(old: bytes, new: bytes) -> None:
    """The same key twice, and one with a line end."""
    (block,) = blocks_of(small_pairs(), 1000)
    with pytest.raises(JournalFault, match="BAD_FORMAT"):
        read_block(block.to_bytes().replace(old, new))


@pytest.mark.parametrize(
    ("field", "value"), [("kind", 6), ("code", 9999), ("one", 77), ("market", 77), ("other_side", 3)]
)
def test_entries_when_a_row_says_nothing_lawful_then_the_row_is_named(field: str, value: int) -> None:
    """A kind, a code, a name or a side that there is not."""
    trade, facts = next((one, told) for one, told in story_pairs("two-traders") if isinstance(one, Trade))
    assert not isinstance(facts, Rejection)
    (block,) = blocks_of([(trade, facts)], 1, facts[0].seq - 1)
    table = block.rows.copy()
    table[field] = value
    with pytest.raises(JournalFault, match="BAD_FORMAT: row 0 of block 1"):
        list(read_block(replace(block, rows=table).to_bytes()).entries())
