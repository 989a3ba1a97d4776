"""A front's feed: filled from the stream of blocks, number by number; what the stream lacks is asked of the worker."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from deleverage.domain.outcomes import Written
from deleverage.service.bus import blocks, subjects
from deleverage.service.bus.blocks import BlockWords, Unbelievable
from deleverage.service.bus.caller import NoAnswer
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.feed import Feed

LOOKS_EVERY_S = 1.0

_PATIENCE_S = 2.0
_AT_ONCE = 100
_LOG = logging.getLogger("deleverage.service")


class RemoteFeed:
    """Reads blocks. ``healed`` counts those that the worker was asked for, ``ignored`` those nobody vouches for."""

    def __init__(
        self, client: Any, desk: RemoteDesk, feed: Feed, domain: str, also: Callable[[Sequence[Written]], None]
    ) -> None:
        """Fill a feed behind the newest block, and tell ``also``; ``work`` begins."""
        self._client, self._desk, self._feed, self._domain = client, desk, feed, domain
        self._also = also
        self._js = client.jetstream(timeout=_PATIENCE_S)
        self._news = asyncio.Event()
        self._chain: bytes | None = None
        self.number: int | None = None
        self.healed = 0
        self.ignored: Counter[str] = Counter()

    async def work(self) -> None:
        """Read until this is cancelled; whatever goes wrong with the bus, it is tried again."""
        await self._client.subscribe(subjects.blocks_of(self._domain), cb=self._wake)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), LOOKS_EVERY_S)
            self._news.clear()
            try:
                while await self._read_on():
                    pass
            except NoAnswer:
                continue
            except Exception as error:
                _LOG.info("the feed: %s: %s", type(error).__name__, error)
                await asyncio.sleep(0.1)

    async def _wake(self, _: Any) -> None:
        self._news.set()

    async def _read_on(self) -> bool:
        """Take the next block, and return whether there was one."""
        state = self._desk.state
        if not state.public_key:
            return False
        if self.number is None:
            self.number = state.number
            self._feed.begin(state.seq)
        found = await self._from_stream(self.number + 1)
        if found is None:
            if state.number <= self.number:
                return False
            asked = await self._desk.blocks(self.number, _AT_ONCE)
            for words in asked:
                self._take(words)
            self.healed += len(asked)
            return bool(asked)
        return True

    async def _from_stream(self, number: int) -> BlockWords | None:
        """Take a block as the stream has it; None where it has none that can be believed."""
        from nats.errors import Error

        try:
            message = await self._js.get_msg(subjects.stream_of(self._domain), seq=number, direct=True)
            words = blocks.read(message.data or b"")
            if not words.content:
                return None
            self._take(words)
        except Unbelievable as error:
            self.ignored["block"] += 1
            _LOG.warning("block %d on the stream is ignored: %s", number, error)
            return None
        except (Error, TimeoutError):
            return None
        return words

    def _take(self, words: BlockWords) -> None:
        if words.number != (self.number or 0) + 1:
            raise Unbelievable(f"block {words.number} behind block {self.number}")
        receipt = blocks.vouched(words, self._domain, self._desk.state.public_key)
        if self._chain is not None and words.previous != self._chain:
            raise Unbelievable(f"block {words.number} follows another one")
        written = blocks.written(words, receipt)
        self._feed.hear(written)
        self._also(written)
        self.number, self._chain = words.number, bytes.fromhex(receipt.chain_hash)
