"""Ticks, lots, quanta, ppb: the units of the law, and every division but the split.

Rules of this module:

* Inside the law each quantity is a plain ``int`` whose name carries its unit: ``_ticks``, ``_lots``, ``_quanta``,
  ``_grains``, ``_ppb``, ``_ns``.
* Rounding is in the verb: ``_floor``, ``_ceil``, ``_half_even``. Only this module, ``decimals`` below it and
  ``apportion`` divide.
* Decimals are parsed and printed in ``decimals`` and nowhere else, exactly or not at all.

Deliberately absent: floats, ``decimal``, currencies.
"""

from deleverage.rulebook.decimals import BadQuantity as BadQuantity
from deleverage.rulebook.decimals import Scale as Scale
from deleverage.rulebook.decimals import format_units as format_units
from deleverage.rulebook.decimals import parse_units as parse_units

PPB = 1_000_000_000
"""One, in parts per billion: a rate of 12.5 ppm and a rate of one sixth must both fit."""


MARGIN_SCALE = PPB * PPB
"""Requirements are kept in quanta x 10^18: a rate in ppb times a factor in ppb, so that no threshold is rounded."""


LARGEST = 10**40
"""The bound of every number that comes in: products of four stay far below what a binary64 score can hold."""


END_NS = 1 << 63
"""The first time that there is not: whoever keeps times in 64 bits, sign included, can keep every one."""


# -- division, each with its rounding in its name -----------------------------------------------------------------


def div_floor(numerator: int, denominator: int) -> int:
    """Return the quotient rounded towards minus infinity; units of numerator over denominator."""
    return numerator // denominator


def div_ceil(numerator: int, denominator: int) -> int:
    """Return the quotient rounded towards plus infinity: who owes gains nothing from the rounding."""
    return -(-numerator // denominator)


def div_half_even(numerator: int, denominator: int) -> int:
    """Return the quotient rounded to the nearest integer, halves to even; ``denominator`` > 0."""
    quotient, remainder = divmod(numerator, denominator)
    doubled = 2 * remainder
    if doubled > denominator or (doubled == denominator and quotient % 2):
        quotient += 1
    return quotient


def share_floor(amount: int, part: int, whole: int) -> int:
    """Return ``amount x part / whole`` with the *magnitude* rounded down, so that long and short twins mirror.

    Used for the three memos of a leg on a partial close; the last quantum stays with the lots that stay open.
    """
    magnitude = abs(amount) * part // whole
    return magnitude if amount >= 0 else -magnitude


def share_ceil(amount: int, part: int, whole: int) -> int:
    """Return ``amount x part / whole`` rounded up, for ``amount`` >= 0: the debt that moves takes the last quantum."""
    return div_ceil(amount * part, whole)


def ratio_ceil(part: int, whole: int) -> int:
    """Return ``part / whole`` in ppb, rounded up; ``whole`` > 0."""
    return div_ceil(part * PPB, whole)


def wrap(number: int, count: int) -> int:
    """Return the place of a number on a circle of ``count`` places, from 0."""
    return number % count


# -- money of lots ------------------------------------------------------------------------------------------------


def linear_value_per_lot(price_ticks: int, quanta_per_tick_lot: int) -> int:
    """Return the quanta one lot is worth at a price; exact (linear and quanto contracts)."""
    return price_ticks * quanta_per_tick_lot


def inverse_value_per_lot(price_ticks: int, face_quanta_ticks: int) -> int:
    """Return the signed quanta one lot of an inverse contract is worth: ``-face / price``, halves to even.

    The price is turned once, here; from there on all is linear. Negative, so that a rising price raises the value.
    """
    return -div_half_even(face_quanta_ticks, price_ticks)


def sign(number: int) -> int:
    """Return -1, 0 or 1."""
    return (number > 0) - (number < 0)


def initial_rate_ceil(leverage_ppb: int) -> int:
    """Return the initial rate of a leverage in ppb, ``1 / leverage`` rounded up: 75x is 0.013333334."""
    return div_ceil(PPB * PPB, leverage_ppb)


def fee_ceil(notional_quanta: int, rate_ppb: int) -> int:
    """Return a fee on a notional, rounded up in favour of the pot that receives it."""
    return div_ceil(notional_quanta * rate_ppb, PPB)
