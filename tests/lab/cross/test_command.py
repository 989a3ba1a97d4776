"""``deleverage lab cross``: documents, files, refusals all at once, and a stdout that holds one document only."""

import csv
import json
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deleverage.cli import call
from tests.adapters.shapes import HYPERLIQUID

Captured = pytest.CaptureFixture[str]

BOOK = (
    "account,market,size,entry,mark,equity\n"
    "al,BTC,2,50000,60000,20000\nbo,BTC,1,55000,60000,3000\nbo,ETH,-20,3000,3000,3000\n"
    "cy,BTC,1.5,59000,60000,100000\ncy,ETH,10,2800,3000,100000\ndi,ETH,-40,3300,3000,9000\n"
    "ed,BTC,-3,40000,60000,-2000\ned,ETH,30,3500,3000,-2000\n"
)


@pytest.fixture
def book(tmp_path: Path) -> str:
    """Return a file of five accounts of which one is bankrupt and one is hedged."""
    file = tmp_path / "book.csv"
    file.write_text(BOOK, "utf-8")
    return str(file)


def document(out: str) -> dict[str, Any]:
    """Return a printed document after comparing it with its schema."""
    found: dict[str, Any] = json.loads(out)
    schema = json.loads(resources.files("deleverage").joinpath("schemas/lab-cross.json").read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []
    return found


def test_cross_when_nobody_says_what_to_close_then_it_is_what_the_bankrupt_hold(book: str, capsys: Captured) -> None:
    """Their short is closed against longs and their long against shorts; they are not asked themselves."""
    assert call(["lab", "cross", book, "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert found["left_out"] == ["ed"]
    asked = {(leg["coin"], leg["side"]): leg["asked"] for leg in found["legs"] if leg["asked"] != "0"}
    assert asked == {("BTC", "long"): "3", ("ETH", "short"): "30"}
    assert found["equity"] == "132000"


def test_cross_when_it_closes_then_each_rule_meets_the_sum_and_the_hedged_is_spared_by_the_factor(
    book: str, tmp_path: Path, capsys: Captured
) -> None:
    """Lots of the file of reductions; gross leverage breaks the hedge of bo, whose leverage it counts as 40."""
    out = tmp_path / "deep" / "lots.csv"
    assert call(["lab", "cross", book, "--reduce", "BTC=2.5", "--out", str(out), "--json"]) == 0
    found = document(capsys.readouterr().out)
    rows = {row["unit"]: row for row in csv.DictReader(out.read_text("utf-8").splitlines())}
    for rule in ("pro-rata", "gross-leverage", "factor", "programme"):
        assert sum(round(float(row[rule]) * 10) for row in rows.values()) == 25
    assert (rows["bo"]["gross-leverage"], rows["bo"]["factor"]) == ("1", "0")
    rules = {row["rule"]: row for row in found["rules"]}
    assert (rules["gross-leverage"]["hedges_broken"], rules["factor"]["hedges_broken"]) == (1, 0)
    assert rules["nothing"]["gap"] is None
    assert all(rules[name]["gap"] >= 0 for name in ("pro-rata", "gross-leverage", "factor", "programme"))
    assert found["programme"]["status"].startswith("optimal, HiGHS ")


def test_cross_when_less_is_held_than_asked_then_the_residual_is_named_and_the_code_is_three(
    book: str, capsys: Captured
) -> None:
    """4.5 are held long; of ETH only one side is."""
    assert call(["lab", "cross", book, "--reduce", "BTC=5", "--reduce", "ETH=-7", "--json"]) == 3
    legs = {(leg["coin"], leg["side"]): leg for leg in document(capsys.readouterr().out)["legs"]}
    assert [legs["BTC", "long"][key] for key in ("asked", "closed", "residual")] == ["5", "4.5", "0.5"]
    assert [legs["ETH", "short"][key] for key in ("asked", "closed", "residual")] == ["7", "7", "0"]
    priced = {leg: row["shadow_price_of_a_lot"] is not None for leg, row in legs.items()}
    assert priced["ETH", "short"]
    assert not priced["BTC", "long"]  # One lot more is nobody's.


def test_cross_when_a_venue_s_answer_is_read_then_it_is_as_a_queue_reads_it(tmp_path: Path, capsys: Captured) -> None:
    """clearinghouseState, with an isolated position as a unit of its own."""
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(HYPERLIQUID), "utf-8")
    arguments = ["lab", "cross", str(answer), "--account", "me", "--json"]
    assert call(arguments) == 2
    assert (
        "say what has to be closed, --reduce COIN=SIZE" in json.loads(capsys.readouterr().out)["faults"][0]["sentence"]
    )
    coin = HYPERLIQUID["assetPositions"][0]["position"]["coin"]
    size = HYPERLIQUID["assetPositions"][0]["position"]["szi"]
    assert call([*arguments, "--reduce", f"{coin}={size}"]) == 0
    found = document(capsys.readouterr().out)
    assert found["shape"] == "hyperliquid"
    assert {row["closed"]["factor"] for row in found["reductions"]} == {size.lstrip("-")}


def test_cross_when_options_are_wrong_then_all_of_them_are_told_at_once(book: str, capsys: Captured) -> None:
    """Each with what is allowed, and the nearest name."""
    wrong = ["--reduce", "BTC=0.25", "--reduce", "ETHH=1", "--reduce", "BTC", "--reduce", "ETH=0", "--reduce", "BTC=1"]
    wrong += ["--reduce", "BTC=2", "--beta", "BTC=101", "--beta", "ETH=1", "--beta", "ETH=2", "--factor", "2"]
    assert call(["lab", "cross", book, *wrong, "--own", "x", "--scenarios", "0", "--json"]) == 2
    told = [fault["sentence"] for fault in json.loads(capsys.readouterr().out)["faults"]]
    assert told == [
        "--scenarios is 0, allowed are 1 to 5,000",
        "--factor is '2', it is a decimal from 0 to 1",
        "--own is 'x', it is a decimal from 0 to 1",
        "--reduce: no position is in 'ETHH', nearest is 'ETH'; known are BTC, ETH",
        "--reduce 'BTC' is not COIN=NUMBER",
        "--reduce BTC: 0.25 is not a multiple of 0.1; lots of this book are as fine as its sizes",
        "--reduce ETH is 0: longs above it, shorts below it",
        "--reduce BTC: one side is there twice",
        "--beta BTC is 101, allowed are -100 to 100",
        "--beta ETH is there twice",
    ]


def test_cross_when_the_book_is_too_large_or_the_file_cannot_be_written_then_it_says_so(
    book: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    """Neither is a traceback."""
    assert call(["lab", "cross", book, "--out", "/dev/null/x"]) == 2
    assert "--out /dev/null/x: cannot be written" in capsys.readouterr().err
    monkeypatch.setattr("deleverage.commands.lab_cross.MOST_CELLS", 999)
    assert call(["lab", "cross", book]) == 2
    assert "4 accounts x 200 x 2 legs to close are more than 999: draw fewer" in capsys.readouterr().err
    assert call(["lab", "cross", "nope.csv"]) == 2


def test_cross_when_printed_for_people_then_it_names_the_scenarios_and_how_the_solver_ended(
    book: str, capsys: Captured
) -> None:
    """The law of the moves, the bound and its gap stand under the table."""
    assert call(["lab", "cross", book, "--scenarios", "50", "--seed", "9"]) == 0
    out = capsys.readouterr().out
    for part in ("mean over 50 moves from seed 9", "without equity and not asked: ed", "by one programme: optimal"):
        assert part in out
    assert "Student's t with 4 degrees of freedom, scale 0.05 x beta in common, 0.02 of each coin's own" in out


def test_cross_when_run_as_a_process_then_stdout_is_one_document_and_the_same_each_time(book: str) -> None:
    """The solver's banner does not get there; hash seeds change nothing."""
    outs = []
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-m", "deleverage", "lab", "cross", book, "--own", "0.3", "--json"],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        outs.append(ran.stdout)
    assert outs[0] == outs[1]
    assert document(outs[0])["programme"]["open_pairs"] > 0
