"""Whoever looks at who is next is noted, durably, before the answer leaves; who looks often is pointed at.

Many notes that come at once are written at once. Where nothing can be written, nothing is answered.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import time_ns
from typing import Any

from deleverage.journal.faults import JournalFault
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.read_file import ReadFile

MASS, MASS_S = 120, 60
"""More looks than this by one key, in so many seconds, are a mass read."""

LONGEST = 400
"""So many characters of a question are noted."""

_MOST_AT_ONCE = 1_000
_LOG = logging.getLogger("deleverage.service")


class Reads:
    """Notes reads. ``mass_reads`` counts those that came from a key that had looked too often."""

    def __init__(self, file: ReadFile, clock_ns: Callable[[], int] = time_ns) -> None:
        """Write to a file; ``close`` lets go of it."""
        self._file, self._clock_ns = file, clock_ns
        self._thread = ThreadPoolExecutor(1, "reads")
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._looks: dict[str, deque[int]] = {}
        self.mass_reads = 0

    async def note_read(self, principal: Principal, what: str) -> None:
        """Return once it is durable that a key asks this; Problem NOT_READY where that cannot be."""
        now_ns = self._clock_ns()
        note = {
            "time_ns": str(now_ns),
            "key": principal.key_id,
            "person": principal.person,
            "roles": sorted(role.value for role in principal.roles),
            "what": what if len(what) <= LONGEST else f"{what[:LONGEST]}...",
            "mass": self._is_mass(principal.key_id, now_ns),
        }
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((note, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        try:
            await asyncio.shield(done)
        except JournalFault as fault:
            raise Problem(Code.NOT_READY, f"who looks cannot be noted, so nothing is shown: {fault.why.name}") from None

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            now, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            fault: JournalFault | None = None
            try:
                await loop.run_in_executor(self._thread, self._file.write, [note for note, _ in now])
            except JournalFault as error:
                fault = error
            for _, done in now:
                if not done.done():
                    done.set_result(None) if fault is None else done.set_exception(fault)

    def _is_mass(self, key_id: str, now_ns: int) -> bool:
        looks = self._looks.setdefault(key_id, deque(maxlen=MASS + 1))
        looks.append(now_ns)
        mass = len(looks) > MASS and now_ns - looks[0] <= MASS_S * 1_000_000_000
        if mass:
            self.mass_reads += 1
            if self.mass_reads % MASS == 1:
                _LOG.warning("mass read: key %s looked at who is next over %d times in %d s", key_id, MASS, MASS_S)
        return mass

    def close(self) -> None:
        """Let go of the file, once what is being written is."""
        self._thread.shutdown()
        self._file.close()
