"""The lots of highest leverage, one after the other: exact, and without a step per lot.

An account that holds ``amount`` and loses ``step`` with every lot stands at (amount - t x step) / weight before its lot
number t. The lots taken are those that stand highest, ties by id; amounts may be below 0. Binary64 only finds where to
look: every lot is counted in integers, and the last few are taken one by one.
"""

import heapq
from typing import Any

import numpy as np

from deleverage.lab.policies.whole import floats

_TURNS = 80
_DOUBT = 1e-12
"""Levels in binary64 that are nearer to each other, as a share, are compared in integers."""


def highest_first(lots: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return lots by account, ``lots`` in all: of those with (amount - taken x step) / weight the highest, by row.

    ``step`` and weights are above 0, caps 0 and more with at least ``lots`` in all.
    """
    taken = _surely(lots, amounts, step, weights, caps)
    left = lots - sum(taken)
    rows = [row for row in range(len(caps)) if taken[row] < caps[row]] if left else []
    heap = _highest(left, [_Next(amounts[row] - taken[row] * step, weights[row], row) for row in rows])
    heapq.heapify(heap)
    while left > 0:
        first = heap[0]
        taken[first.row] += 1
        left -= 1
        if taken[first.row] < caps[first.row]:
            heapq.heapreplace(heap, _Next(first.amount - step, first.weight, first.row))
        else:
            heapq.heappop(heap)
    return taken


class _Next:
    """The next lot of an account; the first in order is the highest, by cross products, then by row."""

    __slots__ = ("amount", "row", "weight")

    def __init__(self, amount: int, weight: int, row: int) -> None:
        self.amount, self.weight, self.row = amount, weight, row

    def __lt__(self, other: "_Next") -> bool:
        mine, its = self.amount * other.weight, other.amount * self.weight
        return self.row < other.row if mine == its else mine > its


def _highest(lots: int, lines: list[_Next]) -> list[_Next]:
    """Return those among whom the next ``lots`` are taken: nobody whose lot stands below that of so many others."""
    if lots >= len(lines):
        return lines
    levels = np.array([line.amount / line.weight for line in lines])
    border = float(np.partition(levels, -lots)[-lots])
    return [line for line, level in zip(lines, levels.tolist(), strict=True) if level >= border - _DOUBT * abs(border)]


def _surely(lots: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return how many lots stand above a level that fewer lots than asked stand above: as low as was found."""
    best = [0] * len(caps)
    if lots == 0 or not caps:
        return best
    amount, weight, cap = (floats(np.array(column, object)) for column in (amounts, weights, caps))
    high = float((amount / weight).max())
    low = float(((amount - cap * step) / weight).min())
    span = high - low
    for _ in range(_TURNS):
        level = (low + high) / 2
        if not low < level < high:
            break
        if _near(level, amount, float(step), weight, cap) <= lots:
            high = level
        else:
            low = level
    for level in (high, high + abs(high) * 1e-9, high + span * 1e-9, high + span * 1e-6):
        over, under = float(level).as_integer_ratio()
        exact = [
            min(most, max(0, -(-(have * under - over * heavy) // (step * under))))
            for have, heavy, most in zip(amounts, weights, caps, strict=True)
        ]  # The ceiling: lots number 0 .. t - 1 stand above the level.
        if sum(exact) <= lots:
            return exact
    return best


def _near(level: float, amount: Any, step: float, weight: Any, cap: Any) -> float:
    """Return about how many lots stand above a level."""
    return float(np.clip(np.ceil((amount - level * weight) / step), 0, cap).sum())
