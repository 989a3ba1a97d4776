"""Two persons: what one proposes another approves, exactly that, and the journal names both."""

from pathlib import Path
from typing import Any

from deleverage.rulebook import messages
from deleverage.rulebook.rules import Rules
from deleverage.service import access
from deleverage.service.clock import NS_PER_S
from deleverage.service.principals import Role
from tests.service.rounds_world import PEOPLE, START_NS, Json, Venue, played, venue

EXPIRY = str(START_NS + 600 * NS_PER_S)
RESUME = {"command": {"kind": "Resume", "scope": ""}, "reason": "the feed is back", "expiry_ns": EXPIRY}


async def halted(there: Venue) -> Json:
    """Let one person halt the domain and propose to lift it."""
    halt = await there.command("ann", "stop", "Halt", scope="", reason="bad feed")
    assert halt["outcome"] == "done"
    return await there.ask("ann", "POST", "/proposals", RESUME, 201)


async def approved(there: Venue, who: str, proposal: Json, status: int = 200, **other: Any) -> Json:
    """Approve what was proposed."""
    path = f"/proposals/{proposal['proposal']}/approval"
    return await there.ask(who, "POST", path, {"hash": proposal["hash"], **other}, status)


def test_halt_when_lifted_then_two_persons_did_it_and_the_journal_names_them(tmp_path: Path) -> None:
    """One person halts; whoever proposes the end is shown what it would do; the key in the journal names both keys."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            proposal = await halted(there)
            assert (proposal["state"], proposal["preview"]["kinds"]) == ("open", {"Resumed": "1"})
            done = await approved(there, "bob", proposal)
            key = f":ann:bob:{proposal['proposal']}"
            assert (done["state"], done["approved_by"], done["journal_key"]) == ("done", "bob", key)
            assert done["result"]["outcome"] == "done"
            entry = await there.look(lambda _, journal: journal.entry(journal.seq))
            assert (entry.key, type(entry.command)) == (key, messages.Resume)
            assert await approved(there, "bob", proposal) == done
            assert await there.seq() == entry.seq

    played(story)


def test_approval_when_of_the_same_person_then_refused_by_either_key(tmp_path: Path) -> None:
    """Two keys of one person are one person; two roles of one key do not help."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            proposal = await halted(there)
            seq = await there.seq()
            assert (await approved(there, "ann-2", proposal, 409))["code"] == "SAME_PERSON"
            assert (await approved(there, "ann", proposal, 403))["code"] == "FORBIDDEN"
            own = await there.ask("cyd", "POST", "/proposals", RESUME, 201)
            assert (await approved(there, "cyd", own, 409))["code"] == "SAME_PERSON"
            assert await there.seq() == seq
            assert (await approved(there, "cyd", proposal))["state"] == "done"

    played(story)


def test_approval_when_of_another_hash_or_too_late_or_withdrawn_then_nothing_is_done(tmp_path: Path) -> None:
    """What is approved is what was shown, while it is open."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            proposal = await halted(there)
            seq = await there.seq()
            assert (await approved(there, "bob", proposal, 409, hash="0" * 64))["code"] == "CONFLICT"
            there.time.pass_s(601)
            late = await approved(there, "bob", proposal, 409)
            assert (late["code"], late["compared"]["state"]) == ("CONFLICT", "expired")
            fresh = {**RESUME, "expiry_ns": str(there.time.wall_ns + NS_PER_S)}
            other = await there.ask("ann", "POST", "/proposals", fresh, 201)
            assert other["hash"] != proposal["hash"]
            path = f"/proposals/{other['proposal']}"
            assert (await there.ask("root", "DELETE", path, status=403))["code"] == "FORBIDDEN"
            assert (await there.ask("ann", "DELETE", path))["state"] == "withdrawn"
            assert (await approved(there, "bob", other, 409))["compared"]["state"] == "withdrawn"
            assert await there.seq() == seq

    played(story)


def test_proposal_when_any_part_differs_then_another_hash_and_the_same_again_is_the_same(tmp_path: Path) -> None:
    """Command, reason, expiry, proposer: each is what is approved."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            first = await halted(there)
            assert (await there.ask("ann", "POST", "/proposals", RESUME, 201))["hash"] == first["hash"]
            others = [
                ("ann", {**RESUME, "reason": "the feed is back!"}),
                ("ann", {**RESUME, "expiry_ns": str(int(EXPIRY) + 1)}),
                ("ann", {**RESUME, "command": {"kind": "Resume", "scope": "X"}}),
                ("cyd", RESUME),
            ]
            hashes = {(await there.ask(who, "POST", "/proposals", body, 201))["hash"] for who, body in others}
            assert len(hashes | {first["hash"]}) == 5
            assert len((await there.ask("bob", "GET", "/proposals"))["proposals"]) == 5

    played(story)


