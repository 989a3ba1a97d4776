"""One door for every kind of event: tables of fills, Hyperliquid's JSON, a refusal that says what was looked for."""

import json
from pathlib import Path

import numpy as np
import pytest

from deleverage.adapters.tables import TableFault
from deleverage.lab.events.load import load
from tests.lab.events.folders import write

COLUMNS = (
    "user,coin,time,adl_price,adl_size,closed_pnl,position_size,total_unrealized_pnl,total_equity,is_negative_equity,"
    "liquidated_user,liquidated_total_equity"
)
REPLAY = (
    COLUMNS,
    "0xb,AVAX,9000,22.5,2,10,2,30,400,False,0xz,-120.5",
    "0xa,AVAX,1000,22.5,28,190,-28,390,34000,False,0xz,-100.5",
    "0xa,ETH,1000,4000,1.5,20,-3,390,34000,False,0xz,-90",
)
FILL = {
    "coin": "BTC",
    "px": "100",
    "sz": "2",
    "side": "B",
    "time": 1000,
    "startPosition": "-2",
    "dir": "Auto-Deleveraging",
    "closedPnl": "10",
    "tid": 5,
    "liquidation": {"liquidatedUser": "0xz", "markPx": "99.5", "method": "market"},
}
STATE = {
    "assetPositions": [
        {"type": "oneWay", "position": {"coin": "BTC", "szi": "-2", "positionValue": "199", "unrealizedPnl": "-3"}}
    ],
    "marginSummary": {"accountValue": "-1.5", "totalNtlPos": "199"},
    "time": 900,
}


def test_replay_table_when_read_then_fills_are_in_time_and_states_speak_of_both_sides(tmp_path: Path) -> None:
    """Winners' statements first, then bankrupts'; waves are made of the fills, and a note says by which rule."""
    event = load(write(tmp_path / "adl_detailed_analysis_REALTIME.csv", *REPLAY))
    assert event.fills is not None
    assert event.states is not None
    assert list(event.fills.time_ms) == [1000, 1000, 9000]
    assert list(event.fills.user) == ["0xa", "0xa", "0xb"]
    assert list(event.fills.side) == [-1, -1, 1]
    assert list(event.states.user) == ["0xa", "0xa", "0xb", "0xz", "0xz", "0xz"]
    assert list(event.states.fill) == [0, 1, 2, 0, 1, 2]
    assert list(event.states.equity[3:]) == [-100.5, -90.0, -120.5]
    assert [(wave.fills, wave.deficit_usd) for wave in event.waves] == [(2, 100.5), (1, 0.0)]
    assert "5000 ms" in event.notes[-1]


def test_table_when_a_row_is_the_bankrupt_s_own_then_it_is_no_fill_and_told(tmp_path: Path) -> None:
    """Both halves of a trade carry the mark of a deleveraging: planted, the one of 0xz against himself."""
    own = REPLAY[2].replace("0xa,", "0xz,")
    event = load(write(tmp_path / "adl.csv", REPLAY[0], *REPLAY[1:], own))
    assert event.fills is not None
    assert "0xz" not in event.fills.user
    assert len(event.fills) == len(REPLAY) - 1
    assert event.notes[0] == "1 rows are the bankrupt's own side of a deleveraging: the winner's side counts"


def test_own_table_when_it_has_positions_and_notionals_then_holdings_and_leverage_are_known(tmp_path: Path) -> None:
    """The signed position before the fill tells side and holding; the notional is the account's."""
    header = "time_ms,coin,user,price,size,position,equity,profit,notional"
    event = load(write(tmp_path / "fills.csv", header, "1,A,ann,10,2,-5,100,50,300"))
    assert event.fills is not None
    assert event.fills.held is not None
    assert event.states is not None
    assert (event.fills.side.tolist(), event.fills.held.tolist()) == ([-1], [5.0])
    assert event.states.notional.tolist() == [300.0]


