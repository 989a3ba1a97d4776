"""The order of rows in a file decides nothing: shuffled, every loader gives an event that is told in the same words."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.lab.events.gather import OneFill, in_time
from deleverage.lab.events.generator import generate
from deleverage.lab.events.load import load
from tests.lab.events.folders import small_event, write
from tests.lab.events.told import hyperliquid_records, rows_of, table

Captured = pytest.CaptureFixture[str]
NAN = float("nan")
REPLAY = {
    "user": "user", "coin": "coin", "time": "time", "price": "adl_price", "size": "adl_size", "closed": "closed_pnl",
    "position": "position_size", "profit": "total_unrealized_pnl", "equity": "total_equity",
    "against": "liquidated_user", "loser_equity": "liquidated_total_equity", "mark": "mark",
}  # fmt: skip
RAW = {
    "user": "user", "coin": "coin", "time": "block_time", "price": "price", "size": "size", "closed": "closed_pnl",
    "position": "start_position", "against": "liquidated_user", "mark": "mark",
}  # fmt: skip
OWN = {
    "user": "user", "coin": "coin", "time": "time_ms", "price": "price", "size": "size", "closed": "closed_profit",
    "position": "position", "profit": "profit", "equity": "equity", "against": "against", "mark": "mark",
    "loser_equity": "against_equity",
}  # fmt: skip


def as_rows(names: dict[str, str]) -> Callable[[Path, random.Random | None], Path]:
    """Return who writes a generated event as a table with columns of these names, its rows shuffled or not."""

    def written(folder: Path, rng: random.Random | None) -> Path:
        rows = rows_of(generate(4).event, names)
        if rng is not None:
            rng.shuffle(rows)
        table(folder / "marks.csv", shuffled([{"coin": "C00", "price": "1"}, {"coin": "C01", "price": "2"}], rng))
        return table(folder / "fills.csv", rows)

    return written


def shuffled(rows: list[Any], rng: random.Random | None) -> list[Any]:
    """Return rows in another order, or as they are."""
    return rows if rng is None else rng.sample(rows, len(rows))


def as_json(folder: Path, rng: random.Random | None) -> Path:
    """Write a generated event as Hyperliquid's JSON, one record a fill and a state."""
    return write(folder / "event.json", json.dumps(shuffled(hyperliquid_records(generate(4).event), rng)))


def as_lines(folder: Path, rng: random.Random | None) -> Path:
    """The same, a record a line."""
    return write(folder / "event.jsonl", *map(json.dumps, shuffled(hyperliquid_records(generate(4).event), rng)))


def as_waves(folder: Path, rng: random.Random | None) -> Path:
    """Write tables of waves, the rows of each shuffled or not."""
    made = small_event(folder)
    for file in sorted(made.rglob("*.csv")):
        head, *rows = file.read_text("utf-8").splitlines()
        write(file, head, *shuffled(rows, rng))
    return made


LOADERS = {
    "replay": as_rows(REPLAY), "raw": as_rows(RAW), "own": as_rows(OWN), "json": as_json, "jsonl": as_lines,
    "waves": as_waves,
}  # fmt: skip
COMMANDS = (
    ["compare", "--policies", "queue,wealth-pro-rata,min-max,contracts-pro-rata,random-arrival"],
    ["regret", "--fund-fee-share", "0.001"],
    ["audit"],
)


def told(event: Path, words: list[str], captured: Captured) -> dict[str, Any]:
    """Return a command's document without the hashes of the files, which are others once rows stand elsewhere."""
    assert call(["lab", words[0], str(event), *words[1:], "--json"]) == 0
    document: dict[str, Any] = json.loads(captured.readouterr().out)
    of_audit = document["event"] if words[0] == "audit" else document
    assert of_audit.pop("sources")
    return document


@pytest.mark.parametrize("words", COMMANDS, ids=[words[0] for words in COMMANDS])
@pytest.mark.parametrize("loader", LOADERS)
def test_event_when_rows_of_its_files_are_shuffled_then_every_document_is_the_same(
    loader: str, words: list[str], tmp_path: Path, capsys: Captured
) -> None:
    """Many fills of one moment, fills that are alike, two sides of one coin; three shuffles."""
    plain = told(LOADERS[loader](tmp_path / "plain" / "event", None), words, capsys)
    for seed in range(3):
        other = LOADERS[loader](tmp_path / str(seed) / "event", random.Random(seed))
        assert plain == told(other, words, capsys)


def fill(user: str = "a", held: float = NAN, sequence: str = "", lacking: float = NAN, time_ms: int = 5) -> OneFill:
    """Return a fill of one coin."""
    return OneFill(time_ms, "X", user, 1, 1.0, 2.0, NAN, NAN, "z", "", held, sequence, lacking)


@pytest.mark.parametrize(
    ("fills", "order"),
    [
        ([fill("b"), fill("a")], [1, 0]),
        ([fill("a", sequence="10"), fill("b", sequence="9"), fill("a")], [1, 0, 2]),
        ([fill("a", held=1.0), fill("a", held=3.0), fill("a")], [1, 0, 2]),
        ([fill("a", lacking=-1.0), fill("b", lacking=-2.0)], [1, 0]),
        ([fill("b", time_ms=4), fill("a", sequence="1")], [0, 1]),
        ([fill("b", sequence="9" * 5_000), fill("a", sequence="\u0663")], [1, 0]),
    ],
    ids=[
        *("by content", "the source's number first", "larger position first", "larger deficit first", "moment first"),
        "no number",
    ],
)
def test_fills_when_they_are_of_one_moment_then_the_order_is_told_by_the_source_or_by_themselves(
    fills: list[OneFill], order: list[int]
) -> None:
    """A number of the source's own, else what deleveraging does to both sides, else the fill's own cells."""
    assert in_time(fills) == order


def test_marks_when_a_coin_has_two_prices_then_it_is_refused(tmp_path: Path) -> None:
    """Planted: which of them counted was a matter of the last row."""
    file = write(tmp_path / "fills.csv", "time_ms,coin,user,size,price", "1,A,b,1,1")
    write(tmp_path / "marks.csv", "coin,price", "A,1", "A,1.0", "A,2")
    with pytest.raises(ValueError, match="A has the price 1 already"):
        load(file)
