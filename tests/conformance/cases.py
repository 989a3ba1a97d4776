"""Reads the published cases: each row with its inputs and what its source prints, decimals exactly as printed.

The files lie beside the repository and are never copied into it; without them there are no rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY.parent / "shared" / "rules" / "cases"
FILES = ("centralised.yaml", "decentralised.yaml")

Values = dict[str, Any]

SHORT = {
    "dydx4": "dYdX v4",
    "dydx1": "dYdX v1",
    "vega": "Vega",
    "drift": "Drift v2",
    "gmx": "GMX v2",
    "inj": "Injective",
    "hl": "Hyperliquid",
    "paradex": "Paradex",
    "derive": "Derive",
    "mango": "Mango v4",
    "mcdex": "MCDEX v3",
    "perc": "Percolator",
    "flox": "FLOX",
    "orderly": "Orderly",
    "snx": "Synthetix v3",
    "vertex": "Vertex",
    "aster": "Aster",
    "gte": "GTE",
}
"""What a suite's first word stands for; for the eye alone."""


_Exact: Any = type("_Exact", (yaml.SafeLoader,), {"__doc__": "Reads a decimal as it is printed, a date as its text."})
_Exact.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))
_Exact.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a case. ``values`` are all its named values; which of them are answers, a family says.

    ``kind`` is what the case says it checks; a suite that says nothing has none. ``printed`` are those that stand in a
    part of the case for answers; ``derived``: an answer among them was computed by who compiled the case.
    """

    case_id: str
    number: int
    venue: str
    confidence: str
    kind: str
    values: Values
    printed: Values = field(default_factory=dict)
    derived: bool = False

    @property
    def name(self) -> str:
        """Return the id, with the number of the row where the case has several."""
        return f"{self.case_id}#{self.number}" if self.number else self.case_id


def present() -> bool:
    """Return whether the files of cases are there."""
    return all((FOLDER / name).is_file() for name in FILES)


def read(folder: Path = FOLDER) -> list[Row]:
    """Return every row of both files, in their order."""
    central, open_source = (yaml.load((folder / name).read_text("utf-8"), _Exact) for name in FILES)
    rows = [row for case in central["cases"] for row in _rows_of_case(case)]
    return rows + [row for suite in open_source["suites"] for row in _rows_of_suite(suite)]


def _rows_of_case(case: Values) -> Iterator[Row]:
    """Yield the rows of a case with ``inputs`` and ``expect``: lists of one length are rows, side by side."""
    inputs, expect = case.get("inputs", {}), case.get("expect")
    derived = case.get("expect_derived")
    found = expect if expect is not None else derived
    count = max(len(part) if isinstance(part, list) else 1 for part in (inputs, found))
    for place in range(count):
        given, printed = _part(inputs, place), _part(found, place)
        is_derived = expect is None
        if printed == {"result": None} and isinstance(derived, list):
            printed, is_derived = _part(derived, place), True
        several = place + 1 if count > 1 else 0
        yield Row(case["id"], several, case["venue"], case["confidence"], case["kind"], given, printed, is_derived)


def _part(values: Any, place: int) -> Values:
    if isinstance(values, list):
        values = values[place]
    return dict(values) if isinstance(values, dict) else {"result": values}


def _rows_of_suite(suite: Values) -> Iterator[Row]:
    """Yield the rows of a suite: a line of a table by its columns, or a small record, with what stands above it."""
    above = {key: suite[key] for key in ("setup", "rule") if key in suite}
    head = suite["id"].split(".")[0]
    venue, confidence, kind = SHORT.get(head, head), suite["confidence"], suite.get("check", "")
    lines = suite.get("rows", [{"out": suite.get("values", {})}])
    for place, line in enumerate(lines, start=1):
        plain = dict(zip(suite["cols"], line, strict=True)) if "cols" in suite else dict(line)
        number = place if len(lines) > 1 else 0
        printed = plain.pop("out", {})
        printed = printed if isinstance(printed, dict) else {"out": printed}
        given = {**above, **plain.pop("in", {}), **plain}
        yield Row(suite["id"], number, venue, confidence, kind, given, printed)
