"""The journal from a cursor, an account's own part of it, steps with their stages, and the public tape."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deleverage.journal.block import Block
from deleverage.journal.parts import Part, names_in
from deleverage.rulebook.messages import Bid, Halt, RunStep
from deleverage.rulebook.messages import Code as RuleCode
from deleverage.service.questions import pages
from deleverage.service.questions.tape import DELAY_NS
from tests.service.world import AUDITOR, CLEARING, RISK, VIEWER, World, served, story, trader

STEP_NS, LATER_NS = 1_000_000_000, 2_000_000_000 + DELAY_NS
ALL = ["long-1", "long-2", "long-3", "long-5", "long-6", "short-20", "shorts-80"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Serve the story of six longs up to its step, and a quiet step later than the delay."""
    commands = [*story("six-longs")[1], RunStep(time_ns=STEP_NS), RunStep(time_ns=LATER_NS)]
    with served(tmp_path_factory.mktemp("served"), commands=commands) as world:
        world.tick()
        yield world


def test_facts_when_they_are_paged_then_each_command_comes_once_and_whole(world: World) -> None:
    """From the first to the end, by whatever length of page; the end is where nothing comes."""
    for limit in (1, 7, 1000):
        seen, first = list[int](), 1
        while True:
            page = world.get(f"/v1/facts?from={first}&limit={limit}", AUDITOR)
            seen += [int(entry["seq"]) for entry in page["entries"]]
            if not page["entries"]:
                break
            first = int(page["next_from"])
        assert list(range(1, int(page["end"]) + 1)) == seen
        assert first == int(page["end"]) + 1


def test_own_facts_when_a_trader_reads_them_then_nobody_else_is_named(world: World) -> None:
    """Every part that comes names the account or nobody; and what concerns it is all there."""
    for account in ALL:
        page = world.get(f"/v1/accounts/{account}/facts?limit=1000", trader(account))
        assert page["entries"]
        for entry in page["entries"]:
            parts = [Part(part["path"], json.dumps(part["content"])) for part in entry["parts"]]
            assert set().union(*(names_in(part) for part in parts)) == {account}
        told = json.dumps(page)
        assert not [other for other in ALL if f'"{other}"' in told and other != account]
        whole = world.get("/v1/facts?limit=1000")["entries"]
        assert [one["seq"] for one in whole if f'"{account}"' in json.dumps(one)] == [
            one["seq"] for one in page["entries"]
        ]


@pytest.mark.parametrize("bound", ["MOST_BLOCKS", "MOST_BYTES"])
def test_own_facts_when_the_journal_is_longer_than_one_look_then_the_cursor_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """Pages may be empty; in the end all has come."""
    expected = world.get("/v1/accounts/long-6/facts?limit=1000", trader("long-6"))["entries"]
    monkeypatch.setattr(pages, bound, 1)
    for limit in (1, 1000):
        seen, first = list[Any](), 1
        while first <= int(world.get("/v1/facts?limit=1")["end"]):
            page = world.get(f"/v1/accounts/long-6/facts?from={first}&limit={limit}", trader("long-6"))
            assert int(page["next_from"]) > first
            seen, first = seen + page["entries"], int(page["next_from"])
        assert expected == seen


def test_steps_when_one_closed_positions_then_its_stages_are_told_and_quiet_ones_are_not(world: World) -> None:
    """Stage 0 declares, stage 5 closes; the step that found nothing to do is not listed."""
    page = world.get("/v1/steps", CLEARING)
    (step,) = page["steps"]
    assert page["next_before"] is None
    assert [(stage["stage"], stage["name"]) for stage in step["stages"]] == [(0, "guard"), (5, "deleverage")]
    assert step["stages"][1]["told"] == ["20 lots closed against 2 positions"]
    whole = world.get(f"/v1/steps/{step['seq']}", RISK)
    assert "Deleveraged" in [fact["kind"] for fact in whole["facts"]]
    assert step.items() <= whole.items()


def test_steps_when_one_is_larger_than_a_look_then_it_is_the_only_one_of_its_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand steps of a crash in one answer were minutes in which no mark is heard."""
    monkeypatch.setattr(pages, "MOST_BYTES", 1)
    for path in ("/v1/steps", "/v1/tape/steps"):
        page = world.get(path)
        assert page["next_before"] == page["steps"][0]["seq"]
        assert world.get(f"{path}?before={page['next_before']}") == {"steps": [], "next_before": None}


def test_public_steps_when_one_is_too_young_then_it_is_not_even_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its size nor its place shows in an answer, nor how long that takes."""
    monkeypatch.setattr(pages, "MOST_BYTES", 1)
    with served(tmp_path, commands=[*story("six-longs")[1], RunStep(time_ns=STEP_NS)]) as world:
        assert len(world.get("/v1/steps")["steps"]) == 1
        with monkeypatch.context() as patched:
            patched.setattr(Block, "entries", None)
            assert world.get("/v1/tape/steps", VIEWER) == {"steps": [], "next_before": None}


