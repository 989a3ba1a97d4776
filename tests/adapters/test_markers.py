"""Markers of venues: one small record for each that is documented, and the ordinary one beside it that is no marker."""

import json
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters.markers.catalogue import KINDS, VENUES, markers_of, read_markers
from deleverage.adapters.markers.marker import ROLES, Marker
from deleverage.adapters.tables import TableFault

UPDATE = {"s": "BTCUSDT", "c": "adl_autoclose", "S": "SELL", "x": "TRADE", "o": "MARKET", "ps": "BOTH", "i": 7}
UPDATE |= {"q": "2", "l": "1.5", "L": "64000.5", "T": 1760131026123}
ORDER = {"orderId": 8, "symbol": "BTCUSDT", "side": "BUY", "clientOrderId": "autoclose-1", "executedQty": "2"}
ORDER |= {"avgPrice": "64000", "time": 1760131026000, "positionSide": "SHORT"}
EXECUTION = {"symbol": "BTCUSDT", "side": "Sell", "execType": "AdlTrade", "execQty": "2", "execPrice": "64000"}
EXECUTION |= {"execId": "e1", "execTime": "1760131026000"}
FILL = {"coin": "BTC", "px": "64000", "sz": "0.5", "side": "A", "time": 1760131026000, "startPosition": "2"}
FILL |= {"dir": "Auto-Deleveraging", "tid": 9}
HISTORY = {"instId": "BTC-USDT-SWAP", "type": "5", "posId": "p1", "direction": "short", "closeTotalPos": "3"}
HISTORY |= {"closeAvgPx": "64000", "uTime": "1760131026000"}
DERIBIT = {"state": "adl_transfer_received", "user_id": 42, "instrument_name": "BTC_USDC-PERPETUAL"}
DERIBIT |= {"direction": "buy", "amount": 4000, "price": 63481.75, "timestamp": 1750000400000}
DYDX = {"id": "f1", "market": "BTC-USD", "type": "OFFSETTING", "side": "BUY", "size": "1", "price": "64000"}
DYDX |= {"createdAt": "2025-10-10T21:17:06.037Z"}
GATE = {"contract": "BTC_USDT", "user": 5, "order_id": 6, "trade_size": -10, "position_size": 20}
GATE |= {"fill_price": "64000", "entry_price": "60000", "time": 1760131026}
WHITEBIT = {"market": "BTC_PERP", "source": "adl", "side": "sell", "amount": "1", "price": "64000", "id": 3}
KUCOIN = {"symbol": "XBTUSDTM", "tradeType": "adl", "side": "buy", "size": 3, "price": "64000", "tradeId": "t"}
BITGET = {"symbol": "BTCUSDT", "tradeSide": "dte_sys_adl_close_short", "side": "buy", "baseVolume": "2"}
BITGET |= {"price": "64000", "cTime": "1760131026000", "tradeId": "b"}
T = 1760131026 * 10**9

