"""Seeded damage to everything that people hand in: answered with 0, 2 or 3, in words, never with a traceback."""

import json
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from deleverage.adapters.holding import Item
from deleverage.adapters.tables import Row
from deleverage.cli import call
from deleverage.rulebook.quantities import Scale
from deleverage.scenarios.faults import Reader
from deleverage.scenarios.loader import text_of
from tests.adapters.shapes import BINANCE, BYBIT, CCXT, HYPERLIQUID, OKX
from tests.adapters.test_markers import MARKERS
from tests.cli import mutate

STORIES = ("two-traders", "six-longs", "cascade", "both-sides-bankrupt", "fund-empties", "inverse", "crash")
BOOK = (
    "account,market,size,entry,mark,equity\n1,XYZ,10,60,660,22000\n2,XYZ,10.5,60,660,11000\n3,ABC,20,60.25,66,132000\n"
    "4,XYZ,30,60,660,49500\nshort,XYZ,-50.5,60,660,-200\nshort,ABC,-20,60,66,-200\n"
)
JSON_BOOK = [
    {"account": "a", "market": "X", "size": 3, "entry": 1.25, "mark": "1.5", "equity": 3},
    {"account": "b", "market": "X", "size": -3, "entry": 1.25, "mark": "1.5", "collateral": 30},
]
WAVES = (
    "wave,t_start_ms,t_end_ms,coin,gap_usd_x_qty,qty_contracts,gap_per_contract_usd\n"
    "1,1000,1000,BTC,1000,2.5,400\n1,1000,1000,ETH,100.5,10,10.05\n3,2000,2500,BTC,0,1,0\n3,2000,2500,kPEPE,5,100000,0.00005\n"
)
PRICES = "coin,average_adl_price_usd\nBTC,100000.5\nETH,3000.25\nKPEPE,0.0045\n"
SLOWEST_S = 20


class Finding(NamedTuple):
    """A damaged input that was not answered as it should be: how to make it again, and what happened."""

    seed: int
    arguments: list[str]
    what: str


def hunt(seeds: range, folder: Path) -> Iterator[Finding]:
    """Damage one input per seed and yield what is not answered with 0, 2 or 3, in words."""
    for seed in seeds:
        random = Random(seed)
        arguments = _damaged(random, folder / str(seed))
        arguments += ["--json"] if random.random() < 0.5 else []
        out, err, started = StringIO(), StringIO(), time.monotonic()
        with redirect_stdout(out), redirect_stderr(err):
            code = call(arguments)
        wrong = _wrong(code, out.getvalue(), err.getvalue(), "--json" in arguments)
        if time.monotonic() - started > SLOWEST_S:
            wrong = f"took more than {SLOWEST_S} s"
        if wrong:
            yield Finding(seed, arguments, f"{wrong}\n{err.getvalue()[-500:]}")


def _damaged(random: Random, folder: Path) -> list[str]:
    """Write damaged input below a folder and return the command line that reads it."""
    folder.mkdir()
    kind = random.randrange(14)
    if kind > 9:
        return _damaged_answer(random, folder, is_position=kind < 12)
    if kind > 7 or kind < 4:
        name = random.choice(STORIES)
        good = text_of(name).replace("4000\nseed", "60\nseed")
        story = folder / "story.toml"
        damage = mutate.lively if kind > 7 else mutate.text if kind < 2 else mutate.toml
        story.write_text(damage(random, good), "utf-8", newline="")
        policy = random.choice((None, None, "pro-rata", "queue-profit", "queue-rotation"))
        return ["run", str(story), *(["--policy", policy] if policy else [])]
    if kind < 6:
        book = folder / ("book.csv" if kind == 4 else "book.json")
        rows = json.loads(json.dumps(JSON_BOOK))
        good = mutate.table(random, BOOK) if kind == 4 else json.dumps(mutate.structure(random, rows))
        book.write_text(good if random.random() < 0.7 else mutate.text(random, good), "utf-8", newline="")
        return ["queue", str(book), "--ranking", random.choice(("bitmex", "profit", "rotation"))]
    waves, prices = (WAVES, mutate.table(random, PRICES)) if kind == 6 else (mutate.table(random, WAVES), PRICES)
    (folder / "two_pass_wave_coin_gap_per_contract.csv").write_text(waves, "utf-8", newline="")
    (folder / "p.csv").write_text(prices, "utf-8", newline="")
    rule = random.choice(("bankruptcy", "mark", "previous_mark"))
    return ["run", "--event", str(folder), "--prices", str(folder / "p.csv"), "--accounts", "2", "--price-rule", rule]


