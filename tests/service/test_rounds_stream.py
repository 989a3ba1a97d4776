"""The stream of an outside engine: plans as they come, and what became of them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deleverage.service.counter import Counter
from deleverage.service.principals import Principal, Role
from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import Frame
from deleverage.service.streams.limits import Limits
from deleverage.service.streams.rounds import tell_rounds
from tests.service.rounds_world import Json, Venue, played
from tests.service.test_outside import acknowledged, planned
from tests.service.world import CLEARING


class NotingWire:
    """A connection that notes what is sent."""

    is_ready = False
    on_silence: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.sent: asyncio.Queue[Json] = asyncio.Queue()

    def write(self, frame: Frame) -> None:
        """Never called."""
        raise AssertionError(frame)

    async def send_frame(self, frame: Frame) -> None:
        """Note it."""
        self.sent.put_nowait(json.loads(frame.text))


class NotingLog:
    """Notes who looked."""

    def __init__(self) -> None:
        self.looks: list[str] = []

    async def note_read(self, principal: Principal, what: str) -> None:
        """Note it."""
        self.looks.append(what)


def engine(there: Venue) -> tuple[NotingWire, NotingLog, asyncio.Task[None]]:
    """Let an engine listen."""
    wire, log = NotingWire(), NotingLog()
    counter = Counter(there.office._desk, log, office=there.office)
    client = Client(CLEARING, wire, Limits())
    return wire, log, asyncio.create_task(tell_rounds(client, counter, there.office.outside))


@pytest.mark.parametrize("ending", ["committed", "called-off"])
def test_rounds_when_an_engine_listens_then_it_is_told_each_plan_and_its_end_once(ending: str, tmp_path: Path) -> None:
    """The plan that waited when it came, with its facts; then what became of it; each look is noted."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, _):
            wire, log, listening = engine(there)
            assert await asyncio.wait_for(wire.sent.get(), 5) == plan
            if ending == "committed":
                await acknowledged(there, plan)
            else:
                refusal = f"/rounds/prepared/{plan['round']}/refusal"
                await there.ask("engine", "POST", refusal, {"reason": "busy"})
            told = await asyncio.wait_for(wire.sent.get(), 5)
            assert (told["round"], told["state"]) == (plan["round"], ending)
            assert len(log.looks) >= 2
            there.office.outside.news.set()
            await asyncio.sleep(0.05)
            assert wire.sent.empty()
            listening.cancel()

    played(story)


def test_rounds_when_the_listener_is_no_engine_then_it_is_told_nothing(tmp_path: Path) -> None:
    """The role is looked at with each plan, not only when the stream was opened."""

    async def story() -> None:
        async with planned(tmp_path) as (there, plan, _):
            wire = NotingWire()
            client = Client(Principal("v", "v", frozenset({Role.VIEWER})), wire, Limits())
            with pytest.raises(Exception, match="FORBIDDEN"):
                await tell_rounds(client, Counter(there.office._desk, office=there.office), there.office.outside)
            assert wire.sent.empty()
            await acknowledged(there, plan)

    played(story)
