"""What a deleveraged winner lost at once, and what holding on would have brought: mark-outs at several horizons.

C_tot = C_imm + C_opp with C_imm = b q (M0 - price) and C_opp = b q (M at the horizon - M0): signs are kept, an account
each, because a mean over gainers and losers says nothing. The later mark is the last one that the event itself has for
the coin up to the horizon; where it has none after the fill the mark-out is undefined and counted as such.
"""

from dataclasses import dataclass

import numpy as np

from deleverage.lab.events.model import Fills, Floats, Whole
from deleverage.lab.metrics.collection import Sides, sides, transfers

HORIZONS_MS = (1_000, 5_000, 60_000, 3_600_000)


@dataclass(frozen=True, slots=True)
class Markout:
    """The fills' mark-outs at one horizon, USD, a cell a fill; NaN where the event has no mark later than the fill."""

    horizon_ms: int
    immediate: Floats
    opportunity: Floats

    @property
    def total(self) -> Floats:
        """C_tot, a cell a fill."""
        return self.immediate + self.opportunity

    @property
    def split(self) -> Sides:
        """The total on either side of zero, and how many fills have none."""
        return sides(self.total)


def markouts(fills: Fills, horizons_ms: tuple[int, ...] = HORIZONS_MS) -> list[Markout]:
    """Return the mark-outs of all fills at each horizon."""
    immediate = transfers(fills.side, fills.mark, fills.price, fills.size)
    signed = np.where(fills.side == 0, np.nan, fills.side * fills.size)
    found = []
    for horizon in horizons_ms:
        later = marks_later(fills.coin, fills.time_ms, fills.mark, horizon)
        found.append(Markout(horizon, immediate, signed * (later - fills.mark)))
    return found


def marks_later(coin: np.ndarray, time_ms: Whole, mark: Floats, horizon_ms: int) -> Floats:
    """Return each fill's mark at the horizon: the coin's last one after the fill's time and up to the horizon."""
    later = np.full(len(time_ms), np.nan)
    for name in dict.fromkeys(coin.tolist()):
        rows = np.flatnonzero((coin == name) & ~np.isnan(mark))
        rows = rows[np.argsort(time_ms[rows], kind="stable")]
        times = time_ms[rows]
        last = np.searchsorted(times, times + horizon_ms, side="right") - 1
        seen = last >= 0
        seen &= times[last] > times
        later[rows[seen]] = mark[rows[last[seen]]]
    return later
