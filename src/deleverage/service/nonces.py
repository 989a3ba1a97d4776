"""Which requests were made: what a key has signed counts once, within the window in which it may come at all.

A request is remembered until its time lies outside the window: then the window refuses it. What is remembered is
bounded, and nothing that could still come is ever forgotten for the next one: a key that asks for more is told so.
"""

from collections import deque

MOST_OF_ONE_KEY = 20_000


class Nonces:
    """The nonces of one key that could come again."""

    def __init__(self, most: int = MOST_OF_ONE_KEY) -> None:
        """Remember at most so many."""
        self._most = most
        self._seen: set[str] = set()
        self._ends: deque[tuple[int, str]] = deque()

    def take(self, nonce: str, now_ms: int, keep_ms: int) -> bool | None:
        """Return whether a nonce is new, and remember it for so long; None where nothing more can be remembered."""
        while self._ends and self._ends[0][0] < now_ms:
            self._seen.discard(self._ends.popleft()[1])
        if nonce in self._seen:
            return False
        if len(self._seen) >= self._most:
            return None
        self._seen.add(nonce)
        self._ends.append((now_ms + keep_ms, nonce))
        return True
