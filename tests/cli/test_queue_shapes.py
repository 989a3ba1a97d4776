"""``deleverage queue`` on answers of venues: what the file lacks is typed, a place is shown on a venue's scale."""

import json
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from tests.adapters.shapes import BINANCE, CCXT, OKX, OKX_SIZES
from tests.cli.test_queue import SIX, book, queues

Captured = pytest.CaptureFixture[str]
ME = ["--account", "me", "--equity", "me=100"]


def answer(tmp_path: Path, content: Any) -> str:
    """Write an answer and return its path."""
    return book(tmp_path, json.dumps(content), "answer.json")


def test_queue_when_positions_are_ccxts_then_it_says_so_and_markets_keep_their_names(
    tmp_path: Path, capsys: Captured
) -> None:
    """The symbol with its slash is the market's name, also for --market."""
    path = answer(tmp_path, CCXT)
    assert call(["queue", path, *ME, "--market", "BTC/USDT:USDT"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("longs in BTC/USDT:USDT at 65,000, 0.002 in all")
    assert captured.err == "read as positions of ccxt\n"
    assert call(["queue", path, *ME, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [item["market"] for item in document["queues"]] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert (document["shape"], document["indicator"]) == ("ccxt", None)


def test_queue_when_a_file_lacks_what_contracts_are_then_it_is_asked_for_and_supplied(
    tmp_path: Path, capsys: Captured
) -> None:
    """OKX counts contracts; an option is left out, and that is said."""
    path = answer(tmp_path, OKX)
    assert call(["queue", path]) == 2
    assert "--contract-size BTC-USDT-SWAP=SIZE" in capsys.readouterr().err
    sizes = [part for pair in OKX_SIZES for part in ("--contract-size", pair)]
    assert call(["queue", path, *ME, *sizes]) == 0
    assert "left out: data[2], BTC-USD-260101-60000-C is no future" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--equity", "me", "--equity 'me' is not NAME=NUMBER"),
        ("--equity", "=1", "--equity '=1' is not NAME=NUMBER"),
        ("--equity", "me=1_0", "--equity me: '1_0' is no number that it may have"),
        ("--equity", "me=7", "--equity me is given twice"),
        ("--mark", "BTCUSDT=0", "--mark BTCUSDT: '0' is no number that it may have"),
        ("--maintenance", "BTCUSDT=1.1", "--maintenance BTCUSDT: '1.1' is no number that it may have"),
        ("--maintenance", "BTCUSDT=0.0000000001", "is no number that it may have"),
        ("--contract-size", "BTCUSDT=-1", "--contract-size BTCUSDT: '-1' is no number that it may have"),
        ("--indicator", "binanse", "indicator 'binanse' is unknown, nearest is 'binance'"),
        ("--direction", "up", "--direction goes with --indicator or --venue"),
    ],
)
def test_queue_when_an_option_is_written_wrongly_then_it_is_refused(
    option: str, value: str, words: str, tmp_path: Path, capsys: Captured
) -> None:
    """In words, with the option's name."""
    assert call(["queue", answer(tmp_path, BINANCE), *ME, option, value]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("indicator", "values"),
    [
        ("lights", ["5", "4", "3", "2", "2", "1"]),
        ("gate", ["1", "2", "3", "4", "4", "5"]),
        ("bitget", ["1", "0.7", "0.4", "0.3", "0.2", "0"]),
        ("binance", ["4", "3", "2", "1", "0", "0"]),
    ],
)
def test_queue_when_an_indicator_is_named_then_every_place_is_on_its_scale(
    indicator: str, values: list[str], tmp_path: Path, capsys: Captured
) -> None:
    """Binance counts accounts, the others lots."""
    (found,) = queues(tmp_path, capsys, SIX, "--side", "long", "--indicator", indicator)
    assert [row["indicator"] for row in found["positions"]] == values  # type: ignore[attr-defined]
    by_lots = ["1000000000", "700000000", "400000000", "300000000", "200000000", "0"]
    if indicator != "binance":
        assert [row["risk_ppb"] for row in found["positions"]] == by_lots  # type: ignore[attr-defined]
    assert call(["queue", book(tmp_path, SIX), "--side", "long", "--indicator", indicator]) == 0
    header = capsys.readouterr().out.splitlines()[1]
    assert header.split()[-1] == indicator


def test_queue_when_a_scale_has_no_stated_direction_then_one_is_asked_for(tmp_path: Path, capsys: Captured) -> None:
    """Refused where the scale was named; either direction can be chosen."""
    options = ("--side", "long", "--indicator", "kucoin")
    assert call(["queue", book(tmp_path, SIX), *options]) == 2
    assert "--direction: kucoin: the text does not say which end is next" in capsys.readouterr().err
    for direction, first in (("rising", "1"), ("falling", "0")):
        (found,) = queues(tmp_path, capsys, SIX, *options, "--direction", direction)
        assert found["positions"][0]["indicator"] == first  # type: ignore[index]
    assert call(["queue", book(tmp_path, SIX), *options, "--direction", "up"]) == 2
    assert "--direction: direction 'up' is unknown, known are rising, falling" in capsys.readouterr().err


def test_queue_when_a_venue_is_chosen_then_its_own_scale_is_shown(tmp_path: Path, capsys: Captured) -> None:
    """Without a word of the direction it is left out, and that is said; another scale may be named."""
    path = book(tmp_path, SIX)
    assert call(["queue", path, "--side", "long", "--venue", "bitmex", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["indicator"] is None
    assert "no indicator is shown: bitmex: the text does not say which end is next" in captured.err
    assert call(["queue", path, "--venue", "bitmex", "--direction", "falling", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["indicator"] == "bitmex"
    assert call(["queue", path, "--venue", "bitmex", "--indicator", "gate", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["indicator"] == "gate"


@pytest.mark.parametrize("chosen", [("--ranking", "binance"), ("--venue", "binance"), ("--venue", "okx")])
def test_queue_when_a_ranking_compares_with_maintenance_then_the_file_states_it_or_it_is_asked_for(
    chosen: tuple[str, str], tmp_path: Path, capsys: Captured
) -> None:
    """By name or through a venue; a rate answers, and so does a column."""
    path = book(tmp_path, SIX)
    assert call(["queue", path, *chosen]) == 2
    assert "which not every position states: --maintenance XYZ=RATE" in capsys.readouterr().err
    assert call(["queue", path, *chosen, "--maintenance", "XYZ=0.01", "--json"]) == 0
    by_rate = json.loads(capsys.readouterr().out)
    header, *rows = SIX.splitlines()
    sizes = [row.split(",")[2].lstrip("-") for row in rows]
    margins = [f"{row},{6.6 * int(size):.1f}" for row, size in zip(rows, sizes, strict=True)]
    assert call(["queue", book(tmp_path, "\n".join([header + ",maintenance", *margins])), *chosen, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["queues"] == by_rate["queues"]


def test_queue_when_it_is_binances_then_the_floor_under_a_wallet_is_one_of_the_currency(
    tmp_path: Path, capsys: Captured
) -> None:
    """By its ranking and by its preset: the same scores. A wallet of 0 counts as 1: 8 / 1 x 0.25 / 8 = 0.25."""
    text = "account,market,size,entry,mark,equity\na,X,1,12,20,8\nb,X,-1,12,20,8\n"
    scores = []
    for chosen in (("--ranking", "binance"), ("--venue", "binance")):
        options = (*chosen, "--side", "long", "--maintenance", "X=0.0125")
        (found,) = queues(tmp_path, capsys, text, *options)
        scores.append(found["positions"][0]["score"])  # type: ignore[index]
    assert scores == ["0.25", "0.25"]


def test_queue_when_a_venue_shares_among_all_then_nobody_is_next(tmp_path: Path, capsys: Captured) -> None:
    """A share of everybody is no place in a line: there is no risk to show, and no indicator."""
    (found,) = queues(tmp_path, capsys, SIX, "--side", "long", "--venue", "ccp", "--indicator", "gate")
    shown = {(row["risk_ppb"], row["indicator"]) for row in found["positions"]}  # type: ignore[attr-defined]
    assert shown == {(None, None)}
