"""Time, chance and messages that hang on nothing but a seed, and what happened, as text and as a digest."""

from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

Act = Callable[[], None]

CALM_MS = 3_000
"""From then on nothing goes wrong any more, so that it ends."""
QUICK_MS, LATE_MS = 5, 400


class Rates(NamedTuple):
    """How often something happens, in percent; drawn anew for each world, so that some are calm and some are not."""

    lost: int
    doubled: int
    late: int
    cut: int
    broken: int
    killed: int
    usurped: int
    jumped: int


MOST = Rates(lost=50, doubled=50, late=90, cut=60, broken=40, killed=12, usurped=6, jumped=10)


class Course:
    """The course of events: what is to happen at what time (ms), and what has."""

    def __init__(self, seed: int, tell: Callable[[str], None] | None = None) -> None:
        """Begin at 0 with nothing; ``tell`` hears of everything."""
        self.rng = Random(seed)
        self.rates = Rates(*(self.rng.choice((0, most // 10, most // 3, most)) for most in MOST))
        self.now_ms = 0
        self.counts: Counter[str] = Counter()
        self.digest = sha256()
        self._tell, self._said = tell, 0
        self._waiting: list[tuple[int, int, Act]] = []

    def after(self, delay_ms: int, act: Act) -> None:
        """Let something happen later; at the same moment, what was said first happens first."""
        self._said += 1
        heappush(self._waiting, (self.now_ms + delay_ms, self._said, act))

    def next(self) -> None:
        """Let the next thing happen."""
        self.now_ms, _, act = heappop(self._waiting)
        act()

    def happens(self, percent: int) -> bool:
        """Return whether something goes wrong now."""
        return self.now_ms < CALM_MS and self.rng.randrange(100) < percent

    def carry(self, arrive: Act) -> None:
        """Let a message arrive once, twice or never, soon or so late that others are there before."""
        for percent in (100 - self.rates.lost, self.rates.doubled):
            if self.rng.randrange(100) < percent:
                late = self.rng.randrange(100) < self.rates.late
                self.after(self.rng.randrange(1, LATE_MS if late else QUICK_MS), arrive)

    def note(self, what: str, told: str = "") -> None:
        """Note something that happened."""
        self.counts[what] += 1
        line = f"{self.now_ms:>6} ms  {what}{': ' if told else ''}{told}"
        self.digest.update(f"{line}\n".encode())
        if self._tell is not None:
            self._tell(line)
