"""Decimals at the edge: parsed and printed here and nowhere else, exactly or not at all."""

from dataclasses import dataclass


class BadQuantity(ValueError):
    """A decimal text that is not exactly a whole number of the unit asked for; the caller reports it as bad input."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of one integer unit, ``units x 10^-decimals`` of what people write: a tick of 0.5 is ``Scale(5, 1)``."""

    units: int
    decimals: int


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
