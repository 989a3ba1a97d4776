"""Hyperliquid's own records: markets, states, marks and fills become what the law can compare."""

import json
from pathlib import Path
from typing import Any

import pytest

from deleverage.commands.presets import chosen_preset
from deleverage.rulebook.rules import Rules
from deleverage.shadow.run import Run
from deleverage.shadow.shape import Header
from deleverage.shadow.wanted import Followed, Wanted
from deleverage.venues.model import law_of

Record = dict[str, Any]


def _rules(header: Header) -> Rules:
    return law_of(chosen_preset("hyperliquid", [], None), header.money)


def _state(user: str, value: str, positions: list[Record] | None = None) -> Record:
    rows = [{"type": "oneWay", "position": position} for position in positions or []]
    state = {"marginSummary": {"accountValue": value}, "assetPositions": rows}
    return {"user": user, "time": 1000, "clearinghouseState": state}


def _mark(price: str, time: int) -> Record:
    return {"channel": "activeAssetCtx", "time": time, "data": {"coin": "BTC", "ctx": {"markPx": price}}}


def _fill(side: str, price: str, time: int, tid: int, **more: Any) -> Record:
    return {"coin": "BTC", "px": price, "sz": "0.2", "side": side, "time": time, "tid": tid, **more}


def _fills(user: str, *fills: Record) -> Record:
    return {"channel": "userFills", "data": {"user": user, "fills": list(fills)}}


def _deleveraged(price: str) -> Record:
    inner = {"liquidatedUser": "0xa", "markPx": "94000.0", "method": "market"}
    marks = {"dir": "Auto-Deleveraging", "liquidation": inner}
    events = [["0xa", _fill("A", price, 3000, 12, **marks)], ["0xb", _fill("B", price, 3000, 12, **marks)]]
    return {"block_time": "2025-10-10T21:17:00", "block_number": 5, "events": events}


SHORT = {"coin": "BTC", "szi": "-0.1", "entryPx": "101000", "positionValue": "10000.0", "unrealizedPnl": "100.0"}
OPENING = [
    {"universe": [{"name": "BTC", "szDecimals": 5, "maxLeverage": 40}]},
    _mark("100000.0", 1000),
    _state("0xa", "1000.0"),
    _state("0xb", "5000.0"),
    _state("0xc", "90000.0", [SHORT]),
    _fills("0xa", _fill("B", "100000.0", 1500, 11)),
    _fills("0xb", _fill("A", "100000.0", 1500, 11)),
    _mark("98000.0", 2000),
    _mark("94000.0", 3000),
]


def _follow(path: Path, records: list[Record]) -> Followed:
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), "ascii")
    return Run(Wanted(source=str(path), shape="hyperliquid", rules_of=_rules)).follow()


def test_shadow_of_hyperliquid_where_the_price_is_the_laws_then_it_agrees(tmp_path: Path) -> None:
    """The long of 0.2 BTC with 1,000 USD is bankrupt at 95,000, and closed there against the higher leverage."""
    found = _follow(tmp_path / "stream", [*OPENING, _deleveraged("95000.0")]).tally
    assert (found.bad, found.refused, found.unfollowed, found.differences) == ({}, {}, {}, 0)
    assert (found.rows["adl"].agreed, found.rows["adl"].agreed_lots) == (2, 40_000)


def test_shadow_of_hyperliquid_where_the_price_differs_then_its_line_is_told(tmp_path: Path) -> None:
    """Closed at the previous mark of 98,000 instead: the same legs and lots, other money, at line 10."""
    found = _follow(tmp_path / "stream", [*OPENING, _deleveraged("98000.0")]).tally
    assert [(one.line, one.what, one.ours["lots"]) for one in found.divergences] == [
        (10, "price", "20000"),
        (10, "price", "-20000"),
    ]


def test_shadow_of_hyperliquid_opens_accounts_as_they_stand(tmp_path: Path) -> None:
    """Account value, size and entry of a state are the book's: 90,000 USD with a short that gained 100."""
    stream = tmp_path / "stream"
    stream.write_text("".join(f"{json.dumps(record)}\n" for record in OPENING[:5]), "ascii")
    run = Run(Wanted(source=str(stream), shape="hyperliquid", rules_of=_rules))
    run.follow()
    assert run.follower is not None
    unit = run.follower.domain.book.units["0xc"]
    leg = unit.legs["BTC"]
    assert (leg.lots, leg.cost, unit.quote + leg.lots * 1_000_000) == (-10_000, -10_100_000_000, 90_000_000_000)


@pytest.mark.parametrize(
    ("record", "reason", "sentence"),
    [
        ({"huh": 1}, "UNKNOWN_LINE", "'huh'"),
        (_fills("0xa", _fill("B", "abc", 4000, 13)), "BAD_FIELD", "fills[0].px: 'abc' is not a decimal number"),
        (_fills("0xa", _fill("C", "94000.0", 4000, 13)), "BAD_FIELD", "fills[0].side"),
        (_fills("0xa", _fill("B", "94000.05", 4000, 13)), "BAD_FIELD", "94000.05"),
        (_fills("0xa", {**_fill("B", "1", 4000, 13), "coin": "DOGE"}), "BAD_FIELD", "is a market not listed yet"),
        (_fills("0xa", _fill("B", "94000.0", 4000, 13)), "UNPAIRED", ""),
        ({"events": [["0xa"]]}, "BAD_FIELD", "must be a list of [user, fill]"),
    ],
)
def test_shadow_of_hyperliquid_where_a_record_is_bad_then_it_says_why(
    record: Record, reason: str, sentence: str, tmp_path: Path
) -> None:
    """An unknown record, a text that is no price, a side that is none, half a tick, and a fill without another side."""
    found = _follow(tmp_path / "stream", [*OPENING[:8], record])
    assert list(found.tally.bad) == [reason]
    assert sentence in "".join(found.bad)
