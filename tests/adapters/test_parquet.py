"""Parquet tables in our own shape: every cell as the text it means, every fault in words."""

import builtins
import importlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters import parquet, tables
from deleverage.adapters.positions import read_positions
from deleverage.adapters.supplied import Supplied
from deleverage.adapters.tables import TableFault
from tests.adapters.test_shapes import numbers


def table(path: Path, columns: dict[str, list[Any]]) -> Path:
    """Write a Parquet file with these columns; a column of texts is one of texts, of Decimals one of decimals."""
    arrow: Any = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    file: Any = importlib.import_module("pyarrow.parquet")
    file.write_table(arrow.table(columns), path)
    return path


def faults_of(path: Path) -> list[str]:
    """Return the faults of a file."""
    with pytest.raises(TableFault) as refusal:
        read_positions(path)
    return [str(fault) for fault in refusal.value.faults]


GOOD: dict[str, list[Any]] = {
    "account": ["a", "b"],
    "market": ["X", "X"],
    "size": [Decimal("0.0000001"), Decimal("-2")],
    "entry": [1.25, 1e-05],
    "mark": ["1.5", "1.5"],
    "equity": [3, 4],
    "maintenance": [None, "0.5"],
}


def test_parquet_when_cells_are_decimals_floats_texts_or_nothing_then_each_is_exact(tmp_path: Path) -> None:
    """A float is the shortest decimal that means it, without an exponent; nothing is a missing value."""
    found = read_positions(table(tmp_path / "book.parquet", GOOD))
    assert numbers(found) == {
        "a": [("X", "0.0000001", "1.5", "0.000000025", "3", "0")],
        "b": [("X", "-2", "1.5", "-2.99998", "4", "0")],
    }
    assert found.without_maintenance == ("X",)


def test_parquet_when_it_lacks_accounts_and_equities_then_options_supply_them(tmp_path: Path) -> None:
    """As for every other shape."""
    lacking = {name: GOOD[name][:1] for name in ("market", "size", "entry", "mark")}
    path = table(tmp_path / "book.pq", lacking)
    assert len(faults_of(path)) == 2
    assert list(read_positions(path, Supplied("me", equity={"me": "7"})).book.units) == ["me"]


def test_parquet_when_a_cell_is_bad_then_its_row_and_column_are_told(tmp_path: Path) -> None:
    """Rows are counted from 1."""
    path = table(tmp_path / "book.parquet", {**GOOD, "entry": [1.0, float("inf")], "equity": ["x", "1"]})
    assert faults_of(path) == [
        "book.parquet:1: equity: 'x' is not a plain decimal number",
        "book.parquet:2: entry: 'inf' is not a plain decimal number",
    ]
    path = table(tmp_path / "less.parquet", {"market": ["X"], "size": [1]})
    assert faults_of(path) == [
        f"less.parquet: {name}: column is missing, the table has market, size" for name in ("entry", "mark")
    ]


def test_parquet_when_it_is_none_or_too_large_then_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Damaged, cut off, missing, too many bytes, too many rows."""
    path = table(tmp_path / "book.parquet", GOOD)
    raw = path.read_bytes()
    for damaged in (b"", b"PAR1", raw[: len(raw) // 2], b"PAR1" + raw[60:], raw[:-8] + b"\xff\xff\xff\x7fPAR1"):
        path.write_bytes(damaged)
        assert "book.parquet: is no Parquet file: " in faults_of(path)[0]
    assert "cannot be read" in faults_of(tmp_path / "none.parquet")[0]
    path.write_bytes(raw)
    monkeypatch.setattr(parquet, "MOST_ROWS", 1)
    assert faults_of(path) == ["book.parquet: has 2 rows, at most 1 are read"]
    monkeypatch.setattr(tables, "LARGEST_FILE_BYTES", 10)
    assert "at most 10 are read" in faults_of(path)[0]


def test_parquet_when_the_extra_is_not_installed_then_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, no traceback."""
    path = tmp_path / "book.parquet"
    path.write_bytes(b"PAR1")

    def absent(name: str) -> Any:
        raise builtins.ImportError(name)

    monkeypatch.setattr(parquet, "import_module", absent)
    assert faults_of(path) == ["book.parquet: Parquet needs an extra: pip install 'deleverage[parquet]'"]
