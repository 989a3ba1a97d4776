"""A pool of the insurance fund: its terms, what its drawdown remembers, and what it spares."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import takewhile
from math import ceil, floor
from typing import Any

from tests.model.numbers import BILLION

NO_DRAWDOWN: dict[str, Any] = {
    "slots": 0,
    "slot_ns": 0,
    "fall_ppb": 0,
    "stop_ppb": 0,
    "base": "peak",
    "strict": False,
}

Sample = tuple[int, int]
"""A slot and the cash at its beginning, which is also that of all later slots up to the next entry's."""


@dataclass(slots=True)
class FundPool:
    """A pool of the fund, which remembers more than the law keeps: ``history`` is never cut at its old end."""

    floor: int = 0
    drawdown: dict[str, Any] = field(default_factory=NO_DRAWDOWN.copy)
    history: list[Sample] = field(default_factory=list)
    told_in: int = 0  # the slot in which it was last told its cash
    paused: bool = False

    def slot(self, time_ns: int) -> int:
        """Return the slot that runs at a time."""
        return time_ns // int(self.drawdown["slot_ns"])

    def remember(self, time_ns: int, cash: int) -> None:
        """Note the cash with which the next slot would begin."""
        if self.drawdown["slots"] == 0:
            return
        self.told_in = self.slot(time_ns)
        self.history = [sample for sample in self.history if sample[0] <= self.told_in]
        if not self.history or self.history[-1][1] != cash:
            self.history.append((self.told_in + 1, cash))

    @property
    def samples(self) -> list[Sample]:
        """Return what the law keeps of the history: from the entry on that the oldest slot of the window needs."""
        oldest = self.told_in + 1 - self.drawdown["slots"]
        too_old = takewhile(lambda number: self.history[number][0] <= oldest, range(1, len(self.history)))
        return self.history[max(too_old, default=0) :]

    def window(self, time_ns: int) -> Iterator[tuple[int, int]]:
        """Yield each cash in the window of a time, with the number of slots that begin with it."""
        last = self.slot(time_ns)
        first = last + 1 - self.drawdown["slots"]
        ends = [start - 1 for start, _ in self.history[1:]] + [last]
        for (start, cash), end in zip(self.history, ends, strict=True):
            slots = min(end, last) - max(start, first) + 1
            if slots > 0:
                yield cash, slots

    def base(self, time_ns: int) -> Fraction | None:
        """Return what the cash is measured against; None without a drawdown or without a sample."""
        seen = list(self.window(time_ns)) if self.drawdown["slots"] else []
        if not seen:
            return None
        if self.drawdown["base"] == "peak":
            return Fraction(max(cash for cash, _ in seen))
        return Fraction(sum(cash * slots for cash, slots in seen), sum(slots for _, slots in seen))

    def part_of_base(self, base: Fraction, fallen_ppb: int) -> Fraction:
        """Return what is left of the base after a fall."""
        return base * (BILLION - fallen_ppb) / BILLION

    def has_fallen(self, time_ns: int, cash: int) -> bool:
        """Return whether the cash has reached the boundary at which the pool pauses."""
        base = self.base(time_ns)
        if base is None or base == 0:
            return False
        boundary = self.part_of_base(base, self.drawdown["fall_ppb"])
        return cash < boundary or (cash == boundary and not self.drawdown["strict"])

    def has_recovered(self, time_ns: int, cash: int) -> bool:
        """Return whether the cash is back where a pause ends."""
        base = self.base(time_ns)
        return base is None or cash >= self.part_of_base(base, self.drawdown["stop_ppb"])

    def spared(self, time_ns: int) -> int:
        """Return what the pool does not pay: the largest cash at which it has fallen."""
        base = self.base(time_ns)
        if base is None:
            return 0
        boundary = self.part_of_base(base, self.drawdown["fall_ppb"])
        return max(0, ceil(boundary) - 1 if self.drawdown["strict"] else floor(boundary))


def is_bad_drawdown(drawdown: dict[str, Any]) -> bool:
    """Return whether a drawdown is neither the empty one nor one that can be measured."""
    if drawdown == NO_DRAWDOWN:
        return False
    if not 1 <= drawdown["slots"] <= 10_000 or not 1 <= drawdown["slot_ns"] <= 10**40:
        return True
    if not 0 <= drawdown["stop_ppb"] < drawdown["fall_ppb"] <= BILLION:
        return True
    return drawdown["base"] not in ("peak", "average")
