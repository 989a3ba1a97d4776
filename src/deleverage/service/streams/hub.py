"""Where news is told: once encoded, in an order that is fair, to whoever listens.

Rules of this module:

* What became durable within ``gather_s`` is told together: all that it was to anybody is encoded first, in a thread.
* Then accounts are told what is theirs, all in one go and in an order drawn anew; behind them who sees everything;
  the public tape a tick of the grid later (``questions.tape``). So who was deleveraged hears it before anybody else.
* Nobody is waited for. Who does not read is ended by its own bounds (``client``).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

from deleverage.service.desk import Desk
from deleverage.service.feed import Feed
from deleverage.service.streams.channels import WHOLE, Channel, Offer, Position, fan_out, offers, own_shape
from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import frames_of
from deleverage.service.streams.limits import Close, Limits
from deleverage.service.streams.lines import Told, told
from deleverage.service.streams.tape import Tape

MOST_AT_ONCE = 2_000
_LOG = logging.getLogger("deleverage.service")


class Hub:
    """The channels of a domain, and what fills them."""

    def __init__(self, desk: Desk, feed: Feed, limits: Limits, rng: Random | None = None) -> None:
        """Tell of a domain; nothing is told before ``start``."""
        self.feed, self.limits, self._rng = feed, limits, rng or Random()
        self.position = Position()
        self.whole = Channel(WHOLE, self.position)
        self.tape = Tape(desk, feed, limits, self._rng)
        self._own: dict[str, Channel] = {}
        self._thread = ThreadPoolExecutor(1, "streams")
        self._work: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Tell of what becomes durable from now on."""
        self.position.tell(self.feed.last_seq)
        self._work = [asyncio.create_task(self._tell_always()), asyncio.create_task(self.tape.tell_always())]

    async def stop(self) -> None:
        """Tell nothing more."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        self._thread.shutdown(wait=False)

    # -- who listens --------------------------------------------------------------------------------------------------

    def own(self, account: str) -> Channel:
        """Return the channel of an account; it is kept as long as somebody listens to it."""
        return self._own.get(account) or Channel(own_shape(account), self.position, account)

    def join(self, channel: Channel, client: Client) -> int:
        """Tell a client what is new in a channel; return the last command of which it is not told."""
        if channel.account:
            channel = self._own.setdefault(channel.account, channel)
        return channel.join(client)

    def leave(self, channel: Channel, client: Client) -> None:
        """Forget a client, and an account's channel that is left without one."""
        kept = self._own.get(channel.account, channel)
        kept.clients.discard(client)
        if channel.account and not kept.clients:
            self._own.pop(channel.account, None)

    # -- commands and facts -------------------------------------------------------------------------------------------

    async def encoded(self, seq: int, last_seq: int, accounts: frozenset[str], *, whole: bool) -> Told | None:
        """Return the lines of what lies between two commands; None where memory does not have all of it."""
        written = self.feed.since(seq, last_seq - seq)
        if written is None:
            return None
        act: Callable[[], Told] = lambda: told(written, accounts, whole=whole)  # noqa: E731
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    async def _tell_always(self) -> None:
        while True:
            await self.feed.wait(self.position.told)
            first, last = self.position.told + 1, min(self.feed.last_seq, self.position.told + MOST_AT_ONCE)
            self.position.take(last)
            try:
                await self._tell(first, last)
            except Exception as error:  # whoever listens is told, and reads what was missed in the journal
                _LOG.error("a defect of the streams: %s", type(error).__name__, exc_info=error)
                self._end_all(Close.DEFECT)
            self.feed.seen(last)
            self.position.tell(last)
            await asyncio.sleep(self.limits.gather_s)

    async def _tell(self, first: int, last: int) -> None:
        """Tell of one part of what is new."""
        if not self._own and not self.whole.clients:
            return
        lines = await self.encoded(first - 1, last, frozenset(self._own), whole=bool(self.whole.clients))
        if lines is None:  # more became durable than could be told: they read it in the journal
            self._end_all(Close.TOO_SLOW)
            return
        fan_out(self._own_offers(lines, first, last), self._rng)
        if lines.whole:
            fan_out(offers(self.whole, frames_of(WHOLE, lines.whole, last + 1, self.limits), first), self._rng)

    def _own_offers(self, lines: Told, first: int, last: int) -> list[Offer]:
        """Return what each account's listeners are offered: all is made before anybody is told."""
        found = list[Offer]()
        for account, own in lines.own.items():
            channel = self._own.get(account)
            if channel is not None:
                found += offers(channel, frames_of(channel.shape, own, last + 1, self.limits), first)
        return found

    def _end_all(self, code: Close) -> None:
        for channel in (self.whole, *self._own.values()):
            channel.end(code)
