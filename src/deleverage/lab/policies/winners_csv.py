"""Winners from a CSV file: decimals in, whole units out, every fault at once, and what was cut said to the last digit.

A gain that is no whole number of units is rounded down and the sum of what was cut is kept; a negative gain counts as
0. Nothing else is repaired. A million rows take seconds: texts are read once, numbers without fractions of Python's.
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from deleverage.adapters.tables import Fault, Source, TableFault
from deleverage.lab.policies.cells import Cells, fractions_of, units_of
from deleverage.lab.policies.policy import About
from deleverage.lab.policies.whole import Column, column_of, narrow
from deleverage.lab.policies.winners import Ratio, Winners
from deleverage.rulebook.decimals import Scale
from deleverage.scenarios.faults import nearest
from deleverage.scenarios.files import BadFile, read_bytes

LARGEST_FILE_BYTES = 1_000_000_000
MOST_ROWS = 20_000_000
MOST_FAULTS = 1_000
"""So many faults are told one by one; the others are counted."""

ROLES = (
    *("id", "gain", "cap", "equity", "leverage", "notional", "score"),
    *("lots", "owner", "arrived", "least_equity"),
)
"""What a column can be."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class WinnersTable:
    """The winners of a file, where they come from, and what was changed on the way in."""

    winners: Winners
    source: Source
    columns: Mapping[str, str]
    cut: Fraction  # of gains, in the money of the file
    negative: int  # gains below 0, which count as 0
    lowered: int  # caps above the gain, which count as the gain


def read_winners(
    path: Path, columns: Mapping[str, str], about: About, unit: Scale, progress: Progress = lambda *_: None
) -> WinnersTable:
    """Return the winners of a CSV file; ``columns`` maps roles to its columns. Raises TableFault with every fault.

    A role that the policy needs and nobody named is looked for under its own name; so are the id and the gain.
    """
    faults: list[Fault] = []
    unknown = [role for role in columns if role not in ROLES]
    faults += [Fault("--column", 0, role, f"is unknown, {nearest(role, ROLES)}") for role in unknown]
    wanted = {role: role for role in ("id", "gain", *about.needs)}
    if "notional" in columns and "leverage" not in columns:
        wanted.pop("leverage", None)
        wanted["equity"] = "equity"
    wanted |= {role: name for role, name in columns.items() if role in ROLES}
    source, texts, lines = _texts(path, wanted, faults, progress)
    if not texts:
        raise TableFault(_told(faults))
    cells = Cells(path.name, lines, faults)
    _names(cells, wanted["id"], texts["id"])
    winners, cut, negative, lowered = _winners(cells, wanted, texts, unit, progress)
    if faults:
        raise TableFault(_told(faults))
    return WinnersTable(winners, source, wanted, cut, negative, lowered)


def _texts(
    path: Path, wanted: Mapping[str, str], faults: list[Fault], progress: Progress
) -> tuple[Source, dict[str, list[str]], list[int]]:
    """Return the texts of each role's column and the line of each row, adding to faults."""
    name = path.name
    try:
        raw = read_bytes(path, LARGEST_FILE_BYTES)
        text = raw.decode("utf-8-sig")
    except BadFile as refusal:
        faults.append(Fault(str(path), 0, "", str(refusal)))
        return Source(name, "", 0), {}, []
    except UnicodeDecodeError as error:
        faults.append(Fault(name, raw.count(b"\n", 0, error.start) + 1, "", "is not UTF-8 text"))
        return Source(name, "", 0), {}, []
    source = Source(name, sha256(raw).hexdigest(), len(raw))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    texts: dict[str, list[str]] = {}
    lines: list[int] = []
    try:
        header = next(reader, [])
        places = _places(name, header, wanted, faults)
        if places is None:
            return source, {}, []
        rows = []
        expected = text.count("\n")
        for cells in reader:
            if len(cells) == len(header):
                rows.append(cells)
                lines.append(reader.line_num)
                if not len(rows) % 50_000:
                    progress("rows", len(rows), expected)
            elif cells:
                faults.append(Fault(name, reader.line_num, "", f"has {len(cells)} fields, the header {len(header)}"))
    except csv.Error as error:
        faults.append(Fault(name, reader.line_num, "", f"is not CSV: {error}"))
        return source, {}, []
    if not rows or len(rows) > MOST_ROWS:
        told = "has a header and no rows" if not rows else f"has {len(rows):,} rows, at most {MOST_ROWS:,} are read"
        faults.append(Fault(name, 0, "", told))
        return source, {}, []
    texts = {role: [cells[at] for cells in rows] for role, at in places.items()}
    return source, texts, lines


