"""A day through a runner, end to end, and how long a start takes behind it: from the beginning, and from a snapshot."""

from pathlib import Path
from time import perf_counter_ns
from typing import NamedTuple

from deleverage.bench.days import day, opening
from deleverage.domain.keeper import Settings
from deleverage.domain.recovery import recover, snapshot_of
from deleverage.domain.runner import Runner
from deleverage.journal import local
from deleverage.rulebook.rules import Rules

UNITS = 1_000
WAIT_S = 600.0
UNSIGNED = Settings(checkpoint_every=1 << 60, snapshot_every=1 << 60)


class Day(NamedTuple):
    """A day in ns: all commands acknowledged, and the two starts behind it. The file is what it left on the device."""

    commands: int
    work_ns: int
    start_ns: int
    snapshot_start_ns: int
    file_bytes: int

    @property
    def commands_per_second(self) -> int:
        """How many commands were acknowledged in a second."""
        return self.commands * 1_000_000_000 // max(1, self.work_ns)


def measure(folder: Path, commands: int) -> Day:
    """Measure a day of so many commands behind its opening."""
    path = str(folder / "day")
    prepared = list(day(UNITS, commands))
    runner = Runner(local.create(path, "bench", Rules()), settings=UNSIGNED)
    for at, command in enumerate(opening(UNITS)):
        runner.submit(f"opening-{at}", command, WAIT_S)
    last = runner.ask(lambda domain, journal: None, WAIT_S)
    last.result()
    started = perf_counter_ns()
    for at, command in enumerate(prepared):
        future = runner.submit(f"day-{at}", command, WAIT_S)
    future.result()
    work_ns = perf_counter_ns() - started
    runner.ask(lambda domain, journal: journal.close(), WAIT_S).result()
    start_ns = _start_ns(path)
    _keep(path)
    return Day(commands, work_ns, start_ns, _start_ns(path), Path(path).stat().st_size)


def _start_ns(path: str) -> int:
    """Return how long it takes until a journal is looked at and its state stands."""
    started = perf_counter_ns()
    journal = local.open_journal(path)
    recover(journal)
    ended = perf_counter_ns()
    journal.close()
    return ended - started


def _keep(path: str) -> None:
    """Keep the state. A start does not look at what a checkpoint says of entries, so that no time is spent on it."""
    journal = local.open_journal(path)
    domain = recover(journal)
    journal.checkpoint(domain.digest(), [bytes(32)] * (journal.seq - journal.checked_seq))
    journal.snapshot(snapshot_of(domain))
    journal.close()
