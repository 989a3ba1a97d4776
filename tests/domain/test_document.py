"""The document of a run: complete, described by its schema, without floats, and the same each time."""

import json
from fractions import Fraction
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deleverage.domain import document as document_module
from deleverage.domain.document import document
from deleverage.domain.player import play
from deleverage.scenarios.loader import bundled_names, load, loads, text_of


def told(name: str, **overrides: Any) -> dict[str, Any]:
    """Return the document of a played story."""
    return document(play(load(name, **overrides)))


def run_schema() -> dict[str, Any]:
    """Return the published schema of a run."""
    loaded: dict[str, Any] = json.loads(resources.files("deleverage").joinpath("schemas/run.json").read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("name", bundled_names())
def test_document_when_a_story_was_played_then_its_schema_accepts_it(name: str) -> None:
    """Every key is described, none is missing, none is unknown."""
    overrides = {"accounts": 300} if name.startswith("crash") else {}
    found = told(name, **overrides)
    assert [error.message for error in Draft202012Validator(run_schema()).iter_errors(found)] == []
    assert found["conservation"]["state"] == "exact"
    assert found["conservation"]["sum"] == "0"


def test_document_when_throttles_bind_then_they_are_told_and_the_schema_accepts_them() -> None:
    """In `cascade` each step may sell 300 and close 300: at 91.9 that is 3 lots of either, 275.70."""
    table = "[{ stress_from = 0, most = 300 }]"
    limits = f"[rules]\nreduce_throttle = {table}\nclose_throttle = {table}\n"
    found = document(play(loads(text_of("cascade").replace("[settlement]", f"{limits}[settlement]", 1))))
    assert [error.message for error in Draft202012Validator(run_schema()).iter_errors(found)] == []
    fourth = [(one["stage"], one["most"], one["done"], one["binds"]) for one in found["steps"][3]["throttles"]]
    assert fourth == [(2, "300", "275.7", True), (5, "300", "275.7", True)]
    assert found["rounds"][0]["pools"][0]["stopped"] == "throttle"


def test_document_when_a_story_is_played_twice_then_the_bytes_are_the_same() -> None:
    """Timings are not part of the document; everything in it follows from the scenario."""
    assert json.dumps(told("crash", accounts=300)) == json.dumps(told("crash", accounts=300))


def test_document_when_searched_for_floats_then_there_are_none() -> None:
    """Money, lots and scores leave as texts."""

    def floats(part: Any) -> int:
        if isinstance(part, dict):
            return sum(floats(item) for item in part.values())
        if isinstance(part, list):
            return sum(floats(item) for item in part)
        return isinstance(part, float)

    assert floats(told("crash", accounts=300)) == 0


def test_document_of_six_longs_when_read_then_shows_queue_fills_and_results() -> None:
    """The published example as a machine reads it: both sides of each fill, against mark and entry."""
    (item,) = told("six-longs")["rounds"]
    assert [(row["rank"], row["unit"], row["closed_lots"]) for row in item["queue"]] == [
        (1, "long-2", "10"),
        (2, "long-5", "10"),
        (3, "long-4", "0"),
        (4, "long-1", "0"),
        (5, "long-6", "0"),
        (6, "long-3", "0"),
    ]
    keys = ("unit", "part", "lots", "price", "amount", "against_mark", "result_against_entry", "would_realise_loss")
    assert [tuple(fill[key] for key in keys) for fill in item["fills"]] == [
        ("short-20", "bankrupt", "20", "650", "-13000", "200", "-11800", False),
        ("long-2", "candidate", "-10", "650", "6500", "-100", "5900", False),
        ("long-5", "candidate", "-10", "650", "6500", "-100", "5900", False),
    ]
    assert (item["deficit"], item["covered"], item["residual"]) == ("200", "200", "0")


def test_document_when_a_hedged_candidate_is_closed_then_names_the_naked_leg_and_the_loss() -> None:
    """A closed candidate that holds another market is named, and so is who would realise a loss."""
    text_legs = told("crash", accounts=300)["rounds"]
    assert any(item["naked_legs"] for item in text_legs)
    losers = [f["unit"] for f in told("both-sides-bankrupt")["rounds"][0]["fills"] if f["would_realise_loss"]]
    assert losers == ["small"]


def test_document_when_the_queue_is_long_then_lists_the_touched_and_ten_more_and_counts_the_rest() -> None:
    """Nobody who was closed is left out; the others are counted with their lots."""
    for item in told("crash", accounts=2000)["rounds"]:
        for rest in item["queue_rest"]:
            rows = [row for row in item["queue"] if row["market"] == rest["market"] and row["side"] == rest["side"]]
            assert sum(row["closed_lots"] == "0" for row in rows) <= 10
            last = max(rows, key=lambda row: int(row["rank"]))
            assert int(rest["units"]) >= 0
            assert last["rank"] <= len(rows) + int(rest["units"])
        closed = sum(int(row["closed_lots"]) for row in item["queue"])
        assert closed == sum(int(pool["closed_lots"]) for pool in item["pools"])


def test_document_when_accounts_are_many_then_lists_the_touched_and_sums_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shown and left-out equity together are all the equity there is."""
    everybody = told("crash", accounts=300)
    monkeypatch.setattr(document_module, "ACCOUNTS_SHOWN", 10)
    shortened = told("crash", accounts=300)

    def total(found: dict[str, Any]) -> Fraction:
        shown = sum(Fraction(row["after"]["equity"]) for row in found["accounts"])
        return shown + Fraction(found["accounts_rest"]["equity_after"])

    assert total(shortened) == total(everybody) == Fraction(everybody["conservation"]["equity"])
    assert len(shortened["accounts"]) < len(everybody["accounts"])
    assert int(shortened["accounts_rest"]["units"]) == len(everybody["accounts"]) - len(shortened["accounts"])


def test_stages_when_read_in_order_then_each_says_why_the_next_is_asked() -> None:
    """Stage 4 empties the fund, says that a shortfall is left, and stage 5 is asked."""
    stages = told("fund-empties")["stages"]
    second = [line for line in stages if line["step"] == 2]
    assert [(line["stage"], line["taken"]["money"], line["left"]["money"]) for line in second] == [
        (0, "0", "40"),
        (4, "20", "20"),
        (5, "20", "0"),
    ]
    assert second[1]["next"] == "bankrupts still hold lots and a shortfall: stage 5 is asked"