def test_proposal_when_the_service_was_started_again_then_it_is_gone_and_that_is_said(tmp_path: Path) -> None:
    """What was approved before is in the journal: the same act again gets the answer it got."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            proposal = await halted(there)
            done = await approved(there, "bob", proposal)
            time, seq = there.time, await there.seq()
        async with venue(tmp_path, time=time) as there:
            lost = await approved(there, "bob", proposal, 404)
            assert "do not outlive a restart" in lost["detail"]
            again = await approved(there, "bob", await there.ask("ann", "POST", "/proposals", RESUME, 201))
            assert (again["result"]["again"], again["result"]["seq"]) == (True, done["result"]["seq"])
            assert await there.seq() == seq

    played(story)


def test_proposal_when_of_prices_then_it_is_good_for_minutes_and_not_for_a_day(tmp_path: Path) -> None:
    """What two persons vouch for is a price of now: a day later it would pass every guard and open the gate."""
    mark = {"market_id": "X", "price_ticks": "900", "sources": "1"}
    price = {"asset_id": "ETH", "price_quanta": "900", "sources": "1"}
    commands = (
        {"kind": "SetMarks", "marks": [mark], "confirmed": True},
        {"kind": "SetAssetPrices", "prices": [price], "confirmed": True},
    )

    async def story() -> None:
        async with venue(tmp_path) as there:
            for command in commands:
                for seconds, status in ((600, 201), (601, 400)):
                    expiry_ns = str(there.time.wall_ns + seconds * NS_PER_S)
                    wish = {"command": command, "reason": "by hand", "expiry_ns": expiry_ns}
                    await there.ask("ann", "POST", "/proposals", wish, status)

    played(story)


def test_proposal_when_its_command_is_as_long_as_a_body_may_be_then_it_is_not_kept(tmp_path: Path) -> None:
    """A hundred of a megabyte each would be listed in one answer, and nobody else would be heard meanwhile."""
    many = [{"market_id": f"m{at}", "price_ticks": "1", "sources": "1"} for at in range(1_500)]
    wish = {"command": {"kind": "SetMarks", "marks": many, "confirmed": True}, "reason": "many", "expiry_ns": EXPIRY}

    async def story() -> None:
        async with venue(tmp_path) as there:
            refused = await there.ask("ann", "POST", "/proposals", wish, 400)
            assert refused["compared"]["most"] == str(1 << 16)
            assert (await there.ask("ann", "GET", "/proposals"))["proposals"] == []

    played(story)


def test_proposal_when_badly_made_then_a_typed_reason_and_nothing_is_kept(tmp_path: Path) -> None:
    """No expiry in the past or far away, no reason that is none, no command that one person does alone."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            halt = {"kind": "Halt", "scope": "", "reason": "r"}
            bad = [
                ({**RESUME, "expiry_ns": str(START_NS)}, 400, "BAD_BODY"),
                ({**RESUME, "expiry_ns": str(START_NS + 86_401 * NS_PER_S)}, 400, "BAD_BODY"),
                ({**RESUME, "expiry_ns": "1e30"}, 400, "BAD_BODY"),
                ({**RESUME, "reason": ""}, 400, "BAD_BODY"),
                ({**RESUME, "reason": "a\u202eb"}, 400, "BAD_BODY"),
                ({**RESUME, "more": "x"}, 400, "BAD_BODY"),
                ({**RESUME, "command": {"kind": "Resume"}}, 400, "BAD_BODY"),
                ({**RESUME, "command": {"kind": "Resume", "scope": "", "time_ns": "1"}}, 400, "BAD_BODY"),
                ({**RESUME, "command": {"kind": "RunStep"}}, 403, "FORBIDDEN"),
                ({**RESUME, "command": halt}, 403, "FORBIDDEN"),
            ]
            for body, status, code in bad:
                assert (await there.ask("ann", "POST", "/proposals", body, status))["code"] == code, body
            assert (await there.ask("ann", "GET", "/proposals"))["proposals"] == []

    played(story)


def test_two_persons_when_each_key_tries_each_command_alone_then_none_is_taken(tmp_path: Path) -> None:
    """Whatever takes two persons is no command that anybody hands in; nobody both proposes and approves."""

    async def story() -> None:
        async with venue(tmp_path) as there:
            seq = await there.seq()
            for who in PEOPLE:
                refused = await there.command(who, "r", "Resume", 403, scope="")
                assert refused["code"] == "FORBIDDEN"
            assert await there.seq() == seq

    played(story)
    assert not access.TWO_PERSONS.keys() & access.COMMANDS.keys()
    assert all(Role.APPROVER not in roles for roles in access.TWO_PERSONS.values())


def test_envelope_when_approved_then_stage_5_closes_within_it_and_else_nothing(tmp_path: Path) -> None:
    """Manual rules: lots wait; who approves is shown the plan; the step closes so many lots and no more."""

    async def story() -> None:
        async with venue(tmp_path, rules=Rules(manual=True)) as there:
            await there.open_positions()
            await there.mark(950)
            await there.office.stepper.step_if_due()
            waits = await there.ask("ann", "GET", "/rounds/approvals")
            assert [(one["market"], one["side"], one["lots"]) for one in waits["waits"]] == [("X", "long", "100")]
            envelope = {
                "kind": "ApproveEnvelope",
                "market_id": "X",
                "side": "long",
                "most_lots": "60",
                "most_notional_quanta": str(10**9),
                "expiry_ns": str(START_NS + 300 * NS_PER_S),
                "rules_hash": waits["rules_hash"],
            }
            body = {"command": envelope, "reason": "tear-up, committee of today", "expiry_ns": EXPIRY}
            proposal = await there.ask("ann", "POST", "/proposals", body, 201)
            preview = proposal["preview"]
            assert preview["facts"][0]["planned_lots"] == "100"
            assert [(pool["closed_lots"], pool["stopped"]) for pool in preview["step_pools"]] == [("60", "approval")]
            assert (await approved(there, "bob", proposal))["result"]["outcome"] == "done"
            await there.office.stepper.step_if_due()
            assert await there.look(lambda domain, _: domain.book.units["a"].legs["X"].lots) == 40
            wrong = {**body, "command": {**envelope, "rules_hash": "0" * 64}}
            other = await there.ask("ann", "POST", "/proposals", wrong, 201)
            assert other["preview"]["rejection"]["code"] == "WRONG_RULES"
            assert (await approved(there, "bob", other))["result"]["rejection"]["code"] == "WRONG_RULES"

    played(story)