def test_own_table_when_read_as_csv_or_parquet_then_the_same_fills_come_back(tmp_path: Path) -> None:
    """Columns of our own, with a mark and a side in words; marks beside it."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = {
        "time_ms": ["5", "1"],
        "coin": ["BTC", "ETH"],
        "user": ["ann, the first", "bo"],
        "side": ["long", "short"],
        "size": ["1e3", "2"],
        "price": ["100.5", "3"],
        "mark": ["101", ""],
    }
    lines = [",".join(f'"{rows[name][at]}"' for name in rows) for at in range(2)]
    write(tmp_path / "csv" / "fills.csv", ",".join(rows), *lines)
    write(tmp_path / "csv" / "marks.csv", "coin,price", "BTC,99.5")
    (tmp_path / "parquet").mkdir()
    parquet.write_table(pyarrow.table(rows), tmp_path / "parquet" / "fills.parquet")
    one, other = load(tmp_path / "csv"), load(tmp_path / "parquet")
    assert one.fills is not None
    assert other.fills is not None
    for name in ("time_ms", "coin", "user", "side", "size", "price", "mark"):
        np.testing.assert_array_equal(getattr(one.fills, name), getattr(other.fills, name))
    assert (list(one.fills.user), list(one.fills.side)) == (["bo", "ann, the first"], [-1, 1])
    assert one.marks == {"BTC": 99.5}


@pytest.mark.parametrize("name", ["fills.json", "fills.jsonl"])
def test_hyperliquid_when_fills_and_states_are_given_then_only_the_winner_s_side_counts(
    tmp_path: Path, name: str
) -> None:
    """The bankrupt's half of the trade and ordinary fills are left out, and counted in the notes."""
    records: list[object] = [
        {"user": "0xa", "fills": [FILL, {**FILL, "dir": "Close Short"}]},
        ["0xz", FILL],
        {"0xz": STATE},
    ]
    text = json.dumps(records) if name.endswith(".json") else "\n".join(map(json.dumps, records))
    event = load(write(tmp_path / name, text))
    assert event.fills is not None
    assert event.states is not None
    assert (list(event.fills.user), list(event.fills.mark), list(event.fills.key)) == (["0xa"], [99.5], ["5"])
    assert (list(event.states.user), list(event.states.is_loser)) == (["0xz"], [True])
    assert (event.marks, event.waves[0].needed_usd) == ({"BTC": 99.5}, 1.0)
    assert [note.split()[0] for note in event.notes[:2]] == ["1", "1"]


def test_hyperliquid_when_states_have_moments_then_each_fill_goes_with_the_last_one_before_it(tmp_path: Path) -> None:
    """Of two before the fill the later, at its moment too; one after every fill, or without a moment, with none."""
    states = [{"0xa": {**STATE, "time": moment}} for moment in (998, 1000, 1001)]
    states.append({"0xa": {name: cell for name, cell in STATE.items() if name != "time"}})
    owed = {**STATE, "time": 999, "marginSummary": {"accountValue": "-7.5", "totalNtlPos": "199"}}
    event = load(write(tmp_path / "x.json", json.dumps([{"user": "0xa", "fills": [FILL]}, *states, {"0xz": owed}])))
    assert event.states is not None
    stated = zip(event.states.stated_ms.tolist(), event.states.fill.tolist(), strict=True)
    assert list(stated) == [(998, -1), (999, 0), (1000, 0), (1001, -1), (0, -1)]
    assert [wave.deficit_usd for wave in event.waves] == [7.5]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({**FILL, "px": "0"}, "px: 0 is not above 0"),
        ({**FILL, "sz": "NaN"}, "sz: 'NaN' is not a finite"),
        ({**FILL, "time": "now"}, "time: 'now' is neither"),
        ({**STATE, "marginSummary": {}}, "accountValue: '' is not a finite"),
        ({**STATE, "assetPositions": [{"position": {}}]}, "szi: '' is not a finite"),
    ],
)
def test_hyperliquid_when_a_record_is_spoilt_then_its_place_is_told(
    tmp_path: Path, record: dict[str, object], told: str
) -> None:
    """The path inside the file stands in the fault."""
    with pytest.raises(TableFault, match=told.replace("(", r"\(")):
        load(write(tmp_path / "x.json", json.dumps([record])))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((REPLAY[0], REPLAY[1].replace("22.5", "-1")), "adl_price: -1 is not above 0"),
        ((REPLAY[0], REPLAY[1].replace("9000", "9e3")), "time: '9e3' is neither"),
        ((REPLAY[0], REPLAY[1].replace("AVAX", "")), "coin: '' is not a name"),
        ((REPLAY[0], "1,2"), "has 2 fields"),
        ((REPLAY[0],), "has a header and no rows"),
        (("user,coin", "a,b"), "its header has user, coin"),
        (("",), "is no event"),
        (("time_ms,coin,user,side,size,price", "1,A,b,up,1,1"), "'up' is neither long nor short"),
        (("time_ms,coin,user,size,price", "1760130964831000000,A,b,1,1"), "are these milliseconds"),
    ],
)
def test_fills_when_a_table_is_spoilt_then_the_fault_is_told(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    """File, line, column and what is wrong."""
    with pytest.raises(TableFault) as caught:
        load(write(tmp_path / "fills.csv", *lines))
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["nothing", "nul\0", "x" * 5000])
def test_load_when_nothing_is_there_then_it_is_refused(tmp_path: Path, name: str) -> None:
    """Neither a file nor a folder."""
    with pytest.raises(TableFault, match="neither a file nor a folder"):
        load(tmp_path / name)


def test_load_when_a_folder_holds_no_event_then_it_says_what_was_looked_for(tmp_path: Path) -> None:
    """Names of tables, columns and keys; and two tables of one kind are one too many."""
    write(tmp_path / "notes.json", '{"headline": 1}')
    with pytest.raises(TableFault, match=r"looked for tables of waves .* adl_price, adl_size.*assetPositions"):
        load(tmp_path)
    write(tmp_path / "a.csv", *REPLAY)
    write(tmp_path / "b.csv", *REPLAY)
    with pytest.raises(TableFault, match=r"holds 2 tables of fills \(a.csv, b.csv\)"):
        load(tmp_path)
