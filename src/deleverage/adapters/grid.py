"""Fractions of an input brought onto the integer grid: half to even, and every unit moved on the way is kept.

Research inputs are other people's floats. Their rounding is named here, once, and its total is reported per direction,
so that a reader can see how little (or how much) the grid has changed.
"""

from dataclasses import dataclass
from fractions import Fraction

from deleverage.rulebook.quantities import Scale, div_half_even, format_units


@dataclass(slots=True)
class Moved:
    """What rounding has moved: numbers rounded up and down, and how much in each direction (>= 0, exact)."""

    rounded: int = 0
    up_count: int = 0
    down_count: int = 0
    up: Fraction = Fraction(0)
    down: Fraction = Fraction(0)

    def note(self, exact: Fraction, kept: Fraction) -> None:
        """Note one number before and after rounding, in the unit in which the totals are wanted."""
        self.rounded += 1
        if kept > exact:
            self.up_count += 1
            self.up += kept - exact
        elif kept < exact:
            self.down_count += 1
            self.down += exact - kept

    def as_json(self) -> dict[str, str | int]:
        """Return counts and totals; totals with 15 decimals, halves to even."""
        return {
            "numbers": self.rounded,
            "rounded_up": self.up_count,
            "rounded_down": self.down_count,
            "up_usd": decimal_text(self.up, 15),
            "down_usd": decimal_text(self.down, 15),
        }


def units_half_even(number: Fraction, scale: Scale) -> int:
    """Return how many units of ``scale`` a number is, to the nearest, halves to even."""
    units = number * 10**scale.decimals / scale.units
    return div_half_even(units.numerator, units.denominator)


def in_units(count: int, scale: Scale) -> Fraction:
    """Return the number that ``count`` units are, exactly."""
    return Fraction(count * scale.units, 10**scale.decimals)


def decimal_text(number: Fraction, decimals: int) -> str:
    """Return a number for people, rounded half to even to at most so many decimals."""
    scale = Scale(1, decimals)
    return format_units(units_half_even(number, scale), scale)
