"""The chain: what a hash hangs on, and what passes for nothing else."""

from hashlib import sha256

from deleverage.journal import chain


def test_chain_when_it_is_computed_by_hand_then_it_is_the_same() -> None:
    """The two formulas of the page, with other code."""
    start = sha256(b"deleverage head" + bytes(1) + b"the head").digest()
    assert start == chain.of_head(b"the head")
    length = b"\x05" + bytes(7)
    assert sha256(b"deleverage block" + bytes(1) + start + length + b"block").digest() == chain.of_block(
        start, b"block"
    )
    assert len(start) == chain.HASH_BYTES


def test_chain_when_anything_before_changes_then_every_hash_behind_it_does() -> None:
    """Another head, another block, another order, another cut of the same bytes."""

    def last(head: bytes, *blocks: bytes) -> bytes:
        found = chain.of_head(head)
        for block in blocks:
            found = chain.of_block(found, block)
        return found

    told = [
        last(b"head", b"one", b"two"),
        last(b"heaD", b"one", b"two"),
        last(b"head", b"onE", b"two"),
        last(b"head", b"two", b"one"),
        last(b"head", b"onet", b"wo"),
        last(b"head", b"onetwo"),
        last(b"head", b"one"),
        last(b"head"),
    ]
    assert len(told) == len(set(told))


def test_block_when_it_is_a_head_then_its_hash_is_another() -> None:
    """A block's bytes cannot be taken for a head's."""
    assert chain.of_head(bytes(32) + bytes(8)) != chain.of_block(bytes(32), b"")
