"""A fill between two bounds: every part is ``level x weight``, at least ``least`` and at most ``most``.

Needed only where a mirror meets caps: who may not be asked for all of it keeps at least the difference.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from deleverage.lab.policies.fill import Fill, fill, highest, reached
from deleverage.lab.policies.whole import Column, floats, total

PASSES = 20
"""Newton's method from a guess takes two or three; where it does not end, the corners are searched."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What is asked for: the target, the bounds, the weights; columns of Python's integers."""

    target: int
    least: Column
    most: Column
    weights: Column

    def at(self, level: Fraction) -> tuple[Fraction, int, int, Any]:
        """Return how far a level's sum is above the target, what the bounded hold, the others weigh, who is full."""
        over, under = level.numerator, level.denominator
        full, low = reached(self.most, under, self.weights, over), ~reached(self.least, under, self.weights, over)
        held = total(np.where(full, self.most, 0)) + total(np.where(low & ~full, self.least, 0))
        pulled = total(np.where(full | low, 0, self.weights))
        return held + pulled * level - self.target, held, pulled, full


def clipped(target: int, least: Column, most: Column, weights: Column, order: Any) -> Fill:
    """Return parts that sum to ``target``, between the sums of least and most; weights are above 0 where most is."""
    bounds = _Bounds(target, least.astype(object), most.astype(object), weights.astype(object))
    level = _level(bounds)
    _, _, pulled, full = bounds.at(level)
    full &= bounds.most > 0
    if not pulled:  # Every level up to the next corner would do: the least is given.
        level = highest(bounds.weights, bounds.most, full) if full.any() else Fraction(0)
    ideals = np.minimum(
        bounds.most * level.denominator,
        np.maximum(bounds.least * level.denominator, bounds.weights * level.numerator),
    )
    # As weights over one denominator the ideals fill to themselves, rounded.
    whole = fill(target, ideals, most, order)
    return Fill(whole.parts, 0, level, whole.raised)


def _level(bounds: _Bounds) -> Fraction:
    """Return a level at which the sum is the target, exactly."""
    low, high = Fraction(0), highest(bounds.weights, bounds.most, (bounds.weights > 0) & (bounds.most > 0))
    level = min(high, Fraction(_guess(bounds)))
    for _ in range(PASSES):
        above, held, pulled, _ = bounds.at(level)
        if above == 0:
            return level
        low, high = (level, high) if above < 0 else (low, level)
        newton = Fraction(bounds.target - held, pulled) if pulled else level
        level = newton if low <= newton <= high and newton != level else (low + high) / 2
    return _between_corners(bounds, low, high)


def _between_corners(bounds: _Bounds, low: Fraction, high: Fraction) -> Fraction:
    """Return the level by halving the corners between two levels: between two neighbours the sum is a straight line."""
    pairs = [*zip(bounds.least.tolist(), bounds.weights.tolist(), strict=True)]
    pairs += zip(bounds.most.tolist(), bounds.weights.tolist(), strict=True)
    corners = sorted({corner for one, weight in pairs if weight and low < (corner := Fraction(one, weight)) < high})
    first, last = 0, len(corners)
    while first < last:
        middle = (first + last) // 2
        if bounds.at(corners[middle])[0] < 0:
            first = middle + 1
        else:
            last = middle
    high = corners[first] if first < len(corners) else high
    low = corners[first - 1] if first else low
    _, held, pulled, _ = bounds.at((low + high) / 2)
    return Fraction(bounds.target - held, pulled) if pulled else high


def _guess(bounds: _Bounds) -> float:
    """Return the level in binary64, by bisection."""
    weight, bottom, top = floats(bounds.weights), floats(bounds.least), floats(bounds.most)
    pulling = weight > 0
    if not pulling.any():
        return 0.0
    low, high = 0.0, float((top[pulling] / weight[pulling]).max())
    for _ in range(100):
        middle = (low + high) / 2
        if float(np.clip(weight * middle, bottom, top).sum()) < bounds.target:
            low = middle
        else:
            high = middle
    return high
