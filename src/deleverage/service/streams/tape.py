"""The public tape, told as the question tells it: what is old enough by now, looked at again and again."""

import asyncio
from contextlib import suppress
from itertools import groupby
from random import Random

import msgspec

from deleverage.service.desk import Desk
from deleverage.service.feed import Feed
from deleverage.service.questions import TapeQuestion
from deleverage.service.questions.tape import TapeView
from deleverage.service.streams.channels import PUBLIC, Channel, Position, fan_out, offers
from deleverage.service.streams.frames import Line, frames_of
from deleverage.service.streams.limits import Limits

PAGE = 1_000
_AS_JSON = msgspec.json.Encoder()


class Tape:
    """The channel of the tape. While nobody listens nothing is asked."""

    def __init__(self, desk: Desk, feed: Feed, limits: Limits, rng: Random) -> None:
        """Ask a desk; the feed says whether there is anything new."""
        self._desk, self._feed, self._limits, self._rng = desk, feed, limits, rng
        self.position = Position()
        self.channel = Channel(PUBLIC, self.position)

    async def find(self) -> None:
        """Find how far the tape is public, where nobody has listened so far."""
        low, high = self.position.told, self._feed.last_seq
        while low < high and not self.channel.clients:
            middle = (low + high + 1) // 2
            view = await self._desk.ask(TapeQuestion(from_seq=middle, limit=1))
            assert isinstance(view, TapeView)
            low, high = (middle, high) if int(view.next_from) > middle else (low, middle - 1)
        if not self.channel.clients and low > self.position.told:
            self.position.tell(low)

    async def tell_always(self) -> None:
        """Tell what has become old enough, until this is cancelled."""
        while True:
            await asyncio.sleep(self._limits.tape_every_s)
            with suppress(Exception):  # a full line: the next look tells it
                while self._has_news() and await self._tell():
                    pass

    def _has_news(self) -> bool:
        listens = self.channel.clients or self.position.waiting
        return bool(listens) and self.position.told < self._feed.last_seq

    async def _tell(self) -> bool:
        """Tell what is old enough by now; return whether there was something."""
        seq = self.position.told
        view = await self._desk.ask(TapeQuestion(from_seq=seq + 1, limit=PAGE))
        assert isinstance(view, TapeView)
        if self.position.told != seq:  # found anew in the meantime
            return True
        last = int(view.next_from) - 1
        if view.rows:
            frames = frames_of(PUBLIC, tape_lines(view), last + 1, self._limits)
            fan_out(offers(self.channel, frames, seq + 1), self._rng)
        self.position.tell(last)
        return last > seq


def tape_lines(view: TapeView) -> list[Line]:
    """Return the rows of a page, those of a command together."""
    return [
        Line(int(seq), b",".join(_AS_JSON.encode(row) for row in rows))
        for seq, rows in groupby(view.rows, lambda row: row.seq)
    ]