def _damaged_answer(random: Random, folder: Path, *, is_position: bool) -> list[str]:
    """Write a damaged answer of a venue's API and return the command line that reads it."""
    answers: list[Any] = (
        [CCXT, BINANCE, BYBIT, OKX, HYPERLIQUID] if is_position else [content for _, content, _ in MARKERS]
    )
    good = mutate.structure(random, json.loads(json.dumps(random.choice(answers))))
    file = folder / random.choice(("answer.json", "answer.json", "answer.jsonl"))
    text = json.dumps(good)
    file.write_text(text if random.random() < 0.7 else mutate.text(random, text), "utf-8", newline="")
    if not is_position:
        return ["markers", str(file), *(["--venue", "okx"] if random.random() < 0.2 else [])]
    options = ["--account", "me", "--equity", "me=100", "--indicator", random.choice(("gate", "bitget", "binance"))]
    options += ["--ranking", random.choice(("bitmex", "binance", "return-mmr", "size"))]
    for market in ("BTC-USDT-SWAP", "ETH-USDT-SWAP"):
        options += ["--contract-size", f"{market}={random.choice(mutate.NUMBERS)}"] if random.random() < 0.5 else []
    return ["queue", str(file), *options]


def _wrong(code: int, out: str, err: str, as_json: bool) -> str:
    """Return what is wrong with an answer, or ""."""
    if code not in (0, 2, 3):
        return f"left with {code}"
    if "Traceback" in out + err:
        return "printed a traceback"
    if any(not (c.isprintable() or c == "\n") for c in out + err):
        return "printed control characters"
    if code == 2 and "bad input: " not in err:
        return "refused without a word"
    if as_json:
        try:
            document = json.loads(out)
        except ValueError as error:
            return f"stdout is not one JSON document: {error}"
        if code == 2 and not document["faults"]:
            return "refused without a fault in the document"
        if (
            code != 2
            and document["kind"] not in ("queue", "markers")
            and "xact" not in json.dumps(document["conservation"])
        ):
            return "said nothing about conservation"
    elif code == 2 and out:
        return "refused and printed a result"
    elif code != 2 and "rank" not in out and "without one" not in out and not out.endswith("conservation: exact\n"):
        return "the last line is not about conservation"
    return ""


@pytest.mark.parametrize("start", range(0, 600, 60))
def test_input_when_damaged_then_is_answered_with_a_result_or_a_refusal(start: int, tmp_path: Path) -> None:
    """Ten times sixty damaged stories, books and events, drawn from the seeds that the findings would name."""
    assert list(hunt(range(start, start + 60), tmp_path)) == []


def test_hunt_when_a_crash_is_planted_in_a_loader_then_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that trips over a negative number, over an unknown coin, over a text that is no decimal: each is found."""
    real = Reader.units

    def units(self: Reader, path: tuple[str | int, ...], value: object, scale: Scale, least: int | None = None) -> int:
        assert not str(value).startswith("-1"), "planted"
        return real(self, path, value, scale, least)

    monkeypatch.setattr(Reader, "units", units)
    found = list(hunt(range(60), tmp_path))
    assert any("planted" in finding.what for finding in found)
    monkeypatch.undo()

    def name(self: Row, column: str) -> str:
        return {"BTC": "BTC", "ETH": "ETH", "KPEPE": "KPEPE", "kPEPE": "kPEPE"}[self.cells[column]]

    monkeypatch.setattr(Row, "name", name)
    found = list(hunt(range(100, 220), tmp_path))
    assert any("KeyError" in finding.what for finding in found)
    monkeypatch.undo()

    def decimal(self: Item, key: str) -> str:
        return str(Decimal(self.cells[key]))

    monkeypatch.setattr(Item, "decimal", decimal)
    found = list(hunt(range(300, 420), tmp_path))
    assert any("InvalidOperation" in finding.what for finding in found)


def test_hunt_when_a_hang_or_a_silent_refusal_is_planted_then_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the hunt calls wrong is checked as well: exit codes, silence, control characters, a missing last line."""
    assert _wrong(1, "", "", False) == "left with 1"
    assert _wrong(2, "", "no", False) == "refused without a word"
    assert _wrong(2, "x", "bad input: y", False) == "refused and printed a result"
    assert _wrong(0, "conservation: broken\n", "", False) == "the last line is not about conservation"
    assert _wrong(0, "\x1b[31m", "", False) == "printed control characters"
    assert _wrong(0, "{", "", True).startswith("stdout is not one JSON document")
    monkeypatch.setattr("tests.cli.test_fuzz.SLOWEST_S", -1)
    assert next(hunt(range(1), tmp_path)).what.startswith("took more than")
