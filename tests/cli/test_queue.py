"""``deleverage queue``: anybody's book, ranked; anybody's bad book, refused with every fault."""

import json
from pathlib import Path

import pytest

from deleverage.cli import call

Captured = pytest.CaptureFixture[str]

HEADER = "account,market,size,entry,mark,equity\n"
SIX = HEADER + (
    "1,XYZ,10,60,660,22000\n"
    "2,XYZ,10,60,660,11000\n"
    "3,XYZ,20,60,660,132000\n"
    "4,XYZ,30,60,660,49500\n"
    "5,XYZ,20,60,660,26400\n"
    "6,XYZ,10,60,660,33000\n"
    "short,XYZ,-100,60,660,-200\n"
)


def book(tmp_path: Path, text: str, name: str = "book.csv") -> str:
    """Write a book and return its path."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def queues(
    tmp_path: Path, capsys: Captured, text: str, *options: str, name: str = "book.csv"
) -> list[dict[str, object]]:
    """Return the queues that the command prints as JSON."""
    assert call(["queue", book(tmp_path, text, name), "--json", *options]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)["queues"]
    return found


def test_queue_when_the_published_book_is_given_then_ranks_2_5_4_1_6_3_with_lights(
    tmp_path: Path, capsys: Captured
) -> None:
    """Score, rank, percentile, lights and size ahead of everybody."""
    longs, shorts = queues(tmp_path, capsys, SIX)
    keys = ("rank", "account", "score", "size", "size_ahead", "percentile_ppb", "lights")
    assert [tuple(row[key] for key in keys) for row in longs["positions"]] == [  # type: ignore[attr-defined]
        (1, "2", "6.0", "10", "0", "100000000", 5),
        (2, "5", "5.0", "20", "10", "300000000", 4),
        (3, "4", "4.0", "30", "30", "600000000", 3),
        (4, "1", "3.0", "10", "60", "700000000", 2),
        (5, "6", "2.0", "10", "70", "800000000", 2),
        (6, "3", "1.0", "20", "80", "1000000000", 1),
    ]
    assert shorts["side"] == "short"


def test_queue_when_one_side_is_asked_for_then_only_that_side_is_shown(tmp_path: Path, capsys: Captured) -> None:
    """The side is the side that is ranked."""
    assert [item["side"] for item in queues(tmp_path, capsys, SIX, "--side", "short", "--market", "XYZ")] == ["short"]


def test_queue_when_printed_for_people_then_shows_lights(tmp_path: Path, capsys: Captured) -> None:
    """Five lights mean next."""
    assert call(["queue", book(tmp_path, SIX), "--side", "long"]) == 0
    out = capsys.readouterr().out
    assert "rank 1 is closed first" in out
    assert "6.0" in out


def test_queue_when_collateral_is_given_then_it_is_the_same_as_the_equity(tmp_path: Path, capsys: Captured) -> None:
    """Equity is collateral plus profit over all of an account's positions."""
    by_equity = "account,market,size,entry,mark,equity\na,X,2,10,12.5,105\na,Y,-1,7,7,105\n"
    by_collateral = "id,market,size,entry,mark,collateral\na,X,2,10,12.5,100\na,Y,-1,7,7,100\n"
    assert queues(tmp_path, capsys, by_equity) == queues(tmp_path, capsys, by_collateral)


def test_queue_when_a_json_book_is_given_then_it_is_read_exactly(tmp_path: Path, capsys: Captured) -> None:
    """Numbers and texts are the same decimals; ids are shown as they are, not as markup."""
    text = (
        '{"positions": [{"account": "[red]", "market": "X", "size": 1, "entry": 1.25, "mark": "1.5", "collateral": 3}]}'
    )
    (found,) = queues(tmp_path, capsys, text, name="book.json")
    assert [row["account"] for row in found["positions"]] == ["[red]"]  # type: ignore[attr-defined]


