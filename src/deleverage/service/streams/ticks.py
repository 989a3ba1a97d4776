"""Own buckets at each tick of the grid: everybody's from one table, and all at once."""

from random import Random

import msgspec

from deleverage.service.desk import Desk
from deleverage.service.questions import BucketsQuestion
from deleverage.service.streams.channels import fan_out
from deleverage.service.streams.client import Client
from deleverage.service.streams.frames import Frame

_AS_JSON = msgspec.json.Encoder()


class Ticks:
    """Who is told the buckets of which account."""

    def __init__(self, desk: Desk, rng: Random | None = None) -> None:
        """Begin with nobody."""
        self._desk, self._rng = desk, rng or Random()
        self._clients: dict[str, set[Client]] = {}

    async def join(self, account: str, client: Client) -> None:
        """Tell a client the buckets of an account, now and at each tick."""
        self._clients.setdefault(account, set()).add(client)
        client.offer([await self._frame(account)])

    def leave(self, account: str, client: Client) -> None:
        """Forget a client."""
        clients = self._clients.get(account, set())
        clients.discard(client)
        if not clients:
            self._clients.pop(account, None)

    async def tick(self) -> None:
        """Tell everybody: the table of a tick is there. All is made before anybody is told."""
        frames = {account: await self._frame(account) for account in list(self._clients)}
        listening = self._clients.items()
        fan_out(
            [(client, [frames[name]]) for name, clients in listening if name in frames for client in clients], self._rng
        )

    async def _frame(self, account: str) -> Frame:
        """Return a message that is read from the table of the last tick; nothing is waited for in that."""
        view = await self._desk.ask(BucketsQuestion(account=account))
        return Frame(_AS_JSON.encode(view))
