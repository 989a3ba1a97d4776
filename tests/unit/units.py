"""A number that carries its unit: run a money formula on it, and a forgotten factor is refused.

``Measure(3, lot=1)`` is three lots. Sums and comparisons need equal units, products add exponents, quotients subtract
them. A plain 0 has every unit, a plain 1 is the last unit that a rounding adds; other plain numbers are pure.
The remainder of a division counts in units of the divisor: how far it is to the next unit of the quotient.
"""

from __future__ import annotations

from typing import Any


class UnitMismatch(TypeError):
    """Two quantities of different units were added or compared."""


class Measure:
    """An integer with unit exponents (``tick``, ``lot``, ``quantum``, ``ppb``)."""

    def __init__(self, value: int, **exponents: int) -> None:
        self.value = value
        self.unit = {name: power for name, power in exponents.items() if power}

    def _other(self, other: Any) -> int:
        """Return the other's value if it has the same unit, or refuse."""
        unit = other.unit if isinstance(other, Measure) else {}
        value = other.value if isinstance(other, Measure) else other
        last_unit = value == 1 and not isinstance(other, Measure)
        if value != 0 and unit != self.unit and self.value != 0 and not last_unit:
            raise UnitMismatch(f"{self.unit or 'pure'} with {unit or 'pure'}")
        return int(value)

    def _with(self, other: Any, sign: int) -> dict[str, int]:
        unit = dict(self.unit)
        for name, power in (other.unit if isinstance(other, Measure) else {}).items():
            unit[name] = unit.get(name, 0) + sign * power
        return unit

    def _sum(self, other: Any, value: int) -> Measure:
        unit = self.unit if self.value or not isinstance(other, Measure) else other.unit
        return Measure(value, **unit)

    def __add__(self, other: Any) -> Measure:
        return self._sum(other, self.value + self._other(other))

    def __sub__(self, other: Any) -> Measure:
        return self._sum(other, self.value - self._other(other))

    def __rsub__(self, other: Any) -> Measure:
        return -(self - other)

    __radd__ = __add__

    def __mul__(self, other: Any) -> Measure:
        return Measure(self.value * (other.value if isinstance(other, Measure) else other), **self._with(other, 1))

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Measure:
        return Measure(self.value // (other.value if isinstance(other, Measure) else other), **self._with(other, -1))

    def __mod__(self, other: Any) -> Measure:
        value = other.value if isinstance(other, Measure) else other
        return Measure(self.value % value, **(other.unit if isinstance(other, Measure) else {}))

    def __divmod__(self, other: Any) -> tuple[Measure, Measure]:
        return self // other, self % other

    def __neg__(self) -> Measure:
        return Measure(-self.value, **self.unit)

    def __abs__(self) -> Measure:
        return Measure(abs(self.value), **self.unit)

    def __lt__(self, other: Any) -> bool:
        return self.value < self._other(other)

    def __gt__(self, other: Any) -> bool:
        return self.value > self._other(other)

    def __le__(self, other: Any) -> bool:
        return self.value <= self._other(other)

    def __ge__(self, other: Any) -> bool:
        return self.value >= self._other(other)

    def __eq__(self, other: object) -> bool:
        return self.value == self._other(other)

    def __index__(self) -> int:
        return self.value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"{self.value} {self.unit}"
