"""Prices of the demo: a walk that is drawn home, and a crash that goes on until it has done what it is for.

All numbers are integers: ticks, and changes in ppb. A step is a quarter of a second at speed 1.
"""

from collections.abc import Mapping
from random import Random

from deleverage.rulebook.quantities import PPB, div_floor

CALM_PPB = 300_000
"""The most that a price moves in a step of an ordinary day, and about half of it together with the others."""

HOME_SHARE = 2_000
"""A walk goes one part in so many of the way home with each step: half of it in some six minutes."""

SLUMP_EVERY = 4
SLUMP_PPB, SLUMP_SPREAD_PPB = 11_000_000, 7_000_000
TWICE_AS_DEEP = 20
"""After so many slumps the next one is twice as deep as the first: a crowd with little leverage goes down, too."""

DEEPEST_PPB = 600_000_000
"""A crash ends here, whatever it has done: 60 % below where it began."""

BOUNCE_STEPS, BOUNCE_PPB = 24, 3_000_000


class Prices:
    """What the markets are worth, in ticks."""

    def __init__(self, home: Mapping[str, int], now: Mapping[str, int], rng: Random) -> None:
        """Begin at ``now``; an ordinary day is drawn to ``home``."""
        self._home, self.ticks, self._rng = dict(home), dict(now), rng
        self._from: dict[str, int] = {}
        self._step, self._bounce = 0, 0

    @property
    def crashing(self) -> bool:
        """Whether prices fall."""
        return bool(self._from)

    def begin_crash(self) -> None:
        """Fall from now on."""
        self._from, self._step = dict(self.ticks), 0

    def end_crash(self) -> None:
        """Fall no more, and recover a little."""
        self._from, self._bounce = {}, BOUNCE_STEPS

    @property
    def at_bottom(self) -> bool:
        """Whether a crash is as deep as one may be."""
        return any(self.ticks[name] * PPB <= top * (PPB - DEEPEST_PPB) for name, top in self._from.items())

    @property
    def fallen_ppb(self) -> int:
        """How far the market that fell most has fallen since the crash began."""
        return max((PPB - div_floor(self.ticks[name] * PPB, top) for name, top in self._from.items()), default=0)

    def step(self) -> None:
        """Move all of them."""
        self._step += 1
        common = self._rng.randint(-CALM_PPB, CALM_PPB)
        slumps = self.crashing and self._step % SLUMP_EVERY == 0
        if slumps:
            slump = SLUMP_PPB + self._rng.randint(-SLUMP_SPREAD_PPB, SLUMP_SPREAD_PPB)
            common -= div_floor(slump * (TWICE_AS_DEEP + div_floor(self._step, SLUMP_EVERY)), TWICE_AS_DEEP)
        elif self._bounce:
            self._bounce -= 1
            common += BOUNCE_PPB
        for name, ticks in self.ticks.items():
            own = self._rng.randint(-CALM_PPB, CALM_PPB) * (8 if slumps else 1)
            pull = 0 if self.crashing else div_floor(self._home[name] - ticks, HOME_SHARE)
            self.ticks[name] = max(1, ticks + pull + div_floor(ticks * (common + own), 2 * PPB if not slumps else PPB))
