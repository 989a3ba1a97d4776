"""What was collected against what was needed: too much and too little apart, and transfers with their sign.

A signed difference over waves cancels what one wave took too much against what another took too little, so sums here
are one-sided. The sign of a transfer is the winner's: above 0 he was closed at a worse price than the mark.
"""

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.metrics.catalogue import over, value
from deleverage.lab.metrics.measure import Measure

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sides:
    """A column added up on either side of zero; ``unknown`` cells (NaN) are in neither sum."""

    above: float
    below: float  # >= 0
    unknown: int

    @property
    def net(self) -> float:
        """The signed sum: never to be shown alone."""
        return self.above - self.below


def sides(column: Floats) -> Sides:
    """Return the one-sided sums of a signed column."""
    known = column[~np.isnan(column)]
    return Sides(float(known[known > 0].sum()), float(-known[known < 0].sum()), len(column) - len(known))


def transfers(side: NDArray[np.int8], mark: Floats, price: Floats, size: Floats) -> Floats:
    """Return b (mark - price) q of each fill in USD; NaN where the side, the mark or the price is unknown."""
    return np.where(side == 0, np.nan, side * (mark - price) * size)


def collection(taken: float, needed: float, deficit: float, capacity: float | None = None) -> list[Measure]:
    """Return what was collected, over and under apart, and both severities; USD."""
    lost = "the deficit is not known" if isnan(deficit) else "no deficit: nobody has lost more than he had"
    known = [
        value("collected", taken),
        value("over_collection", max(0.0, taken - needed)),
        value("under_collection", max(0.0, needed - taken)),
        over("theta", taken, deficit, lost),
        over("theta_needed", needed, deficit, lost),
    ]
    return known if capacity is None else [*known, value("capacity", capacity)]
