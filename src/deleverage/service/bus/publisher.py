"""Blocks of the journal onto the stream: number by number, each only behind the one before.

The stream's own sequence is the block's number, so a message says where it belongs, and whoever publishes another one
there is refused by the bus (compare and set). A stream that is gone, or that holds something else than the journal, is
made anew and filled from the journal. Nobody who asked waits for any of this.
"""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any

from deleverage.domain.runner import Runner
from deleverage.service.bus import subjects
from deleverage.service.bus.blocks import Unbelievable, look_at_blocks, read, vouched
from deleverage.service.feed import Feed

REFILL = 1_000
"""So many of the newest blocks are filled in anew; whoever lacks older ones asks the worker."""
KEPT, KEPT_BYTES = 10_000, 256 << 20
LOOKS_EVERY_S = 1.0

_PATIENCE_S = 3.0
_AT_ONCE = 100
_TAKEN = (10071, 10164)  # the bus: another message has this place
_LOG = logging.getLogger("deleverage.service")


class Publisher:
    """Keeps the stream of a domain as the journal has it. ``refills`` counts how often it was made anew."""

    def __init__(self, client: Any, runner: Runner, feed: Feed, epoch: int) -> None:
        """Publish what a runner has written; ``feed`` says when."""
        self._client, self._runner, self._feed, self._epoch = client, runner, feed, epoch
        self._js = client.jetstream(timeout=_PATIENCE_S)
        self._last: int | None = None
        self._looked_s = 0.0
        self.refills = self.refused = self.published = 0
        self.superseded = False

    async def work(self, domain: str, public_key: str) -> None:
        """Publish until this is cancelled; whatever goes wrong with the bus, it is tried again."""
        self._domain, self._public_key = domain, public_key
        self._subject, self._stream = subjects.blocks_of(domain), subjects.stream_of(domain)
        seen = 0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._feed.wait(seen), LOOKS_EVERY_S)
            seen = self._feed.last_seq
            try:
                await self._catch_up()
            except Exception as error:
                self._last = None
                if getattr(error, "err_code", None) in _TAKEN:
                    self.refused += 1
                else:
                    _LOG.info("the stream of blocks: %s: %s", type(error).__name__, error)
                    await asyncio.sleep(0.1)

    async def _catch_up(self) -> None:
        head = await self._ask(lambda _, journal: journal.mark.number)
        if self._last is None or monotonic() - self._looked_s > LOOKS_EVERY_S:
            self._last = await self._look(head)
            self._looked_s = monotonic()
        while self._last < head and not self.superseded:
            for block in await self._ask(partial(look_at_blocks, self._last, _AT_ONCE)):
                headers = {"Nats-Expected-Last-Sequence": str(block.number - 1), "Nats-Msg-Id": f"{block.number}"}
                await self._js.publish(self._subject, block.on_stream(), headers=headers)
                self._last = block.number
                self.published += 1

    async def _look(self, head: int) -> int:
        """Return the last number on the stream, which is the journal's own; else make the stream anew."""
        from nats.js.errors import NotFoundError

        try:
            state = (await self._js.stream_info(self._stream)).state
        except NotFoundError:
            return await self._make(head)
        last = int(state.last_seq)
        if not state.messages and last <= head:
            return last if last >= head - REFILL else await self._make_anew(head)
        kept = (await self._js.get_msg(self._stream, seq=last)).data or b""
        own = await self._ask(partial(look_at_blocks, last - 1, 1)) if last <= head else []
        if own and own[0].on_stream() == kept:
            return last if last >= head - REFILL else await self._make_anew(head)
        if self._is_of_a_later_writer(kept):
            self.superseded = True
            return head
        return await self._make_anew(head)

    def _is_of_a_later_writer(self, message: bytes) -> bool:
        try:
            return vouched(read(message), self._domain, self._public_key).epoch > self._epoch
        except Unbelievable:
            return False

    async def _make_anew(self, head: int) -> int:
        _LOG.warning("the stream of blocks holds something else than the journal: it is made anew")
        await self._js.delete_stream(self._stream)
        return await self._make(head)

    async def _make(self, head: int) -> int:
        from nats.js.api import StorageType

        first = max(1, head - REFILL + 1)
        await self._js.add_stream(
            name=self._stream,
            subjects=[self._subject],
            first_seq=first,
            max_msgs=KEPT,
            max_bytes=KEPT_BYTES,
            storage=StorageType.FILE,
            allow_direct=True,
            deny_delete=True,
            deny_purge=True,
        )
        self.refills += 1
        _LOG.warning("the stream of blocks was not there: filled from block %d on", first)
        return first - 1

    async def _ask(self, act: Any) -> Any:
        return await asyncio.wrap_future(self._runner.ask(act))
