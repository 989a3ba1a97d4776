"""Choose the front of a queue straight from the columns: gather, score and weigh while a block of rows is near.

For queues in which every tier is one of health, nobody's role or account matters, and whose score reads the leg and its
unit's equity alone. Does what ``survey.gather``, ``scores.score_rows`` and ``select.choose`` do one after the other.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import GRADES, PLACES_OF_GRADE, place_of
from deleverage.engine.kernels.scores import BITMEX, LEXICOGRAPHIC, bitmex_keys, score_rows
from deleverage.engine.kernels.select import margin_of, resolve
from deleverage.engine.kernels.survey import of_units

Array = Any
Whole = Any

_BLOCK = 2048
_LAST_GRADE = GRADES - 1
_ALL, _NOBODY = GRADES * PLACES_OF_GRADE, (GRADES - 1) * PLACES_OF_GRADE


@compiled
def matching(code: Array, first: Whole, end: Whole, odds: Whole, found: Array) -> Any:
    """Write the places (uint32) of a block whose code lies in a span, as ``survey.gather``; return how many."""
    count, odd, even = np.uint64(0), odds & 2 != 0, odds & 1 != 0
    least, span = np.uint16(first), np.uint16(end - first)
    for at in range(np.uint64(code.size)):
        of = code[at]
        side = odd if of & np.uint16(1) else even
        found[count] = at
        count += np.uint64((np.uint16(of - least) < span) & side)
    return count


@compiled
def copied(places: Array, column: Array, into: Array) -> None:
    """Copy the cells of a block that stand at some places."""
    for at in range(np.uint64(places.size)):
        into[at] = column[places[at]]


@compiled
def weighed(
    lots: Array, equity: Array, tiers: Array, keys: Array, scored: bool, whole: bool, places: Array, weights: Array
) -> None:
    """Write the place of each row, and add up the lots of each place."""
    for at in range(np.uint64(places.size)):
        grade = 2 * np.int64(tiers[at]) + np.int64(scored and equity[at] > 0)
        nobody = (tiers[at] < 0) | (lots[at] == 0)
        place = np.uint64(place_of(np.int64(_LAST_GRADE) if nobody else grade, keys[at], whole))
        places[at] = place
        weights[place] += abs(lots[at])


@compiled
def scored_bitmex(lots: Array, cost: Array, equity: Array, value: Whole, values: Array, keys: Array) -> None:
    """Write the keys of a block of one market."""
    for at in range(np.uint64(lots.size)):
        values[at] = lots[at] * value
    bitmex_keys(values, cost, equity, keys)


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
    unit: Array,
    held: Array,
    keys: Array,
    places: Array,
    close: Array,
    chosen: Array,
    taken: Array,
) -> Any:
    """Write whom a queue asks (units, uint32) and for how many lots; return how many they are.

    ``order`` is the rank of each unit's id. ``unit`` (uint32), ``held``, ``keys`` (int64), ``places`` (uint16), and
    ``close``, ``chosen`` (uint32) and ``taken`` (int64), these with one cell more, are room for as many as there are
    rows.
    """
    weights, none = np.zeros(_ALL, np.int64), np.empty((0, 6), np.int64)
    near, codes = np.empty(_BLOCK + 1, np.uint32), np.zeros(_BLOCK, np.uint16)
    values = np.empty(_BLOCK, np.int64)
    base, own = np.empty(_BLOCK, np.int64), np.empty(_BLOCK, np.int64)
    tiers, grades = np.empty(_BLOCK, np.int8), np.empty(_BLOCK, np.uint8)
    count = np.int64(0)
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        size = np.int64(matching(code[start:stop], first, end, odds, near))
        at, until = near[:size], count + size
        mine, whose, key = held[count:until], unit[count:until], keys[count:until]
        copied(at, lots[start:stop], mine)
        copied(at, owner[start:stop], whose)
        copied(at, cost[start:stop], base)
        of_units(whose, equity, flags, own, tiers)
        if ranking == BITMEX:
            scored_bitmex(mine, base[:size], own[:size], value_of[first], values[:size], key)
        else:
            score_rows(
                ranking, floor, tiers[:size], mine, codes[:size], value_of[first : first + 1], base[:size], own[:size],
                none, key, grades[:size],
            )  # fmt: skip
        weighed(mine, own[:size], tiers[:size], key, ranking != LEXICOGRAPHIC, whole, places[count:until], weights)
        count = until
    if need_lots <= 0:
        return 0
    margin, need = margin_of(weights[:_NOBODY], need_lots)
    return _taken(margin, need, places[:count], keys, held, unit, order, close, chosen, taken)


@compiled
def _taken(
    margin: Whole,
    need: Whole,
    places: Array,
    keys: Array,
    held: Array,
    unit: Array,
    order: Array,
    close: Array,
    chosen: Array,
    taken: Array,
) -> Any:
    """Take whoever stands before a place, and of that place as many as are needed."""
    found, count = np.uint64(0), np.uint64(0)
    for at in range(np.uint64(places.size)):
        lots, place = abs(held[at]), places[at]
        chosen[found], taken[found], close[count] = unit[at], lots, at
        found += np.uint64((lots > 0) & (place < margin))
        count += np.uint64((lots > 0) & (place == margin) & (margin < _NOBODY))
    close = close[:count]
    ranks = np.empty(close.size, np.uint32)
    near_keys, near_lots = np.empty(close.size, np.int64), np.empty(close.size, np.int64)
    for at in range(np.uint64(close.size)):
        row = close[at]
        near_keys[at], near_lots[at], ranks[at] = keys[row], held[row], order[unit[row]]
    some, parts = np.empty(close.size + 1, np.uint32), np.empty(close.size + 1, np.int64)
    here = np.arange(close.size).astype(np.uint32)
    end = resolve(here, near_keys, near_lots, ranks, need, some, parts, np.uint64(0))
    for at in range(end):
        chosen[found], taken[found] = unit[close[some[at]]], parts[at]
        found += np.uint64(1)
    return np.int64(found)
