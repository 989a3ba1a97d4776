"""The one water-fill of the lab: every part is min(cap, level x weight), with one level for all, in whole units.

Within the engine's bounds (weights below 2^62 in all) the engine's kernel splits; weights beyond, squares of money say,
go by ``wide``. Both are exact, and both are compared with the law's ``apportion`` in the tests. What comes back besides
is the level itself, an exact fraction: found by Newton's method from a guess, the last pass of which is exact.

The mirror of it, taking what lies *above* a level, is ``mirror``: the same fill on what survives.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from deleverage.engine import split
from deleverage.lab.policies.policy import Unfit
from deleverage.lab.policies.whole import BOUND, Column, fits, floats, narrow, total, widest
from deleverage.lab.policies.wide import wide_parts

DOUBT = 2.0**-46
"""Two binary64 products that differ by a smaller share are compared again in integers."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Parts, what no cap could hold, the exact level, and how many units went to the largest fractions.

    The level is None where nobody pulls; where everybody is full it is the least level at which that is so.
    """

    parts: Column
    rest: int
    level: Fraction | None
    raised: int


def fill(budget: int, weights: Column, caps: Column, order: Any) -> Fill:
    """Return the parts of a budget by weights >= 0 under caps >= 0: floors, then a unit for the largest fractions.

    Ties fall by ``order``, the unique rank of each winner. A weight of 0 receives nothing.
    """
    for name, column in (("weight", weights), ("cap", caps)):
        if len(column) and (low := column.min()) < 0:
            raise Unfit(f"the least {name} is {low}, allowed are 0 and more")
    pulls = (weights > 0) & (caps > 0)
    if not pulls.any():
        return Fill(np.zeros(len(weights), np.int64), budget, Fraction(0) if budget == 0 else None, 0)
    weights, caps = np.where(pulls, weights, 0), np.minimum(caps, _no_wider(budget, caps))
    fit = fits(weights) and fits(caps) and budget < BOUND
    if fit:
        weights, caps = weights.astype(np.int64), caps.astype(np.int64)
        parts, _ = split.apportion(budget, weights, order, caps)
        full, left, open_weight = settle(budget, weights, caps, pulls & (parts >= caps))
    else:
        full, left, open_weight = settle(budget, weights, caps, _guess(budget, weights, caps, pulls))
    if open_weight == 0:
        return Fill(narrow(np.where(pulls, caps, 0)), left, highest(weights, caps, pulls), 0)
    if fit:
        raised = _raised(parts, weights, left, open_weight, ~full)
    else:
        parts, raised = wide_parts(weights, caps, order, full, left, open_weight)
    return Fill(parts, 0, Fraction(left, open_weight), raised)


def settle(budget: int, weights: Column, caps: Column, full: Any) -> tuple[Any, int, int]:
    """Return who is at the cap, what is left for the others and what they weigh, from any guess of the first.

    With any set, left / open of the others is at most the level; so from there the sets only grow, up to the right one.
    """
    while True:
        left = budget - total(np.where(full, caps, 0))
        open_weight = total(np.where(full, 0, weights))
        if open_weight == 0 and left >= 0:
            return full, left, 0
        if left < 0:
            full = np.zeros_like(full)  # Too many were guessed.
            continue
        now = (weights > 0) & reached(caps, open_weight, weights, left)
        if (now == full).all():
            return full, left, open_weight
        full = now


def reached(ones: Column, one: int, others: Column, other: int) -> Any:
    """Return where ``ones x one <= others x other``, all >= 0: in binary64, and exactly where that cannot tell."""
    if max(widest(ones) + one.bit_length(), widest(others) + other.bit_length()) > 1_000:
        return (ones.astype(object) * one <= others.astype(object) * other).astype(bool)
    below, above = floats(ones) * float(one), floats(others) * float(other)
    answer = below <= above
    doubtful = np.flatnonzero(np.abs(above - below) <= DOUBT * (above + below))
    if len(doubtful):
        answer[doubtful] = ones[doubtful].astype(object) * one <= others[doubtful].astype(object) * other
    return answer


def _no_wider(budget: int, caps: Column) -> int:
    """Return the budget as a number that the column's cells can be compared with."""
    return budget if caps.dtype == object else min(budget, (1 << 63) - 1)


def _raised(parts: Column, weights: Column, left: int, open_weight: int, rows: Any) -> int:
    """Return how many parts lie above their ideal; the products wrap, their difference fits."""
    residual = weights * np.int64(left) - parts * np.int64(open_weight)
    return int(((residual < 0) & rows).sum())


def _guess(budget: int, weights: Column, caps: Column, pulls: Any) -> Any:
    """Return who seems to be at the cap, by Newton's method in binary64."""
    weight, cap, level = floats(weights), floats(caps), -1.0
    full = ~pulls
    for _ in range(100):
        pulled = float(weight[~full].sum())
        now = (float(budget) - float(cap[full & pulls].sum())) / pulled if pulled else level
        if now <= level:
            break
        level, full = now, ~pulls | (cap <= weight * now)
    return full & pulls


def highest(weights: Column, caps: Column, pulls: Any) -> Fraction:
    """Return the largest cap over weight, exactly."""
    weight, cap = weights[pulls], caps[pulls]
    ratio = floats(cap) / floats(weight)
    near = np.flatnonzero(ratio >= ratio.max() * (1 - DOUBT))
    over, under = 0, 1
    for one, other in zip(cap[near].tolist(), weight[near].tolist(), strict=True):
        if one * under > over * other:
            over, under = one, other
    return Fraction(over, under)
