"""One pair of positions in six shapes: the same book comes out of each, exactly, or what is missing is asked for."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from deleverage.adapters import position_book
from deleverage.adapters.positions import PositionBook, positions_of, read_positions
from deleverage.adapters.supplied import Supplied
from deleverage.adapters.tables import TableFault
from deleverage.rulebook.liquidation import maintenance_margin_ceil
from deleverage.rulebook.margin import equity, price_pnl
from deleverage.rulebook.quantities import Scale, format_units
from tests.adapters.shapes import BINANCE, BYBIT, CCXT, HYPERLIQUID, OKX

ME = Supplied(account="me", equity={"me": "100"})
OKX_ME = Supplied(
    account="me", equity={"me": "100"}, contract_size={"BTC-USDT-SWAP": "0.001", "ETH-USDT-SWAP": "0.00001"}
)
SHAPES = (
    ("ccxt", CCXT, ME, "BTC/USDT:USDT", "ETH/USDT:USDT"),
    ("binance", BINANCE, ME, "BTCUSDT", "ETHUSDT"),
    ("bybit", BYBIT, ME, "BTCUSDT", "ETHUSDT"),
    ("okx", OKX, OKX_ME, "BTC-USDT-SWAP", "ETH-USDT-SWAP"),
    ("hyperliquid", HYPERLIQUID, Supplied(account="me"), "BTC", "ETH"),
)
FIRST = {shape: documents for shape, documents, *_ in SHAPES}


def numbers(found: PositionBook) -> dict[str, list[tuple[str, ...]]]:
    """Return every unit's market, size, mark, profit, equity and maintenance as decimals."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for unit in found.book.units.values():
        for leg_id, leg in unit.legs.items():
            market = found.book.markets[leg_id.partition("/")[0]]
            rows.setdefault(unit.unit_id, []).append(
                (
                    found.shown[market.terms.market_id],
                    format_units(leg.lots, market.terms.lot),
                    format_units(market.mark_price_ticks, market.terms.tick),
                    format_units(price_pnl(leg, market), found.money),
                    format_units(equity(found.book, unit), found.money),
                    format_units(maintenance_margin_ceil(found.book, unit), found.money),
                )
            )
    return rows


def faults_of(content: Any, supplied: Supplied | None = None) -> list[str]:
    """Return the faults of a document."""
    with pytest.raises(TableFault) as refusal:
        positions_of(content, supplied, name="f")
    return [str(fault) for fault in refusal.value.faults]


@pytest.mark.parametrize(("shape", "content", "supplied", "btc", "eth"), SHAPES)
def test_shape_when_two_positions_are_read_then_the_book_is_the_same_in_each(
    shape: str, content: Any, supplied: Supplied, btc: str, eth: str, tmp_path: Path
) -> None:
    """A cross long and an isolated short: size, mark, profit, equity, maintenance, from objects and from a file."""
    known = shape != "hyperliquid"
    file = tmp_path / "positions.json"
    file.write_text(json.dumps(content), "utf-8")
    for found in (positions_of(content, supplied), read_positions(file, supplied)):
        assert found.shape == shape
        assert numbers(found) == {
            "me": [(btc, "0.002", "65000", "9.999", "100", "0.65" if known else "0")],
            f"me:{eth}": [(eth, "-0.00003", "2900.25", "0.0029925", "0.5", "0.001" if known else "0")],
        }
        assert found.without_maintenance == (() if known else (btc, eth))


def test_shape_when_a_user_lists_several_users_then_each_is_an_account() -> None:
    """Hyperliquid's states as a map, as pairs, and as objects that name their user; others' positions by account."""
    states = {"0xa": HYPERLIQUID, "0xb": HYPERLIQUID}
    forms: tuple[Any, ...] = (
        states,
        [[user, state] for user, state in states.items()],
        [{"user": user, "clearinghouseState": state} for user, state in states.items()],
        [{"user": user, **state} for user, state in states.items()],
    )
    for form in forms:
        assert list(positions_of(form).book.units) == ["0xa", "0xa:ETH", "0xb", "0xb:ETH"]
    both = positions_of({"al": BYBIT, "bo": BYBIT}, Supplied(equity={"al": "1", "bo": "2"}))
    assert [unit.account_id for unit in both.book.units.values()] == ["al", "al", "bo", "bo"]


def test_shape_when_one_market_is_held_on_both_sides_then_the_unit_has_two_legs() -> None:
    """Hedge mode: one unit, one equity, a leg per side."""
    other = {**BINANCE[0], "positionSide": "SHORT", "positionAmt": "-0.001"}
    found = positions_of([BINANCE[0], other], ME)
    assert list(found.book.units["me"].legs) == ["BTCUSDT/long", "BTCUSDT/short"]
    assert {row[4] for row in numbers(found)["me"]} == {"100"}


