"""All streams of a service: who may open one more, how each ends, and the end of all."""

import asyncio
import logging
from collections import Counter as Count
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

from litestar.exceptions import WebSocketDisconnect

from deleverage.service.desk import Desk
from deleverage.service.feed import Feed
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.streams.client import Client, Ended
from deleverage.service.streams.hub import Hub
from deleverage.service.streams.limits import Close, Limits
from deleverage.service.streams.ticks import Ticks
from deleverage.service.streams.wire import Socket, wire_of
from deleverage.service.tickets import SUBPROTOCOL

Tell = Callable[[Client], Awaitable[None]]

GONE = (OSError, WebSocketDisconnect)
"""What is raised where the client has gone in the meantime."""

_LOG = logging.getLogger("deleverage.service")


class Streams:
    """The streams that are open, and where their news comes from."""

    def __init__(self, hub: Hub, ticks: Ticks, knows: Callable[[Principal], bool] = lambda _: True) -> None:
        """Tell of a hub and its ticks; who is no longer known is ended."""
        self.hub, self.ticks, self._knows = hub, ticks, knows
        self.limits: Limits = hub.limits
        self._clients: set[Client] = set()
        self._of_key: Count[str] = Count()
        self.closes: Count[Close] = Count()
        """How many the service has ended, by why."""
        self._ending = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._clients)

    async def start(self) -> None:
        """Tell from now on."""
        await self.hub.start()
        self._watch = asyncio.create_task(self._look_at_keys())

    def begin_to_end(self) -> None:
        """Close every stream, and open none any more."""
        self._ending = True
        for client in list(self._clients):
            client.end(Close.GOING_AWAY)

    async def end(self) -> None:
        """End the work behind all streams."""
        self.begin_to_end()
        if self._watch is not None:
            self._watch.cancel()
        await self.hub.stop()

    async def run(self, socket: Socket, principal: Principal, tell: Tell) -> None:
        """Open a stream and tell it, until it is closed by either side; Problem TOO_MANY or NOT_READY before that."""
        wire = wire_of(socket)
        client = Client(principal, wire, self.limits)
        wire.on_silence = partial(client.end, Close.TOO_SLOW)
        self._admit(client)
        try:
            offered = SUBPROTOCOL in socket.scope["subprotocols"]
            await socket.accept(subprotocols=SUBPROTOCOL if offered else None)
            await _told(client, socket, tell)
        finally:
            if client.ended is not None:
                self.closes[client.ended.code] += 1
            self._clients.discard(client)
            self._of_key[principal.key_id] -= 1
            self._of_key += Count()  # keeps those that are above 0

    def _admit(self, client: Client) -> None:
        if self._ending:
            raise Problem(Code.NOT_READY, "the service is stopping", retry_s=5)
        key_id, limits = client.principal.key_id, self.limits
        if len(self._clients) >= limits.most_clients:
            raise Problem(Code.BUSY, "too many streams are open", retry_s=5, open=self.count, most=limits.most_clients)
        if self._of_key[key_id] >= limits.most_of_one_key:
            sentence = "this key has too many streams open"
            raise Problem(Code.TOO_MANY, sentence, retry_s=5, open=self._of_key[key_id], most=limits.most_of_one_key)
        self._clients.add(client)
        self._of_key[key_id] += 1

    async def _look_at_keys(self) -> None:
        while True:
            await asyncio.sleep(self.limits.ping_s)
            for client in list(self._clients):
                if not self._knows(client.principal):
                    client.end(Close.REFUSED, "the key is no longer good")


def streams_over(desk: Desk, feed: Feed, knows: Callable[[Principal], bool], times: int = 1) -> Streams:
    """Return the streams of a domain; one key may open so many times its share."""
    limits = Limits()
    limits = limits._replace(most_of_one_key=min(limits.most_clients, times * limits.most_of_one_key))
    return Streams(Hub(desk, feed, limits), Ticks(desk), knows)


async def _told(client: Client, socket: Socket, tell: Tell) -> None:
    """Tell a client until it goes or is ended; then close it, unless it has gone."""
    telling = asyncio.ensure_future(tell(client))
    reading = asyncio.create_task(_read(client, socket))
    client.on_end = telling.cancel
    if client.ended is not None:  # in the meantime
        telling.cancel()
    try:
        await asyncio.wait((telling, reading), return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        reading.cancel()
        found, _ = await asyncio.gather(telling, reading, return_exceptions=True)
    if isinstance(found, Exception) and not isinstance(found, (*GONE, Ended)):
        _LOG.error("a stream failed: %s", type(found).__name__, exc_info=found)
        client.end(Close.DEFECT, type(found).__name__)
    if client.ended is not None:
        code, reason = int(client.ended.code), client.ended.reason
        with suppress(*GONE):
            await socket.send({"type": "websocket.close", "code": code, "reason": reason})


async def _read(client: Client, socket: Socket) -> None:
    """Return when the client has gone; what it sends ends it."""
    message: Any = await socket.receive()
    if message["type"] == "websocket.receive":
        client.end(Close.REFUSED, "a stream takes no messages")
