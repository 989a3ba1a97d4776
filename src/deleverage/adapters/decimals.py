"""Decimal texts of other people as plain decimals, and the little arithmetic that brings them into one unit. Exact."""

import re
from fractions import Fraction

from deleverage.rulebook.quantities import Scale, format_units, parse_units

WHOLE_DIGITS, DECIMALS = 18, 30
"""More digits than these are no book of positions; products of three such numbers are still exact scores."""

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]+)(\.(?P<part>[0-9]+))?([eE](?P<power>[+-]?[0-9]{1,3}))?")
_LONGEST = 60


def is_beyond_use(text: str) -> bool:
    """Return whether a plain decimal has more digits than any position."""
    whole, _, part = text.lstrip("-").partition(".")
    return len(whole) > WHOLE_DIGITS or len(part) > DECIMALS


def decimals_of(text: str) -> int:
    """Return how many digits a plain decimal has after the point, at most 60."""
    return min(_LONGEST, len(text.partition(".")[2]))


def plain(text: str) -> str | None:
    """Return a decimal without an exponent and in one spelling, exactly; ``None`` if it is no finite decimal."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 2 * _LONGEST:
        return None
    part = match["part"] or ""
    digits, places = match["whole"] + part, len(part) - int(match["power"] or 0)
    digits = digits + "0" * -places if places < 0 else digits.rjust(places + 1, "0")
    cut = len(digits) - max(0, places)
    whole, tail = digits[:cut].lstrip("0") or "0", digits[cut:].rstrip("0")
    body = f"{whole}.{tail}" if tail else whole
    return f"-{body}" if match["sign"] and body != "0" else body


def times(one: str, other: str) -> str:
    """Return the product of two plain decimals, exactly."""
    scales = [Scale(1, decimals_of(text)) for text in (one, other)]
    units = parse_units(one, scales[0]) * parse_units(other, scales[1])
    return format_units(units, Scale(1, scales[0].decimals + scales[1].decimals))


def plus(one: str, other: str) -> str:
    """Return the sum of two plain decimals, exactly."""
    scale = Scale(1, max(decimals_of(one), decimals_of(other)))
    return format_units(parse_units(one, scale) + parse_units(other, scale), scale)


def over(one: str, other: str, decimals: int) -> str | None:
    """Return the quotient of two plain decimals if it has at most so many decimals; ``None`` if it would be rounded."""
    quotient = Fraction(one) / Fraction(other) * 10**decimals
    return format_units(quotient.numerator, Scale(1, decimals)) if quotient.denominator == 1 else None
