"""Whether a haircut leaves the order of accounts as it was: Kendall's tau-b and Spearman's rho, in n log n.

Inversions are counted a bit of the rank at a time, all blocks of one size at once, so that a million rows take a second
without a loop over them. Counts are exact whole numbers; only the last quotient is one of floats.
"""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.metrics.catalogue import undefined, value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure

FLAT = "one of both columns has one value only: there is no order"


def stability(before: Floats, after: Floats) -> list[Measure]:
    """Return both coefficients of the order before and after."""
    if len(before) < 2:
        return [undefined(name, "fewer than two accounts have no order") for name in ("kendall", "spearman")]
    by_before = np.argsort(before, kind="stable")
    first, then = before[by_before], after[by_before]
    ranks_before, ranks_after = _runs(first), _dense(then)
    return [_kendall(ranks_before, ranks_after), _spearman(ranks_before, ranks_after)]


def kendall(a: Floats, b: Floats) -> float | None:
    """Return tau-b; None where there is no order."""
    return stability(a, b)[0].value


def spearman(a: Floats, b: Floats) -> float | None:
    """Return rho of the mean ranks; None where there is no order."""
    return stability(a, b)[1].value


def inversions(permutation: NDArray[Any]) -> int:
    """Return how many pairs of a permutation of 0..n-1 stand in falling order.

    From the highest bit of the values down: those that agree above the bit stand together, in their order, from the
    place that is their common prefix; a zero has as many inversions at this bit as ones stand before it among them.
    """
    values = permutation.astype(np.int64)
    n, found = len(values), 0
    places = np.arange(n, dtype=np.int64)
    summed = np.zeros(n + 1, np.int64)
    for bit in range(max(n - 1, 0).bit_length() - 1, -1, -1):
        block = values >> (bit + 1) << (bit + 1)
        ones = values >> bit & 1
        np.cumsum(ones, out=summed[1:])
        ones_before = summed[:-1] - summed[block]
        found += int(ones_before[ones == 0].sum())
        moved = np.empty_like(values)
        moved[np.where(ones == 1, block + (1 << bit) + ones_before, places - ones_before)] = values
        values = moved
    return found


def _runs(rising: Floats) -> NDArray[np.int64]:
    """Return dense ranks of a sorted column."""
    return np.cumsum(np.diff(rising, prepend=rising[0]) != 0)


def _dense(column: Floats) -> NDArray[np.int64]:
    order = np.argsort(column, kind="stable")
    ranks = np.empty(len(column), np.int64)
    ranks[order] = _runs(column[order])
    return ranks


def _pairs(counts: NDArray[np.int64]) -> int:
    """Return how many pairs lie within groups of these sizes."""
    return int((counts * (counts - 1) // 2).sum())


def _kendall(a: NDArray[np.int64], b: NDArray[np.int64]) -> Measure:
    """Return tau-b of dense ranks, the first of which rise."""
    n = len(a)
    width = int(b.max()) + 1
    both = a * width + b  # below n^2: 2^62 for two billion rows
    within = np.argsort(both, kind="stable")
    row = b[within]
    by_value = np.argsort(row, kind="stable")  # equals in the order of their rows: they invert nothing
    place = np.empty(n, np.int64)
    place[by_value] = np.arange(n)
    falling = inversions(place)
    everyone = n * (n - 1) // 2
    tied_a, tied_b = _pairs(np.bincount(a)), _pairs(np.bincount(b))
    tied_both = _pairs(np.diff(np.append(np.flatnonzero(np.diff(both[within], prepend=-1)), n)))
    if everyone in (tied_a, tied_b):
        return undefined("kendall", FLAT)
    rising = everyone - tied_a - tied_b + tied_both - falling
    return value("kendall", (rising - falling) / sqrt((everyone - tied_a) * (everyone - tied_b)))


def _spearman(a: NDArray[np.int64], b: NDArray[np.int64]) -> Measure:
    """Return the correlation of mean ranks."""
    columns = []
    for dense in (a, b):
        counts = np.bincount(dense)
        ends = np.cumsum(counts)
        columns.append((ends - (counts - 1) / 2 - (len(dense) + 1) / 2)[dense])
    squares = [float((column * column).sum()) for column in columns]
    if min(squares) <= 0:
        return undefined("spearman", FLAT)
    rho = float((columns[0] * columns[1]).sum()) / sqrt(squares[0] * squares[1])
    return value("spearman", min(1.0, max(-1.0, rho)))
