"""Sort slices of a queue exactly, in linear time whatever the keys: by a falling key, then by the order of ids.

A *drop* is a key turned into a uint64 that rises as the queue goes. Rows are uint32 indices of candidates.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled

Array = Any
Whole = Any

SIGN = np.uint64(1 << 63)
_FEW, _MOST_CELLS = 24, 1 << 14


@compiled
def drop_of(key: Whole) -> Any:
    """Return the uint64 that rises as the key falls."""
    return ~(np.uint64(key) ^ SIGN)


@compiled
def key_of_drop(drop: Whole) -> Any:
    """Return the key of a drop."""
    return np.int64(~drop ^ SIGN)


@compiled
def _insert(drops: Array, rows: Array, order: Array, first: Whole, end: Whole) -> None:
    for at in range(first + np.uint64(1), end):
        drop, row, place = drops[at], rows[at], order[rows[at]]
        to: Whole = at
        while to > first:
            before = to - np.uint64(1)
            if drops[before] < drop or (drops[before] == drop and order[rows[before]] < place):
                break
            drops[to], rows[to] = drops[before], rows[before]
            to = before
        drops[to], rows[to] = drop, row


@compiled
def _spread(
    drops: Array,
    rows: Array,
    first: Whole,
    end: Whole,
    least: Whole,
    shift: Whole,
    cells: Whole,
    spare_drops: Array,
    spare_rows: Array,
) -> Array:
    """Bring a slice into cells of ``(drop - least) >> shift``, stably, and return where each starts (one more: end)."""
    starts = np.zeros(cells + 2, np.uint32)
    for at in range(first, end):
        starts[((drops[at] - least) >> shift) + np.uint64(2)] += np.uint32(1)
    total = np.uint32(first)
    for cell in range(np.uint64(starts.size)):
        total += starts[cell]
        starts[cell] = total
    for at in range(first, end):
        cell = ((drops[at] - least) >> shift) + np.uint64(1)
        to = starts[cell]
        spare_drops[to], spare_rows[to] = drops[at], rows[at]
        starts[cell] = to + np.uint32(1)
    for at in range(first, end):
        drops[at], rows[at] = spare_drops[at], spare_rows[at]
    return starts


@compiled
def _split(
    drops: Array,
    rows: Array,
    order: Array,
    first: Whole,
    end: Whole,
    spare_drops: Array,
    spare_rows: Array,
    heaps: Array,
    heaped: Whole,
) -> Any:
    """Spread a slice over about as many cells as it has rows, and sort small cells; return how many wait as heaps."""
    least, most = drops[first], drops[first]
    for at in range(first, end):
        least, most = min(least, drops[at]), max(most, drops[at])
    cells, shift = np.uint64(64), np.uint64(0)
    while cells < end - first and cells < np.uint64(_MOST_CELLS):
        cells <<= np.uint64(1)
    while (most - least) >> shift >= cells:
        shift += np.uint64(1)
    starts = _spread(drops, rows, first, end, least, shift, cells, spare_drops, spare_rows)
    done = first  # What lies from here to the next heap is nearly sorted: rows are at most out of order in their cell.
    for cell in range(cells):
        begin, stop = np.uint64(starts[cell]), np.uint64(starts[cell + np.uint64(1)])
        if stop - begin > np.uint64(_FEW):
            heaps[heaped, 0], heaps[heaped, 1] = begin, stop
            heaped += np.uint64(1)
            if begin > done:
                _insert(drops, rows, order, done, begin)
            done = stop
    if end > done:
        _insert(drops, rows, order, done, end)
    return heaped


@compiled
def _is_sorted_by_id(rows: Array, order: Array, first: Whole, end: Whole) -> Any:
    falls = False
    for at in range(first + np.uint64(1), end):
        falls |= order[rows[at - np.uint64(1)]] > order[rows[at]]
    return not falls


@compiled
def sort_slice(
    drops: Array, rows: Array, order: Array, first: Whole, end: Whole, spare_drops: Array, spare_rows: Array
) -> None:
    """Sort ``[first, end)`` of drops and rows by drop, ties by ``order[row]``; ``spare``: two buffers as long as these.

    Few rows are inserted. More are spread over cells, and what is still many again, until drops are equal; then the
    ids are spread in the same way. Every spreading takes at least six bits: time is linear whatever the keys are.
    """
    first, end = np.uint64(first), np.uint64(end)
    if end - first <= np.uint64(_FEW):
        _insert(drops, rows, order, first, end)
        return
    heaps = np.empty(((end - first) // np.uint64(_FEW) + np.uint64(2), 2), np.uint64)
    heaps[0, 0], heaps[0, 1] = first, end
    heaped = np.uint64(1)
    while heaped > np.uint64(0):
        heaped -= np.uint64(1)
        begin, stop = heaps[heaped, 0], heaps[heaped, 1]
        if _is_one(drops, begin, stop):
            _sort_by_id(drops, rows, order, begin, stop, spare_drops, spare_rows)
        else:
            heaped = _split(drops, rows, order, begin, stop, spare_drops, spare_rows, heaps, heaped)


@compiled
def _is_one(drops: Array, first: Whole, end: Whole) -> Any:
    differ = np.uint64(0)
    for at in range(first, end):
        differ |= drops[at] ^ drops[first]
    return differ == np.uint64(0)


@compiled
def _sort_by_id(
    drops: Array, rows: Array, order: Array, first: Whole, end: Whole, spare_drops: Array, spare_rows: Array
) -> None:
    """Sort rows of one drop by id: a radix sort of ids, which are all different, unless they are sorted already."""
    if _is_sorted_by_id(rows, order, first, end):
        return
    drop = drops[first]
    for at in range(first, end):
        drops[at] = np.uint64(order[rows[at]])
    for shift in range(0, 32, 11):
        _spread_digit(drops, rows, first, end, np.uint64(shift), spare_drops, spare_rows)
    for at in range(first, end):
        drops[at] = drop


@compiled
def _spread_digit(
    words: Array, rows: Array, first: Whole, end: Whole, shift: Whole, spare_drops: Array, spare_rows: Array
) -> None:
    starts = np.zeros(2049, np.uint32)
    for at in range(first, end):
        starts[((words[at] >> shift) & np.uint64(2047)) + np.uint64(1)] += np.uint32(1)
    total = np.uint32(first)
    for digit in range(np.uint64(2049)):
        total += starts[digit]
        starts[digit] = total
    for at in range(first, end):
        digit = (words[at] >> shift) & np.uint64(2047)
        to = starts[digit]
        spare_drops[to], spare_rows[to] = words[at], rows[at]
        starts[digit] = to + np.uint32(1)
    for at in range(first, end):
        words[at], rows[at] = spare_drops[at], spare_rows[at]
