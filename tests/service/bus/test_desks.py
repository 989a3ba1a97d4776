"""A desk behind the bus: the same words as a local one; what nobody of the ring signed does nothing."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from deleverage.domain.outcomes import Acknowledged, KeyReused
from deleverage.domain.planned import Moved
from deleverage.rulebook.messages import Command, Deposit, Halt, OpenAccount, Rejection, RunStep
from deleverage.service.acts import Approve, LookAtRounds, Propose, StepNow
from deleverage.service.bus import frames
from deleverage.service.bus.caller import Caller
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.bus.subjects import blocks_of, requests_of, stream_of
from deleverage.service.principals import Role
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import AccountQuestion
from tests.service.bus.near import Near, near
from tests.service.bus.running import Bus, nats_server
from tests.service.world import who

pytestmark = pytest.mark.skipif(nats_server() is None, reason="nats-server is not installed")


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    """Give a bus of its own."""
    bus = Bus(tmp_path)
    yield bus
    bus.kill()


def told(bus: Bus, folder: Path, tell: Callable[[Near], Coroutine[Any, Any, None]]) -> None:
    """Run a story between a front and a worker."""

    async def run() -> None:
        async with near(folder, bus.url) as parts:
            await tell(parts)

    asyncio.run(run())


def opened(account: str) -> list[tuple[str, Command]]:
    """Return an account and its money, under keys."""
    return [
        (f"{account}-1", OpenAccount(time_ns=0, account_id=account)),
        (f"{account}-2", Deposit(time_ns=0, unit_id=account, amount_quanta=7)),
    ]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


def test_desk_when_far_then_commands_and_refusals_are_those_of_a_near_one(bus: Bus, tmp_path: Path) -> None:
    """Done, rejected, told again, a key that stands for another, a plan that has moved."""

    async def tell(parts: Near) -> None:
        done = await parts.desk.submit([*opened("a"), ("a-3", Deposit(time_ns=0, unit_id="x", amount_quanta=1))])
        assert all(isinstance(one, Acknowledged) for one in done)
        assert isinstance(done[2].answer, Rejection)  # type: ignore[union-attr]
        again, other = await parts.desk.submit([opened("a")[0], ("a-2", opened("b")[0][1])])
        assert isinstance(again, Acknowledged)
        assert (True, done[0].receipt) == (again.again, again.receipt)  # type: ignore[union-attr]
        assert isinstance(other, KeyReused)
        moved = await parts.desk.submit_planned("step", RunStep(time_ns=0), "0" * 64)
        assert isinstance(moved, Moved)

    told(bus, tmp_path, tell)


def test_desk_when_far_then_questions_and_acts_are_answered_as_near(bus: Bus, tmp_path: Path) -> None:
    """Views come back; problems as the problems that they are; the worker decides upon roles, too."""

    async def tell(parts: Near) -> None:
        await parts.desk.submit(opened("a"))
        view = await parts.desk.ask(AccountQuestion(account="a"))
        assert view.equity_quanta == "7"  # type: ignore[attr-defined]
        with pytest.raises(Problem, match="NOT_FOUND"):
            await parts.desk.ask(AccountQuestion(account="z"))
        rounds = await parts.desk.act(who("r", Role.RISK_OPERATOR), LookAtRounds())
        assert rounds.gate_open  # type: ignore[attr-defined]
        stepped = await parts.desk.act(who("r", Role.RISK_OPERATOR), StepNow(key="s"))
        assert stepped.result["outcome"] == "done"  # type: ignore[attr-defined]
        with pytest.raises(Problem, match="FORBIDDEN"):
            await parts.desk.act(who("v", Role.VIEWER), StepNow(key="t"))

    told(bus, tmp_path, tell)


def test_desk_when_nobody_listens_then_an_outcome_is_unknown_and_a_question_not_ready(bus: Bus, tmp_path: Path) -> None:
    """And the trouble is said."""

    async def tell(parts: Near) -> None:
        await parts.answerer.end(1)
        desk = RemoteDesk(parts.caller, patience_s=1)
        (outcome,) = await desk.submit(opened("a")[:1])
        assert isinstance(outcome, Problem)
        assert Code.UNKNOWN_OUTCOME is outcome.code
        with pytest.raises(Problem, match="NOT_READY"):
            await desk.ask(AccountQuestion(account="a"))
        await desk.look()
        assert desk.trouble == "no worker of the domain listens"

    told(bus, tmp_path, tell)


def test_answer_when_longer_than_what_is_carried_then_that_is_told(
    bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer that cannot come; what takes several frames comes whole."""

    async def tell(parts: Near) -> None:
        monkeypatch.setattr(frames, "PIECE_BYTES", 300)
        assert len(await parts.desk.submit(opened("a"))) == 2
        monkeypatch.setattr(frames, "MOST_PIECES", 2)
        with pytest.raises(Problem, match="TOO_LARGE"):
            await parts.desk.ask(AccountQuestion(account="a"))

    told(bus, tmp_path, tell)


