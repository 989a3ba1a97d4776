"""Commands and answers as they become durable, in order: what streams and cursors read.

The newest lie in memory, as many as were heard of last; whoever is further behind reads the journal.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from deleverage.domain.outcomes import Written
from deleverage.rulebook.messages import Rejection

KEPT = 10_000
"""Commands that lie in memory once everybody was told of them."""

KEPT_WEIGHT = 200_000
"""Facts and their records in sum, of the same: a step that closes thousands is one command."""

MOST_BEHIND = 100_000
"""Commands that wait in memory for streams at most; behind that the oldest are in the journal only."""


class Feed:
    """The newest entries, and whoever wants to be woken. Filled from the runner's thread, read in the event loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, kept: int = KEPT, kept_weight: int = KEPT_WEIGHT
    ) -> None:
        """Keep so many of the newest; without a loop nobody is woken."""
        self.loop = loop
        self._kept, self._kept_weight = kept, kept_weight
        self._entries: deque[tuple[int, Written]] = deque()  # each with its weight
        self._weight, self._seen_seq = 0, 0
        self._news = asyncio.Event()
        self.last_seq = 0

    def begin(self, seq: int) -> None:
        """Go on behind command ``seq`` of a journal, unless more was heard of in the meantime."""
        self.last_seq = max(seq, self.last_seq)

    def hear(self, written: Sequence[Written]) -> None:
        """Take what was made durable just now; called by the runner, in its thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._take, written)

    def _take(self, written: Sequence[Written]) -> None:
        for one in written:
            weight = _weight(one)
            self._entries.append((weight, one))
            self._weight += weight
        self.last_seq = written[-1].receipt.seq
        self._forget()
        news, self._news = self._news, asyncio.Event()
        news.set()

    def seen(self, seq: int) -> None:
        """Note that streams have told of everything up to a command: it need not be kept for them."""
        self._seen_seq = seq
        self._forget()

    def _forget(self) -> None:
        while self._entries:
            weight, oldest = self._entries[0]
            was_told = oldest.receipt.seq <= self._seen_seq
            full = len(self._entries) > self._kept or self._weight > self._kept_weight
            if not (was_told and full) and len(self._entries) <= max(self._kept, MOST_BEHIND):
                return
            self._entries.popleft()
            self._weight -= weight

    async def wait(self, seen_seq: int) -> None:
        """Return once there is something behind ``seen_seq``."""
        while self.last_seq <= seen_seq:
            await self._news.wait()

    async def reaches(self, seq: int, wait_s: float = 1.0) -> bool:
        """Return whether a command is durable; who was just told so may ask before it was heard here."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.wait(seq - 1), wait_s)
        return self.last_seq >= seq

    def since(self, seq: int, most: int = MOST_BEHIND) -> list[Written] | None:
        """Return so many of what lies behind command ``seq``, in order; None where the journal alone has some of it."""
        if seq >= self.last_seq:
            return []
        if not self._entries:
            return None
        first = seq + 1 - self._entries[0][1].receipt.seq
        return None if first < 0 else [one for _, one in islice(self._entries, first, first + most)]


def _weight(written: Written) -> int:
    """Return how much an entry holds: itself, its facts, and their records."""
    if isinstance(written.answer, Rejection):
        return 1
    return 1 + sum(1 + sum(_lengths(fact)) for fact in written.answer)


def _lengths(fact: object) -> Iterator[int]:
    for name in fact.__dataclass_fields__:  # type: ignore[attr-defined]
        value = getattr(fact, name)
        if isinstance(value, tuple):
            yield len(value)
