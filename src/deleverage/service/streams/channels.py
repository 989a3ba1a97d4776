"""Who is told the same, and how far everybody of them has been told."""

import asyncio
from collections.abc import Iterable, Sequence
from random import Random

from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import Frame, Shape
from deleverage.service.streams.limits import Close

WHOLE = Shape("entries", "", "/v1/facts")
PUBLIC = Shape("rows", "", "/v1/tape")


def own_shape(account: str) -> Shape:
    """Return how an account's messages look."""
    return Shape("entries", f'"account":"{account}",', f"/v1/accounts/{account}/facts")


class Position:
    """How far a channel's news is out: everything up to ``told`` is; up to ``taken`` it is on its way."""

    def __init__(self) -> None:
        """Begin before the first command."""
        self.told = self.taken = 0
        self.waiting = 0
        """How many wait for it to move."""
        self._moved = asyncio.Event()

    def take(self, seq: int) -> None:
        """Note that everything up to a command is on its way to whoever listens now."""
        self.taken = seq

    def tell(self, seq: int) -> None:
        """Note that everything up to a command is out."""
        self.told = self.taken = seq
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def passed(self, seq: int) -> None:
        """Return once everything up to a command is out."""
        self.waiting += 1
        try:
            while self.told < seq:
                await self._moved.wait()
        finally:
            self.waiting -= 1


class Channel:
    """Those who are told the same."""

    def __init__(self, shape: Shape, position: Position, account: str = "") -> None:
        """Begin with nobody."""
        self.shape, self.position, self.account = shape, position, account
        self.clients: set[Client] = set()

    def join(self, client: Client) -> int:
        """Tell a client, too, from what is not on its way yet; return the last command of which it is not told."""
        client.live_from = self.position.taken + 1
        self.clients.add(client)
        return self.position.taken

    def end(self, code: Close) -> None:
        """End all."""
        for client in list(self.clients):
            client.end(code)


Offer = tuple[Client, Sequence[Frame]]


def offers(channel: Channel, frames: Sequence[Frame], first_seq: int) -> Iterable[Offer]:
    """Return the messages for each client that listened before they were on their way."""
    return ((client, frames) for client in channel.clients if client.live_from <= first_seq)


def fan_out(offered: Iterable[Offer], rng: Random) -> None:
    """Offer all, in an order drawn anew: nobody is first each time."""
    drawn = list(offered)
    rng.shuffle(drawn)
    for client, frames in drawn:
        client.offer(frames)
