"""A kernel of the lab: give units one by one to whoever is left with the smallest ratio after it."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.cost import multiplied_below

Array = Any


@compiled
def _is_before(one: int, other: int, parts: Array, weights: Array, order: Array) -> bool:
    """Return whether row ``one`` is served before ``other``: the smaller (part + 1) / weight, ties by order."""
    left, right = parts[one] + 1, parts[other] + 1
    if multiplied_below(left, weights[other], right, weights[one]):
        return True
    if multiplied_below(right, weights[one], left, weights[other]):
        return False
    return bool(order[one] < order[other])


@compiled
def _sink(heap: Array, at: int, size: int, parts: Array, weights: Array, order: Array) -> None:
    """Let the entry at a place sink to where it belongs."""
    row = heap[at]
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and _is_before(heap[below + 1], heap[below], parts, weights, order):
            below += 1
        if not _is_before(heap[below], row, parts, weights, order):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = row


@compiled
def give(units: int, parts: Array, weights: Array, caps: Array, order: Array) -> int:
    """Add units to parts, each to the row whose (part + 1) / weight is the least; return what no cap could hold."""
    heap = np.empty(parts.size, np.int64)
    size = 0
    for row in range(parts.size):
        if weights[row] > 0 and parts[row] < caps[row]:
            heap[size] = row
            size += 1
    for at in range(size // 2 - 1, -1, -1):
        _sink(heap, at, size, parts, weights, order)
    while units > 0 and size > 0:
        row = heap[0]
        parts[row] += 1
        units -= 1
        if parts[row] == caps[row]:
            size -= 1
            heap[0] = heap[size]
        if size > 0:
            _sink(heap, 0, size, parts, weights, order)
    return units
