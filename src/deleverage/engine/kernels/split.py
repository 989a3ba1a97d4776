"""Split an integer by weights under caps in linear time: what ``rulebook/apportion`` gives, to the unit.

With a level ``left / open`` a recipient's ideal is ``weight x left / open``. Its floor is guessed in binary64, twelve
bits of ``left`` after the others so that a guess is off by one at most, and repaired by the residual, which wrapping
multiplication gives exactly. That holds for an amount and a sum of weights below 2^62; else OUTSIDE comes back.

The capped are found by Newton's method: with *any* set of them, ``left / open`` of the others is at most the level, and
it is the level where that set and the one that follows from it have the same sums. So the set may be guessed in
binary64, first on a sample; only the last pass is exact, and says whether it was.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.cost import multiplied_below
from deleverage.engine.kernels.pick import ASIDE, BLOCK, above, bit_length, digits_of, pick

Array = Any

OUTSIDE = -1
"""A number is negative or beyond the bounds: nothing was split."""

BOUND = 1 << 62
"""Amount and sum of weights lie below it."""

STRIDE = 64
"""One row of so many is looked at for the first guess of the level."""

FEW = 4
"""Where less than one row in so many is open, these are copied, and later passes read no others."""

PASSES = 100
"""More than Newton's method ever took; where it has not ended, the exact passes go on from there."""

SURELY = 1.0 + 2.0**-45
"""Where one product exceeds another by this factor in binary64, it does so in integers."""

TAIL = 12
"""Bits of the amount that are divided after the others: a quotient below 2^50 is guessed within one."""


@compiled
def split(amount: int, weights: Array, order: Array, parts: Array) -> int:
    """Write everybody's part of an amount by weight, ties by ``order`` (unique); return the rest, or OUTSIDE."""
    whole = total(weights)
    if whole == OUTSIDE or not 0 <= amount < BOUND:
        return OUTSIDE
    if whole == 0:
        parts[:] = 0
        return amount
    buckets, counts, shift = _room(parts.size, whole)
    given = _ideals(amount, whole, weights, parts, buckets, counts, shift)
    _round_up(amount - given, amount, whole, weights, order, parts, buckets, counts)
    return 0


@compiled
def fill(amount: int, weights: Array, caps: Array, order: Array, parts: Array) -> int:
    """Write everybody's part by weight and at most the cap, ties by ``order``; return the rest, or OUTSIDE."""
    if not 0 <= amount < BOUND:
        return OUTSIDE
    whole, held, pulled = _guess(amount, weights, caps)
    if whole == OUTSIDE:
        return OUTSIDE
    buckets, counts, shift = _room(parts.size, max(1, whole))
    while pulled < whole:
        counts[:] = 0
        left, open_weight = amount - held, whole - pulled
        held_now, pulled_now, given = _capped_ideals(
            left, open_weight, amount, weights, caps, parts, buckets, counts, shift
        )
        if held_now == held and pulled_now == pulled:
            _round_up(left - given, left, open_weight, weights, order, parts, buckets, counts)
            return 0
        held, pulled = held_now, pulled_now
    for i in range(parts.size):
        parts[i] = min(caps[i], amount) if weights[i] > 0 else 0
    return amount - held


@compiled
def total(weights: Array) -> int:
    """Return the sum of the weights, or OUTSIDE; the sum of their upper halves cannot wrap and says whether it may."""
    total, halves, every = 0, weights.size, 0
    for i in range(weights.size):
        total += weights[i]
        halves += weights[i] >> 32
        every |= weights[i]
    return total if every >= 0 and halves < BOUND >> 32 else OUTSIDE


@compiled
def _room(size: int, whole: int) -> tuple[Array, Array, int]:
    """Return a bucket for each row, their counts, and by how many bits a fraction is shifted to be a bucket's number.

    The first ASIDE buckets are for the capped.
    """
    digits = digits_of(size)
    return np.empty(size, np.uint16), np.zeros((1 << digits) + ASIDE, np.int64), max(0, bit_length(whole) - digits)


@compiled
def _repaired(quotient: int, residual: int, whole: int) -> tuple[int, int]:
    """Return floor and remainder where the quotient is off by at most one; no branch."""
    below = residual >> 63
    quotient, residual = quotient + below, residual + (whole & below)
    above = (whole - 1 - residual) >> 63
    return quotient - above, residual - (whole & above)


