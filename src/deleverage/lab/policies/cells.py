"""Columns of decimal texts as whole numbers, exactly: the fast way for plain ones, fractions for all others."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from deleverage.adapters.tables import Fault
from deleverage.lab.policies.whole import Column, column_of
from deleverage.rulebook.decimals import Scale

_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?").fullmatch
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?").fullmatch
_RATIO = re.compile(r"-?[0-9]{1,40}/0*[1-9][0-9]{0,39}").fullmatch
_LONGEST = 400  # characters: a binary64 in full has fewer
LARGEST_EXPONENT = 308
LARGEST_DIGITS = 40
"""No number of a file has more digits before the point."""


@dataclass
class Cells:
    """Where a column stands in a file, so that a fault can say it."""

    file: str
    lines: list[int]
    faults: list[Fault]

    def fault(self, row: int, column: str, sentence: str) -> None:
        """Note a fault of one cell."""
        self.faults.append(Fault(self.file, self.lines[row], column, sentence))

    def note(self, column: str, numbers: Iterable[int], is_wrong: Callable[[int], bool], sentence: str) -> None:
        """Note every number that is wrong."""
        for row, number in enumerate(numbers):
            if is_wrong(number):
                self.fault(row, column, sentence)


def units_of(
    cells: Cells, column: str, texts: list[str], unit: Scale, least: int | None = None
) -> tuple[list[int], Fraction]:
    """Return each decimal in units, rounded down, and the sum of what was cut of those above 0."""
    decimals = unit.decimals
    cut: Counter[int] = Counter()  # digits beyond the unit, by how many there are
    other = Fraction(0)
    result = []
    for row, text in enumerate(texts):
        if unit.units == 1 and _PLAIN(text):
            whole, _, part = text.partition(".")
            tail = part[decimals:]
            number = int(whole + part[:decimals].ljust(decimals, "0"))
            if tail and (lost := int(tail)):
                if text[0] == "-":
                    number -= 1
                else:
                    cut[len(tail)] += lost
        else:
            value = _exact(cells, row, column, text) * 10**decimals / unit.units
            number = value.numerator // value.denominator
            other += max(Fraction(0), value - number) if value > 0 else 0
        if least is not None and number < least:
            cells.fault(row, column, f"{text[:40]} is negative, allowed are 0 and more")
        result.append(number)
    size = Fraction(unit.units, 10**decimals)
    return result, other * size + sum(Fraction(lost, 10 ** (digits + decimals)) for digits, lost in cut.items())


def fractions_of(cells: Cells, column: str, texts: list[str]) -> tuple[Column, Column]:
    """Return each decimal, or fraction like 10/7, as a whole number over another."""
    values = [text if _PLAIN(text) else _fraction(cells, row, column, text) for row, text in enumerate(texts)]
    if all(isinstance(value, str) for value in values):
        decimals = max((len(str(value).partition(".")[2]) for value in values), default=0)
        numbers = []
        for value in values:
            whole, _, part = str(value).partition(".")
            numbers.append(int(whole + part.ljust(decimals, "0")))
        return column_of(numbers), column_of([10**decimals] * len(numbers))
    exact = [Fraction(value) for value in values]
    return column_of([one.numerator for one in exact]), column_of([one.denominator for one in exact])


def _fraction(cells: Cells, row: int, column: str, text: str) -> Fraction:
    """Return a fraction of two whole numbers, or any other decimal."""
    if _RATIO(text):
        over, _, under = text.partition("/")
        return Fraction(int(over), int(under))
    return _exact(cells, row, column, text)


def _exact(cells: Cells, row: int, column: str, text: str) -> Fraction:
    """Return a decimal exactly, scientific notation included; note a fault where it is none."""
    match = _NUMBER(text) if len(text) <= _LONGEST else None
    if match is None:
        cells.fault(row, column, f"{text[:40]!a} is not a finite decimal number")
        return Fraction(0)
    exponent = int(match[3][1:]) if match[3] else 0
    if abs(exponent) > LARGEST_EXPONENT:
        cells.fault(row, column, f"{text[:40]} lies outside the range of a float64")
        return Fraction(0)
    value = Fraction(text)
    if abs(value) >= 10**LARGEST_DIGITS:
        cells.fault(row, column, f"{text[:40]} has more than {LARGEST_DIGITS} digits before the point")
        return Fraction(0)
    return value