def test_shape_when_a_maintenance_rate_is_given_then_it_replaces_what_positions_state() -> None:
    """0.5 % of 130 for the long, nothing else is touched."""
    found = positions_of(BINANCE, Supplied("me", equity={"me": "100"}, maintenance={"BTCUSDT": "0.005"}))
    assert [rows[0][5] for rows in numbers(found).values()] == ["0.65", "0.001"]
    hyperliquid = Supplied("me", maintenance={"BTC": "0.005", "ETH": "0.01"})
    assert positions_of(HYPERLIQUID, hyperliquid).without_maintenance == ()


def test_shape_when_equal_positions_state_two_maintenance_margins_then_none_is_believed_and_a_rate_is_asked_for() -> (
    None
):
    """A margin table has one number for one notional."""
    twin = {**BINANCE[0], "positionSide": "SHORT", "positionAmt": "-0.002", "maintMargin": "0"}
    found = positions_of([BINANCE[0], twin], ME)
    assert found.notes == ("BTCUSDT: positions of one size state two maintenance margins; --maintenance BTCUSDT=RATE",)
    assert found.without_maintenance == ("BTCUSDT",)


def test_shape_when_there_are_more_margins_than_a_table_may_have_then_a_rate_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A queue over a table with a step for everybody would take minutes."""
    monkeypatch.setattr(position_book, "MOST_STEPS", 1)
    twice = [BINANCE[0], {**BINANCE[0], "account": "you", "positionAmt": "1", "maintMargin": "3"}]
    found = positions_of({"me": twice[:1], "you": twice[1:]}, Supplied(equity={"me": "1", "you": "2"}))
    assert found.notes == ("BTCUSDT: more than 1 different maintenance margins; --maintenance BTCUSDT=RATE",)
    assert found.without_maintenance == ("BTCUSDT",)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CCXT, ["f: the positions do not say whose they are: --account NAME", "f: [0].equity: is not in the file"]),
        (BINANCE, ["--account NAME", "[0].equity: is not in the file: --equity NAME=AMOUNT, at the marks"]),
        (BYBIT, ["--account NAME", "result.list[0].equity: is not in the file"]),
        (
            OKX,
            [
                "data[0].instId: what a contract of BTC-USDT-SWAP is, the file does not say: --contract-size",
                "data[1].instId: what a contract of ETH-USDT-SWAP is",
                "--account NAME",
                "data[0].equity",
            ],
        ),
        (HYPERLIQUID, ["--account NAME"]),
    ],
)
def test_shape_when_something_is_lacking_then_the_option_that_supplies_it_is_named(
    content: Any, expected: list[str]
) -> None:
    """All at once, each once."""
    found = faults_of(content)
    assert len(found) == len(expected)
    assert all(part in fault for part, fault in zip(expected, found, strict=True))


def test_shape_when_a_mark_cannot_be_known_then_it_is_asked_for() -> None:
    """ccxt leaves it out on some exchanges; a value that does not divide by the size is no mark."""
    found = faults_of([{**CCXT[0], "markPrice": None}], ME)
    assert found == ["f: [0].markPrice: is missing: --mark BTC/USDT:USDT=PRICE"]
    state = copy.deepcopy(HYPERLIQUID)
    state["assetPositions"][0]["position"]["szi"] = "0.003"
    (fault,) = faults_of(state, Supplied("me"))
    assert fault == "f: assetPositions[0].position.positionValue: is missing: --mark BTC=PRICE"
    marked = positions_of(state, Supplied("me", mark={"BTC": "43333.333"}))
    assert numbers(marked)["me"][0][2] == "43333.333"


@pytest.mark.parametrize(
    ("supplied", "words"),
    [
        (Supplied("me", equity={"me": "100", "you": "1"}), "--equity: nothing in the file is named 'you', nearest"),
        (Supplied("me", equity={"me": "100", "me:ETHUSDT": "1"}), "--equity me:ETHUSDT: the file states it already"),
        (Supplied("me", equity={"me": "100"}, mark={"BTCUSDT": "1"}), "--mark BTCUSDT: the file states it already"),
        (Supplied("me", equity={"me": "1"}, maintenance={"BTC": "0"}), "--maintenance: nothing in the file is named"),
        (Supplied("me", "USDC", equity={"me": "1"}), "no position says that it settles in 'USDC', nearest is 'USDT'"),
    ],
)
def test_shape_when_an_option_names_nobody_or_contradicts_the_file_then_it_is_refused(
    supplied: Supplied, words: str
) -> None:
    """An option that does nothing would look as if it had done something."""
    assert any(words in fault for fault in faults_of(BINANCE, supplied))


def test_shape_when_positions_settle_in_two_currencies_then_one_has_to_be_chosen() -> None:
    """Money of two currencies cannot be added."""
    mixed = [CCXT[0], {**CCXT[0], "symbol": "BTC/USDC:USDC"}]
    assert "positions settle in USDC, USDT: choose one with --settle" in faults_of(mixed, ME)[0]
    chosen = positions_of(mixed, Supplied("me", "USDC", equity={"me": "100"}))
    assert list(chosen.shown.values()) == ["BTC/USDC:USDC"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([{**CCXT[0], "symbol": "BTC/USD:BTC"}], "[0].symbol: BTC/USD:BTC settles in its own coin"),
        ([{**BINANCE[0], "symbol": "BTCUSD_PERP"}], "[0].symbol: BTCUSD_PERP settles in its own coin"),
        ([{**BYBIT["result"]["list"][0], "symbol": "BTCUSDH26"}], "[0].symbol: BTCUSDH26 settles in its own coin"),
        ({"category": "inverse", "list": [BYBIT["result"]["list"][0]]}, "list[0].symbol: BTCUSDT settles in its own"),
        ([{**OKX["data"][0], "instId": "BTC-USD-SWAP"}], "[0].instId: BTC-USD-SWAP settles in its own coin"),
    ],
)
def test_shape_when_a_contract_is_inverse_then_it_is_refused(content: Any, words: str) -> None:
    """Its money is the coin: it cannot be added to the rest."""
    assert any(words in fault for fault in faults_of(content, OKX_ME))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"entryPrice": "x"}, "f: [0].entryPrice: 'x' is not a decimal number"),
        ({"entryPrice": None}, "f: [0].entryPrice: is missing"),
        ({"entryPrice": {}}, "f: [0].entryPrice: must be a text or a number"),
        ({"entryPrice": "-1"}, "f: [0].entryPrice: is -1, must be above 0"),
        ({"markPrice": "0"}, "f: [0].markPrice: is 0, must be above 0"),
        ({"maintenanceMargin": "-1"}, "f: [0].maintenanceMargin: is -1, must not be negative"),
        ({"side": "both"}, "f: [0].side: 'both' is unknown, nearest is"),
        ({"side": None}, "f: [0].side: is missing"),
        ({"contracts": "1e30"}, "f: [0].contracts: 1e30 has more than 18 digits before the point or 30 after it"),
        ({"contractSize": "1e-29"}, "f: [0].contracts: 0.0"),
        ({"symbol": "a b"}, "f: [0].symbol: 'a b' is no id"),
        ({"symbol": "x" * 65}, "is no id: 1 to 64 printable ASCII characters"),
    ],
)
def test_shape_when_a_value_is_bad_then_its_path_is_told(change: dict[str, Any], fault: str) -> None:
    """The key is the file's own."""
    first: dict[str, Any] = {**CCXT[0], "contracts": "2.05", **change}
    assert any(fault in found for found in faults_of([first], ME))