@compiled
def _ideal(weight: int, upper: int, tail: int, whole: int, level: float, unit: float) -> tuple[int, int]:
    """Return floor and remainder of ``weight x (upper x 2^TAIL + tail) / whole``; the products wrap, residuals fit."""
    first = int(float(weight) * level)
    first, residual = _repaired(first, weight * upper - first * whole, whole)
    last = int((float(residual) * (1 << TAIL) + float(weight) * float(tail)) * unit)
    last, residual = _repaired(last, (residual << TAIL) + weight * tail - last * whole, whole)
    return (first << TAIL) + last, residual


@compiled
def _ideals(left: int, whole: int, weights: Array, parts: Array, buckets: Array, counts: Array, shift: int) -> int:
    """Write the floor and the bucket of the fraction of each; return the sum of the floors."""
    upper, tail = left >> TAIL, left & ((1 << TAIL) - 1)
    level, unit = float(upper) / float(whole), 1.0 / float(whole)
    given = 0
    for start in range(0, parts.size, BLOCK):
        weight, part, bucket = (
            weights[start : start + BLOCK],
            parts[start : start + BLOCK],
            buckets[start : start + BLOCK],
        )
        for i in range(part.size):
            part[i], fraction = _ideal(weight[i], upper, tail, whole, level, unit)
            given += part[i]
            bucket[i] = (fraction >> shift) + ASIDE
        for i in range(part.size):
            counts[bucket[i]] += 1
    return given


@compiled
def _capped_ideals(
    left: int,
    whole: int,
    amount: int,
    weights: Array,
    caps: Array,
    parts: Array,
    buckets: Array,
    counts: Array,
    shift: int,
) -> tuple[int, int, int]:
    """Write the smaller of cap and floor, and buckets; return caps and weights of the capped, and the others' sum.

    Who outweighs all the others together is not divided, so no quotient is above ``left``: such a row is capped, beyond
    all rounding or by comparing 128 bits; where it is not, the set was no solution, and the sums say so.
    """
    upper, tail = left >> TAIL, left & ((1 << TAIL) - 1)
    level, unit, exact = float(upper) / float(whole), 1.0 / float(whole), float(left) / float(whole)
    held = pulled = given = 0
    for start in range(0, parts.size, BLOCK):
        weight, cap = weights[start : start + BLOCK], caps[start : start + BLOCK]
        part, bucket = parts[start : start + BLOCK], buckets[start : start + BLOCK]
        doubtful = 0
        for i in range(part.size):
            most = min(cap[i], amount)
            heavy = weight[i] > whole
            doubtful += heavy and not float(weight[i]) * exact > float(most) * SURELY
            ideal, fraction = _ideal(0 if heavy else weight[i], upper, tail, whole, level, unit)
            full = heavy or ideal >= most
            held += most if full else 0
            pulled += weight[i] if full else 0
            given += 0 if full else ideal
            part[i] = most if full else ideal
            bucket[i] = i & (ASIDE - 1) if full else (fraction >> shift) + ASIDE
        for i in range(part.size):
            counts[bucket[i]] += 1
        if doubtful:
            for i in range(part.size):
                if weight[i] > whole and multiplied_below(weight[i], left, part[i], whole):
                    held, pulled = held - part[i], pulled - weight[i]
    return held, pulled, given