def test_queue_when_rankings_differ_then_the_order_does(tmp_path: Path, capsys: Captured) -> None:
    """Plain profit asks the largest winner first."""
    for ranking, first in (("profit", "4"), ("queue-size", "4"), ("hyperliquid", "2")):
        (found,) = queues(tmp_path, capsys, SIX, "--side", "long", "--ranking", ranking)
        assert found["positions"][0]["account"] == first  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("b.csv", HEADER + "a,X,NaN,1,1,1\n", "b.csv:2: size: 'NaN' is not a plain decimal number"),
        ("b.csv", HEADER + "a,X,1,1e3,1,1\n", "entry: '1e3' is not a plain decimal number"),
        ("b.csv", HEADER + "a,X,1_000,1,1,1\n", "size: '1_000' is not a plain decimal number"),
        ("b.csv", HEADER + "a,X,\u0661,1,1,1\n", "size: '\\u0661' is not a plain decimal number"),
        ("b.csv", HEADER + "a,X,1,1,inf,1\n", "mark: 'inf' is not a plain decimal number"),
        ("b.csv", HEADER + "a,X,0,1,1,1\n", "size: is 0: a position has a size"),
        ("b.csv", HEADER + "a,X,1,0,-1,1\n", "mark: is -1, must be above 0"),
        ("b.csv", HEADER + "a,X,1,1,1,1\na,X,2,1,1,1\n", "account: a has a position in X already"),
        ("b.csv", HEADER + "a,X,1,1,1,1\nb,X,2,1,2,1\n", "mark: is 2, another row of X says 1"),
        ("b.csv", HEADER + "a,X,1,1,1,1\na,Y,2,1,2,3\n", "equity: is 3, another row of a says 1"),
        ("b.csv", HEADER, "has a header and no rows"),
        ("b.csv", "", "is empty"),
        ("b.csv", "account,market,size,entry,mark\na,X,1,1,1\n", "has an equity or a collateral, one of the two"),
        ("b.csv", "market,size,entry,mark,equity\nX,1,1,1,1\n", "has an account (or an id), one of the two"),
        ("b.csv", "account,market,size,entry,equity\na,X,1,1,1\n", "mark: column is missing"),
        ("b.json", "[]", "the book is empty"),
        ("b.json", "{}", "must be a list of positions"),
        ("b.json", "[1]", "is no object"),
        ("b.json", '[{"account": "a", "account": "b"}]', "the key 'account' is there twice"),
        ("b.json", '[{"account": "a", "market": "X", "size": NaN}]', "NaN is no number"),
        ("b.json", '[{"account": "a", "market": "X", "size": 1e400, "entry": 1, "mark": 1, "equity": 1}]', "'1e400'"),
        (
            "b.json",
            '[{"account": "\\ud800", "market": "X", "size": 1, "entry": 1, "mark": 1, "equity": 1}]',
            "is no id",
        ),
        ("b.json", "[" * 100_000, "is not strict JSON"),
    ],
)
def test_queue_when_the_book_is_bad_then_says_where_and_exits_with_2(
    name: str, text: str, fault: str, tmp_path: Path, capsys: Captured
) -> None:
    """Each bad book is refused in words, on stderr and as one document."""
    assert call(["queue", book(tmp_path, text, name), "--json"]) == 2
    captured = capsys.readouterr()
    assert fault in captured.err
    assert json.loads(captured.out)["kind"] == "refusal"


def test_queue_when_many_rows_are_bad_then_all_faults_are_listed(tmp_path: Path, capsys: Captured) -> None:
    """One pass finds everything."""
    assert call(["queue", book(tmp_path, HEADER + "a,X,x,1,1,1\n,X,1,1,1,y\nc,X,1,1e1,1,1\n")]) == 2
    assert capsys.readouterr().err.count("bad input: ") == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--market", "XY"), "market 'XY' is unknown, nearest is 'XYZ'"),
        (("--side", "longs"), "side 'longs' is unknown, nearest is 'long'"),
        (("--ranking", "bitmax"), "ranking 'bitmax' is unknown, nearest is 'bitmex'"),
        (("--ranking", "binance"), "ranking binance compares with a maintenance margin"),
    ],
)
def test_queue_when_a_name_is_unknown_or_needs_more_than_a_book_then_it_is_refused(
    options: tuple[str, str], words: str, tmp_path: Path, capsys: Captured
) -> None:
    """Names are checked before anything is ranked."""
    assert call(["queue", book(tmp_path, SIX), *options]) == 2
    assert words in capsys.readouterr().err


def test_queue_when_the_file_is_not_there_then_says_so(tmp_path: Path, capsys: Captured) -> None:
    """Neither a missing file nor a folder is a traceback."""
    for path in (tmp_path / "none.csv", tmp_path / "none.json", tmp_path):
        assert call(["queue", str(path)]) == 2
        assert "cannot be read" in capsys.readouterr().err
