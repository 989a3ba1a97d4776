"""Legs of accounts: what a source lists of each coin, typed, refused where it contradicts itself."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deleverage.adapters.tables import TableFault
from deleverage.lab.compare.digest import result_hash
from deleverage.lab.events.faults import FAULTS, plant
from deleverage.lab.events.generator import generate
from deleverage.lab.events.legs import Legs, Position, column_of
from deleverage.lab.events.load import load
from tests.lab.compare.events import compared, event, wave
from tests.lab.events.folders import write
from tests.lab.events.test_load import FILL, REPLAY, STATE
from tests.lab.events.told import hyperliquid_json


def leg(coin: str, size: str, value: str) -> dict[str, object]:
    """Return a position as clearinghouseState lists it."""
    return {"position": {"coin": coin, "szi": size, "positionValue": value, "unrealizedPnl": "0"}}


def test_hyperliquid_when_a_state_lists_positions_then_they_are_signed_legs(tmp_path: Path) -> None:
    """Short below 0; a size of 0 is no leg; an account without positions has none, which is known."""
    listed = {**STATE, "assetPositions": [leg("BTC", "-2", "199"), leg("ETH", "1.5", "6000"), leg("SOL", "0", "0")]}
    records = [{"user": "0xa", "fills": [FILL]}, {"0xa": listed}, {"0xb": {**STATE, "assetPositions": []}}]
    made = load(write(tmp_path / "x.json", json.dumps(records)))
    assert made.states is not None
    assert made.states.positions is not None
    cells = dict(zip(made.states.user, made.states.positions, strict=True))
    assert cells == {"0xa": (Position("BTC", -2.0, 199.0), Position("ETH", 1.5, 6000.0)), "0xb": ()}


def test_hyperliquid_when_a_coin_is_listed_twice_on_one_side_then_it_is_refused(tmp_path: Path) -> None:
    """Planted: the second one would count as another leg."""
    listed = {**STATE, "assetPositions": [leg("BTC", "-2", "199"), leg("BTC", "-1", "99")]}
    with pytest.raises(TableFault, match=r"assetPositions\[1\].position: coin: BTC is listed twice on one side"):
        load(write(tmp_path / "x.json", json.dumps([{"0xa": listed}])))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ((Position("A", 0.0, 1.0),), "size 0"),
        ((Position("A", float("nan"), 1.0),), "size nan"),
        ((Position("A", 1.0, -1.0),), "value -1"),
        ((Position("A", 1.0, float("inf")),), "value inf"),
        ((Position("A", 1.0, 1.0), Position("A", 2.0, 1.0)), "twice on one side"),
    ],
)
def test_states_when_a_leg_is_none_then_they_are_refused(cell: Legs, told: str) -> None:
    """Empty, endless, worth less than nothing, twice; both sides of a coin are two legs."""
    states = generate(1).event.states
    assert states is not None
    some = states.at(np.arange(2))
    good = column_of([(Position("A", 1.0, 1.0), Position("A", -1.0, 1.0)), None])
    assert replace(some, positions=good).positions is good
    with pytest.raises(ValueError, match=told):
        replace(some, positions=column_of([None, cell]))
    with pytest.raises(ValueError, match="1 cells of positions for 2 statements"):
        replace(some, positions=column_of([None]))


@pytest.mark.parametrize("seed", range(8))
def test_generator_when_legs_are_added_up_then_they_are_the_notional_and_hold_what_is_closed(seed: int) -> None:
    """Both sides, before each fill; the leg that is closed is at least as large as the fill."""
    made = generate(seed).event
    assert made.states is not None
    assert made.states.positions is not None
    assert made.fills is not None
    assert made.fills.held is not None
    gross = [sum(one.value_usd for one in legs) for legs in made.states.positions]
    np.testing.assert_allclose(gross, made.states.notional, rtol=1e-9)
    assert bool((made.fills.held >= made.fills.size * (1 - 1e-12)).all())
    for at in range(len(made.fills)):
        key = (made.fills.coin[at], bool(made.fills.side[at] > 0))
        sizes = {(one.coin, one.size > 0): abs(one.size) for one in made.states.positions[at]}
        assert sizes[key] == made.fills.held[at]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_when_planted_then_statements_keep_their_legs(fault: str) -> None:
    """A column of legs as long as the others, whatever is added or left out."""
    planted = plant(generate(2).event, fault, "plain", 2)
    assert planted.states is not None
    assert planted.states.positions is not None
    assert len(planted.states.positions) == len(planted.states)


def test_replay_table_when_it_has_leverage_then_neither_legs_nor_notional_are_made_of_it(tmp_path: Path) -> None:
    """The leverage of a row is that of its one position: what else the account holds, nobody says."""
    header = f"{REPLAY[0]},leverage_realtime,account_value_realtime"
    made = load(write(tmp_path / "adl.csv", header, f"{REPLAY[1]},2.5,400", f"{REPLAY[2]},3,0"))
    assert made.states is not None
    assert made.states.positions is None
    assert bool(np.isnan(made.states.notional).all())


def test_hash_when_an_event_lists_no_positions_then_it_is_what_it_was(tmp_path: Path) -> None:
    """The hash that the same comparison had before legs were known at all; a leg that moves is another one."""
    plain = compared(event(wave(), wave(2, needed_usd=10.0)), "queue", "min-max", "contracts-pro-rata")
    assert result_hash(plain) == "85259851d92c6e540f15b36b709e60729d5f1ddb8d787fa10e7395f77906d8fe"
    made = load(hyperliquid_json(generate(1).event, tmp_path / "x.json"))
    assert made.states is not None
    assert made.states.positions is not None
    moved = made.states.positions.copy()
    at = next(at for at in range(len(moved)) if made.states.fill[at] == 0 and not made.states.is_loser[at])
    first, *others = moved[at]
    moved[at] = (first._replace(value_usd=first.value_usd + 1), *others)
    other = replace(made, states=replace(made.states, positions=moved))
    metrics = ("gini_x",)
    hashes = [result_hash(compared(one, "queue", metrics=metrics)) for one in (made, made, other)]
    assert hashes[0] == hashes[1] != hashes[2]
