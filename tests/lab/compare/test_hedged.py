"""Hedges that a closing breaks: of fills, of rules in contracts and in money; undefined where legs are unknown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deleverage.cli import call
from deleverage.lab.compare.hedged import HEDGES
from deleverage.lab.events.generator import generate
from deleverage.lab.events.legs import Legs, Position, column_of
from deleverage.lab.events.load import load
from deleverage.lab.events.model import Event, Fills, States, Wave
from tests.lab.compare.events import event as drawn_event
from tests.lab.compare.events import told
from tests.lab.events.told import hyperliquid_json

HEDGED = (Position("X", -10.0, 1000.0), Position("Y", 5.0, 1000.0))
PLAIN = (Position("X", -10.0, 1000.0),)


def event(*legs: Legs | None, held: float | None = 10.0) -> Event:
    """Return two shorts of ten X at a mark of 100, each closed for 5 at 102: both pay 10 USD of 100 USD of profit."""
    fills = Fills(
        time_ms=np.array([0, 0]),
        coin=np.array(["X", "X"], object),
        user=np.array(["A", "B"], object),
        side=np.array([-1, -1], np.int8),
        size=np.array([5.0, 5.0]),
        price=np.array([102.0, 102.0]),
        mark=np.array([100.0, 100.0]),
        closed_profit=np.zeros(2),
        against=np.array(["", ""], object),
        key=np.array(["", ""], object),
        held=None if held is None else np.full(2, held),
    )
    states = States(
        np.array(["A", "B"], object), np.arange(2), np.zeros(2, int), np.array([500.0, 500.0]),
        np.array([100.0, 100.0]), np.array([2000.0, 1000.0]), np.zeros(2, bool), column_of(legs) if legs else None,
    )  # fmt: skip
    return Event("e", (Wave(1, 0, 0, 2, 1, 20.0, 20.0, 20.0),), fills=fills, states=states)


def hedges(made: Event, policy: str) -> dict[str, Any]:
    """Return the measures of hedges that a policy has in the one wave."""
    (row,) = told(made, policy)["policies"]
    (cell,) = row["waves"]
    return {name: cell["measures"][name] for name in HEDGES}


@pytest.mark.parametrize("policy", ["contracts-pro-rata", "wealth-pro-rata"])
def test_hedges_when_half_of_one_leg_is_closed_then_the_net_grows_by_what_was_closed(policy: str) -> None:
    """A is hedged, B is not: half of each short goes, A's net grows from 0 to 500, B's shrinks.

    Lots: 10 of 20, half of everybody's. Money: 10 USD each, at 2 USD a unit five units.
    """
    found = hedges(event(HEDGED, PLAIN), policy)
    assert found == {
        "gross": 3000.0, "net": 1000.0, "broken": 1.0, "broken_usd": 500.0, "legs_known": 2.0, "unraised": 0.0,
    }  # fmt: skip
    (row,) = told(event(HEDGED, PLAIN), policy)["hedges"]
    assert row["measures"] == found  # what was done is what the rule would do


def test_hedges_when_a_rule_in_money_asks_more_than_the_legs_give_then_that_is_told() -> None:
    """The queue asks A for all 20 USD; ten X give 20, one X short of it gives 18."""
    assert hedges(event(HEDGED, PLAIN), "queue")["unraised"] == 0.0
    short = (Position("X", -9.0, 900.0), Position("Y", 5.0, 1000.0))
    found = hedges(event(short, PLAIN), "queue")
    assert (found["unraised"], found["broken_usd"]) == (2.0, 900.0)


@pytest.mark.parametrize("legs", [(), (None, None)])
def test_hedges_when_no_legs_are_listed_then_they_are_undefined_and_never_0(legs: tuple[None, ...]) -> None:
    """Everywhere, with the reason: a broken hedge that nobody can see is not none."""
    document = told(event(*legs), "queue", "contracts-pro-rata")
    cells = [row["waves"][0] for row in document["policies"]] + document["hedges"]
    for cell in cells:
        assert {cell["measures"][name] for name in HEDGES} == {None}
        assert {cell["undefined"][name] for name in HEDGES} == {
            "the source does not list what an account holds of each coin"
        }


def test_hedges_when_a_drawn_crowd_pays_then_they_are_undefined() -> None:
    """Tables of waves: nobody's legs are known, drawn ones would be no fact."""
    (row,) = told(drawn_event(), "queue")["policies"]
    assert row["waves"][0]["measures"]["broken"] is None


def test_hedges_when_a_leg_is_smaller_than_what_is_closed_of_it_then_its_account_is_left_out() -> None:
    """Planted: B's statement lists one X, five were closed. A alone is counted; with A like that as well, nobody."""
    small = (Position("X", -1.0, 100.0),)
    (row,) = told(event(HEDGED, small), "queue")["hedges"]
    assert (row["measures"]["legs_known"], row["measures"]["gross"], row["measures"]["broken"]) == (1.0, 2000.0, 1.0)
    (row,) = told(event(small, small), "queue")["hedges"]
    assert row["undefined"]["broken"].startswith("of no winner all legs are listed")


def test_hedges_when_a_fill_has_no_mark_then_only_what_needs_it_is_undefined() -> None:
    """The fills' own closing is known; what a rule in money would have to close is not."""
    made = event(HEDGED, PLAIN)
    assert made.fills is not None
    made = replace(made, fills=replace(made.fills, mark=np.array([100.0, np.nan])))
    document = told(made, "queue")
    assert document["hedges"][0]["measures"]["broken"] == 1.0
    assert "no side or no mark" in document["policies"][0]["waves"][0]["undefined"]["broken"]


def test_contracts_when_fills_say_no_holding_then_the_listed_legs_do() -> None:
    """The same closing as with holdings of the fills; without either the rule is left out with its reason."""
    assert hedges(event(HEDGED, PLAIN, held=None), "contracts-pro-rata")["broken_usd"] == 500.0
    (row,) = told(event(held=None), "contracts-pro-rata")["policies"]
    assert "what each winner held of each coin is not known of this event" in row["why"]


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_hedges_when_a_generated_event_is_read_from_json_then_they_are_those_of_its_truth(
    seed: int, tmp_path: Path
) -> None:
    """Of Hyperliquid's fills and states as of the event in memory, wave by wave; rules in contracts are asked."""
    made = generate(seed).event
    read = load(hyperliquid_json(made, tmp_path / "x.json"))
    names = ("contracts-pro-rata", "contracts-single-pass", "leverage-drain", "queue")
    one, other = told(made, *names), told(read, *names)
    assert [row["why"] for row in other["policies"]] == [None] * 4
    for truth, found, wave in zip(one["hedges"], other["hedges"], other["waves"], strict=True):
        assert found["measures"]["legs_known"] == wave["winners"]
        assert found["measures"] == pytest.approx(truth["measures"], rel=1e-9)


def test_compare_when_printed_then_hedges_have_a_line_and_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts whose net grew, of how many; contract rules are there and not left out."""
    file = hyperliquid_json(generate(1).event, tmp_path / "x.json")
    assert call(["lab", "compare", str(file), "--policies", "queue,contracts-pro-rata,leverage-drain"]) == 0
    text = capsys.readouterr().out
    assert "hedges that the event's own fills broke: of " in text
    assert "broken_usd" in text
    assert "left out: contracts" not in text
