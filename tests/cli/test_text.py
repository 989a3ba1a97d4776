"""Numbers and tables as people read them: nothing is cut, nothing becomes 0 that is not, points stand in a line."""

from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.commands import queue
from deleverage.commands.text_table import TextTable
from deleverage.domain.show import counted, percent_text

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("ppb", "text"),
    [
        (0, "0"),
        (1, "<0.01"),
        (50_000, "<0.01"),
        (50_001, "0.01"),
        (100_000_000, "10"),
        (333_333_333, "33.33"),
        (999_949_999, "99.99"),
        (999_950_000, ">99.99"),
        (999_999_999, ">99.99"),
        (1_000_000_000, "100"),
    ],
)
def test_percent_when_shown_then_something_is_never_0_and_a_part_is_never_100(ppb: int, text: str) -> None:
    """Rounding to two decimals must not turn a first place into 0 % nor a place before the last into 100 %."""
    assert percent_text(ppb) == text


def test_counted_when_it_is_one_then_the_noun_is_singular_and_thousands_are_grouped() -> None:
    """1 lot, 0 lots, 352,186 lots, 2 bankruptcies."""
    assert [counted(count, "lot") for count in (0, 1, 352_186)] == ["0 lots", "1 lot", "352,186 lots"]
    assert counted(2, "bankruptcy", "bankruptcies") == "2 bankruptcies"


def test_table_when_numbers_differ_in_length_then_points_stand_below_each_other() -> None:
    """Numbers are right, names left, nothing is cut, no line ends in blanks."""
    table = TextTable("fills", ("unit", "amount", "share", ""), left=("unit", ""))
    table.add("a", "1,234.5", "10 %", "")
    table.add("long-name", "-7", "<0.01 %", "a loss")
    table.add("b", "0.125", "", "")
    assert table.lines(indent=" ") == [
        " fills",
        " unit          amount    share",
        " a          1,234.5       10 %",
        " long-name     -7      <0.01 %  a loss",
        " b              0.125",
    ]


def test_run_when_told_then_counts_are_grouped_and_singular_where_they_should_be(capsys: Captured) -> None:
    """What a risk officer reads aloud."""
    call(["run", "fund-empties"])
    out = capsys.readouterr().out
    assert "1 debt paid" in out
    assert "10 lots closed against 1 position; 1 bankruptcy ended" in out
    call(["run", "crash", "--accounts", "4000"])
    out = capsys.readouterr().out
    assert "<0.01 %" in out
    assert "marks BTC-PERP 57,900, ETH-PERP 2,390" in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_queue_when_it_is_long_then_the_first_are_printed_and_the_others_counted(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a hundred thousand lines; the JSON document has all of them."""
    monkeypatch.setattr(queue, "ROWS", 3)
    book = tmp_path / "book.csv"
    rows = "".join(f"a{number},X,1000,1,2,{number + 1}\n" for number in range(5))
    book.write_text("account,market,size,entry,mark,equity\n" + rows, encoding="utf-8")
    assert call(["queue", str(book)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "longs in X at 2, 5,000 in all; rank 1 is closed first"
    assert lines[5] == "and 2 more in line, all in --json"
