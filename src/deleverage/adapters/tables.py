"""Other people's CSV files, read strictly: every fault with file, line and column, all of them at once.

Numbers are read exactly (as fractions), scientific notation included, because float64 tables contain it. What is not a
finite decimal number is a fault; nothing is skipped or filled in silently.
"""

import csv
import io
import re
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from deleverage.scenarios.files import BadFile, read_bytes

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_LARGEST_EXPONENT = 308  # beyond it a binary64 table can only hold infinity
_LARGEST = 10**18  # no price, quantity or sum of money in a real table comes near
LARGEST_FILE_BYTES = 64_000_000
_LONGEST = 400  # characters of a number: a float64 in full has fewer


class Fault(NamedTuple):
    """One thing wrong with an input: where (line 0: the whole file, column "": the whole line) and what."""

    file: str
    line: int
    column: str
    sentence: str

    def __str__(self) -> str:
        """Return ``file:line: column: sentence``, leaving out what does not apply."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.column}: {self.sentence}" if self.column else f"{place}: {self.sentence}"


class TableFault(ValueError):
    """An input that cannot be used; carries the full list of its faults."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults; the message holds one per line."""
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table came from: file name, SHA-256 of its bytes, and its size in bytes."""

    file: str
    sha256: str
    size_bytes: int


@dataclass(slots=True)
class Row:
    """One line of a table; its readers note a fault and return a harmless value, so that all faults are found."""

    file: str
    line: int
    cells: dict[str, str]
    faults: list[Fault]

    def fault(self, column: str, sentence: str) -> None:
        """Note a fault of this line."""
        self.faults.append(Fault(self.file, self.line, column, sentence))

    def number(self, column: str) -> Fraction:
        """Return a finite decimal number exactly, as written."""
        text = self.cells[column]
        if not _NUMBER.fullmatch(text) or len(text) > _LONGEST:
            self.fault(column, f"{text[:40]!a} is not a finite decimal number")
            return Fraction(1)
        exponent = re.split("[eE]", text)[1] if "e" in text.lower() else "0"
        if abs(int(exponent)) > _LARGEST_EXPONENT:
            self.fault(column, f"{text[:40]} lies outside the range of a float64")
            return Fraction(1)
        number = Fraction(text)
        if abs(number) > _LARGEST:
            self.fault(column, f"{text[:40]} is beyond 10^18")
            return Fraction(1)
        return number

    def not_negative(self, column: str) -> Fraction:
        """Return a number >= 0."""
        number = self.number(column)
        if number < 0:
            self.fault(column, f"{self.cells[column]} is negative, allowed are 0 and more")
        return max(number, Fraction(0))

    def positive(self, column: str) -> Fraction:
        """Return a number > 0."""
        number = self.number(column)
        if number <= 0:
            self.fault(column, f"{self.cells[column]} is not above 0")
        return number if number > 0 else Fraction(1)

    def whole(self, column: str, least: int = 0) -> int:
        """Return an integer written in digits only."""
        text = self.cells[column]
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            self.fault(column, f"{text[:40]!a} is not a whole number")
            return least
        if int(text) < least:
            self.fault(column, f"{text} is below {least}")
        return int(text)

    def name(self, column: str) -> str:
        """Return an identifier: printable ASCII without spaces or slashes, at most 40 characters."""
        text = self.cells[column]
        if not re.fullmatch(r"[!-.0-~]{1,40}", text):
            self.fault(column, f"{text[:40]!a} is not a name of 1 to 40 printable ASCII characters without slash")
        return text


def read_table(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> tuple[Source, list[Row]]:
    """Return a CSV file's source and rows, adding to ``faults``; ``columns`` must be there, others are kept."""
    name = path.name
    try:
        raw = read_bytes(path, LARGEST_FILE_BYTES)
    except BadFile as refusal:
        faults.append(Fault(str(path), 0, "", str(refusal)))
        return Source(name, "", 0), []
    source = Source(name, sha256(raw).hexdigest(), len(raw))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Fault(name, raw.count(b"\n", 0, error.start) + 1, "", "is not UTF-8 text"))
        return source, []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = next(reader, [])
        if not header:
            faults.append(Fault(name, 0, "", "is empty"))
            return source, []
        known = f"column is missing, the header has {', '.join(ascii(column)[1:-1] for column in header)}"[:200]
        known += " (is it separated by commas?)" if len(header) == 1 else ""
        found = [Fault(name, 1, column, known) for column in columns if column not in header]
        found += [Fault(name, 1, column, "column is there twice") for column in sorted(_doubles(header))]
        faults += found
        if found:
            return source, []
        for cells in reader:
            if not cells:
                continue  # An empty line, most often the last one.
            if len(cells) != len(header):
                faults.append(Fault(name, reader.line_num, "", f"has {len(cells)} fields, the header {len(header)}"))
                continue
            rows.append(Row(name, reader.line_num, dict(zip(header, cells, strict=True)), faults))
    except csv.Error as error:
        faults.append(Fault(name, reader.line_num, "", f"is not CSV: {error}"))
        return source, []
    if not rows and not faults:
        faults.append(Fault(name, 0, "", "has a header and no rows"))
    return source, rows


def _doubles(header: list[str]) -> set[str]:
    return {column for column in header if header.count(column) > 1}
