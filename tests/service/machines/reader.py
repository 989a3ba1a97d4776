"""A front's feed in this process: all that it hears, in order, whatever is done to the bus."""

import asyncio
import threading
from pathlib import Path

from deleverage.service.bus.caller import Caller
from deleverage.service.bus.line import Dial, connected
from deleverage.service.bus.remote_desk import RemoteDesk
from deleverage.service.bus.remote_feed import RemoteFeed
from deleverage.service.bus.ring import FRONT, read_party
from deleverage.service.feed import Feed


class Reader(threading.Thread):
    """Reads from the first block on. ``heard`` are the numbers of all commands, in the order in which they came."""

    def __init__(self, folder: Path, url: str) -> None:
        """Speak with the key of the ground; begin with ``start``."""
        super().__init__(daemon=True, name="reader")
        self._url, self._ring, self._key = url, str(folder / "ring.toml"), str(folder / "reader.bus-key")
        self._ends = threading.Event()
        self.heard: list[int] = []
        self.healed = 0
        self.ignored: dict[str, int] = {}
        self.fault: BaseException | None = None

    def run(self) -> None:
        """Read until ``end``."""
        try:
            asyncio.run(self._read())
        except BaseException as error:
            self.fault = error

    def end(self) -> None:
        """Read no more."""
        self._ends.set()
        self.join(20)

    async def _read(self) -> None:
        party = read_party(FRONT, self._key, self._ring)
        async with connected(Dial(self._url), party.name) as client:
            caller = Caller(client, party, "venue")
            await caller.start()
            desk, feed = RemoteDesk(caller), Feed(asyncio.get_running_loop(), kept=1_000_000)
            reading = RemoteFeed(client, desk, feed, "venue", lambda _: None)
            reading.number = 0
            tasks = [asyncio.create_task(desk.keep_looking()), asyncio.create_task(reading.work())]
            seen = 0
            while not self._ends.is_set():
                await asyncio.sleep(0.05)
                news = feed.since(seen) or []
                self.heard += [one.receipt.seq for one in news]
                seen = self.heard[-1] if self.heard else 0
            self.healed, self.ignored = reading.healed, dict(reading.ignored)
            for task in tasks:
                task.cancel()
