"""Figures: what was found by recomputing rows, what somebody prints, and whether the one is the other.

A key names a figure the same way on both sides (``horizon_500.net_usd``). A print counts as reproduced if the found
number, rounded to the places that are printed, is what stands there; a binary64 in full is allowed its last digits.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

_LAST_DIGITS = 1e-12
"""Sums of the same rows in another order differ by less than this share."""


@dataclass(frozen=True)
class Found:
    """A recomputed number; None with the reason why it cannot be recomputed from this source."""

    value: float | None
    why: str = ""


@dataclass(frozen=True)
class Print:
    """A number as somebody prints it, and where; ``why``: the reason if nothing here can recompute it."""

    key: str
    text: str
    place: str
    why: str = ""

    @property
    def value(self) -> float:
        """Return the printed number."""
        return float(self.text.replace(",", ""))

    @property
    def half_unit(self) -> float:
        """Return half of the last printed place."""
        mantissa, _, exponent = self.text.lower().replace(",", "").partition("e")
        places = len(mantissa.partition(".")[2])
        return 0.5 * 10.0 ** (int(exponent or 0) - places)


@dataclass(frozen=True)
class Figure:
    """A figure beside its print; ``reproduced`` is None where one of the two is missing."""

    key: str
    found: float | None
    printed: str
    place: str
    difference: float | None
    reproduced: bool | None
    why: str


UNKNOWN = "the source has no rows that it could be recomputed from"


def compared(found: Mapping[str, Found], prints: Iterable[Print]) -> tuple[Figure, ...]:
    """Return a figure for each print, and for each number that nobody prints; prints in their order, these after."""
    figures = []
    printed = set()
    for one in prints:
        printed.add(one.key)
        mine = found.get(one.key, Found(None, one.why or UNKNOWN))
        if mine.value is None:
            figures.append(Figure(one.key, None, one.text, one.place, None, None, mine.why))
            continue
        difference = mine.value - one.value
        allowed = one.half_unit * (1 + 1e-9) + _LAST_DIGITS * abs(one.value)
        same = abs(difference) <= allowed
        why = "" if same else one.why
        figures.append(Figure(one.key, mine.value, one.text, one.place, difference, same, why))
    alone = [Figure(key, mine.value, "", "", None, None, mine.why) for key, mine in found.items() if key not in printed]
    return (*figures, *alone)


def is_number(text: str) -> bool:
    """Return whether a text is a finite number."""
    try:
        return isfinite(float(text.replace(",", "")))
    except ValueError:
        return False
