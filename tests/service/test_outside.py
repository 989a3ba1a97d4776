"""An outside matching engine takes part: prepared, acknowledged, committed; or called off, and nothing was done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from deleverage.domain.planned import Moved
from deleverage.rulebook.messages import BankruptcyDeclared, Deleveraged, RunStep
from deleverage.service.clock import NS_PER_S
from deleverage.service.rounds.office import Mode
from tests.service.rounds_world import Json, Time, Venue, played, venue


@asynccontextmanager
async def planned(folder: Path, deadline_s: float = 30.0) -> AsyncIterator[tuple[Venue, Json, asyncio.Task[None]]]:
    """Open a venue whose step has been prepared for the engine, and is waiting for it."""
    async with venue(folder, mode=Mode.OUTSIDE, deadline_s=deadline_s) as there:
        await there.open_positions()
        await there.mark(950)
        step = asyncio.create_task(there.office.stepper.step_if_due())
        waiting = await there.ask("engine", "GET", "/rounds/prepared?wait_s=5")
        (plan,) = waiting["prepared"]
        yield there, plan, step
        with suppress(asyncio.CancelledError):
            await step


async def acknowledged(there: Venue, plan: Json, status: int = 200, **other: str) -> Json:
    """Acknowledge a plan."""
    path = f"/rounds/prepared/{plan['round']}/acknowledgement"
    return await there.ask("engine", "POST", path, {"plan_hash": plan["plan_hash"], **other}, status)


async def legs(there: Venue) -> list[int]:
    """Return the lots of both traders."""
    return await there.look(
        lambda domain, _: [leg.lots for unit in ("a", "b") for leg in domain.book.units[unit].legs.values()]
    )


def test_round_when_the_engine_acknowledges_then_exactly_the_plan_is_committed(tmp_path: Path) -> None:
    """Nothing is written before; the journal has it under the round's id; asked again the answer is the same."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, _):
            seq = await there.seq()
            kinds = [fact["kind"] for fact in plan["facts"]]
            assert {BankruptcyDeclared.__name__, Deleveraged.__name__} <= set(kinds)
            assert int(plan["deadline_ns"]) == there.time.wall_ns + 30 * NS_PER_S
            assert await legs(there) == [100, -100]
            done = await acknowledged(there, plan)
            assert done["state"] == "committed"
            entry = await there.look(lambda _, journal: journal.entry(journal.seq))
            assert (entry.seq, entry.key, type(entry.command)) == (seq + 1, f"round-{plan['round']}", RunStep)
            assert [type(fact).__name__ for fact in entry.answer[:-1]] == kinds
            assert await legs(there) == []
            assert await acknowledged(there, plan) == done
            refused = await there.ask(
                "engine", "POST", f"/rounds/prepared/{plan['round']}/refusal", {"reason": "late"}, 409
            )
            assert refused["code"] == "CONFLICT"

    played(story)


def test_round_when_the_engine_refuses_then_nothing_is_done_and_the_next_look_prepares_another(tmp_path: Path) -> None:
    """With the reason that it gave; the refused plan is never committed."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, step):
            seq = await there.seq()
            path = f"/rounds/prepared/{plan['round']}/refusal"
            off = await there.ask("engine", "POST", path, {"reason": "book is being rebuilt"})
            assert (off["state"], off["why"], off["reason"]) == ("called-off", "REFUSED", "book is being rebuilt")
            await step
            assert (await acknowledged(there, plan))["state"] == "called-off"
            assert (await there.seq(), await legs(there)) == (seq, [100, -100])
            again = asyncio.create_task(there.office.stepper.step_if_due())
            (other,) = (await there.ask("engine", "GET", "/rounds/prepared?wait_s=5"))["prepared"]
            assert (other["round"] != plan["round"], other["plan_hash"]) == (True, plan["plan_hash"])
            assert (await acknowledged(there, other))["state"] == "committed"
            await again

    played(story)


def test_round_when_the_engine_says_nothing_then_it_is_called_off_at_the_deadline(tmp_path: Path) -> None:
    """An answer that comes later is told so, and commits nothing."""

    async def story() -> None:
        async with planned(tmp_path, deadline_s=0.3) as (there, plan, step):
            seq = await there.seq()
            await step
            late = await acknowledged(there, plan)
            assert (late["state"], late["why"]) == ("called-off", "DEADLINE")
            assert (await there.seq(), await legs(there)) == (seq, [100, -100])
            troubles = [(await there.ask(who, "GET", "/rounds/state"))["trouble"] for who in ("ann", "feed-a", "eve")]
            assert troubles == ["DEADLINE: the engine did not answer in time", "", ""]  # nobody is warned of a round

    played(story)


def test_round_when_the_book_moves_then_the_plan_is_called_off_and_prepared_anew(tmp_path: Path) -> None:
    """The bankrupt is helped out by its owner; and where only somebody else pays in, the plan stands."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, step):
            await there.command("engine", "help", "Deposit", unit_id="a", amount_quanta="1000000")
            moved = await acknowledged(there, plan)
            assert (moved["state"], moved["why"]) == ("called-off", "MOVED")
            assert moved["reason"] not in ("", plan["plan_hash"])
            await step
            assert await legs(there) == [100, -100]
        async with planned(tmp_path / "other") as (there, plan, _):
            await there.command("engine", "open-c", "OpenAccount", **OTHER)
            await there.command("engine", "money", "Deposit", unit_id="c", amount_quanta="5")
            assert (await acknowledged(there, plan))["state"] == "committed"

    (tmp_path / "other").mkdir()
    played(story)


