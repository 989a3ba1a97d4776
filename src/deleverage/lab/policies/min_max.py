"""Min-max: the largest share of anybody's equity is as small as whole units allow, exactly."""

import heapq
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import Fill, fill
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares
from deleverage.lab.policies.pro_rata import held
from deleverage.lab.policies.whole import Column, fits, floats, floors, narrow, total
from deleverage.lab.policies.winners import Winners


@dataclass(frozen=True, slots=True)
class MinMax:
    """Make the largest share of anybody's equity as small as possible, in whole units.

    Formula: min M: sum x = B, 0 <= x <= min(cap, equity), x <= M x equity, x whole. The floors at the continuous
    optimum (the bound), then unit by unit to whoever is left with the smallest share: exact, since all units are equal.
    Who uses it: the "ILP" of arXiv 2512.01112's code, there by a solver with a silent fallback; arXiv 2602.15182 (8).
    Assumes: fairness is the worst share of equity. Who has no equity pays nothing (as published: without bound).
    """

    kind: ClassVar[str] = "min-max"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2602.15182 (8), Prop. 9; pluriholonomic/autodeleveraging-analysis, min-max ILP",
        ("Idle cash raises what is taken (test_equity_pro_rata_when_idle_cash_is_added).",),
        ("equity",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the exact optimum, the continuous one as its bound, and how it was found."""
        equity = held(winners)
        caps = np.minimum(winners.cap, equity)
        parts, ideal, missing = evened(budget, equity, caps, winners.order)
        reached = largest(parts, equity) if ideal.level is not None else None
        return Shares(parts, ideal.rest, reached, "M", missing, "optimal", ideal.level)


def evened(budget: int, weights: Column, caps: Column, order: Any) -> tuple[Column, Fill, int]:
    """Return whole parts whose largest part over weight is as small as can be, the ideal, and the units beyond floors.

    Every step with a ratio up to the ideal level is taken, then the next smallest ones, ties by order: what a heap
    would give that begins with nothing.
    """
    ideal = fill(budget, weights, caps, order)
    if ideal.level is None or ideal.rest or budget == 0:
        return ideal.parts, ideal, 0
    parts = floors(weights, ideal.level.numerator, ideal.level.denominator, caps)
    missing = budget - total(parts)
    return narrow(_given(missing, parts, weights, caps, order)), ideal, missing


def largest(parts: Column, weights: Column) -> Fraction:
    """Return the largest part over weight, exactly, of those with a weight."""
    rows = np.flatnonzero((weights > 0) & (parts > 0))
    if not len(rows):
        return Fraction(0)
    part, weight = parts[rows], weights[rows]
    ratio = floats(part) / floats(weight)
    near = np.flatnonzero(ratio >= ratio.max() * (1 - 2.0**-46))
    pairs = set(zip(part[near].tolist(), weight[near].tolist(), strict=True))
    return max(Fraction(one, other) for one, other in pairs)


def _given(units: int, start: Column, weights: Column, caps: Column, order: Any) -> Column:
    """Return the start with so many units more, each to the smallest (part + 1) / weight."""
    if fits(weights) and fits(caps):
        from deleverage.lab.policies.steps import give

        parts = start.astype(np.int64)
        give(units, parts, weights.astype(np.int64), caps.astype(np.int64), order)
        return parts
    parts = start.copy()
    rows = [row for row in range(len(parts)) if weights[row] > 0 and parts[row] < caps[row]]
    heap = [(Fraction(int(parts[row]) + 1, int(weights[row])), int(order[row]), row) for row in rows]
    heapq.heapify(heap)
    for _ in range(units):
        _, rank, row = heapq.heappop(heap)
        parts[row] += 1
        if parts[row] < caps[row]:
            heapq.heappush(heap, (Fraction(int(parts[row]) + 1, int(weights[row])), rank, row))
    return parts