def test_proposal_when_made_at_one_front_then_another_front_sees_and_approves_it(bus: Bus, tmp_path: Path) -> None:
    """Proposals lie with the worker; the same person is refused there as everywhere."""

    async def tell(parts: Near) -> None:
        await parts.desk.submit([("halt", Halt(time_ns=0, scope="", reason="drill"))])
        other = RemoteDesk(Caller(parts.client, parts.caller._party, "venue"), patience_s=30)
        await other._caller.start()
        ann, bob = who("ann", Role.RISK_OPERATOR, Role.APPROVER), who("bob", Role.APPROVER)
        expiry_ns = str(time.time_ns() + 600 * 10**9)
        wish = Propose(command={"kind": "Resume", "scope": ""}, reason="over", expiry_ns=expiry_ns)
        made = await parts.desk.act(ann, wish)
        agreed = Approve(proposal=made.proposal, hash=made.hash)  # type: ignore[attr-defined]
        with pytest.raises(Problem, match="SAME_PERSON"):
            await parts.desk.act(ann, agreed)
        done = await other.act(bob, agreed)
        assert done.state == "done"  # type: ignore[attr-defined]

    told(bus, tmp_path, tell)


def test_bus_when_strangers_write_on_it_then_they_are_ignored_and_counted(bus: Bus, tmp_path: Path) -> None:
    """Requests, answers and blocks that nobody of the ring signed."""

    async def tell(parts: Near) -> None:
        await parts.desk.submit(opened("a"))
        await until(lambda: parts.publisher.published >= 1)
        for _ in range(5):
            await parts.client.publish(requests_of("venue"), b"DLV1" + bytes(40))
        await until(lambda: sum(parts.answerer.opener.ignored.values()) >= 5)
        number = parts.publisher.published
        await parts.client.jetstream().publish(blocks_of("venue"), b"a block that nobody wrote")
        await parts.desk.submit(opened("b"))
        await until(lambda: parts.publisher.refills >= 2)  # the stranger's place is the journal's again
        await until(lambda: (parts.reading.number or 0) > number)
        entries = parts.feed.since(0) or []
        assert [one.receipt.seq for one in entries] == [1, 2, 3, 4]
        assert [one.key for one in entries] == ["a-1", "a-2", "b-1", "b-2"]

    told(bus, tmp_path, tell)


def test_stream_when_gone_then_it_is_filled_from_the_journal_under_the_same_numbers(bus: Bus, tmp_path: Path) -> None:
    """A block's number is its place on the stream; a second message with a number is refused by the bus."""

    async def tell(parts: Near) -> None:
        from nats.js.errors import APIError

        await parts.desk.submit(opened("a"))
        await parts.desk.submit(opened("b"))
        await until(lambda: parts.publisher.published >= 2)
        js, name = parts.client.jetstream(), stream_of("venue")
        before = [(await js.get_msg(name, seq=number)).data for number in (1, 2)]
        with pytest.raises(APIError, match="wrong last sequence"):
            await js.publish(blocks_of("venue"), b"x", headers={"Nats-Expected-Last-Sequence": "1"})
        await js.delete_stream(name)
        await until(lambda: parts.publisher.published >= 4)
        assert before == [(await js.get_msg(name, seq=number)).data for number in (1, 2)]
        await parts.desk.submit(opened("c"))
        await until(lambda: len(parts.feed.since(0) or []) >= 6)
        assert dict(parts.reading.ignored) == {}

    told(bus, tmp_path, tell)


def test_feed_when_the_stream_is_not_there_then_the_worker_is_asked(bus: Bus, tmp_path: Path) -> None:
    """What a front lacks it gets from the journal."""

    async def tell(parts: Near) -> None:
        parts.reading._js = parts.client.jetstream(prefix="NOBODY")
        await parts.desk.submit(opened("a"))
        await until(lambda: len(parts.feed.since(0) or []) >= 2)
        assert parts.reading.healed >= 1

    told(bus, tmp_path, tell)