MARKERS: list[tuple[str, Any, tuple[Any, ...]]] = [
    (
        "binance-stream",
        {"e": "ORDER_TRADE_UPDATE", "E": 1, "T": 1, "o": UPDATE},
        ("binance", "adl", "BTCUSDT", "long", "1.5", "64000.5", T + 123_000_000, "", "c=adl_autoclose", "7"),
    ),
    (
        "binance-order",
        [ORDER],
        ("binance", "liquidation", "BTCUSDT", "short", "2", "64000", T, "", "clientOrderId=autoclose-1", "8"),
    ),
    (
        "bybit-execution",
        {"topic": "execution", "data": [EXECUTION]},
        ("bybit", "adl", "BTCUSDT", "long", "2", "64000", T, "", "execType=AdlTrade", "e1"),
    ),
    (
        "okx-history",
        {"code": "0", "data": [HISTORY]},
        ("okx", "adl", "BTC-USDT-SWAP", "short", "3", "64000", T, "", "type=5", "p1"),
    ),
    (
        "hyperliquid",
        {"channel": "userFills", "data": {"user": "0xa", "fills": [FILL]}},
        ("hyperliquid", "adl", "BTC", "long", "0.5", "64000", T, "0xa", "dir=Auto-Deleveraging", "9"),
    ),
    (
        "deribit",
        {"params": {"channel": "user.liquidation", "data": DERIBIT}},
        (
            *("deribit", "adl", "BTC_USDC-PERPETUAL", "short", "4000", "63481.75", 1750000400 * 10**9, "42"),
            *("state=adl_transfer_received", ""),
        ),
    ),
    (
        "dydx",
        {"fills": [DYDX]},
        ("dydx", "adl", "BTC-USD", "short", "1", "64000", 1760131026037 * 10**6, "", "type=OFFSETTING", "f1"),
    ),
    ("gate", [GATE], ("gate", "adl", "BTC_USDT", "long", "10", "64000", T, "5", "auto_deleverages", "6")),
    ("whitebit", WHITEBIT, ("whitebit", "adl", "BTC_PERP", "long", "1", "64000", None, "", "source=adl", "3")),
    ("kucoin", [KUCOIN], ("kucoin", "adl", "XBTUSDTM", "short", "3", "64000", None, "", "tradeType=adl", "t")),
    (
        "bitget",
        {"data": {"fills": [BITGET]}},
        ("bitget", "adl", "BTCUSDT", "short", "2", "64000", T, "", "tradeSide=dte_sys_adl_close_short", "b"),
    ),
]


def only(content: Any) -> Marker:
    """Return the one marker in a document."""
    (marker,) = markers_of(content).markers
    return marker


@pytest.mark.parametrize(("name", "content", "expected"), MARKERS, ids=[name for name, *_ in MARKERS])
def test_marker_when_a_venue_deleverages_then_every_field_of_it_is_read(
    name: str, content: Any, expected: tuple[Any, ...], tmp_path: Path
) -> None:
    """From objects and from a file, told by its keys or by the venue that is named."""
    file = tmp_path / "records.json"
    file.write_text(json.dumps(content), "utf-8")
    assert only(content) == Marker(*expected)
    assert read_markers(file, expected[0]).markers == (Marker(*expected),)


def test_venues_when_listed_then_each_has_a_record_here() -> None:
    """No reader without a record that shows it."""
    assert {expected[0] for _, _, expected in MARKERS} == set(VENUES)