def test_own_step_when_it_closed_ones_own_then_own_fills_are_told_and_no_others(world: World) -> None:
    """Who was closed sees the own fill and closing; who was not sees no step."""
    seq = world.get("/v1/steps")["steps"][0]["seq"]
    own = world.get(f"/v1/accounts/long-2/steps/{seq}", trader("long-2"))
    paths = [part["path"] for part in own["entry"]["parts"]]
    assert len([path for path in paths if "fills" in path]) == 1
    assert len([path for path in paths if "closings" in path]) == 1
    missing = world.get(f"/v1/accounts/nobody/steps/{seq}", trader("long-2"), status=404)
    for account, asker in (("long-6", trader("long-6")), ("long-3", trader("long-2"))):
        assert missing == world.get(f"/v1/accounts/{account}/steps/{seq}", asker, status=404)


@pytest.mark.parametrize("seq", ["1", "999999", str((1 << 63) - 1)])
def test_step_when_the_command_is_none_then_it_is_not_there(world: World, seq: str) -> None:
    """A deposit, and numbers behind the end."""
    assert world.get(f"/v1/steps/{seq}", status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("seq", ["0", "-1", str(1 << 70), "x", "1_0"])
def test_step_when_the_number_is_none_of_a_command_then_it_is_said(world: World, seq: str) -> None:
    """Numbers that no journal holds, and no numbers."""
    assert world.get(f"/v1/steps/{seq}", status=400)["code"] == "BAD_PARAMETER"
    assert world.get(f"/v1/steps?before={seq}", status=400)["code"] == "BAD_PARAMETER"
    assert world.get(f"/v1/facts?from={seq}", status=400)["code"] == "BAD_PARAMETER"


def test_tape_when_it_is_public_then_nobody_is_named_and_what_is_young_waits(tmp_path: Path) -> None:
    """Trades, marks and the deleveraging, once a tick of the grid has passed."""
    commands = [*story("six-longs")[1], RunStep(time_ns=STEP_NS)]
    with served(tmp_path, commands=commands) as world:
        told = {row["what"] for row in world.get("/v1/tape?limit=1000", VIEWER)["rows"]}
        assert told == set()
        assert world.get("/v1/tape/steps", VIEWER)["steps"] == []
        world.do([RunStep(time_ns=STEP_NS + DELAY_NS - 1)], "a:")
        assert "deleveraging" not in {row["what"] for row in world.get("/v1/tape?limit=1000", VIEWER)["rows"]}
        assert world.get("/v1/tape/steps", VIEWER)["steps"] == []
        world.do([RunStep(time_ns=STEP_NS + DELAY_NS), Halt(time_ns=0, scope="XYZ", reason="a name: long-2")], "b:")
        page = world.get("/v1/tape?limit=1000", VIEWER)
        assert {row["what"] for row in page["rows"]} == {"trade", "mark", "deleveraging"}
        steps = world.get("/v1/tape/steps", VIEWER)
        assert [stage["told"] for stage in steps["steps"][0]["stages"]] == [[], []]
        assert not [name for name in ALL if name in json.dumps([page, steps])]
        following = world.get(f"/v1/tape?from={page['next_from']}", VIEWER)
        assert ([], page["next_from"]) == (following["rows"], following["next_from"])


@pytest.mark.parametrize("path", ["facts", "steps", "steps/27", "funds/now", "plan", "queues/XYZ/long"])
def test_history_when_a_viewer_asks_for_what_is_not_public_then_it_is_forbidden(world: World, path: str) -> None:
    """Public is the tape."""
    assert world.get(f"/v1/{path}", VIEWER, status=403)["code"] == "FORBIDDEN"
    assert world.get(f"/v1/{path}", trader("long-2"), status=403)["code"] == "FORBIDDEN"


def test_own_facts_when_refused_bids_probe_strangers_then_all_read_alike(world: World) -> None:
    """Whether an account is there, and how many legs it may have, is no word of a refusal that its asker is shown."""
    bids = {
        name: Bid(
            time_ns=LATER_NS,
            market_id="XYZ",
            unit_id=name,
            bidder_unit_id="long-6",
            lots=1,
            least_discount_ppb=0,
            leg_side="long",
        )
        for name in ("long-2", "nobody")
    }
    codes = [outcome.answer.code for outcome in world.do(list(bids.values()), prefix="bid:")]
    assert codes == [RuleCode.WRONG_SIDE, RuleCode.UNKNOWN_UNIT]
    first = world.get("/v1/markets")["seq"]
    told = world.get(f"/v1/accounts/long-6/facts?from={int(first) - 1}", trader("long-6"))["entries"]
    assert [[part["path"] for part in one["parts"]] for one in told] == [["", "command.bidder_unit_id"]] * 2
