"""Scores as whole numbers: a key of a binary64 that orders like it, and the coarse place of a key in a queue.

A candidate's *grade* is 2 x tier, plus 1 if it has a score: ascending, as the queue goes. Within a grade the larger
key goes first. A *place* (uint16) folds both, ascending: rows of different places need no further comparison.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled

Array = Any
Whole = Any

MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)
PLACES_OF_GRADE = 4096
"""Half of them negative: 64 octaves from 2^-16 to 2^48, 32 places each; what lies outside lies in the last ones."""
NO_CANDIDATE = 255
"""The grade of a row that stands in no queue: free, or of a bankrupt."""
GRADES = 16
ALL_PLACES, NOBODY = GRADES * PLACES_OF_GRADE, (GRADES - 1) * PLACES_OF_GRADE
"""How many places there are; those from NOBODY on are of rows that stand in no queue."""
_KEPT, _FIRST = np.int64(47), np.int64((1023 - 16) << 5)


@compiled
def key_of(score: Whole) -> Any:
    """Return the int64 that orders like a binary64 that is a number; both zeros have one key, they compare equal."""
    bits = np.float64(score + 0.0).view(np.int64)
    return bits if bits >= 0 else bits ^ MAGNITUDE


@compiled
def score_of(key: Whole) -> Any:
    """Return the binary64 of a key: what ``repr`` writes into facts."""
    return np.int64(key if key >= 0 else key ^ MAGNITUDE).view(np.float64)


@compiled
def place_of(grade: Whole, key: Whole, whole: bool) -> Any:
    """Return the place of a key; ``whole``: keys are whole numbers themselves, not those of binary64 scores.

    Without a branch, all in int64, so that LLVM takes rows eight at a time.
    """
    if whole:
        key = key_of(np.float64(key))
    sign = np.int64(key) >> np.int64(63)  # -1 below 0, else 0: flips all bits, or none.
    octave = ((key ^ sign) >> _KEPT) - _FIRST
    near = min(max(octave, np.int64(0)), np.int64(2047))
    return np.int64(grade) * 4096 + 2047 - (near ^ sign)


@compiled
def place_rows(grades: Array, keys: Array, whole: bool, places: Array) -> None:
    """Write the place (uint16) of every row; grades uint8, NO_CANDIDATE becomes what lies behind all grades."""
    for row in range(np.uint64(keys.size)):
        grade = min(grades[row], np.uint8(15))
        places[row] = np.uint16(place_of(grade, keys[row], whole))


@compiled
def places_of(grades: Array, keys: Array, whole: bool, lots: Array) -> Array:
    """Return the places of rows some of which may have no lots: these stand in no queue, whatever their grade."""
    places = np.empty(keys.size, np.uint16)
    place_rows(grades, keys, whole, places)
    for row in range(np.uint64(keys.size)):
        places[row] = places[row] if lots[row] != 0 else np.uint16(NOBODY)
    return places


@compiled
def add_up(places: Array, lots: Array, weights: Array) -> None:
    """Add the lots (int64 of either sign) of each row to the weight of its place."""
    for row in range(np.uint64(places.size)):
        weights[places[row]] += abs(lots[row])
