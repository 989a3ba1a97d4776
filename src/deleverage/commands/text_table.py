"""Tables in plain text: columns as wide as their widest cell, numbers right, decimal points below each other.

A library's table would fill every line with blanks to the width of the terminal and cut numbers that do not fit; a
number that is cut is a wrong number.
"""

import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"-?[0-9,]+(\.[0-9]+)?( %)?")
GAP = "  "


class TextTable:
    """Rows of text under a title and names; columns in ``left`` are aligned left, all others as numbers."""

    def __init__(self, title: str, names: Sequence[str], left: Iterable[str] = ()) -> None:
        """Start an empty table."""
        self.title, self.names, self.left = title, tuple(names), frozenset(left)
        self.rows: list[tuple[str, ...]] = []

    def add(self, *cells: str) -> None:
        """Add a row, one cell per column."""
        self.rows.append(cells)

    def lines(self, indent: str = "") -> list[str]:
        """Return title, names and rows as lines without trailing blanks."""
        columns = [
            self._column(name, [row[at] for row in self.rows]) if name not in self.left else _ljust(name, self.rows, at)
            for at, name in enumerate(self.names)
        ]
        table = [GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]
        return [f"{indent}{line}" for line in (self.title, *table)]

    def _column(self, name: str, cells: list[str]) -> list[str]:
        """Return a column of numbers, padded so that the points stand below each other."""
        tails = [len(cell.partition(".")[2]) + 1 if "." in cell and _NUMBER.fullmatch(cell) else 0 for cell in cells]
        deepest = max(tails, default=0)
        if not any(cell.endswith("%") for cell in cells):
            pairs = zip(cells, tails, strict=True)
            cells = [cell + " " * (deepest - tail) if _NUMBER.fullmatch(cell) else cell for cell, tail in pairs]
        width = max(len(cell) for cell in (name, *cells))
        return [cell.rjust(width) for cell in (name, *cells)]


def _ljust(name: str, rows: list[tuple[str, ...]], at: int) -> list[str]:
    cells = [name, *(row[at] for row in rows)]
    width = max(map(len, cells))
    return [cell.ljust(width) for cell in cells]
