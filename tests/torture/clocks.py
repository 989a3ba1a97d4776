"""Clocks that jump: every clock of the process, and the one that brings time into a domain.

The law reads no clock, so jumps of the process' clocks change nothing at all. Where a clock gives commands their time,
they never go back and never far ahead, and what comes out is what anybody gets who executes the journal again.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from random import Random
from unittest.mock import patch

from deleverage.domain import Domain
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.keeper import Settings
from deleverage.domain.recovery import recover
from deleverage.domain.runner import Runner
from deleverage.domain.timer import NS_PER_S, Clocked, Timer
from deleverage.journal.entry import Entry
from deleverage.journal.local import create, open_journal
from deleverage.rulebook.messages import Code, Rejection
from tests.torture import processes
from tests.torture.script import FIRST, RULES, command, key
from tests.torture.tally import Tally

NAME = "clock jumps"
AGAIN = "python -m tests.torture --only 'clock jumps' --count 50"
JUMPS = 50
"""Jumps of one journal before the next."""
BETWEEN = 4
"""Commands from a jump to the next."""
YEAR_S = 365 * 24 * 3600
KINDS = {
    "a year ahead": YEAR_S,
    "a year back": -YEAR_S,
    "600 s back": -600,
    "600 s ahead": 600,
    "1 s back": -1,
}
LONGEST_STEP_S = 60
EVERYWHERE = ("time", "monotonic", "perf_counter", "process_time", "thread_time")


class Clock:
    """A clock that jumps when it is told to; each reading is up to a second after the one before."""

    def __init__(self, rng: Random) -> None:
        self._rng, self.now_ns = rng, 1_700_000_000 * NS_PER_S

    def __call__(self) -> int:
        """Return the time in ns; now and then the one of the last reading."""
        self.now_ns += self._rng.choice((0, 1, self._rng.randrange(NS_PER_S)))
        return self.now_ns

    def jump(self, tally: Tally) -> None:
        """Jump in some way."""
        kind = self._rng.choice(list(KINDS))
        self.now_ns += KINDS[kind] * NS_PER_S
        tally.note(kind)


def run(count: int, seed: int) -> Tally:
    """Return what ``count`` jumps did: on odd seeds to every clock of the process, on even ones to a timer's."""
    tally = Tally(NAME)
    for at, done in enumerate(range(0, count, JUMPS)):
        jumps, act = min(JUMPS, count - done), _of_the_process if (seed + at) % 2 else _of_the_timer
        with processes.folder() as folder:
            complained = act(str(folder / "j.db"), seed + at, jumps, tally)
        if complained is not None:
            tally.fail(seed + at, complained, f"{AGAIN} --seed {seed + at}")
    return tally


def _of_the_process(path: str, seed: int, jumps: int, tally: Tally) -> str | None:
    """Let the process' clocks jump under a runner whose commands have times of their own."""
    clock, last = Clock(Random(seed)), FIRST + jumps * BETWEEN
    control = Domain.open(RULES)
    answers = control.submit(command(seed, number) for number in range(1, last + 1))
    with _clocks(clock):
        runner = Runner(create(path, "torture", RULES), settings=Settings(checkpoint_every=10, snapshot_every=40))
        for number in range(1, last + 1):
            if number > FIRST and number % BETWEEN == 0:
                clock.jump(tally)
            runner.submit(key(seed, number), command(seed, number)).result()
        runner.close()
    entries, digest = _read(path)
    if [entry.answer for entry in entries] != answers or digest != control.digest():
        return "a run whose clocks did not jump comes to something else"
    return None


def _of_the_timer(path: str, seed: int, jumps: int, tally: Tally) -> str | None:
    """Let the clock jump that gives commands their time, and that says when a step is due."""
    clock, last = Clock(Random(seed)), FIRST + jumps * BETWEEN
    clocked = Clocked(LONGEST_STEP_S * NS_PER_S)
    runner = Runner(create(path, "torture", RULES), stamp=lambda last_ns: clocked.time_after(last_ns, clock()))
    timer = Timer(runner, clock, 0, every_s=3600, longest_step_s=LONGEST_STEP_S)
    for number in range(1, last + 1):
        if number > FIRST and number % BETWEEN == 0:
            clock.jump(tally)
            timer.tick()
        runner.submit(key(seed, number), command(seed, number)).result()
    timer.close()
    runner.close()
    entries, digest = _read(path)
    for one, two in pairwise(entries):
        step_ns = two.command.time_ns - one.command.time_ns
        if not 0 <= step_ns <= LONGEST_STEP_S * NS_PER_S:
            return f"from command {one.seq} to the next the time goes on by {step_ns} ns"
        if isinstance(two.answer, Rejection) and two.answer.code is Code.TIME_BACKWARDS:
            return f"command {two.seq} was refused: {two.answer}"
    control = Domain.open(RULES, RULEBOOK)
    answers = control.submit(entry.command for entry in entries)
    if [entry.answer for entry in entries] != answers or digest != control.digest():
        return "whoever executes the journal again comes to something else"
    return None


def _read(path: str) -> tuple[list[Entry], str]:
    journal = open_journal(path)
    try:
        return list(journal.entries()), recover(journal).digest()
    finally:
        journal.close()


@contextmanager
def _clocks(clock: Clock) -> Iterator[None]:
    """Put a clock in the place of each of the process' own, wherever the program has a name for one."""
    clocks: dict[object, Callable[[], float]] = {}
    for name in EVERYWHERE:
        clocks[getattr(time, name)] = lambda: clock() / NS_PER_S
        clocks[getattr(time, f"{name}_ns")] = clock
    named = [
        (module, name, clocks[value])
        for module in list(sys.modules.values())
        if module is time or getattr(module, "__name__", "").startswith("deleverage.")
        for name, value in list(vars(module).items())
        if callable(value) and getattr(value, "__module__", "") == "time" and value in clocks
    ]
    with ExitStack() as stack:
        for module, name, fake in named:
            stack.enter_context(patch.object(module, name, fake))
        yield
