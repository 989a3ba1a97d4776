"""Clock time turned into commands: the law reads no clock, so whoever has one brings the time.

A clock may stand still, run back or jump. The time of a command is never before that of the last one, and never further
ahead of it than ``longest_step_ns``: a clock that jumped a year ahead moves the domain by one step at a time, and one
that ran back moves nothing until it has caught up.
"""

from collections.abc import Callable, Sequence
from threading import Event, Thread
from typing import NamedTuple, Protocol

from deleverage.domain.runner import Busy
from deleverage.rulebook.messages import Command, RunStep

NS_PER_S = 1_000_000_000


class Door(Protocol):
    """Where commands go in."""

    def submit(self, key: str, command: Command, wait_s: float = 0.0) -> object:
        """Hand in a command under its key."""
        ...


class Clocked(NamedTuple):
    """Turns readings of a clock into times: never back, never too far ahead."""

    longest_step_ns: int

    def time_after(self, last_ns: int, clock_ns: int) -> int:
        """Return the time (ns) of the next command, the last one having been at ``last_ns``."""
        if last_ns == 0:
            return max(0, clock_ns)
        return max(last_ns, min(clock_ns, last_ns + self.longest_step_ns))


def step(time_ns: int) -> Sequence[tuple[str, Command]]:
    """Return the command that runs the waterfall once, under a key of its own."""
    return [(f"step-{time_ns}", RunStep(time_ns=time_ns))]


class Timer:
    """A thread that hands in what is due, every ``every_s`` seconds; ``failed`` says why it does so no more."""

    def __init__(
        self,
        door: Door,
        clock_ns: Callable[[], int],
        last_ns: int,
        *,
        every_s: float = 1.0,
        longest_step_s: int = 60,
        due: Callable[[int], Sequence[tuple[str, Command]]] = step,
    ) -> None:
        """Start; ``last_ns`` is the time of the book."""
        self._door, self._clock_ns, self._last_ns = door, clock_ns, last_ns
        self._every_s, self._due = every_s, due
        self._clocked = Clocked(longest_step_s * NS_PER_S)
        self.failed: Exception | None = None
        self._ended = Event()
        self._thread = Thread(target=self._work, name="timer", daemon=True)
        self._thread.start()

    def tick(self) -> None:
        """Hand in what is due now; a time at which commands were handed in already is none."""
        time_ns = self._clocked.time_after(self._last_ns, self._clock_ns())
        if time_ns > self._last_ns:
            for key, command in self._due(time_ns):
                self._door.submit(key, command, self._every_s)
            self._last_ns = time_ns

    def close(self) -> None:
        """End; what was handed in is done."""
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self.tick()
            except Busy:  # no place in line for as long as that: what is due now is due at the next tick, too
                continue
            except Exception as error:
                self.failed = error
                return
