"""Families of checks: which rows a family reads, what it computes of them, and how that is compared with the print.

A family's function is handed the inputs alone: whatever the row prints as an answer is taken away before. The row's
answers are compared here, in one place, for all families alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from deleverage.venues.formulas.exact import Refused
from tests.conformance.cases import Row, Values

FORMULA = "formula"
REFUSED = "ERR"
"""What the files print where an operation has to be rejected."""


class Shown:
    """A number of which a source prints so many decimals; compared after rounding to them, halves up."""

    def __init__(self, value: Fraction | float) -> None:
        self.value = value

    def agrees(self, printed: object) -> bool:
        """Return whether the number looks like the print."""
        if not isinstance(printed, int | Decimal):
            return False
        exact = Decimal(printed)
        number = Decimal(self.value) if isinstance(self.value, float) else _decimal(self.value)
        return number.quantize(exact, ROUND_HALF_UP) == exact

    def __repr__(self) -> str:
        return str(_decimal(Fraction(self.value)))


class Near:
    """A number that a source compares with a tolerance."""

    def __init__(self, value: Fraction, tolerance: Fraction) -> None:
        self.value, self.tolerance = value, tolerance

    def agrees(self, printed: object) -> bool:
        """Return whether the print lies within the tolerance."""
        return isinstance(printed, int | Decimal) and abs(Fraction(printed) - self.value) <= self.tolerance

    def __repr__(self) -> str:
        return f"{_decimal(self.value)} +- {_decimal(self.tolerance)}"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was computed, what computed it (a preset's name, or a formula), and a word to the reader.

    Where a preset has computed it, ``formula`` is what the formula says of the same: both have to agree.
    """

    values: Mapping[str, Any]
    through: str = FORMULA
    note: str = ""
    formula: Mapping[str, Any] = field(default_factory=dict)


LABELS = frozenset({"name", "line", "note", "notes"})
"""What only names a row: nothing may hang on it."""

Compute = Callable[[Values], Answer]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of check: rows of ``kind`` that have all of ``needs`` and none of ``lacks`` are read by it.

    ``why`` says why a formula computes it and no preset. ``implied`` are answers that the rule of the rows states for
    all of them; ``column``: a table among the inputs, the place of the column in it that is an answer, and that
    answer's name. The inputs of perturbed rows are drawn around given ones but for those that stand ``still``, made
    consistent by ``tidy``, and kept where ``legal`` says so; ``fixed``: there is nothing to draw.
    """

    name: str
    kind: str
    needs: frozenset[str]
    answers: frozenset[str]
    compute: Compute
    oracle: Callable[[Values], Mapping[str, Any]]
    lacks: frozenset[str] = frozenset()
    implied: Mapping[str, Any] = field(default_factory=dict)
    still: frozenset[str] = frozenset()
    why: str = ""
    tidy: Callable[[Values], Values] = lambda values: values
    legal: Callable[[Values], bool] = lambda values: True
    column: tuple[str, int, str] | None = None
    fixed: bool = False

    def reads(self, row: Row) -> bool:
        """Return whether this family's shape is the row's."""
        names = row.values.keys() | row.printed.keys()
        return row.kind == self.kind and self.needs <= names and not self.lacks & names

    def inputs(self, row: Row) -> Values:
        """Return the row's inputs, decimals as fractions, without anything that it prints as an answer.

        In a row that keeps its answers apart every value is an input; in a line of a table the answers are columns.
        """
        if self.column:
            table, place, _ = self.column
            lines = [[part for number, part in enumerate(line) if number != place] for line in row.values[table]]
            return {table: exact(lines)}
        hidden = LABELS if row.printed else LABELS | self.answers
        needed = {name: value for name, value in row.printed.items() if name in self.needs - self.answers}
        return {name: exact(value) for name, value in {**needed, **row.values}.items() if name not in hidden}

    def printed(self, row: Row) -> Values:
        """Return the answers that the row prints, or that its rule states."""
        if self.column:
            table, place, name = self.column
            return {name: [line[place] for line in row.values[table]]}
        found = row.printed or row.values
        return {name: found[name] for name in sorted(self.answers) if name in found} | dict(self.implied)

    def unspoken(self, row: Row) -> list[str]:
        """Return what the row prints as an answer and this family does not compute."""
        return sorted(row.printed.keys() - self.answers - self.needs)


def exact(value: Any) -> Any:
    """Return a value with every printed decimal as the fraction that it is."""
    if isinstance(value, Decimal):
        return Fraction(value)
    if isinstance(value, list):
        return [exact(part) for part in value]
    if isinstance(value, dict):
        return {key: exact(part) for key, part in value.items()}
    return value


def play(family: Family, inputs: Values) -> Answer:
    """Return what a family computes of inputs; where it refuses them, every answer is the refusal."""
    try:
        return family.compute(inputs)
    except Refused:
        return Answer(dict.fromkeys(family.answers, REFUSED))


def differences(printed: Mapping[str, Any], answer: Answer) -> list[str]:
    """Return a sentence for each printed answer that was not found, and for each that preset and formula differ in."""
    found, formula = answer.values, answer.formula
    wrong = [
        f"{name} is {found.get(name)!r}, printed is {value}"
        for name, value in sorted(printed.items())
        if name not in found or not agree(value, found[name])
    ]
    return wrong + [
        f"{name} is {found.get(name)!r} by the preset, {value!r} by the formula"
        for name, value in formula.items()
        if not same(value, found.get(name))
    ]


def agree(printed: Any, found: Any) -> bool:
    """Return whether a computed value is the printed one: exactly, unless it says how it is to be compared."""
    if hasattr(found, "agrees"):
        return bool(found.agrees(printed))
    if isinstance(found, list | tuple) and isinstance(printed, list):
        return len(found) == len(printed) and all(agree(a, b) for a, b in zip(printed, found, strict=True))
    if isinstance(found, dict) and isinstance(printed, dict):
        return found.keys() == printed.keys() and all(agree(printed[key], found[key]) for key in printed)
    if isinstance(found, bool) or isinstance(printed, bool) or found is None or printed is None:
        return found is printed
    if isinstance(found, int | Fraction) and isinstance(printed, str) and "/" in printed:
        return Fraction(printed) == found
    if isinstance(found, int | Fraction) and isinstance(printed, int | Decimal | Fraction | str):
        try:
            return Fraction(printed) == found
        except ValueError:
            return False
    return bool(printed == found)


def same(expected: Any, found: Any) -> bool:
    """Return whether an oracle and a family say the same number: exactly, a binary64 score to its last digits."""
    if isinstance(found, Shown | Near):
        found = found.value
    if isinstance(found, float):
        return abs(Fraction(found) - Fraction(expected)) <= abs(Fraction(expected)) / 2**48
    if isinstance(found, list | tuple):
        return len(expected) == len(found) and all(same(a, b) for a, b in zip(expected, found, strict=True))
    if isinstance(found, dict):
        return expected.keys() == found.keys() and all(same(expected[key], found[key]) for key in found)
    return bool(expected == found)


def family(name: str, kind: str, needs: str, answers: str, compute: Compute, oracle: Any, **more: Any) -> Family:
    """Return a family whose needs and answers are written as words."""
    return Family(name, kind, frozenset(needs.split()), frozenset(answers.split()), compute, oracle, **more)
