"""Lights of everybody, all markets and sides at once, by quantity, exactly as ``rulebook.places``.

Each group (a side of a market) has cells, the coarser the fewer rows it has, in the order of its queue: of all places
(``keys``) those stretches get cells in which somebody stands. Where all lots of a cell have the same light, so has each
of its rows; at most four cells of a group hold a boundary of the quintiles, and only the rows of these are sorted. A
percentile needs the whole order: see ``standings``.
Lots of a group sum to less than 2^60.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import NOBODY, add_up, places_of
from deleverage.engine.kernels.sorting import drop_of, sort_slice

Array = Any
Whole = Any

_STRETCH_BITS, _ROWS_OF_CELL, _SAMPLE, _BLOCK = 5, 2, 1 << 16, 2048


@compiled
def light_of(through: Whole, total: Whole) -> Any:
    """Return ``6 - ceil(5 x through / total)`` for 0 < through <= total < 2^60."""
    five = 5 * through
    behind = np.int64(five > total) + np.int64(five > 2 * total) + np.int64(five > 3 * total)
    return 5 - behind - np.int64(five > 4 * total)


@compiled
def lay_out(code: Array, group_of: Array, places: Array, groups: Whole) -> Any:
    """Return where each stretch of places starts, and each group's shift and first cell (one more: all cells).

    A cell is at most a stretch, and so holds rows of one grade. How many rows a group has is told by a sample: that
    only decides how fine its cells are.
    """
    counts, size = np.zeros(groups, np.int64), np.int64(code.size)
    step = 1 + size // _SAMPLE
    for row in range(0, size, step):
        counts[group_of[code[row]]] += step
    seen = np.zeros(1 << (16 - _STRETCH_BITS), np.uint8)
    for row in range(np.uint64(size)):
        seen[places[row] >> np.uint16(_STRETCH_BITS)] = 1
    stretches, known = np.zeros(seen.size, np.int64), np.int64(0)
    for stretch in range(np.uint64(NOBODY >> _STRETCH_BITS)):
        stretches[stretch] = known
        known += np.int64(seen[stretch]) << _STRETCH_BITS
    shifts, firsts = np.zeros(groups, np.int64), np.zeros(groups + 1, np.int64)
    most = max(known, np.int64(1) << _STRETCH_BITS)
    for group in range(np.uint64(groups)):
        shift = np.int64(0)
        while shift < _STRETCH_BITS and (most >> shift) * _ROWS_OF_CELL > counts[group]:
            shift += 1
        shifts[group] = shift
        firsts[group + np.uint64(1)] = firsts[group] + (most >> shift)
    return stretches, shifts, firsts


@compiled
def cells_of(code: Array, group_of: Array, places: Array, lots: Array, layout: Any, cells: Array) -> Array:
    """Write the cell (uint32) of every row that is a candidate, and return the lots of each cell (one more: none)."""
    stretches, shifts, firsts = layout
    first_of, shift_of = firsts[group_of], shifts[group_of]
    weights = np.zeros(firsts[-1] + 1, np.int64)
    for start in range(0, code.size, _BLOCK):
        stop = min(start + _BLOCK, code.size)
        near = cells[start:stop]
        _cells_of_block(code[start:stop], first_of, shift_of, places[start:stop], stretches, firsts[-1], near)
        add_up(near, lots[start:stop], weights)
    return weights


@compiled
def _cells_of_block(
    code: Array, first_of: Array, shift_of: Array, places: Array, stretches: Array, none: Whole, cells: Array
) -> None:
    for row in range(np.uint64(code.size)):
        place, of = np.int64(places[row]), code[row]
        local = stretches[places[row] >> np.uint16(_STRETCH_BITS)] + (place & ((1 << _STRETCH_BITS) - 1))
        cell = first_of[of] + (local >> shift_of[of])
        cells[row] = cell if place < NOBODY else none


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
    near, lit = light_places(code, group_of, groups, places_of(grades, keys, whole, lots), lots, lights)
    light_near(near, lit, keys[near], lots[near], order[near], lights)


@compiled
def light_places(code: Array, group_of: Array, groups: Whole, places: Array, lots: Array, lights: Array) -> Any:
    """Write the lights of all rows whose place says enough; return the others, and what ``light_near`` needs of them.

    That is the number of each row's cell among the mixed ones, and of each mixed cell the group's lots and those ahead.
    """
    layout = lay_out(code, group_of, places, groups)
    cells = np.empty(code.size, np.uint32)
    weights = cells_of(code, group_of, places, lots, layout, cells)
    cell_lights, totals, aheads = light_cells(weights, layout[2])
    near, found = np.empty(code.size + 1, np.uint32), np.uint64(0)
    for row in range(np.uint64(code.size)):
        light = cell_lights[cells[row]]
        lights[row] = light
        near[found] = row
        found += np.uint64(light > 5)
    near = near[:found]
    return near, (weights[cells[near]], totals, aheads)


@compiled
def light_cells(weights: Array, firsts: Array) -> Any:
    """Return the light of each cell (uint8; 6: mixed), and of the mixed ones the group's lots and those ahead.

    The weight of a mixed cell becomes its number among them.
    """
    lights = np.zeros(weights.size, np.uint8)
    groups = np.uint64(firsts.size - 1)
    aheads, totals, found = np.empty(4 * groups, np.int64), np.empty(4 * groups, np.int64), np.uint64(0)
    for group in range(groups):
        total = np.int64(0)
        for cell in range(np.uint64(firsts[group]), np.uint64(firsts[group + np.uint64(1)])):
            total += weights[cell]
        ahead = np.int64(0)
        for cell in range(np.uint64(firsts[group]), np.uint64(firsts[group + np.uint64(1)])):
            weight = weights[cell]
            if weight == 0:
                continue
            light = light_of(ahead + weight, total)
            lights[cell] = light
            if light_of(ahead + 1, total) != light:
                lights[cell], weights[cell] = 6, found
                aheads[found], totals[found] = ahead, total
                found += np.uint64(1)
            ahead += weight
    return lights, totals[:found], aheads[:found]


@compiled
def light_near(near: Array, lit: Any, keys: Array, lots: Array, order: Array, lights: Array) -> None:
    """Write the lights of the rows that ``light_places`` returns; keys, lots and order are those of these rows."""
    numbers, totals, aheads = lit
    starts = np.zeros(totals.size + 2, np.int64)
    for at in range(np.uint64(near.size)):
        starts[numbers[at] + 2] += 1
    starts = np.cumsum(starts)
    rows, drops = np.empty(near.size, np.uint32), np.empty(near.size, np.uint64)
    for at in range(np.uint64(near.size)):
        slot = np.uint64(numbers[at]) + np.uint64(1)
        to = np.uint64(starts[slot])
        starts[slot] += 1
        rows[to], drops[to] = at, drop_of(keys[at])
    spare_drops, spare_rows = (np.empty(near.size, np.uint64), np.empty(near.size, np.uint32))
    for number in range(np.uint64(totals.size)):
        first, end = starts[number], starts[number + np.uint64(1)]
        sort_slice(drops, rows, order, first, end, spare_drops, spare_rows)
        through = aheads[number]
        for at in range(np.uint64(first), np.uint64(end)):
            through += abs(lots[rows[at]])
            lights[near[rows[at]]] = light_of(through, totals[number])
