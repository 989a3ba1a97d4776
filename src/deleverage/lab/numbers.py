"""Numbers for people: exact decimals with thousands separators. No float is ever formatted."""

import re

from deleverage.adapters.waves import QUANTUM
from deleverage.domain import show
from deleverage.rulebook.quantities import PPB, Scale, div_half_even, format_units

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_NUMBER_IN_TEXT = re.compile(r"(?<![\w./-])[0-9]{4,}(?![\w./-])")


def grouped(text: str) -> str:
    """Return a plain decimal with commas between thousands; what is no plain decimal comes back as it is."""
    return show.grouped(text) if _DECIMAL.fullmatch(text) else text


def grouped_in(sentence: str) -> str:
    """Return a sentence with its longer numbers grouped; digits that belong to a name stay as they are."""
    return _NUMBER_IN_TEXT.sub(lambda found: f"{int(found[0]):,}", sentence)


def usd(quanta: int) -> str:
    """Return quanta of 10^-6 USD as USD, exactly, always with six decimals and grouped: columns line up."""
    whole, _, fraction = format_units(quanta, QUANTUM).partition(".")
    return f"{grouped(whole)}.{fraction:0<6}"


def usd_plain(quanta: int) -> str:
    """Return quanta of 10^-6 USD as a plain decimal of USD, exactly, for machines."""
    return format_units(quanta, QUANTUM)


def percent(part: int, whole: int, decimals: int = 2) -> str:
    """Return part / whole in percent, halves to even, or ``undefined`` where the whole is 0."""
    if whole == 0:
        return "undefined"
    units = div_half_even(part * 100 * 10**decimals, whole)
    head, _, fraction = format_units(units, Scale(1, decimals)).partition(".")
    return f"{head}.{fraction:0<{decimals}} %"


def share(ppb: int) -> str:
    """Return a share in ppb as a decimal of four digits, halves to even."""
    whole, _, fraction = format_units(div_half_even(ppb * 10_000, PPB), Scale(1, 4)).partition(".")
    return f"{whole}.{fraction:0<4}"
