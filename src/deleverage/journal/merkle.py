"""Merkle trees as in RFC 6962: one hash for a list, and a short proof that something is in it.

``leaf = SHA-256(0x00 content)``, ``node = SHA-256(0x01 left right)``, split at the largest power of two
below the count.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

EMPTY = sha256(b"").digest()
"""The root of no leaves."""


class Step(NamedTuple):
    """One sibling on the way from a leaf to the root; ``left``: it stands on the left."""

    sibling: bytes
    left: bool


def leaf(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\0" + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], at: int) -> list[Step]:
    """Return the siblings from leaf ``at`` up to the root; IndexError where there is no such leaf."""
    if not 0 <= at < len(leaves):
        raise IndexError(f"{at} of {len(leaves)} leaves")
    level, steps = list(leaves), []
    while len(level) > 1:
        sibling = at ^ 1
        if sibling < len(level):
            steps.append(Step(level[sibling], sibling < at))
        level, at = _above(level), at // 2
    return steps


def climb(start: bytes, steps: Sequence[Step]) -> bytes:
    """Return the root that a leaf hash and its path lead to."""
    for sibling, left in steps:
        start = _node(sibling, start) if left else _node(start, sibling)
    return start


def _above(level: list[bytes]) -> list[bytes]:
    """Return the level above: pairs joined from the left; a last one alone goes up as it is (RFC 6962)."""
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return pairs + level[len(level) - len(level) % 2 :]


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
