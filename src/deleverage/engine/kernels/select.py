"""Choose whom a queue asks for some lots without sorting it: one histogram, one walk, one exact look at the margin.

Lots are added up per place; the walk stops where they cover the need. Places before it are taken whole, and only the
rows of that one place are looked at more closely: their keys are spread again over as many cells as it takes, until
keys are equal and ids decide. So the time does not hang on how many are chosen, nor on how many ranks are equal.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import ALL_PLACES, NOBODY, add_up, places_of
from deleverage.engine.kernels.sorting import drop_of

Array = Any
Whole = Any

_CELLS = 12


@compiled
def margin_of(weights: Array, need: Whole) -> Any:
    """Return the first cell at which the weights reach the need (> 0), and what is needed of it."""
    for cell in range(np.uint64(weights.size)):
        if weights[cell] >= need:
            return np.int64(cell), need
        need -= weights[cell]
    return np.int64(weights.size), need


@compiled
def take(
    places: Array,
    lots: Array,
    names: Array,
    rows: Array,
    first: Whole,
    margin: Whole,
    chosen: Array,
    taken: Array,
    close: Array,
    found: Whole,
    count: Whole,
) -> Any:
    """Append names and lots of the rows before a place, and ``first`` + row of those at it; return how many there are.

    ``found`` and ``count`` are how many there were of each. Every name is written, and the next one over it unless it
    is kept: no branch, so the time does not hang on who is taken. At the margin are few, in most blocks nobody.
    """
    last, same = np.uint16(margin), np.uint64(0)
    for at in range(np.uint64(places.size)):
        chosen[found], taken[found] = names[at], abs(lots[at])
        found += np.uint64(places[at] < last)
    for at in range(np.uint64(places.size)):
        same += np.uint64(places[at] == last)
    if same > 0 and last < NOBODY:
        for at in range(np.uint64(places.size)):
            if places[at] == last:
                close[count] = first + rows[at]
                count += np.uint64(1)
    return found, count


@compiled
def choose(
    grades: Array, keys: Array, whole: Whole, lots: Array, order: Array, need_lots: Whole, chosen: Array, taken: Array
) -> Any:
    """Write whom the queue asks for lots, and return how many they are.

    ``chosen`` (uint32) and ``taken`` (int64) have one row more than there are candidates; they are written in no order
    but that the one who is taken in part is the last. ``lots`` are int64 of either sign, ``order`` the uint32 rank of
    each unit's id. At most what all candidates hold is chosen; who is no candidate or has no lots never is.
    """
    if need_lots <= 0:
        return np.uint64(0)
    places, weights = places_of(grades, keys, whole, lots), np.zeros(ALL_PLACES, np.int64)
    add_up(places, lots, weights)
    margin, need = margin_of(weights[:NOBODY], need_lots)
    rows, close = np.arange(keys.size).astype(np.uint32), np.empty(keys.size + 1, np.uint32)
    none = np.uint64(0)
    found, count = take(places, lots, rows, rows, np.uint32(0), margin, chosen, taken, close, none, none)
    near = close[:count]
    return resolve(near, keys[near], lots[near], order[near], need, chosen, taken, found)


@compiled
def resolve(
    names: Array, keys: Array, lots: Array, order: Array, need: Whole, chosen: Array, taken: Array, found: Whole
) -> Any:
    """Append the front of the rows of one place that covers a need, and return how many are chosen then.

    ``names`` (uint32), ``lots``, ``keys`` (int64) and ``order`` are those of these rows; all but keys are overwritten.
    """
    words = np.empty(keys.size, np.uint64)
    for at in range(np.uint64(keys.size)):
        words[at] = drop_of(keys[at])
    by_id = False
    weights = np.empty((1 << _CELLS) + 1, np.int64)
    close = np.uint64(keys.size)
    while close > np.uint64(1):
        least, most = words[0], words[0]
        for at in range(close):
            least, most = min(least, words[at]), max(most, words[at])
        if least == most:
            for at in range(close):
                words[at] = np.uint64(order[at])
            if by_id:
                break
            by_id = True
            continue
        shift = np.uint64(0)
        while (most - least) >> shift >= np.uint64(1 << _CELLS):
            shift += np.uint64(1)
        weights[:] = 0
        for at in range(close):
            weights[(words[at] - least) >> shift] += abs(lots[at])
        margin, need = margin_of(weights, need)
        kept = np.uint64(0)
        for at in range(close):
            name, word, held, rank = names[at], words[at], lots[at], order[at]
            cell = np.int64((word - least) >> shift)
            chosen[found], taken[found] = name, abs(held)
            names[kept], words[kept], lots[kept], order[kept] = name, word, held, rank
            found += np.uint64(cell < margin)
            kept += np.uint64(cell == margin)
        close = kept
    if close > np.uint64(0):
        chosen[found], taken[found] = names[0], min(need, abs(lots[0]))
        found += np.uint64(1)
    return found
