"""What both pages are made of: money as text, shares of a bar, and the points of a step chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from deleverage.lab.numbers import grouped, percent
from deleverage.rulebook.quantities import Scale, div_ceil, div_floor, div_half_even, format_units, parse_units

MINUS = "\u2212"
"""The sign that is as wide as a digit, for people; documents keep the ASCII one."""

CHART_WIDTH, CHART_HEIGHT = 960, 190
BAR_WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class Currency:
    """The settlement currency of a document: its name, its quantum, and how many decimals people are shown."""

    name: str
    scale: Scale

    @classmethod
    def of(cls, name: str, quantum: str) -> "Currency":
        """Return the currency whose quantum is written like this (0.000001)."""
        return cls(name, Scale(1, len(quantum.partition(".")[2])))

    def quanta(self, text: str) -> int:
        """Return a decimal of the document as quanta, exactly."""
        return parse_units(text, self.scale)

    def shown(self, quanta: int) -> str:
        """Return an amount for people: to the cent (halves to even) for dollars and their like, exactly otherwise."""
        decimals = min(2, self.scale.decimals) if self.name.startswith(("USD", "EUR")) else self.scale.decimals
        rounded = div_half_even(quanta, 10 ** (self.scale.decimals - decimals))
        return _padded(format_units(rounded, Scale(1, decimals)), decimals)

    def text(self, text: str) -> str:
        """Return a decimal of the document for people."""
        return self.shown(self.quanta(text))

    def exact(self, text: str) -> str:
        """Return a decimal of the document with every digit it has, all of the same length."""
        return _padded(text, self.scale.decimals)


def _padded(text: str, decimals: int) -> str:
    whole, _, fraction = text.partition(".")
    return (grouped(whole) + (f".{fraction:0<{decimals}}" if decimals else "")).replace("-", MINUS)


def signed(count: str) -> str:
    """Return a whole number of the document grouped, with a sign as wide as a digit."""
    return grouped(count).replace("-", MINUS)


class Slice(NamedTuple):
    """One part of a bar: ``x`` and ``width`` in thousandths of it."""

    key: str
    name: str
    definition: str
    amount: str
    share: str
    x: int
    width: int


def slices(parts: Sequence[tuple[str, str, str, int]], currency: Currency) -> list[Slice]:
    """Return the parts (key, name, definition, quanta) of a whole side by side; empty ones have no width."""
    whole = sum(quanta for *_, quanta in parts)
    result, before = [], 0
    for key, name, definition, quanta in parts:
        x = div_floor(before * BAR_WIDTH, whole) if whole else 0
        before += quanta
        end = div_floor(before * BAR_WIDTH, whole) if whole else 0
        width = max(2, end - x) if quanta else 0
        result.append(Slice(key, name, definition, currency.shown(quanta), percent(quanta, whole), x, width))
    return result


def of_largest(values: Sequence[int], width: int = 100) -> list[int]:
    """Return each value >= 0 as a share of the largest, in units of ``width``; what is positive has at least 1."""
    largest = max(values, default=0)
    return [max(1, div_floor(value * width, largest)) if value > 0 else 0 for value in values]


class Point(NamedTuple):
    """A point of a step chart, in its coordinates, and the amount it stands for."""

    x: int
    y: int
    amount: str


def step_chart(levels: Sequence[int], currency: Currency) -> dict[str, Any]:
    """Return a chart of money that holds and jumps: points, the line through them, the area below it."""
    largest = max(*levels, 1)
    columns = max(1, len(levels) - 1)
    points = [
        Point(
            div_floor(CHART_WIDTH * place, columns),
            CHART_HEIGHT - div_floor(CHART_HEIGHT * level, largest),
            currency.shown(level),
        )
        for place, level in enumerate(levels)
    ]
    line = f"M{points[0].x} {points[0].y}" + "".join(f"H{point.x}V{point.y}" for point in points[1:])
    return {
        "points": points,
        "line": line,
        "area": f"{line}V{CHART_HEIGHT}H0Z",
        "width": CHART_WIDTH,
        "height": CHART_HEIGHT,
        "every": max(1, div_ceil(columns, 8)),  # so many steps share one label
        "top": currency.shown(largest),
    }
