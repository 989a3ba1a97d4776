"""Pick the largest of many keys without sorting them: buckets of their leading bits, then of the next bits of one."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled

Array = Any

DIGITS = 12
"""Bits that are looked at in one pass: 4096 counts stay in the nearest cache."""

ASIDE = 16
"""The first buckets, of rows that are not asked: to count them all in one cell would wait for that cell each time."""

BLOCK = 1024
"""Rows whose buckets stay in the nearest cache until they are counted."""

HIGHEST_RANK = (1 << 31) - 1
"""No rank of an identifier is above it."""


@compiled
def bit_length(number: int) -> int:
    """Return how many bits a number >= 0 has."""
    bits = 0
    while number >> bits:
        bits += 1
    return bits


@compiled
def digits_of(size: int) -> int:
    """Return how many bits one pass over so many rows should look at."""
    return max(4, min(DIGITS, bit_length(size)))


@compiled
def above(need: int, parts: Array, buckets: Array, counts: Array) -> tuple[int, Array]:
    """Give one unit to each row of the highest buckets; return what is needed of the next one, and its rows."""
    bucket = counts.size - 1
    while counts[bucket] < need:
        need -= counts[bucket]
        bucket -= 1
    rows, found = np.empty(counts[bucket], np.int32), 0
    step = BLOCK // 4  # So few that most blocks hold no row of that bucket.
    for start in range(0, parts.size, step):
        part, own = parts[start : start + step], buckets[start : start + step]
        same = 0
        for i in range(part.size):
            part[i] += own[i] > bucket
            same += own[i] == bucket
        if same:
            for i in range(part.size):
                if own[i] == bucket:
                    rows[found] = start + i
                    found += 1
    return need, rows


@compiled
def pick(need: int, keys: Array, differing: int, rows: Array, order: Array, parts: Array) -> None:
    """Give one unit to the ``need`` rows with the largest keys >= 0, equal ones by least ``order``.

    Each pass looks at the highest bits in which the keys left differ; keys and rows are overwritten.
    """
    count, ranked = rows.size, False
    while need < count:
        if differing == 0:
            if ranked:
                break  # No two ranks are equal.
            ranked = True
            for i in range(count):
                key = HIGHEST_RANK - order[rows[i]]
                keys[i] = key
                differing |= key ^ keys[0]
            continue
        digits = digits_of(count)
        shift, mask = max(0, bit_length(differing) - digits), (1 << digits) - 1
        counts = np.zeros(1 << digits, np.int64)
        for i in range(count):
            counts[(keys[i] >> shift) & mask] += 1
        bucket = mask
        while counts[bucket] < need:
            need -= counts[bucket]
            bucket -= 1
        kept = differing = 0
        for i in range(count):
            key, row = keys[i], rows[i]
            own = (key >> shift) & mask
            parts[row] += own > bucket
            keys[kept], rows[kept] = key, row  # Written over unless it is kept: no branch.
            differing |= key ^ keys[0] if own == bucket else 0
            kept += own == bucket
        count = kept
    for i in range(need):
        parts[rows[i]] += 1