def test_shape_when_many_values_are_bad_then_all_are_told_at_once() -> None:
    """In one pass, each with its path."""
    rows = [{**CCXT[0], "entryPrice": "x", "contractSize": "y"}, {**CCXT[1], "markPrice": "-1", "side": "z"}]
    places = [fault.split(": ")[1] for fault in faults_of(rows, ME)]
    assert places == ["[0].contractSize", "[0].entryPrice", "[1].side", "[1].markPrice"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": 1}, "must be a list of positions, in one of these shapes: hyperliquid (assetPositions)"),
        ([], "the book is empty"),
        ([1], "[0]: is no object"),
        ([CCXT[2]], "the book is empty"),
        ([[[[[[[[[[[{}]]]]]]]]]]], "is wrapped more than 8 times"),
        ([BINANCE[0], BINANCE[0]], "me has a position in BTCUSDT already"),
        ([BINANCE[0], {**BINANCE[0], "positionAmt": "-1", "markPrice": "64000"}], "another row of BTCUSDT says 65000"),
        ({"assetPositions": 1}, "assetPositions: must be a list"),
        ({"assetPositions": [1]}, "assetPositions[0].position: is missing"),
        (float("nan"), "nan is no number"),
        ([object()], "an object of type object is no JSON"),
    ],
)
def test_document_when_it_holds_no_book_then_it_is_refused(content: Any, words: str) -> None:
    """Whatever it is."""
    assert any(words in fault for fault in faults_of(content, ME))


def test_document_when_a_unit_has_two_meanings_then_it_is_refused() -> None:
    """An account may not be named as another's isolated position is."""
    row = {"account": "a", "market": "X", "size": "1", "entry": "1", "mark": "1", "equity": "1"}
    assert faults_of([{**row, "margin": "isolated"}, {**row, "account": "a:X", "size": "-1"}]) == [
        "f: [1].account: a:X is the name of an isolated position and of an account"
    ]


def test_document_when_a_market_has_a_slash_then_it_is_ranked_under_its_name() -> None:
    """A slash parts market and side in a leg's name, so the book has another id for it."""
    row = {"account": "a", "market": "A/B", "size": "1", "entry": "1", "mark": "1", "equity": "1"}
    found = positions_of([row])
    assert (found.shown, found.money) == ({"A|B": "A/B"}, Scale(1, 6))
    assert faults_of([row, {**row, "account": "b", "market": "A|B"}]) == [
        "f: [1].market: A|B and A/B cannot be in one book: / is | inside it"
    ]
