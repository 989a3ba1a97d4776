"""Everybody's exact place in the queue of its group: rank, lots ahead, percentile and lights, as ``rulebook.places``.

Unlike lights alone this needs the whole order, and so a sort: every cell of ``places`` is sorted.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.cost import share_ceil
from deleverage.engine.kernels.keys import places_of
from deleverage.engine.kernels.places import cells_of, lay_out, light_of
from deleverage.engine.kernels.sorting import drop_of, sort_slice

Array = Any
Whole = Any

BILLION = 1_000_000_000


@compiled
def stand(
    code: Array, group_of: Array, groups: Whole, grades: Array, keys: Array, whole: bool, lots: Array, order: Array
) -> Any:
    """Return for every row its rank from 1 (uint32), the lots ahead, percentile in ppb and lights; 0: no candidate.

    Arguments as in ``places.light_rows``. The percentile is the share of lots through the row, rounded up.
    """
    count = np.uint64(code.size)
    places = places_of(grades, keys, whole, lots)
    layout = lay_out(code, group_of, places, groups)
    firsts = layout[2]
    cells = np.empty(count, np.uint32)
    weights = cells_of(code, group_of, places, lots, layout, cells)
    starts = np.zeros(weights.size + 2, np.int64)
    for row in range(count):
        starts[np.uint64(cells[row]) + np.uint64(2)] += 1
    starts = np.cumsum(starts)
    rows, drops = np.empty(count, np.uint32), np.empty(count, np.uint64)
    for row in range(count):
        slot = np.uint64(cells[row]) + np.uint64(1)
        to = np.uint64(starts[slot])
        starts[slot] += 1
        rows[to], drops[to] = row, drop_of(keys[row])
    spare_drops, spare_rows = (np.empty(count, np.uint64), np.empty(count, np.uint32))
    ranks, aheads = np.zeros(count, np.uint32), np.zeros(count, np.int64)
    percentiles, lights = np.zeros(count, np.int64), np.zeros(count, np.uint8)
    for group in range(np.uint64(groups)):
        first, end = np.uint64(firsts[group]), np.uint64(firsts[group + np.uint64(1)])
        total: Whole = np.int64(0)
        for cell in range(first, end):
            total += weights[cell]
        ahead: Whole = np.int64(0)
        begin = np.uint64(starts[first])
        for cell in range(first, end):
            if starts[cell + np.uint64(1)] > starts[cell] + 1:
                sort_slice(drops, rows, order, starts[cell], starts[cell + np.uint64(1)], spare_drops, spare_rows)
        for at in range(begin, np.uint64(starts[end])):
            row = rows[at]
            ranks[row], aheads[row] = at - begin + np.uint64(1), ahead
            ahead += abs(lots[row])
            percentiles[row] = share_ceil(BILLION, ahead, total)
            lights[row] = light_of(ahead, total)
    return ranks, aheads, percentiles, lights