@compiled
def _guess(amount: int, weights: Array, caps: Array) -> tuple[int, int, int]:
    """Return the sum of the weights, or OUTSIDE, and caps and weights of those who seem capped.

    The sums are exact, whose they are is a guess. What the capped hold is at most level x whole: up to the highest
    level no sum wraps.
    """
    level = _sampled(amount, weights, caps)
    whole, held_now, pulled_now, open_rows = _first(level, amount, weights, caps)
    if whole <= 0:
        return whole, 0, 0
    least, highest = float(amount) / float(whole), float(BOUND >> 1) / float(whole)
    wild = level > highest
    held = pulled = held_before = pulled_before = 0
    for _ in range(PASSES):
        if wild or held_now > amount or (pulled_now < whole and amount - held_now <= least * (whole - pulled_now)):
            if level == least or pulled > 0:
                break
            level, wild = least, False  # The sample's level was of no use.
        else:
            steady = held_now == held and pulled_now == pulled
            if pulled > 0 and open_rows * FEW < weights.size:  # Below the level: who is capped here stays so.
                weights, caps = _open(level, amount, weights, caps, open_rows)
                held_before, pulled_before = held_now, pulled_now
            held, pulled = held_now, pulled_now
            if steady or pulled == whole:
                break
            before, level = level, min(highest, float(amount - held) / float(whole - pulled))
            if abs(level - before) * weights.size < level * 2.0**-8:
                break  # Hardly anybody's cap lies between the two.
        held_now, pulled_now, open_rows = _capped(level, amount, weights, caps)
        held_now, pulled_now = held_now + held_before, pulled_now + pulled_before
    return whole, held, pulled


@compiled
def _first(level: float, amount: int, weights: Array, caps: Array) -> tuple[int, int, int, int]:
    """Return the sum of all weights, or OUTSIDE where one is too large or a number negative; and what ``_capped`` does.

    All in one pass; beyond the highest level the sums of the capped may wrap.
    """
    whole, halves, every, held, pulled, others = 0, weights.size, 0, 0, 0, 0
    for i in range(weights.size):
        most = min(caps[i], amount)
        full = float(most) <= float(weights[i]) * level
        held += most if full else 0
        pulled += weights[i] if full else 0
        others += 0 if full else 1
        whole += weights[i]
        halves += weights[i] >> 32
        every |= weights[i] | caps[i]
    return whole if every >= 0 and halves < BOUND >> 32 else OUTSIDE, held, pulled, others


@compiled
def _capped(level: float, amount: int, weights: Array, caps: Array) -> tuple[int, int, int]:
    """Return the sums of the caps and of the weights of those whose cap the level reaches, and how many others are.

    Compared in binary64.
    """
    held = pulled = others = 0
    for i in range(weights.size):
        most = min(caps[i], amount)
        full = float(most) <= float(weights[i]) * level
        held += most if full else 0
        pulled += weights[i] if full else 0
        others += 0 if full else 1
    return held, pulled, others


@compiled
def _open(level: float, amount: int, weights: Array, caps: Array, count: int) -> tuple[Array, Array]:
    """Return weights and caps of the ``count`` rows whose cap the level does not reach."""
    weight, cap = np.empty(count + 1, np.int64), np.empty(count + 1, np.int64)
    found = 0
    for i in range(weights.size):
        most = min(caps[i], amount)
        weight[found], cap[found] = weights[i], most  # Written over unless it counts: no branch.
        found += 0 if float(most) <= float(weights[i]) * level else 1
    return weight[:count], cap[:count]


@compiled
def _sampled(amount: int, weights: Array, caps: Array) -> float:
    """Return the level of a sample; of all rows where these are few."""
    stride = STRIDE if weights.size >= STRIDE * STRIDE else 1
    size = weights.size // stride
    weight, cap = np.empty(size, np.float64), np.empty(size, np.float64)
    for i in range(size):
        weight[i], cap[i] = float(weights[i * stride]), float(caps[i * stride])
    share, level = float(amount) * (float(size) / float(max(1, weights.size))), 0.0
    for _ in range(PASSES):
        left, pulling, before = share, 0.0, level
        for i in range(size):
            full = cap[i] <= weight[i] * level
            left -= cap[i] if full else 0.0
            pulling += 0.0 if full else weight[i]
        if pulling > 0.0:
            level = max(level, left / pulling)
        if level == before:
            break
    return level


@compiled
def _round_up(
    missing: int, left: int, whole: int, weights: Array, order: Array, parts: Array, buckets: Array, counts: Array
) -> None:
    """Give one unit more to the ``missing`` largest fractions, ties by order."""
    if missing == 0:
        return
    missing, rows = above(missing, parts, buckets, counts)
    keys, differing = np.empty(rows.size, np.int64), 0
    for i in range(rows.size):
        key = weights[rows[i]] * left - parts[rows[i]] * whole
        keys[i] = key
        differing |= key ^ keys[0]
    pick(missing, keys, differing, rows, order, parts)