OTHER = {"account_id": "c", "owner_group": "", "role": "trader", "backstop_capacity_lots": "0", "hedge": False}


def test_round_when_halted_or_the_gate_closes_then_an_acknowledgement_commits_nothing(tmp_path: Path) -> None:
    """The kill switch and the gate beat a plan that is under way."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, _):
            await there.command("ann", "stop", "Halt", scope="", reason="wrong price")
            off = await acknowledged(there, plan)
            assert (off["why"], off["reason"]) == ("MOVED", "DOMAIN_HALTED")
        async with planned(tmp_path / "other") as (there, plan, _):
            there.time.wall_ns += 3_600 * NS_PER_S
            assert (await acknowledged(there, plan))["why"] == "CLOSED"
            assert await legs(there) == [100, -100]

    (tmp_path / "other").mkdir()
    played(story)


def test_round_when_another_hash_is_acknowledged_then_conflict_and_the_plan_still_waits(tmp_path: Path) -> None:
    """The engine has locked something else; nobody but the clearing role is heard at all."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, _):
            assert (await acknowledged(there, plan, 409, plan_hash="0" * 64))["code"] == "CONFLICT"
            path = f"/rounds/prepared/{plan['round']}"
            for who in ("ann", "bob", "eve", "root", "feed-a"):
                body = {"plan_hash": plan["plan_hash"]}
                assert (await there.ask(who, "POST", f"{path}/acknowledgement", body, 403))["code"] == "FORBIDDEN"
            assert (await there.ask("engine", "GET", path))["state"] == "prepared"
            assert (await acknowledged(there, plan))["state"] == "committed"

    played(story)


def test_round_when_nothing_would_be_forced_then_the_engine_is_not_asked(tmp_path: Path) -> None:
    """A step behind quiet marks is run at once - while it still forces nothing."""

    async def story() -> None:
        async with venue(tmp_path, mode=Mode.OUTSIDE) as there:
            await there.open_positions()
            await there.office.stepper.step_if_due()
            assert there.office.stepper.steps == 1
            assert (await there.ask("engine", "GET", "/rounds/prepared"))["prepared"] == []

    played(story)


def test_round_when_the_service_ends_then_what_waits_is_called_off(tmp_path: Path) -> None:
    """Gracefully: the engine is told, and what it locked is free."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, step):
            there.office.outside.end()
            await step
            off = await there.ask("engine", "GET", f"/rounds/prepared/{plan['round']}")
            assert (off["state"], off["why"]) == ("called-off", "ENDING")

    played(story)


@pytest.mark.parametrize("acked", [False, True])
def test_round_when_the_process_dies_then_the_journal_says_whether_it_was_done(tmp_path: Path, acked: bool) -> None:
    """Prepared and not acknowledged: nothing. Committed and nobody told: committed. There is no third."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, step):
            if acked:  # as far as the journal, and no further: nobody was told
                outcome = await there.office._desk.submit_planned(
                    f"round-{plan['round']}", RunStep(time_ns=0), plan["plan_hash"]
                )
                assert not isinstance(outcome, Moved | Exception)
            time, seq = there.time, await there.seq()
            there.office.outside._plans.clear()
            step.cancel()
        await _after(tmp_path, time, plan, seq, acked)

    played(story)


async def _after(folder: Path, time: Time, plan: Json, seq: int, acked: bool) -> None:
    """Look at what a process that was started again says."""
    async with venue(folder, time=time, mode=Mode.OUTSIDE) as there:
        found = await there.ask("engine", "GET", f"/rounds/prepared/{plan['round']}")
        late = await acknowledged(there, plan)
        assert late == found
        if acked:
            assert (found["state"], found["seq"], await legs(there)) == ("committed", str(seq), [])
        else:
            assert (found["state"], found["why"], await legs(there)) == ("called-off", "LOST", [100, -100])
        assert await there.seq() == seq
