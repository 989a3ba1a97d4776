"""The divisions of ``quantities`` on int64, each with its rounding in its name; products may need 128 bits.

``share_*`` guess the quotient in binary64 and repair it by the residual. The guess has five roundings of at most 2^-53
each; where amount x whole is below 2^113 and the whole below 2^61, the residual is below 2^63, wrapping multiplication
gives it exactly, and one division of 64 bits repairs the quotient. From 2^59 on an amount is divided by its whole
before.
"""

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.products import high_product, is_less

GUESSABLE = 1 << 59
"""Below this a quotient may be guessed, if its whole is below 2^54."""


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
    """Return ``amount x part / whole``, magnitude rounded down; 0 <= part <= whole > 0, |amount| < 2^62.

    The whole is below 2^54; or it is below 2^61, and amount x whole below 2^113.
    """
    quotient, _ = _share(abs(amount), part, whole)
    return quotient if amount >= 0 else -quotient


@compiled
def share_ceil(amount: int, part: int, whole: int) -> int:
    """Return ``amount x part / whole`` rounded up, for ``amount`` >= 0; bounds as in ``share_floor``."""
    quotient, remainder = _share(amount, part, whole)
    return quotient + (remainder > 0)


@compiled
def multiplied_below(one: int, other: int, third: int, fourth: int) -> bool:
    """Return whether ``one x other < third x fourth``, all >= 0."""
    left, right, than_left, than_right = np.uint64(one), np.uint64(other), np.uint64(third), np.uint64(fourth)
    high, than_high = high_product(left, right), high_product(than_left, than_right)
    return bool(is_less(high, left * right, than_high, than_left * than_right))


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
