"""Rounding of exact ratios to whole units, by the law's own divisions; and the refusal of what has no answer."""

from fractions import Fraction

from deleverage.rulebook.quantities import div_ceil, div_floor


class Refused(ValueError):
    """The venue rejects such inputs: there is no number to give back."""


def floor(ratio: Fraction | int) -> int:
    """Return the whole units of a ratio, rounded towards minus infinity."""
    return div_floor(ratio.numerator, ratio.denominator)


def ceil(ratio: Fraction | int) -> int:
    """Return the whole units of a ratio, rounded towards plus infinity."""
    return div_ceil(ratio.numerator, ratio.denominator)


def toward_zero(ratio: Fraction | int) -> int:
    """Return the whole units of a ratio with the magnitude rounded down, as signed integers divide on most chains."""
    return floor(ratio) if ratio >= 0 else -floor(-ratio)
