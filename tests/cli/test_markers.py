"""``deleverage markers``: a venue's records in, its markers out, or every fault."""

import json
from pathlib import Path

import pytest

from deleverage.cli import call
from deleverage.commands import markers
from tests.adapters.test_markers import EXECUTION, FILL

Captured = pytest.CaptureFixture[str]


def records(tmp_path: Path, content: object) -> str:
    """Write a file of records and return its path."""
    path = tmp_path / "records.json"
    path.write_text(json.dumps(content), "utf-8")
    return str(path)


def test_markers_when_printed_for_people_then_every_mark_has_a_line(tmp_path: Path, capsys: Captured) -> None:
    """With the key that told it; what the record does not say is a dash."""
    path = records(tmp_path, [EXECUTION, {**EXECUTION, "execType": "Trade"}])
    assert call(["markers", path]) == 0
    title, _, line = capsys.readouterr().out.splitlines()
    assert title == "1 marker, and 1 record without one"
    assert line.split() == [
        *("1760131026000000000", "bybit", "adl", "-", "BTCUSDT", "long", "2", "64000", "execType=AdlTrade")
    ]


def test_markers_when_there_are_none_then_says_so(tmp_path: Path, capsys: Captured) -> None:
    """Not an error."""
    assert call(["markers", records(tmp_path, [{**EXECUTION, "execType": "Trade"}])]) == 0
    assert capsys.readouterr().out == "0 markers, and 1 record without one\n"


def test_markers_when_there_are_many_then_the_rest_is_counted(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document has all."""
    monkeypatch.setattr(markers, "ROWS", 2)
    path = records(tmp_path, [EXECUTION] * 5)
    assert call(["markers", path]) == 0
    assert capsys.readouterr().out.endswith("and 3 more, all in --json\n")
    assert call(["markers", path, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["markers"]) == 5


def test_markers_when_a_name_would_move_the_cursor_then_it_is_shown_as_text(tmp_path: Path, capsys: Captured) -> None:
    """Symbols come from anywhere."""
    assert call(["markers", records(tmp_path, [{**FILL, "coin": "\x1b[31m"}])]) == 0
    assert "\\x1b[31m" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ([{"a": 1}], [], "records.json: [0]: none of 1 records is one of a venue that is known"),
        ([EXECUTION], ["--venue", "bibit"], "--venue: no markers of 'bibit' are known, nearest is 'bybit'"),
        ([{**EXECUTION, "execPrice": "1_0"}], [], "records.json: [0].execPrice: '1_0' is not a decimal number"),
    ],
)
def test_markers_when_the_file_is_bad_then_it_is_refused(
    content: object, options: list[str], words: str, tmp_path: Path, capsys: Captured
) -> None:
    """Exit code 2, in words."""
    assert call(["markers", records(tmp_path, content), *options]) == 2
    assert words in capsys.readouterr().err
