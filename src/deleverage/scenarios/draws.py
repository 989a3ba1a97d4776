"""Seeded draws that are the same on every machine and in every Python version.

SHA-256 over a counter, nothing else: ``random`` promises the same sequence only for ``random()`` itself, and its
shuffles and distributions have changed between versions.
"""

from hashlib import sha256
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """A stream of integers named by a seed and a purpose; another purpose is another stream."""

    def __init__(self, seed: int, purpose: str) -> None:
        """Start the stream at its beginning."""
        self._key = f"{seed}:{purpose}:".encode("ascii")
        self._counter = 0
        self._words: list[int] = []

    def below(self, bound: int) -> int:
        """Return an integer from 0 to ``bound`` - 1, each equally likely (words that would bias are drawn again)."""
        limit = (1 << 64) - (1 << 64) % bound
        while True:
            if not self._words:
                block = sha256(self._key + str(self._counter).encode("ascii")).digest()
                self._words = [int.from_bytes(block[start : start + 8], "big") for start in (24, 16, 8, 0)]
                self._counter += 1
            word = self._words.pop()
            if word < limit:
                return word % bound

    def between(self, low: int, high: int) -> int:
        """Return an integer from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def shuffled(self, items: list[Item]) -> list[Item]:
        """Return the items in a drawn order (Fisher-Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result