@pytest.mark.parametrize(
    ("record", "role", "side"),
    [
        ({**UPDATE, "c": "autoclose-17", "ps": "SHORT"}, "liquidation", "short"),
        ({**UPDATE, "c": "settlement_autoclose-1"}, "settlement", "long"),
        ({**ORDER, "clientOrderId": "adl_autoclose"}, "adl", "short"),
        ({"symbol": "BTCUSDT", "autoCloseType": "ADL", "side": "SELL"}, "adl", "long"),
        ({**EXECUTION, "execType": "BustTrade"}, "takeover", "long"),
        ({"symbol": "B", "createType": "CreateByAdl_PassThrough", "side": "Buy"}, "adl", "short"),
        ({"symbol": "B", "createType": "CreateByTakeOver_PassThrough", "side": "Buy"}, "takeover", "short"),
        ({"symbol": "B", "createType": "CreateByLiq", "side": "Sell"}, "liquidation", "long"),
        ({"symbol": "B", "positionStatus": "Adl", "side": "Buy"}, "adl", "long"),
        ({"symbol": "B", "positionStatus": "Liq", "side": "Sell"}, "liquidation", "short"),
        ({**HISTORY, "type": "6"}, "adl", "short"),
        ({**HISTORY, "type": "3"}, "liquidation", "short"),
        ({"instId": "B", "category": "adl", "side": "buy", "posSide": "net"}, "adl", "short"),
        ({"instId": "B", "category": "full_liquidation", "side": "sell", "posSide": "long"}, "liquidation", "long"),
        ({"instFamily": "BTC-USDT", "state": "adl", "adlType": "bal_adl_start", "ts": "1"}, "warning", ""),
        ({**DERIBIT, "state": "adl_transfer"}, "liquidation", "short"),
        ({**DERIBIT, "state": "lsp_transfer"}, "takeover", "short"),
        ({**DERIBIT, "state": "close_out_liquidation_started"}, "liquidation", "short"),
        ({**WHITEBIT, "source": "", "clientOrderId": "adl_3"}, "adl", "long"),
        ({**DYDX, "type": "DELEVERAGED"}, "liquidation", "short"),
        ({**DYDX, "type": "LIQUIDATED"}, "liquidation", "short"),
        ({**KUCOIN, "tradeType": "liquid"}, "liquidation", "short"),
        ({**BITGET, "tradeSide": "dte_sys_adl_sell_in_single_side_mode", "side": "sell"}, "adl", "long"),
        ({**BITGET, "tradeSide": "burst_close_long"}, "liquidation", "long"),
        ({**BITGET, "tradeSide": "offset_close_long"}, "unknown", "long"),
        ({**BITGET, "tradeSide": "delivery_close_short"}, "settlement", "short"),
        ({**GATE, "position_size": 0}, "adl", ""),
        ({**FILL, "startPosition": "-2", "side": "B"}, "adl", "short"),
    ],
)
def test_marker_when_it_says_something_else_then_role_and_closed_side_follow(
    record: dict[str, Any], role: str, side: str
) -> None:
    """Every documented value."""
    found = only(record)
    assert (found.role, found.side) == (role, side)
    assert role in ROLES


@pytest.mark.parametrize(
    "record",
    [
        {**UPDATE, "c": "x-web"},
        {**ORDER, "clientOrderId": "my_autoclose-1"},
        {**EXECUTION, "execType": "Trade"},
        {"symbol": "B", "positionStatus": "Normal", "side": "Buy"},
        {**HISTORY, "type": "2"},
        {"instId": "B", "category": "normal"},
        {"instFamily": "BTC-USDT", "state": "normal"},
        {**FILL, "dir": "Close Long"},
        {"state": "open"},
        {**WHITEBIT, "source": "market"},
        {**DYDX, "type": "LIMIT"},
        {**KUCOIN, "tradeType": "trade"},
        {**BITGET, "tradeSide": "close"},
    ],
)
def test_record_when_it_is_ordinary_then_it_is_no_mark(record: dict[str, Any]) -> None:
    """It is counted, not shown."""
    assert markers_of([record]) == ((), 1)


def test_fill_of_hyperliquid_when_a_liquidation_is_in_it_then_it_depends_on_whose_it_was() -> None:
    """The liquidated user's own fill is a liquidation or a takeover; another's is an ordinary trade."""
    fill = {**FILL, "dir": "Close Long"}
    market, backstop = ({"liquidatedUser": "0xa", "markPx": "1", "method": name} for name in ("market", "backstop"))
    mine = [{**fill, "liquidation": market}, {**fill, "liquidation": backstop}, {**FILL, "liquidation": market}]
    assert [marker.role for marker in markers_of({"0xa": mine}).markers] == ["liquidation", "takeover", "liquidation"]
    assert [marker.role for marker in markers_of({"0xb": mine}).markers] == ["adl"]
    assert [marker.role for marker in markers_of(mine).markers] == ["unknown", "unknown", "adl"]


def test_update_of_binance_when_nothing_has_filled_then_it_has_no_size() -> None:
    """The same order is sent again with every fill: sizes of fills may be added, that of the order may not."""
    found = only({**UPDATE, "x": "NEW", "l": "0", "L": "0"})
    assert (found.size, found.price) == (None, None)


