"""Fronts of queues and lights straight from the columns: score, place and weigh while a block of rows is near.

For queues in which every tier is one of health, nobody's role or account matters, and whose score reads the leg and its
unit's equity alone. Does what ``survey.gather``, ``scores.score_rows`` and then ``select.choose`` or
``places.light_rows`` do.

All that is kept of a row is its place, two bytes; keys are made again of the few rows at the margin. A block most of
whose rows are asked is read as it stands, which needs no copies; of another one those rows are gathered.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import ALL_PLACES, NO_CANDIDATE, NOBODY, add_up, place_rows
from deleverage.engine.kernels.places import light_near, light_places
from deleverage.engine.kernels.prefetch import prefetch
from deleverage.engine.kernels.scores import score_rows
from deleverage.engine.kernels.select import margin_of, resolve, take
from deleverage.engine.kernels.survey import is_within, of_units

Array = Any
Whole = Any

_BLOCK = 2048


@compiled
def within(code: Array, first: Whole, end: Whole, odds: Whole) -> Any:
    """Return how many rows have a code in a span, as ``survey.gather`` has it."""
    count, least, span = np.int64(0), np.uint16(first), np.uint16(end - first)
    even, odd = odds & 1 != 0, odds & 2 != 0
    for at in range(np.uint64(code.size)):
        count += np.int64(is_within(code[at], least, span, even, odd))
    return count


@compiled
def matching(code: Array, first: Whole, end: Whole, odds: Whole, found: Array) -> Array:
    """Return the places (uint32) of these rows; ``found`` has one cell more than there are rows."""
    count, least, span = np.uint64(0), np.uint16(first), np.uint16(end - first)
    even, odd = odds & 1 != 0, odds & 2 != 0
    for at in range(np.uint64(code.size)):
        found[count] = at
        count += np.uint64(is_within(code[at], least, span, even, odd))
    return found[:count]


@compiled
def exclude(code: Array, first: Whole, end: Whole, odds: Whole, grades: Array) -> None:
    """Make all other rows no candidates."""
    least, span = np.uint16(first), np.uint16(end - first)
    even, odd = odds & 1 != 0, odds & 2 != 0
    for at in range(np.uint64(code.size)):
        grades[at] = grades[at] if is_within(code[at], least, span, even, odd) else np.uint8(NO_CANDIDATE)


@compiled
def copied(places: Array, column: Array, into: Array) -> Array:
    """Return the cells of a column that stand at some places."""
    for at in range(np.uint64(places.size)):
        into[at] = column[places[at]]
    return into[: places.size]


@compiled
def _fetch(lots: Array, owner: Array, code: Array, cost: Array, first: Whole) -> None:
    """Ask for the next block: memory is slower to begin a block than to go on with it."""
    start, stop = np.uint64(first), np.uint64(first + _BLOCK)
    for at in range(start, stop, np.uint64(8)):
        prefetch(lots, at)
        prefetch(cost, at)
    for at in range(start, stop, np.uint64(16)):
        prefetch(owner, at)
    for at in range(start, stop, np.uint64(32)):
        prefetch(code, at)


@compiled
def scored(
    ranking: Whole,
    floor: Whole,
    lots: Array,
    owner: Array,
    code: Array,
    cost: Array,
    equity: Array,
    flags: Array,
    value_of: Array,
    keys: Array,
    grades: Array,
) -> None:
    """Write key and grade of rows; equity and flags are those of all units."""
    own, tiers = np.empty(lots.size, np.int64), np.empty(lots.size, np.int8)
    of_units(owner, equity, flags, own, tiers)
    none = np.empty((0, 6), np.int64)
    score_rows(ranking, floor, tiers, lots, code, value_of, cost, own, none, keys, grades)


@compiled
def place_columns(
    ranking: Whole,
    floor: Whole,
    whole: bool,
    lots: Array,
    owner: Array,
    code: Array,
    cost: Array,
    equity: Array,
    flags: Array,
    value_of: Array,
    places: Array,
) -> None:
    """Write the place (uint16) of every row, whatever its market and side."""
    keys, grades = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.uint8)
    for start in range(0, places.size, _BLOCK):
        stop = min(start + _BLOCK, places.size)
        mine, whose, of, base = lots[start:stop], owner[start:stop], code[start:stop], cost[start:stop]
        key, grade = keys[: stop - start], grades[: stop - start]
        _fetch(lots, owner, code, cost, stop)
        scored(ranking, floor, mine, whose, of, base, equity, flags, value_of, key, grade)
        place_rows(grade, key, whole, places[start:stop])


@compiled
def ask(
    ranking: Whole,
    floor: Whole,
    whole: bool,
    first: Whole,
    end: Whole,
    odds: Whole,
    rows: Whole,
    lots: Array,
    owner: Array,
    code: Array,
    cost: Array,
    equity: Array,
    flags: Array,
    value_of: Array,
    order: Array,
    need_lots: Whole,
    places: Array,
    near: Array,
    close: Array,
    chosen: Array,
    taken: Array,
) -> Any:
    """Write whom a queue asks (units, uint32) and for how many lots; return how many they are.

    ``order`` is the rank of each unit's id. ``places`` (uint16), ``near``, ``close``, ``chosen`` (uint32) and ``taken``
    (int64) are room for one more than there are rows.
    """
    if need_lots <= 0:
        return np.int64(0)
    weights, sizes = np.zeros(ALL_PLACES, np.int64), np.empty(rows // _BLOCK + 1, np.int64)
    keys, grades = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.uint8)
    held, base_of = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    unit, codes = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint16)
    done = np.int64(0)
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        mine, whose, of, base = lots[start:stop], owner[start:stop], code[start:stop], cost[start:stop]
        size = within(of, first, end, odds)
        if 2 * size >= stop - start:
            size = stop - start
            _fetch(lots, owner, code, cost, stop)
        else:
            at = matching(of, first, end, odds, near[done:])
            mine, whose = copied(at, mine, held), copied(at, whose, unit)
            of, base = copied(at, of, codes), copied(at, base, base_of)
        key, grade, here = keys[:size], grades[:size], places[done : done + size]
        scored(ranking, floor, mine, whose, of, base, equity, flags, value_of, key, grade)
        exclude(of, first, end, odds, grade)
        place_rows(grade, key, whole, here)
        add_up(here, mine, weights)
        sizes[start // _BLOCK] = size
        done += size
    margin, need = margin_of(weights[:NOBODY], need_lots)
    found, count = _taken(margin, sizes, places, near, lots[:rows], owner, chosen, taken, close)
    at = close[:count]
    keys, grades = np.empty(count, np.int64), np.empty(count, np.uint8)
    mine, whose = lots[at], owner[at]
    scored(ranking, floor, mine, whose, code[at], cost[at], equity, flags, value_of, keys, grades)
    return np.int64(resolve(whose, keys, mine, order[whose], need, chosen, taken, found))


@compiled
def _taken(
    margin: Whole,
    sizes: Array,
    places: Array,
    near: Array,
    lots: Array,
    owner: Array,
    chosen: Array,
    taken: Array,
    close: Array,
) -> Any:
    """Take whoever stands before a place, and note who stands at it; return how many they are.

    A block has ``sizes`` places: of all its rows, or of those that ``near`` has in that place.
    """
    found, count = np.uint64(0), np.uint64(0)
    everyone = np.arange(_BLOCK).astype(np.uint32)
    held, unit = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.uint32)
    done = np.int64(0)
    for start in range(0, lots.size, _BLOCK):
        stop = min(start + _BLOCK, lots.size)
        until = done + sizes[start // _BLOCK]
        mine, whose, at = lots[start:stop], owner[start:stop], everyone
        if until - done < stop - start:
            at = near[done:until]
            mine, whose = copied(at, mine, held), copied(at, whose, unit)
        row = np.uint32(start)
        found, count = take(places[done:until], mine, whose, at, row, margin, chosen, taken, close, found, count)
        done = until
    return found, count


@compiled
def light_columns(
    ranking: Whole,
    floor: Whole,
    whole: bool,
    rows: Whole,
    lots: Array,
    owner: Array,
    code: Array,
    cost: Array,
    equity: Array,
    flags: Array,
    value_of: Array,
    order: Array,
    group_of: Array,
    groups: Whole,
    lights: Array,
) -> None:
    """Write the lights of every row as ``places.light_rows``; ``order`` is the rank of each unit's id."""
    lots, owner, code, cost = lots[:rows], owner[:rows], code[:rows], cost[:rows]
    places = np.empty(rows, np.uint16)
    place_columns(ranking, floor, whole, lots, owner, code, cost, equity, flags, value_of, places)
    near, lit = light_places(code, group_of, groups, places, lots, lights)
    keys, grades = np.empty(near.size, np.int64), np.empty(near.size, np.uint8)
    mine, whose = lots[near], owner[near]
    scored(ranking, floor, mine, whose, code[near], cost[near], equity, flags, value_of, keys, grades)
    light_near(near, lit, keys, mine, order[whose], lights)