def _places(name: str, header: list[str], wanted: Mapping[str, str], faults: list[Fault]) -> dict[str, int] | None:
    """Return where each role's column is, or None with a fault for each that is not there, or there twice."""
    if not header:
        faults.append(Fault(name, 0, "", "is empty"))
        return None
    before = len(faults)
    for role, column in wanted.items():
        count = header.count(column)
        if count == 0:
            known = ", ".join(ascii(other)[1:-1] for other in header)[:200]
            hint = " (is it separated by commas?)" if len(header) == 1 else ""
            how = "" if role == column else f" for {role}"
            faults.append(
                Fault(name, 1, column, f"column{how} is missing, the header has {known}{hint}; --column {role}=NAME")
            )
        elif count > 1:
            faults.append(Fault(name, 1, column, "column is there twice"))
    return None if len(faults) > before else {role: header.index(column) for role, column in wanted.items()}


def _names(cells: Cells, column: str, names: list[str]) -> None:
    """Note ids that are empty or there twice."""
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if not name:
            cells.fault(row, column, "is empty, every winner needs an id")
        elif name in first:
            cells.fault(row, column, f"{name[:40]!a} is there twice, first in line {cells.lines[first[name]]}")
        else:
            first[name] = row


def _winners(
    cells: Cells, wanted: Mapping[str, str], texts: dict[str, list[str]], unit: Scale, progress: Progress
) -> tuple[Winners, Fraction, int, int]:
    """Return the winners, what was cut of gains, and how many gains and caps were out of range."""
    progress("columns", 0, len(texts))
    gains, cut = units_of(cells, wanted["gain"], texts["gain"], unit)
    negative = sum(gain < 0 for gain in gains)
    gain = column_of([max(0, units) for units in gains])
    money: dict[str, Column] = {}
    for done, role in enumerate(
        role for role in ("cap", "equity", "notional", "lots", "least_equity") if role in texts
    ):
        progress("columns", done + 1, len(texts))
        units, lost = units_of(cells, wanted[role], texts[role], unit, least={"cap": 0, "notional": 0}.get(role))
        if role == "lots":
            cells.note(wanted[role], units, lambda one: one <= 0, "is less than one unit, a lot is worth one or more")
            if lost:
                cells.fault(0, wanted[role], "is no whole number of units somewhere below: choose a smaller --unit")
        money[role] = column_of(units)
    given = money.pop("cap", gain)
    lowered = int((given > gain).sum())
    extra: dict[str, Any] = {role: money[role] for role in ("lots", "least_equity") if role in money}
    if "owner" in texts:
        extra["owner"] = np.array(texts["owner"], object)
    exact: dict[str, tuple[Column, Column]] = {
        role: fractions_of(cells, wanted[role], texts[role])
        for role in ("score", "arrived", "leverage")
        if role in texts
    }
    if "arrived" in exact:
        extra["arrived"] = _comparable(*exact["arrived"])
    leverage = _leverage(cells, wanted, exact, money)
    score = _comparable(*exact["score"]) if "score" in exact else None
    progress("columns", len(texts), len(texts))
    winners = Winners(texts["id"], gain, narrow(np.minimum(gain, given)), money.get("equity"), leverage, score, extra)
    return winners, cut, negative, lowered


def _comparable(over: Column, under: Column) -> Column:
    """Return fractions as numbers that sort as they do: the numerators where the denominator is one for all."""
    if (under == under[0]).all():
        return over
    return np.array([Fraction(*pair) for pair in zip(over.tolist(), under.tolist(), strict=True)], object)


def _leverage(
    cells: Cells, wanted: Mapping[str, str], exact: Mapping[str, tuple[Column, Column]], money: Mapping[str, Column]
) -> Ratio | None:
    """Return leverage as it is written, or notional over equity."""
    if "leverage" in exact:
        numbers, under = exact["leverage"]
        cells.note(wanted["leverage"], numbers.tolist(), lambda one: one < 0, "is negative, allowed are 0 and more")
        return Ratio(numbers, under)
    if "notional" not in money:
        return None
    low = "is not above 0: notional over equity is no leverage then"
    cells.note(wanted["equity"], money["equity"].tolist(), lambda one: one <= 0, low)
    return Ratio(money["notional"], np.maximum(money["equity"], 1))


def _told(faults: list[Fault]) -> list[Fault]:
    """Return the faults in the order of lines, no more than anybody reads."""
    ordered = sorted(faults, key=lambda fault: fault.line)
    more = len(ordered) - MOST_FAULTS
    last = [Fault(ordered[0].file, 0, "", f"and {more:,} more faults")] if more > 0 else []
    return ordered[:MOST_FAULTS] + last