def test_records_when_they_are_lines_or_inside_ccxt_then_they_are_read(tmp_path: Path) -> None:
    """A log of a stream, a message per line; ccxt keeps the raw record in info."""
    file = tmp_path / "stream.jsonl"
    lines = [{"data": [EXECUTION]}, {"data": [{**EXECUTION, "execType": "Trade"}]}]
    file.write_text("\n\n".join(json.dumps(line) for line in lines), "utf-8")
    assert [marker.said for marker in read_markers(file).markers] == ["execType=AdlTrade"]
    assert only([{"symbol": "BTC/USDT:USDT", "info": EXECUTION}]).market == "BTCUSDT"
    file.write_text("{}\n{\n[NaN]\n", "utf-8")
    with pytest.raises(TableFault) as refusal:
        read_markers(file)
    assert [fault.line for fault in refusal.value.faults] == [2, 3]


@pytest.mark.parametrize(
    ("content", "venue", "words"),
    [
        ([{"a": 1}], None, "[0]: none of 1 records is one of a venue that is known (binance, bitget, bybit"),
        ([EXECUTION], "okx", "[0]: none of 1 records is one of okx"),
        ([EXECUTION], "bybitt", "--venue: no markers of 'bybitt' are known, nearest is 'bybit'"),
        ([{**EXECUTION, "execQty": "x"}], None, "[0].execQty: 'x' is not a decimal number"),
        ([{**EXECUTION, "execTime": "soon"}], None, "[0].execTime: 'soon' is no time"),
        ([EXECUTION, 7], None, "[1]: is no object"),
        (object(), None, "an object of type object is no JSON"),
    ],
)
def test_records_when_they_are_bad_then_each_fault_has_its_path(content: Any, venue: str | None, words: str) -> None:
    """All of them at once."""
    with pytest.raises(TableFault) as refusal:
        markers_of(content, venue)
    assert any(words in str(fault) for fault in refusal.value.faults)


def test_time_when_it_lies_at_the_end_of_the_calendar_then_it_is_read_exactly() -> None:
    """Before 1970 it is negative; without a zone it is UTC."""
    times = ("0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59.999999", "9999-12-31T23:59:59Z")
    found = markers_of([{**DYDX, "createdAt": text} for text in times]).markers
    assert [marker.time_ns for marker in found] == [-62135647200 * 10**9, -1000, 253402300799 * 10**9]


def test_kinds_when_two_venues_have_a_record_of_the_same_keys_then_the_first_one_is_taken() -> None:
    """The order of the kinds is part of the reading: no kind stands behind one whose keys are among its own."""
    hidden = [
        (late.venue, early.venue)
        for at, late in enumerate(KINDS)
        for early in KINDS[:at]
        if early.keys <= late.keys and early.venue != late.venue
    ]
    assert hidden == []


def test_shared_fixtures_when_they_are_there_then_their_events_are_read(shared_dir: Path) -> None:
    """Deribit's transfer and OKX's warning, with the published numbers."""
    text = (shared_dir / "rules" / "cases" / "centralised.yaml").read_text("utf-8")
    received = only(inputs_of(text, "deribit.fixture.adl_transfer_received"))
    assert (received.role, received.market, received.size) == ("adl", "BTC_USDC-PERPETUAL", "4000")
    assert (received.side, received.price, received.account) == ("short", "63481.75", "42")
    warning = inputs_of(text, "okx.fixture.adl_warning_normal")
    assert markers_of([warning]) == ((), 1)
    assert only([{**warning, "state": "warning"}]).market == "BTC-USDT"


def inputs_of(text: str, case: str) -> dict[str, Any]:
    """Return the flat inputs of a case: the flow mapping behind ``inputs``, every value a text."""
    body = text[text.index(f"id: {case}") :].partition("inputs: {")[2].partition("}\n")[0]
    pairs = (part.partition(": ") for part in body.split(", "))
    return {key: value.strip('"') for key, _, value in pairs}
