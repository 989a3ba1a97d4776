"""The divisions of ``quantities`` on int64, each with its rounding in its name; products may need 128 bits.

``share_*`` guess the quotient in binary64 and repair it by the residual. The guess has five roundings of at most 2^-53
each, so below 2^59 it is off by less than 400; the residual is then below 2^63 for a ``whole`` below 2^54, wrapping
multiplication gives it exactly, and one division of 64 bits repairs the quotient. ``multiply_*`` take any int64 and
divide 128 bits by 64 with Knuth's limbs of 32 bits.
"""

import numpy as np

from deleverage.engine.kernels.compiled import compiled

GUESSABLE = 1 << 59
"""Below this a quotient may be guessed."""

_HALF, _LOW, _ONE, _NONE = np.uint64(32), np.uint64(0xFFFFFFFF), np.uint64(1), np.uint64(0)
_LIMB, _TOP = np.uint64(1 << 32), np.uint64(1 << 63)


@compiled
def div_floor(numerator: int, denominator: int) -> int:
    """Return the quotient rounded towards minus infinity; ``denominator`` > 0."""
    return numerator // denominator


@compiled
def div_ceil(numerator: int, denominator: int) -> int:
    """Return the quotient rounded towards plus infinity; ``denominator`` > 0."""
    quotient = numerator // denominator
    return quotient + (quotient * denominator != numerator)


@compiled
def div_half_even(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest integer, halves to even; ``denominator`` > 0."""
    quotient = numerator // denominator
    return quotient + _half_even(quotient, numerator - quotient * denominator, denominator)


@compiled
def share_floor(amount: int, part: int, whole: int) -> int:
    """Return ``amount x part / whole``, magnitude rounded down; 0 <= part <= whole < 2^54, |amount| < 2^62."""
    quotient, _ = _share(abs(amount), part, whole)
    return quotient if amount >= 0 else -quotient


@compiled
def share_ceil(amount: int, part: int, whole: int) -> int:
    """Return ``amount x part / whole`` rounded up, for ``amount`` >= 0; bounds as in ``share_floor``."""
    quotient, remainder = _share(amount, part, whole)
    return quotient + (remainder > 0)


@compiled
def multiply_floor(one: int, other: int, divisor: int) -> int:
    """Return ``one x other / divisor`` rounded down; ``divisor`` > 0, factors above -2^63, the result fits int64."""
    quotient, _ = _multiply(one, other, divisor)
    return quotient


@compiled
def multiply_ceil(one: int, other: int, divisor: int) -> int:
    """Return ``one x other / divisor`` rounded up; bounds as in ``multiply_floor``."""
    quotient, remainder = _multiply(one, other, divisor)
    return quotient + (remainder > 0)


@compiled
def multiply_half_even(one: int, other: int, divisor: int) -> int:
    """Return ``one x other / divisor`` rounded to the nearest, halves to even; bounds as in ``multiply_floor``."""
    quotient, remainder = _multiply(one, other, divisor)
    return quotient + _half_even(quotient, remainder, divisor)


@compiled
def multiplied_below(one: int, other: int, third: int, fourth: int) -> bool:
    """Return whether ``one x other < third x fourth``, all >= 0."""
    high, low = _product(np.uint64(one), np.uint64(other))
    than_high, than_low = _product(np.uint64(third), np.uint64(fourth))
    return bool(high < than_high or (high == than_high and low < than_low))


@compiled
def _half_even(quotient: int, remainder: int, denominator: int) -> int:
    """Return 1 where the remainder is more than half, or a half above an odd quotient; doubles nothing, so no wrap."""
    other_half = denominator - remainder
    return int(remainder > other_half or (remainder == other_half and quotient & 1 == 1))


@compiled
def _share(amount: int, part: int, whole: int) -> tuple[int, int]:
    """Return floor and remainder of ``amount x part / whole``; 0 <= amount < 2^62, else as in ``share_floor``."""
    sure = 0
    if amount >= GUESSABLE:
        sure = amount // whole
        amount -= sure * whole
        sure *= part
    guess = int(float(amount) * float(part) / float(whole))
    residual = amount * part - guess * whole  # Wraps twice, and so not at all.
    repair = residual // whole
    return sure + guess + repair, residual - repair * whole


@compiled
def _multiply(one: int, other: int, divisor: int) -> tuple[int, int]:
    """Return floor and remainder of ``one x other / divisor``."""
    above, below = _divide(*_product(np.uint64(abs(one)), np.uint64(abs(other))), np.uint64(divisor))
    quotient, remainder = int(np.int64(above)), int(np.int64(below))
    if (one < 0) == (other < 0):
        return quotient, remainder
    if remainder == 0:
        return -quotient, 0
    return -quotient - 1, divisor - remainder


@compiled
def _product(one: np.uint64, other: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the product as its upper and its lower 64 bits."""
    one_high, one_low, other_high, other_low = one >> _HALF, one & _LOW, other >> _HALF, other & _LOW
    low = one_low * other_low
    middle = one_high * other_low + (low >> _HALF)
    cross = one_low * other_high + (middle & _LOW)
    return one_high * other_high + (middle >> _HALF) + (cross >> _HALF), one * other


@compiled
def _divide(high: np.uint64, low: np.uint64, divisor: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return quotient and remainder of 128 bits by 64; ``high`` < ``divisor`` < 2^63, so the quotient fits 64 bits."""
    if high == _NONE:
        return low // divisor, low % divisor
    shift = _NONE
    while divisor & _TOP == _NONE:
        divisor <<= _ONE
        shift += _ONE
    high = (high << shift) | ((low >> _ONE) >> (np.uint64(63) - shift))
    low <<= shift
    upper, high = _limb(high, low >> _HALF, divisor)
    lower, high = _limb(high, low & _LOW, divisor)
    return (upper << _HALF) + lower, high >> shift


@compiled
def _limb(high: np.uint64, limb: np.uint64, divisor: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Return the next 32 bits of a quotient and what remains; the divisor's top bit is set (Knuth's algorithm D)."""
    top, bottom = divisor >> _HALF, divisor & _LOW
    quotient, left = high // top, high % top
    while quotient >= _LIMB or quotient * bottom > (left << _HALF) + limb:
        quotient -= _ONE
        left += top
        if left >= _LIMB:
            break
    return quotient, (high << _HALF) + limb - quotient * divisor
