"""A service with streams in this loop, behind a real server on the loopback, and clients that listen to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deleverage.domain.runner import Runner
from deleverage.journal.entry import Entry
from deleverage.journal.local import create
from deleverage.rulebook.messages import Command
from deleverage.service.app import make_app
from deleverage.service.counter import Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.doorman import Doorman
from deleverage.service.feed import Feed
from deleverage.service.principals import Principal
from deleverage.service.rates import Rates
from deleverage.service.sockets import BoundedSocket
from deleverage.service.streams.hub import Hub
from deleverage.service.streams.limits import Limits
from deleverage.service.streams.streams import Streams
from deleverage.service.streams.ticks import Ticks
from tests.service.incidents.running import free_port
from tests.service.world import NamedDoor
from tests.torture.script import RULES, command

Json = dict[str, Any]
LIMITS = Limits(gather_s=0.002, tape_every_s=0.01, page=7, send_s=2.0, most_of_one_key=1_000)


class Venue:
    """What was opened."""

    def __init__(self, streams: Streams, runner: Runner, desk: LocalDesk, door: Any, port: int, app: Any) -> None:
        self.streams, self.runner, self.desk, self.door, self.port, self.app = streams, runner, desk, door, port, app
        self.sent = 0

    async def do(self, commands: Sequence[Command]) -> None:
        """Hand commands in, and wait for the last."""
        futures = [self.runner.submit(f"do-{self.sent + at}", one, 10) for at, one in enumerate(commands)]
        self.sent += len(commands)
        for future in futures:
            await asyncio.wrap_future(future)

    async def act(self, count: int, seed: int = 1) -> None:
        """Hand in so many more commands of an ordinary day with bad minutes."""
        await self.do([command(seed, self.sent + at + 1) for at in range(count)])

    async def entry(self, seq: int) -> Entry:
        """Return a command as the journal has it."""
        return await asyncio.wrap_future(self.runner.ask(lambda _, journal: journal.entry(seq)))

    @asynccontextmanager
    async def open(self, path: str, by: Principal | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
        """Connect to a stream as somebody."""
        if by is not None:
            self.door.principal = by
        uri = f"ws://127.0.0.1:{self.port}/v1/streams{path}"
        async with connect(uri, compression=None, proxy=None, **options) as stream:
            yield stream

    async def read(self, path: str, by: Principal, until: int) -> list[Json]:
        """Return the messages of a stream up to the one that goes on behind a command."""
        async with self.open(path, by) as stream:
            found = [json.loads(await stream.recv())]
            while int(found[-1]["next_from"]) <= until:
                found.append(json.loads(await asyncio.wait_for(stream.recv(), 60)))
            return found


async def closed(stream: ClientConnection, wait_s: float = 20) -> tuple[int, str]:
    """Return the code and the reason of the closing, reading whatever comes before."""
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(stream.recv(), wait_s)
    assert stream.protocol.close_rcvd is not None
    return stream.protocol.close_rcvd.code, stream.protocol.close_rcvd.reason


@asynccontextmanager
async def venue(
    folder: Path,
    limits: Limits = LIMITS,
    kept: int = 10_000,
    door: Doorman | None = None,
    rules: Any = RULES,
    seed: int = 1,
    origins: frozenset[str] = frozenset(),
) -> AsyncIterator[Venue]:
    """Serve a new domain with streams."""
    feed = Feed(asyncio.get_running_loop(), kept)
    runner = Runner(create(str(folder / "j.db"), "test", rules), listener=feed.hear)
    desk, door = LocalDesk(runner), door or NamedDoor()
    hub = Hub(desk, feed, limits, Random(seed))
    streams = Streams(hub, Ticks(desk), door.knows)
    app = make_app(Counter(desk, rates=Rates(10_000, times=10**6)), door, origins, streams)
    await streams.start()
    await desk.tick(0)
    port = free_port()
    config = uvicorn.Config(
        app,
        port=port,
        log_level="error",
        http="h11",
        ws=BoundedSocket,
        ws_max_size=limits.most_inbound_bytes,
        ws_ping_interval=limits.ping_s,
        ws_ping_timeout=limits.ping_s,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield Venue(streams, runner, desk, door, port, app)
    finally:
        streams.begin_to_end()
        server.should_exit = True
        await serving
        await streams.end()
        await asyncio.to_thread(runner.close)
