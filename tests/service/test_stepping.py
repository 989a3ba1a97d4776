"""When steps are run: behind marks, where something was written, where the law would force something; else never."""

import asyncio
from pathlib import Path

from deleverage.rulebook.messages import ApproveEnvelope, EnvelopeEnded, RunStep
from deleverage.rulebook.rules import Rules
from deleverage.service.clock import NS_PER_S
from tests.service.rounds_world import Venue, played, venue


async def settled(there: Venue, steps: int) -> None:
    """Wait until so many steps were run since the start."""
    for _ in range(500):
        if there.office.stepper.steps >= steps:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(there.office.stepper.trouble or "no step was run")


def test_step_when_nothing_happens_for_years_then_none_is_written(tmp_path: Path) -> None:
    """Looked at once a day for ten years; a deposit then is followed by one step."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            await there.office.stepper.step_if_due()
            seq = await there.seq()
            for _ in range(3_650):
                there.time.pass_s(86_400)
                await there.office.stepper.step_if_due()
            assert await there.seq() == seq
            await there.command("engine", "d", "Deposit", unit_id="b", amount_quanta="1")
            for _ in range(3):
                await there.office.stepper.step_if_due()
            assert await there.seq() == seq + 2

    played(story)


def test_step_when_the_law_waits_for_the_clock_then_it_is_run_when_it_is_time(tmp_path: Path) -> None:
    """Bankrupt lots wait for an approval, and nothing is written; the approval of before expires with a step."""

    async def story() -> None:
        async with venue(tmp_path, rules=Rules(manual=True)) as there:
            await there.open_positions()
            await there.mark(950)
            for _ in range(5):
                there.time.pass_s(10)
                await there.office.stepper.step_if_due()
            assert await there.look(lambda domain, _: domain.book.units["a"].legs["X"].lots) == 100
            rules_hash, now_ns = await there.look(lambda domain, _: (domain.rules.hash(), domain.book.time_ns))
            envelope = ApproveEnvelope(
                time_ns=0,
                market_id="X",
                side="long",
                most_lots=1,
                most_notional_quanta=1,  # not even one lot: it is used by nothing
                expiry_ns=now_ns + 100 * NS_PER_S,
                rules_hash=rules_hash,
            )
            await asyncio.wrap_future(there.runner.submit("envelope", envelope))
            await there.office.stepper.step_if_due()
            seq = await there.seq()
            for _ in range(5):
                there.time.pass_s(5)
                await there.office.stepper.step_if_due()
            assert await there.seq() == seq
            there.time.pass_s(100)
            await there.office.stepper.step_if_due()
            await there.office.stepper.step_if_due()
            entry = await there.look(lambda _, journal: journal.entry(journal.seq))
            assert (await there.seq(), type(entry.answer[0])) == (seq + 1, EnvelopeEnded)

    played(story)


def test_step_when_marks_come_then_it_is_run_behind_them_at_once(tmp_path: Path) -> None:
    """Not at the next look, which is an hour away."""

    async def story() -> None:
        async with venue(tmp_path, every_s=3_600.0) as there:
            await there.open_positions()
            await settled(there, 1)
            before = there.office.stepper.steps
            await there.mark(950)
            await settled(there, before + 1)
            assert await there.look(lambda domain, _: domain.book.units["a"].legs) == {}

    played(story)


def test_step_when_the_domain_is_halted_then_none_is_written(tmp_path: Path) -> None:
    """The law would refuse each of them, and the refusals would fill the journal."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            await there.command("ann", "stop", "Halt", scope="", reason="bad feed")
            await there.mark(500)
            seq = await there.seq()
            for _ in range(10):
                there.time.pass_s(60)
                await there.office.stepper.step_if_due()
            assert await there.seq() == seq

    played(story)


def test_step_when_asked_for_then_the_key_names_who_asked_and_twice_is_once(tmp_path: Path) -> None:
    """A risk operator's own; nobody hands it in as a plain command."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            await there.open_positions()
            first = await there.ask("ann", "POST", "/rounds/step", {"key": "now"})
            again = await there.ask("ann", "POST", "/rounds/step", {"key": "now"})
            assert (first["result"]["again"], again["result"]["again"]) == (False, True)
            entry = await there.look(lambda _, journal: journal.entry(journal.seq))
            assert (entry.key, type(entry.command)) == ("ann:now", RunStep)
            for who in ("bob", "engine", "eve", "feed-a", "root"):
                await there.ask(who, "POST", "/rounds/step", {"key": "n"}, 403)
            await there.ask("ann", "POST", "/rounds/step", {"key": "a b"}, 400)

    played(story)
