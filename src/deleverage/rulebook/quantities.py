"""Ticks, lots, quanta, ppb: the units of the law and every conversion between them.

Rules of this module:

* Inside the law each quantity is a plain ``int`` whose name carries its unit: ``_ticks``, ``_lots``, ``_quanta``,
  ``_grains``, ``_ppb``, ``_ns``.
* Rounding is in the verb: ``_floor``, ``_ceil``, ``_half_even``. Only this module and ``apportion`` divide;
  ``margin.distress`` compares a ratio as a ``Fraction``, which never becomes money.
* Decimals are parsed and printed here and nowhere else, exactly or not at all.

Deliberately absent: floats, ``decimal``, currencies.
"""

from dataclasses import dataclass

PPB = 1_000_000_000
"""One, in parts per billion: a rate of 12.5 ppm and a rate of one sixth must both fit."""


MARGIN_SCALE = PPB * PPB
"""Requirements are kept in quanta x 10^18: a rate in ppb times a factor in ppb, so that no threshold is rounded."""


LARGEST = 10**40
"""The bound of every number that comes in: products of four stay far below what a binary64 score can hold."""


class BadQuantity(ValueError):
    """A decimal text that is not exactly a whole number of the unit asked for; the caller reports it as bad input."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of one integer unit, ``units x 10^-decimals`` of what people write: a tick of 0.5 is ``Scale(5, 1)``."""

    units: int
    decimals: int


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


def funding_per_lot_half_even(value_quanta: int, rate_ppb: int, carry: int) -> tuple[int, int]:
    """Return the quanta one long lot pays for one interval, and the remainder to carry (quanta x 10^9).

    On the value's magnitude; halves to even. With the remainder carried, no series of small rates is lost or doubled.
    """
    owed = abs(value_quanta) * rate_ppb + carry
    paid = div_half_even(owed, PPB)
    return paid, owed - paid * PPB


def initial_rate_ceil(leverage_ppb: int) -> int:
    """Return the initial rate of a leverage in ppb, ``1 / leverage`` rounded up: 75x is 0.013333334."""
    return div_ceil(PPB * PPB, leverage_ppb)


def fee_ceil(notional_quanta: int, rate_ppb: int) -> int:
    """Return a fee on a notional, rounded up in favour of the pot that receives it."""
    return div_ceil(notional_quanta * rate_ppb, PPB)


# -- money of collateral ------------------------------------------------------------------------------------------


def worth_floor(grains: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return a share of what grains are worth, in quanta, rounded down; the price is for ``price_grains`` grains."""
    return div_floor(grains * price_quanta * share_ppb, price_grains * PPB)


def worth_ceil(grains: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return a share of what grains are worth, in quanta, rounded up: whoever takes them pays the last quantum."""
    return div_ceil(grains * price_quanta * share_ppb, price_grains * PPB)


def grains_worth_ceil(quanta: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return the least grains of which a share is worth ``quanta`` or more; price and share are > 0."""
    return div_ceil(quanta * price_grains * PPB, price_quanta * share_ppb)


def grains_worth_floor(quanta: int, price_quanta: int, price_grains: int, share_ppb: int) -> int:
    """Return the most grains of which a share is worth ``quanta`` or less; price and share are > 0."""
    return div_floor(quanta * price_grains * PPB, price_quanta * share_ppb)


# -- decimals at the edge -------------------------------------------------------------------------------------------


def parse_units(text: str, scale: Scale) -> int:
    """Return how many units of ``scale`` a decimal text is, exactly.

    Accepts an optional minus, ASCII digits and one point. Refuses exponents, NaN, infinities, underscores, signs of
    plus, other digits, and any value that is not a whole number of units.
    """
    body = text[1:] if text.startswith("-") else text
    whole, point, fraction = body.partition(".")
    if not _digits(whole) or (point and not _digits(fraction)) or len(body) > 60:
        raise BadQuantity(f"{text!r} is not a plain decimal number")
    numerator: int = int(whole + fraction) * 10**scale.decimals
    denominator: int = scale.units * 10 ** len(fraction)
    if numerator % denominator:
        raise BadQuantity(f"{text} is not a multiple of {format_units(1, scale)}")
    count = numerator // denominator
    return -count if text.startswith("-") else count


def format_units(count: int, scale: Scale) -> str:
    """Return the exact decimal text of ``count`` units, without trailing zeros after the point."""
    digits = str(abs(count * scale.units)).rjust(scale.decimals + 1, "0")
    cut = len(digits) - scale.decimals
    fraction = digits[cut:].rstrip("0")
    text = digits[:cut] + ("." + fraction if fraction else "")
    return "-" + text if count < 0 else text


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
