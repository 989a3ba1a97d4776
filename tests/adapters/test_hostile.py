"""Hostile and careless tables: files that never end, numbers beyond use, tables that contradict each other."""

import json
import os
from pathlib import Path

import pytest

from deleverage.adapters import tables
from deleverage.adapters.positions import read_positions
from deleverage.adapters.tables import TableFault
from deleverage.adapters.waves import TOTALS_TABLE, WAVE_TABLE, Event, load_event

HEADER = "wave,t_start_ms,t_end_ms,coin,gap_usd_x_qty,qty_contracts,gap_per_contract_usd"
GOOD = "1,1000,2000,BTC,12.5,0.5,25"
BOOK = "account,market,size,entry,mark,equity\n"


def event(folder: Path, *lines: str, totals: str = "") -> Event:
    """Load an event with these rows, and a table of totals if one is given."""
    (folder / WAVE_TABLE).write_text("\n".join((HEADER, *lines, "")), encoding="utf-8")
    if totals:
        (folder / TOTALS_TABLE).write_text(totals, encoding="utf-8")
    return load_event(folder)


def book_faults(path: Path) -> list[str]:
    """Return the faults of a book."""
    with pytest.raises(TableFault) as refusal:
        read_positions(path)
    return [str(fault) for fault in refusal.value.faults]


def test_book_when_it_never_ends_or_is_no_file_then_it_is_refused_at_once(tmp_path: Path) -> None:
    """Pipes, devices, folders, names that no file system takes, as CSV and as JSON."""
    for name in ("pipe.csv", "pipe.json"):
        os.mkfifo(tmp_path / name)
        assert "it is a pipe or a device" in book_faults(tmp_path / name)[0]
    assert "it is a pipe or a device" in book_faults(Path("/dev/zero"))[0]
    for path in (tmp_path, tmp_path / "none.json", Path("a\0b"), Path("\ud800.json"), Path("a" * 5_000)):
        assert "cannot be read" in book_faults(path)[0]


def test_book_when_it_is_too_large_then_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is said with both numbers."""
    book = tmp_path / "book.csv"
    book.write_text(BOOK + "a,X,1,1,1,1\n", encoding="utf-8")
    monkeypatch.setattr(tables, "LARGEST_FILE_BYTES", 10)
    assert "bytes, at most 10 are read" in book_faults(book)[0]


@pytest.mark.parametrize("number", ["9" * 19, "0." + "0" * 30 + "1", "-" + "9" * 30])
def test_book_when_a_number_is_beyond_use_then_it_is_refused(tmp_path: Path, number: str) -> None:
    """More digits than any book has would only make scores meaningless."""
    book = tmp_path / "book.csv"
    book.write_text(f"{BOOK}a,X,{number},1,1,1\n", encoding="utf-8")
    assert "has more than 18 digits before the point or 30 after it" in book_faults(book)[0]


def test_book_when_it_is_separated_by_something_else_then_the_fault_says_what_the_header_holds(tmp_path: Path) -> None:
    """A semicolon table has one column: the fault shows it and asks about commas."""
    book = tmp_path / "book.csv"
    book.write_text(BOOK.replace(",", ";") + "a;X;1;1;1;1\n", encoding="utf-8")
    faults = book_faults(book)
    assert len(faults) == 4
    assert "the header has account;market;size;entry;mark;equity (is it separated by commas?)" in faults[0]


@pytest.mark.parametrize("number", ["1e19", "1e308", "9" * 19, "9" * 399])
@pytest.mark.parametrize("column", [4, 5, 6])
def test_event_when_a_number_is_beyond_use_then_it_is_refused(tmp_path: Path, number: str, column: int) -> None:
    """A float64 holds 10^308, no market does: such a row cannot be scored and is a fault, not a crash later on."""
    cells = GOOD.split(",")
    cells[column] = number
    with pytest.raises(TableFault, match=r"is beyond 10\^18"):
        event(tmp_path, ",".join(cells))


def test_event_when_a_total_is_given_twice_then_it_is_refused(tmp_path: Path) -> None:
    """The second of two totals must not win silently."""
    with pytest.raises(TableFault, match="wave 1 has a total already"):
        event(tmp_path, GOOD, totals="wave,budget_needed_usd\n1,12.5\n1,99\n")


def test_event_when_a_wave_has_no_total_then_it_is_noted(tmp_path: Path) -> None:
    """A table of totals that does not know a wave is no fault, but the reader is told."""
    found = event(tmp_path, GOOD, totals="wave,budget_needed_usd\n2,12.5\n")
    assert f"{TOTALS_TABLE} has no total for wave 1" in found.notes
    assert found.waves[0].published_quanta is None


@pytest.mark.parametrize("folder", ["a\0b", "\ud800", "a" * 5_000, "", "/dev/null"])
def test_event_when_the_folder_is_none_then_it_is_refused(folder: str) -> None:
    """Names that no file system takes are no folder either."""
    with pytest.raises(TableFault):
        load_event(Path(folder))


def test_positions_when_one_of_several_states_has_no_positions_key_then_it_is_a_fault_with_its_path(
    tmp_path: Path,
) -> None:
    """The first state tells the shape of the file; a later one need not have it."""
    file = tmp_path / "states.json"
    whole = {"user": "al", "crossMarginSummary": {"accountValue": "5"}, "assetPositions": []}
    file.write_text(json.dumps([whole, {"user": "bo", "crossMarginSummary": {"accountValue": "5"}}]), "utf-8")
    assert any("[1].assetPositions: is missing" in fault for fault in book_faults(file))
