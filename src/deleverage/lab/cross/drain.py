"""The lots of highest leverage, one after the other: exact, and without a step per lot.

An account that holds ``amount`` and loses ``step`` with every lot stands at (amount - t x step) / weight before its lot
number t. The lots taken are those that stand highest, ties by id; amounts may be below 0. Binary64 only finds where to
look, and where its levels are too coarse integers do: every lot is counted in integers, the last few one by one.
"""

import heapq
from typing import Any

import numpy as np

from deleverage.lab.policies.whole import floats

_TURNS = 80
_MANY = 8
"""More lots an account that are left by binary64 are looked for in integers."""

_DOUBT = 1e-12
"""Levels in binary64 that are nearer to each other, as a share, are compared in integers."""


def highest_first(lots: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return lots by account, ``lots`` in all: of those with (amount - taken x step) / weight the highest, by row.

    ``step`` and weights are above 0, caps 0 and more with at least ``lots`` in all.
    """
    taken = _surely(lots, amounts, step, weights, caps)
    left = lots - sum(taken)
    if left > _MANY * len(caps):
        amounts_left = [amount - many * step for amount, many in zip(amounts, taken, strict=True)]
        more = _exactly(left, amounts_left, step, weights, [cap - many for cap, many in zip(caps, taken, strict=True)])
        taken = [many + further for many, further in zip(taken, more, strict=True)]
        left -= sum(more)
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
        exact = _above(over, under, amounts, step, weights, caps)
        if sum(exact) <= lots:
            return exact
    return best


def _exactly(lots: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return the lots above a level as ``_surely`` does, by halving in integers: fewer than two an account are left."""
    under = max(1, -(-max(weights) // step))  # So near levels differ by a lot or two of anybody.
    high = max(-(-amount * under // weight) for amount, weight in zip(amounts, weights, strict=True))
    low = min(
        (amount - cap * step) * under // weight for amount, weight, cap in zip(amounts, weights, caps, strict=True)
    )
    best, low = [0] * len(caps), low - 1
    while high - low > 1:
        level = (low + high) // 2
        found = _above(level, under, amounts, step, weights, caps)
        if sum(found) <= lots:
            high, best = level, found
        else:
            low = level
    return best


def _above(over: int, under: int, amounts: list[int], step: int, weights: list[int], caps: list[int]) -> list[int]:
    """Return how many lots of each account stand above the level over / under: the ceiling of where it is met."""
    each = zip(amounts, weights, caps, strict=True)
    return [min(cap, max(0, -(-(amount * under - over * weight) // (step * under)))) for amount, weight, cap in each]


def _near(level: float, amount: Any, step: float, weight: Any, cap: Any) -> float:
    """Return about how many lots stand above a level."""
    return float(np.clip(np.ceil((amount - level * weight) / step), 0, cap).sum())
