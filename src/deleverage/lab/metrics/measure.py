"""A measured number that knows its name, its unit and its definition; or that it is undefined, and why.

Numbers here are binary64: a measure is no money. Comparisons and averages are made on what is defined for all.
"""

from dataclasses import dataclass
from math import isfinite

LARGE = 1_000
"""From here on a measure is read by its whole part."""


@dataclass(frozen=True, slots=True)
class Measure:
    """``value`` in ``unit``; None where it is undefined, and then ``why`` says so in a sentence."""

    name: str
    unit: str
    value: float | None
    why: str = ""

    def __post_init__(self) -> None:
        """Refuse what would pass as a number: NaN, infinity, or nothing without a reason."""
        if self.value is not None and not isfinite(self.value):
            raise ValueError(f"{self.name} is {self.value}: undefined is None, with a reason")
        if (self.value is None) != bool(self.why):
            raise ValueError(f"{self.name}: a number has no reason, an undefined one has: {self.value}, {self.why!r}")


def ratio(name: str, unit: str, over: float, under: float, why: str) -> Measure:
    """Return over / under, undefined for the reason ``why`` where ``under`` is not above 0."""
    return Measure(name, unit, over / under) if under > 0 else Measure(name, unit, None, why)


def cents(value: float | None) -> str:
    """Return an amount in USD for people, without its unit: two decimals, halves to even, grouped."""
    return "undefined" if value is None else f"{round(value, 2) + 0.0:,.2f}"


def written(value: float) -> str:
    """Return a measure for people: from 1,000 on two decimals and grouped, below that six significant digits."""
    return f"{value:,.2f}" if abs(value) >= LARGE else f"{value:.6g}"
