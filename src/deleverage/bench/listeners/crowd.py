"""Half of those who listen, in a process of its own: most read at once, some never do."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from deleverage.bench.listeners.world import short

OWN, FACTS, TAPE = range(3)
PATHS = ("accounts/{account}/facts", "facts", "tape")
SEQ = '"seq":"'
RECEIVED = np.dtype([("time_ns", "i8"), ("seq", "i8"), ("client", "i4"), ("kind", "i1"), ("closes", "i1")])
"""A message: when it came, its first command, to whom, of which stream, and whether it tells of a deleveraging."""


class Listener(NamedTuple):
    """One of the crowd; ``stalls``: it never reads."""

    number: int
    kind: int
    stalls: bool


def crowd(clients: int) -> Iterator[Listener]:
    """Yield everybody: of ten, five hear what is their own, two everything, three the tape; every fifth ten stalls."""
    for number in range(clients):
        kind = (OWN,) * 5 + (FACTS,) * 2 + (TAPE,) * 3
        yield Listener(number, kind[number % 10], number // 10 % 5 == 4)


class Half:
    """Those of one process."""

    def __init__(self, port: int) -> None:
        """Listen at a port of this machine."""
        self._port = port
        self.received: list[tuple[int, int, int, int, int]] = []
        self.ends: list[tuple[int, int, int]] = []  # client, stalls, code
        self._gate = asyncio.Semaphore(50)

    async def listen(self, who: Listener, until: asyncio.Event) -> None:
        """Connect, and read until the end, or never; then note how it ended."""
        path = PATHS[who.kind].format(account=short(who.number))
        async with self._gate:
            uri = f"ws://127.0.0.1:{self._port}/v1/streams/{path}"
            stream = await connect(uri, compression=None, proxy=None, ping_interval=None, open_timeout=120)
        if who.stalls:
            stream.transport.pause_reading()
            await until.wait()
            stream.transport.resume_reading()
            self.ends.append((who.number, 1, await _end_of(stream)))
            return
        reading = asyncio.create_task(self._read(who, stream))
        await asyncio.wait((reading, asyncio.create_task(until.wait())), return_when=asyncio.FIRST_COMPLETED)
        self.ends.append((who.number, 0, await _end_of(stream) if reading.done() else 0))
        reading.cancel()
        await stream.close()

    async def _read(self, who: Listener, stream: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for text in stream:
                now_ns = time.monotonic_ns()
                assert isinstance(text, str)
                at = text.find(SEQ)
                if at > 0:
                    at += len(SEQ)
                    seq = int(text[at : text.index('"', at)])
                    closes = who.kind == OWN and '"Deleveraged"' in text
                    self.received.append((now_ns, seq, who.number, who.kind, int(closes)))


async def _end_of(stream: ClientConnection) -> int:
    """Return with which code a stream ended, behind whatever was not read; 0: it is open."""
    try:
        while True:
            await asyncio.wait_for(stream.recv(), 1)
    except TimeoutError:
        return 0
    except ConnectionClosed:
        return stream.close_code or 1006


async def main(folder: Path, port: int, clients: int, part: int, parts: int) -> None:
    """Let a part of the crowd listen until a line is read from the standard input; then write what was noted."""
    half, until = Half(port), asyncio.Event()
    mine = [who for who in crowd(clients) if who.number % parts == part]
    tasks = [asyncio.create_task(half.listen(who, until)) for who in mine]
    await asyncio.to_thread(sys.stdin.readline)
    until.set()
    await asyncio.gather(*tasks)
    np.save(folder / f"received-{part}.npy", np.array(half.received, RECEIVED))
    np.save(folder / f"ends-{part}.npy", np.array(half.ends, np.int32))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:6])))
