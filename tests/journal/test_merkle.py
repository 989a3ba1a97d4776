"""Trees of every size against a recursive one written from RFC 6962, and paths that prove one leaf and no other."""

from hashlib import sha256

import pytest

from deleverage.journal import merkle

LEAVES = [merkle.leaf(f"leaf {at}".encode()) for at in range(40)]


def _root(leaves: list[bytes]) -> bytes:
    """Return MTH of RFC 6962, 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()


def _path(at: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962, 2.1.1."""
    if len(leaves) < 2:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if at < split:
        return [*_path(at, leaves[:split]), _root(leaves[split:])]
    return [*_path(at - split, leaves[split:]), _root(leaves[:split])]


@pytest.mark.parametrize("count", range(41))
def test_tree_when_it_has_any_size_then_root_and_paths_are_those_of_the_standard(count: int) -> None:
    """Sizes 0 to 40, each leaf of each."""
    leaves = LEAVES[:count]
    assert _root(leaves) == merkle.root(leaves)
    for at in range(count):
        steps = merkle.path(leaves, at)
        assert _path(at, leaves) == [step.sibling for step in steps]
        assert merkle.root(leaves) == merkle.climb(leaves[at], steps)
        for other in {0, at - 1, at + 1, count - 1} & set(range(count)) - {at}:
            assert merkle.root(leaves) != merkle.climb(leaves[other], steps)


@pytest.mark.parametrize(("count", "at"), [(0, 0), (3, 3), (3, -1)])
def test_path_when_there_is_no_such_leaf_then_it_is_an_index_error(count: int, at: int) -> None:
    """Behind the end, and before the beginning."""
    with pytest.raises(IndexError, match=f"{at} of {count} leaves"):
        merkle.path(LEAVES[:count], at)


def test_leaf_when_its_content_is_that_of_a_node_then_it_is_another_hash() -> None:
    """A node cannot be passed off as a leaf: the two have different words in front."""
    left, right = LEAVES[:2]
    assert merkle.root([left, right]) != merkle.leaf(left + right)
    assert merkle.root([left]) == left
