"""Cells of research tables: binary64 numbers, moments, and the tables of one folder with faults that name its files."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import fsum, isfinite
from pathlib import Path

from deleverage.adapters.tables import LARGEST_FILE_BYTES, Fault, Row, Source, read_table
from deleverage.lab.events.model import Repeat
from deleverage.scenarios.files import BadFile, read_bytes

UNDEFINED = ("", "nan", "NaN")
"""What a table writes where a ratio has no value; elsewhere it is a fault."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_MS, _LATEST_MS = 0, 10**14  # the year 5138: what is beyond counts micro- or nanoseconds
_WHOLE = re.compile(r"[0-9]{1,18}\.0{1,9}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def number(row: Row, column: str) -> float:
    """Return the binary64 number nearest to a decimal cell."""
    return float(row.number(column))


def least_zero(row: Row, column: str) -> float:
    """Return a number >= 0."""
    return float(row.not_negative(column))


def above_zero(row: Row, column: str) -> float:
    """Return a number > 0."""
    return float(row.positive(column))


def count(row: Row, column: str, least: int = 0) -> int:
    """Return a whole number; tables that had an empty cell once write 14 as 14.0."""
    if not _WHOLE.fullmatch(row.cells[column]):
        return row.whole(column, least)
    found = int(row.cells[column].partition(".")[0])
    if found < least:
        row.fault(column, f"{row.cells[column]} is below {least}")
    return found


def maybe(row: Row, column: str) -> float:
    """Return a number, or NaN where the column is missing or the cell says that there is none."""
    return number(row, column) if row.cells.get(column, "") not in UNDEFINED else float("nan")


def moment_ms(row: Row, column: str) -> int:
    """Return epoch milliseconds, written as such or as an ISO 8601 time with its zone; finer parts are cut off."""
    text = row.cells[column]
    text = text.partition(".")[0] if _WHOLE.fullmatch(text) else text
    if text.isdigit() and text.isascii():
        if len(text) <= 15 and _EARLIEST_MS <= int(text) <= _LATEST_MS:
            return int(text)
        row.fault(column, f"{text[:40]} is beyond {_LATEST_MS}: are these milliseconds?")
        return 0
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError
        found = datetime.fromisoformat(text)
    except ValueError:
        row.fault(column, f"{text[:40]!a} is neither epoch milliseconds nor a time like 2025-10-10T21:16:04.831+00:00")
        return 0
    return (found - _EPOCH) // timedelta(milliseconds=1)


def truth(row: Row, column: str) -> bool:
    """Return a cell that says true or false."""
    text = row.cells[column].lower()
    if text not in ("true", "false", "1", "0"):
        row.fault(column, f"{row.cells[column][:40]!a} is neither true nor false")
    return text in ("true", "1")


def label(row: Row, column: str) -> str:
    """Return a name that somebody else gave: not empty, printable, at most 100 characters."""
    text = row.cells[column]
    if not text or len(text) > 100 or not text.isprintable():
        row.fault(column, f"{text[:40]!a} is not a name of 1 to 100 printable characters")
    return text


def read(root: Path, path: Path, columns: tuple[str, ...], faults: list[Fault]) -> tuple[Source, list[Row]]:
    """Return a table below ``root`` as ``read_table`` does, named by its path from there."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name
    found: list[Fault] = []
    source, rows = read_table(path, columns, found)
    faults += [fault._replace(file=name) if fault.file in (path.name, str(path)) else fault for fault in found]
    for row in rows:
        row.file, row.faults = name, faults
    return Source(name, source.sha256, source.size_bytes), rows


def read_once(
    root: Path, path: Path, columns: tuple[str, ...], faults: list[Fault], repeats: list[Repeat], money: str
) -> tuple[Source, list[Row]]:
    """Return a table as ``read`` does, without rows that are there again in every cell; those go to ``repeats``.

    The same number under one key twice would be a row that was counted twice, which an audit tells; two different ones
    are a contradiction, which readers refuse. ``money`` is the column that a second row would be added up in.
    """
    source, rows = read(root, path, columns, faults)
    first: dict[tuple[str, ...], Row] = {}
    again = []
    for row in rows:
        if (one := first.setdefault(tuple(row.cells.values()), row)) is not row:
            again.append((row, one))
    if again:
        total = fsum(_amount(row, money) for row in first.values())
        repeats += [Repeat(source.file, row.line, one.line, money, total, _amount(row, money)) for row, one in again]
    return source, list(first.values())


def _amount(row: Row, column: str) -> float:
    """Return a number of a cell, 0 where it is none: whoever reads the cell tells that."""
    try:
        found = float(row.cells[column])
    except (KeyError, ValueError):
        return 0.0
    return found if isfinite(found) else 0.0


def optional(row: Row, column: str) -> str:
    """Return the text of a column that need not be there."""
    return row.cells.get(column, "")


def source_of(root: Path, path: Path) -> Source:
    """Return where a file that is no table comes from; an unreadable one has no hash, and its reader tells why."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name
    try:
        raw = read_bytes(path, LARGEST_FILE_BYTES)
    except BadFile:
        return Source(name, "", 0)
    return Source(name, sha256(raw).hexdigest(), len(raw))
