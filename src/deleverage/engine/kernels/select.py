"""Choose whom a queue asks for some lots without sorting it: one histogram, one walk, one exact look at the margin.

Lots are added up per place; the walk stops where they cover the need. Places before it are taken whole, and only the
rows of that one place are looked at more closely: their keys are spread again over as many cells as it takes, until
keys are equal and ids decide. So the time does not hang on how many are chosen, nor on how many ranks are equal.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import GRADES, PLACES_OF_GRADE, place_rows
from deleverage.engine.kernels.scores import score_rows
from deleverage.engine.kernels.sorting import drop_of

Array = Any
Whole = Any

_CELLS = 12
_BLOCK = 8192
_ALL, _NOBODY = GRADES * PLACES_OF_GRADE, (GRADES - 1) * PLACES_OF_GRADE


@compiled
def margin_of(weights: Array, need: Whole) -> Any:
    """Return the first cell at which the weights reach the need (> 0), and what is needed of it."""
    for cell in range(np.uint64(weights.size)):
        if weights[cell] >= need:
            return np.int64(cell), need
        need -= weights[cell]
    return np.int64(weights.size), need


@compiled
def choose(
    grades: Array, keys: Array, whole: Whole, lots: Array, order: Array, need_lots: Whole, chosen: Array, taken: Array
) -> Any:
    """Write whom the queue asks for lots, and return how many they are.

    ``chosen`` (uint32) and ``taken`` (int64) have one row more than there are candidates; they are written in no order
    but that the one who is taken in part is the last. ``lots`` are int64 of either sign, ``order`` the uint32 rank of
    each unit's id. At most what all candidates hold is chosen; who is no candidate or has no lots never is.
    """
    places = np.empty(keys.size, np.uint16)
    weights = np.zeros(_ALL, np.int64)
    _weigh(grades, keys, whole, lots, places, weights)
    return _pick(places, weights, keys, lots, order, need_lots, chosen, taken)


@compiled
def score_and_choose(
    ranking: Whole,
    floor: Whole,
    whole: Whole,
    tiers: Array,
    lots: Array,
    code: Array,
    value_of: Array,
    cost: Array,
    equity: Array,
    sums: Array,
    order: Array,
    need_lots: Whole,
    keys: Array,
    grades: Array,
    chosen: Array,
    taken: Array,
) -> Any:
    """Do what ``scores.score_rows`` and then ``choose`` do, block by block while a block is near."""
    places = np.empty(keys.size, np.uint16)
    weights = np.zeros(_ALL, np.int64)
    for first in range(0, keys.size, _BLOCK):
        end = min(first + _BLOCK, keys.size)
        of_units = sums[first:end] if sums.shape[0] > 0 else sums
        columns = tiers[first:end], lots[first:end], code[first:end]
        worth = cost[first:end], equity[first:end]
        near = keys[first:end], grades[first:end]
        score_rows(
            ranking, floor, columns[0], columns[1], columns[2], value_of, worth[0], worth[1], of_units, near[0], near[1]
        )
        _weigh(near[1], near[0], whole, columns[1], places[first:end], weights)
    return _pick(places, weights, keys, lots, order, need_lots, chosen, taken)


@compiled
def _weigh(grades: Array, keys: Array, whole: Whole, lots: Array, places: Array, weights: Array) -> None:
    place_rows(grades, keys, whole, places)
    for row in range(np.uint64(keys.size)):
        weights[places[row]] += abs(lots[row])


@compiled
def _pick(
    places: Array,
    weights: Array,
    keys: Array,
    lots: Array,
    order: Array,
    need_lots: Whole,
    chosen: Array,
    taken: Array,
) -> Any:
    if need_lots <= 0:
        return np.uint64(0)
    margin, need = margin_of(weights[:_NOBODY], need_lots)
    near = np.empty(keys.size + 1, np.uint32)
    found, close = np.uint64(0), np.uint64(0)
    for row in range(np.uint64(keys.size)):
        held, place = abs(lots[row]), places[row]
        chosen[found], taken[found], near[close] = row, held, row
        found += np.uint64((held > 0) & (place < margin))
        close += np.uint64((held > 0) & (place == margin) & (margin < _NOBODY))
    return resolve(near[:close], keys, lots, order, need, chosen, taken, found)


@compiled
def resolve(
    near: Array, keys: Array, lots: Array, order: Array, need: Whole, chosen: Array, taken: Array, found: Whole
) -> Any:
    """Append the front of the rows of one place that covers a need, and return how many are chosen then."""
    words = np.empty(near.size, np.uint64)
    for at in range(np.uint64(near.size)):
        words[at] = drop_of(keys[near[at]])
    by_id = False
    weights = np.empty((1 << _CELLS) + 1, np.int64)
    close = np.uint64(near.size)
    while close > np.uint64(1):
        least, most = words[0], words[0]
        for at in range(close):
            least, most = min(least, words[at]), max(most, words[at])
        if least == most:
            for at in range(close):
                words[at] = np.uint64(order[near[at]])
            if by_id:
                break
            by_id = True
            continue
        shift = np.uint64(0)
        while (most - least) >> shift >= np.uint64(1 << _CELLS):
            shift += np.uint64(1)
        weights[:] = 0
        for at in range(close):
            weights[(words[at] - least) >> shift] += abs(lots[near[at]])
        margin, need = margin_of(weights, need)
        kept = np.uint64(0)
        for at in range(close):
            row, word = near[at], words[at]
            cell = np.int64((word - least) >> shift)
            chosen[found], taken[found] = row, abs(lots[row])
            near[kept], words[kept] = row, word
            found += np.uint64(cell < margin)
            kept += np.uint64(cell == margin)
        close = kept
    if close > np.uint64(0):
        chosen[found], taken[found] = near[0], min(need, abs(lots[near[0]]))
        found += np.uint64(1)
    return found
