"""A heap of candidates with four branches: two uint64 each, so that the four below one fill a cache line.

An entry is a drop, and a tag of grade (4 bits), order of the id (30 bits) and row (30 bits): the front of the queue is
on top. Entry 0 lies in row ``TOP`` of the array, which is why that is so much longer than there are entries.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled

Array = Any
Whole = Any

TOP = 3
_GRADE, _ORDER, _ROW = np.uint64(60), np.uint64(30), np.uint64((1 << 30) - 1)


@compiled
def tag_of(grade: Whole, order: Whole, row: Whole) -> Any:
    """Return the tag of a candidate."""
    return (np.uint64(grade) << _GRADE) | (np.uint64(order) << _ORDER) | np.uint64(row)


@compiled
def regraded(tag: Whole, grade: Whole) -> Any:
    """Return the tag of the same candidate in another grade."""
    return (tag & ((np.uint64(1) << _GRADE) - np.uint64(1))) | (np.uint64(grade) << _GRADE)


@compiled
def row_of(tag: Whole) -> Any:
    """Return the row in a tag."""
    return tag & _ROW


@compiled
def grade_of(tag: Whole) -> Any:
    """Return the grade in a tag."""
    return tag >> _GRADE


@compiled
def is_before(drop: Whole, tag: Whole, other_drop: Whole, other_tag: Whole) -> Any:
    """Return whether one candidate stands before another: grade, drop, order of the id."""
    if (tag ^ other_tag) >> _GRADE != np.uint64(0):
        return tag < other_tag
    if drop != other_drop:
        return drop < other_drop
    return tag < other_tag


@compiled
def push(heap: Array, size: Whole, drop: Whole, tag: Whole) -> None:
    """Add a candidate to the first ``size`` entries."""
    top, at = np.uint64(TOP), np.uint64(size)
    while at > np.uint64(0):
        up = (at - np.uint64(1)) >> np.uint64(2)
        if not is_before(drop, tag, heap[up + top, 0], heap[up + top, 1]):
            break
        heap[at + top, 0], heap[at + top, 1] = heap[up + top, 0], heap[up + top, 1]
        at = up
    heap[at + top, 0], heap[at + top, 1] = drop, tag


@compiled
def replace_top(heap: Array, size: Whole, drop: Whole, tag: Whole) -> None:
    """Put a candidate in the place of the top of ``size`` > 0 entries, and let it sink to where it belongs."""
    top, at, size = np.uint64(TOP), np.uint64(0), np.uint64(size)
    while True:
        first = np.uint64(4) * at + np.uint64(1)
        if first >= size:
            break
        best: Whole = first
        best_drop, best_tag = heap[first + top, 0], heap[first + top, 1]
        for below in range(first + np.uint64(1), min(first + np.uint64(4), size)):
            if is_before(heap[below + top, 0], heap[below + top, 1], best_drop, best_tag):
                best, best_drop, best_tag = below, heap[below + top, 0], heap[below + top, 1]
        if is_before(drop, tag, best_drop, best_tag):
            break
        heap[at + top, 0], heap[at + top, 1] = best_drop, best_tag
        at = best
    heap[at + top, 0], heap[at + top, 1] = drop, tag
