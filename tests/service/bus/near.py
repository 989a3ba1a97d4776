"""Front and worker in one event loop, with a real bus between them: what a test can reach into."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from deleverage.domain.runner import Runner
from deleverage.journal.local import create
from deleverage.rulebook.rules import Rules
from deleverage.service.bus.answerer import Answerer
from deleverage.service.bus.caller import Caller
from deleverage.service.bus.line import Dial, connected
from deleverage.service.bus.publisher import Publisher
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.bus.remote_feed import RemoteFeed
from deleverage.service.bus.ring import FRONT, WORKER, join, read_party
from deleverage.service.clock import Clock
from deleverage.service.desk import LocalDesk
from deleverage.service.feed import Feed
from deleverage.service.rounds.office import Office, Ways


class Near(NamedTuple):
    """All of it. ``client`` is a connection of nobody."""

    client: Any
    runner: Runner
    desk: RemoteDesk
    caller: Caller
    answerer: Answerer
    publisher: Publisher
    reading: RemoteFeed
    feed: Feed


@asynccontextmanager
async def near(folder: Path, url: str) -> AsyncIterator[Near]:
    """Give front and worker of a new journal."""
    ring = str(folder / "ring.toml")
    for name, part in (("f1", FRONT), ("w1", WORKER)):
        join(name, part, str(folder / f"{name}.key"), ring)
    front, working = (
        read_party(part, str(folder / f"{name}.key"), ring) for name, part in (("f1", FRONT), ("w1", WORKER))
    )
    journal = create(str(folder / "j.db"), "venue", Rules())
    heard, feed = Feed(asyncio.get_running_loop()), Feed(asyncio.get_running_loop())
    runner = Runner(journal, stamp=Clock().stamp, listener=heard.hear)
    local = LocalDesk(runner)
    try:
        async with connected(Dial(url), "test") as client:
            office = Office(local, Clock(), Ways())
            await office.gate.look(local)
            answerer = Answerer(client, working, local, office, runner, journal.epoch)
            publisher = Publisher(client, runner, heard, journal.epoch)
            caller = Caller(client, front, "venue")
            desk = RemoteDesk(caller, patience_s=30)
            reading = RemoteFeed(client, desk, feed, "venue", lambda _: None)
            reading.number = 0  # from the first block on
            await caller.start()
            await answerer.start("venue")
            tasks = [
                asyncio.create_task(one)
                for one in (publisher.work("venue", journal.head.public_key), desk.keep_looking(), reading.work())
            ]
            try:
                yield Near(client, runner, desk, caller, answerer, publisher, reading, feed)
            finally:
                for task in tasks:
                    task.cancel()
                await answerer.end(1)
    finally:
        await asyncio.to_thread(runner.close)
