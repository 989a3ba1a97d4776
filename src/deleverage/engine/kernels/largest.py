"""What concerns the largest only: cut everybody down to a level, choose the largest few; in linear time."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.pick import ASIDE, HIGHEST_RANK, above, bit_length, digits_of, pick
from deleverage.engine.kernels.split import OUTSIDE, STRIDE, total

Array = Any


@compiled
def cut(need: int, lots: Array, order: Array, parts: Array) -> int:
    """Write what lies above the least whole level that gives at most ``need``, and one lot more by ``order``.

    Return 0, or OUTSIDE where ``need`` or the lots are negative, more is needed than there is, or it is beyond 2^62.
    """
    whole = total(lots)
    if not 0 <= need <= whole:
        return OUTSIDE
    level, missing = _level(need, lots)
    for i in range(lots.size):
        parts[i] = max(0, lots[i] - level)
    if missing == 0:
        return 0
    highest = 0
    for i in range(order.size):
        highest = max(highest, order[i])
    digits = digits_of(lots.size)
    shift = max(0, bit_length(highest) - digits)
    buckets, counts = np.empty(lots.size, np.uint16), np.zeros((1 << digits) + ASIDE, np.int64)
    for i in range(lots.size):
        first = ASIDE + ((highest - order[i]) >> shift)
        buckets[i] = first if lots[i] >= level else i & (ASIDE - 1)
    for i in range(lots.size):
        counts[buckets[i]] += 1
    missing, rows = above(missing, parts, buckets, counts)
    pick(missing, np.empty(rows.size, np.int64), 0, rows, order, parts)
    return 0


@compiled
def _level(need: int, lots: Array) -> tuple[int, int]:
    """Return the level and how many lots are then missing: Newton's method, from any level to one at most the true."""
    guess, level = _sampled(need, lots), 0
    while True:
        count = held = 0
        for i in range(lots.size):
            count += lots[i] > guess
            held += lots[i] if lots[i] > guess else 0
        if count > 0:
            quotient = (held - need) // count
            level = max(level, quotient + (quotient * count < held - need))
        if level == guess:
            return level, need - (held - count * level)
        guess = level


@compiled
def _sampled(need: int, lots: Array) -> int:
    """Return the level of a sample, or 0 where rows are few."""
    size = lots.size // STRIDE
    level, before = 0.0, -1.0
    if size < STRIDE:
        return 0
    mean = float(need) / lots.size
    while level > before:
        before, count, held = level, 0, 0.0
        for i in range(size):
            number = float(lots[i * STRIDE])
            count += number > level
            held += number if number > level else 0.0
        if count > 0:
            level = max(level, (held - mean * size) / count)
    return int(level)


@compiled
def choose(need: int, least: int, lots: Array, order: Array, chosen: Array) -> int:
    """Mark the ``least`` >= 1 largest rows, ties by ``order``, and as many more as hold ``need``; 0, or OUTSIDE."""
    if total(lots) == OUTSIDE:
        return OUTSIDE
    keys, rows, count, ranked = lots.copy(), np.arange(lots.size).astype(np.int32), lots.size, False
    chosen[:] = False
    while count > 0:
        differing = 0
        for i in range(count):
            differing |= keys[i] ^ keys[0]
        if differing == 0 and (ranked or count == 1):
            chosen[rows[0]] = True
            break
        if differing == 0:
            ranked = True
            for i in range(count):
                keys[i] = HIGHEST_RANK - order[rows[i]]
            continue
        digits = digits_of(count)
        shift, mask = max(0, bit_length(differing) - digits), (1 << digits) - 1
        counts, held = np.zeros(1 << digits, np.int64), np.zeros(1 << digits, np.int64)
        for i in range(count):
            own = (keys[i] >> shift) & mask
            counts[own] += 1
            held[own] += lots[rows[i]]
        bucket = mask
        while bucket >= 0 and (counts[bucket] < least or held[bucket] < need):
            least, need = least - counts[bucket], need - held[bucket]
            bucket -= 1
        kept = 0
        for i in range(count):
            own, row = (keys[i] >> shift) & mask, rows[i]
            if own > bucket:
                chosen[row] = True
            elif own == bucket:
                keys[kept], rows[kept] = keys[i], row
                kept += 1
        count = kept
    return 0
