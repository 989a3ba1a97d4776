"""Lights of everybody, all markets and sides at once, by quantity, exactly as ``rulebook.places``.

Each group (a side of a market) has cells, the coarser the fewer rows it has, in the order of its queue. Where all lots
of a cell have the same light, so has each of its rows; at most four cells of a group hold a boundary of the quintiles,
and only the rows of these are sorted. A percentile needs the whole order: see ``standings``.
Lots of a group sum to less than 2^60.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import NO_CANDIDATE, PLACES_OF_GRADE, place_of
from deleverage.engine.kernels.sorting import drop_of, sort_slice

Array = Any
Whole = Any

_GRADE_BITS, _LARGEST_SHIFT, _ROWS_OF_CELL = 12, 12, 2


@compiled
def light_of(through: Whole, total: Whole) -> Any:
    """Return ``6 - ceil(5 x through / total)`` for 0 < through <= total < 2^60."""
    five = 5 * through
    behind = np.int64(five > total) + np.int64(five > 2 * total) + np.int64(five > 3 * total)
    return 5 - behind - np.int64(five > 4 * total)


@compiled
def lay_out(code: Array, group_of: Array, grades: Array, groups: Whole) -> Any:
    """Return the class of each grade that occurs, and each group's shift and first cell (one more: all cells)."""
    counts = np.zeros(groups, np.int64)
    seen = np.zeros(256, np.uint8)
    for row in range(np.uint64(code.size)):
        counts[group_of[code[row]]] += 1
        seen[grades[row]] = 1
    seen[NO_CANDIDATE] = 0
    classes = np.zeros(256, np.int64)
    known = np.int64(0)
    for grade in range(np.uint64(255)):
        classes[grade] = known << _GRADE_BITS
        known += np.int64(seen[grade])
    shifts, firsts = np.zeros(groups, np.int64), np.zeros(groups + 1, np.int64)
    for group in range(np.uint64(groups)):
        most = max(known, np.int64(1)) * PLACES_OF_GRADE
        shift = np.int64(0)
        while shift < _LARGEST_SHIFT and (most >> shift) * _ROWS_OF_CELL > counts[group]:
            shift += 1
        shifts[group] = shift
        firsts[group + np.uint64(1)] = firsts[group] + (most >> shift)
    return classes, shifts, firsts


@compiled
def cells_of(
    code: Array, group_of: Array, grades: Array, keys: Array, lots: Array, whole: bool, layout: Any, cells: Array
) -> Array:
    """Write the cell (uint32) of every row that is a candidate, and return the lots of each cell (one more: none)."""
    classes, shifts, firsts = layout
    weights = np.zeros(firsts[-1] + 1, np.int64)
    for row in range(np.uint64(code.size)):
        group, grade = group_of[code[row]], grades[row]
        place = classes[grade] + place_of(np.int64(0), keys[row], whole)
        cell = firsts[group] + (place >> shifts[group])
        nowhere = (grade == NO_CANDIDATE) | (lots[row] == 0)
        cells[row] = np.uint32(firsts[-1]) if nowhere else np.uint32(cell)
        weights[cells[row]] += abs(lots[row])
    return weights


@compiled
def light_rows(
    code: Array,
    group_of: Array,
    groups: Whole,
    grades: Array,
    keys: Array,
    whole: bool,
    lots: Array,
    order: Array,
    lights: Array,
) -> None:
    """Write the lights (uint8, 1 to 5, 0: no candidate) of every row.

    ``group_of[code]`` is the group of a row, below ``groups``; grades and keys are those of ``scores``, lots int64 of
    either sign, ``order`` the uint32 rank of each row's unit id.
    """
    layout = lay_out(code, group_of, grades, groups)
    firsts = layout[2]
    cells = np.empty(code.size, np.uint32)
    weights = cells_of(code, group_of, grades, keys, lots, whole, layout, cells)
    cell_lights, totals, mixed = light_cells(weights, firsts)
    near, found = np.empty(code.size + 1, np.uint32), np.uint64(0)
    for row in range(np.uint64(code.size)):
        light = cell_lights[cells[row]]
        lights[row] = light
        near[found] = row
        found += np.uint64(light > 5)
    _light_mixed(near[:found], cells, cell_lights, totals, mixed, weights, keys, lots, order, lights)


@compiled
def light_cells(weights: Array, firsts: Array) -> Any:
    """Return the light of each cell (uint8; 6: its lots differ), and of the mixed ones the group's lots and the cell.

    ``weights`` become the lots ahead of each cell in its group.
    """
    lights = np.zeros(weights.size, np.uint8)
    groups = np.uint64(firsts.size - 1)
    mixed, totals, found = np.empty(4 * groups, np.int64), np.empty(4 * groups, np.int64), np.uint64(0)
    for group in range(groups):
        total = np.int64(0)
        for cell in range(np.uint64(firsts[group]), np.uint64(firsts[group + np.uint64(1)])):
            total += weights[cell]
        ahead = np.int64(0)
        for cell in range(np.uint64(firsts[group]), np.uint64(firsts[group + np.uint64(1)])):
            weight = weights[cell]
            weights[cell] = ahead
            if weight == 0:
                continue
            light = light_of(ahead + weight, total)
            lights[cell] = light
            if light_of(ahead + 1, total) != light:
                lights[cell] = 6
                mixed[found], totals[found] = np.int64(cell), total
                found += np.uint64(1)
            ahead += weight
    return lights, totals[:found], mixed[:found]


@compiled
def _light_mixed(
    near: Array,
    cells: Array,
    cell_lights: Array,
    totals: Array,
    mixed: Array,
    weights: Array,
    keys: Array,
    lots: Array,
    order: Array,
    lights: Array,
) -> None:
    starts = np.zeros(mixed.size + 2, np.int64)
    number_of = np.zeros(cell_lights.size, np.uint32)
    for number in range(np.uint64(mixed.size)):
        number_of[np.uint64(mixed[number])] = number
    for at in range(np.uint64(near.size)):
        starts[np.uint64(number_of[cells[near[at]]]) + np.uint64(2)] += 1
    starts = np.cumsum(starts)
    rows, drops = np.empty(near.size, np.uint32), np.empty(near.size, np.uint64)
    for at in range(np.uint64(near.size)):
        row = near[at]
        slot = np.uint64(number_of[cells[row]]) + np.uint64(1)
        to = np.uint64(starts[slot])
        starts[slot] += 1
        rows[to], drops[to] = row, drop_of(keys[row])
    spare_drops, spare_rows = (np.empty(near.size, np.uint64), np.empty(near.size, np.uint32))
    for number in range(np.uint64(mixed.size)):
        first, end = starts[number], starts[number + np.uint64(1)]
        sort_slice(drops, rows, order, first, end, spare_drops, spare_rows)
        through = weights[np.uint64(mixed[number])]
        for at in range(np.uint64(first), np.uint64(end)):
            through += abs(lots[rows[at]])
            lights[rows[at]] = light_of(through, totals[number])
