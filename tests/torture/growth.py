"""What stays in memory of a command that was answered: a runner at work over SQLite, and its heap behind each stretch.

    python -m tests.torture.growth                  200,000 commands of eight accounts, signed as by default

The book does not grow here: the same accounts trade all day. Whatever else grows would grow for years.
"""

import argparse
import gc
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import apsw
import numpy as np

from deleverage.domain import Domain
from deleverage.domain.keeper import Settings
from deleverage.domain.runner import Runner
from deleverage.journal.journal import Journal
from deleverage.journal.local import create
from tests.torture import processes
from tests.torture.script import RULES, command, key

AGAIN = "python -m tests.torture.growth"
BATCH = 1_000
WAIT_S = 60.0
LOADED = ("*/numba/*", "*/llvmlite/*", "<frozen *", "*/weakref.py", "*/ctypes/*", tracemalloc.__file__)
"""Whose memory is not counted: a kernel is loaded when it is first needed, once, and that may be late in the day."""
NEVER = Settings(checkpoint_every=1 << 60, snapshot_every=1 << 60)


class Reading(NamedTuple):
    """What lies in memory behind so many commands, in bytes; and what of it waits: keys, and commands of no state."""

    commands: int
    python_bytes: int
    sqlite_bytes: int
    keys: int
    unsigned: int


def readings(folder: Path, commands: int, stretch: int, settings: Settings, seed: int = 1) -> Iterator[Reading]:
    """Yield a reading behind each stretch; nobody keeps an answer, but the last of each batch."""
    runner = Runner(create(folder / "j.db", "growth", RULES), settings=settings)
    tracemalloc.start(1)
    try:
        for first in range(1, commands + 1, BATCH):
            last = first + BATCH - 1
            futures = [runner.submit(key(seed, at), command(seed, at), WAIT_S) for at in range(first, last + 1)]
            for future in futures:
                future.result(WAIT_S)
            del futures, future
            if last % stretch == 0:
                yield runner.ask(_read, WAIT_S).result()
    finally:
        tracemalloc.stop()
        runner.close()


def _read(domain: Domain, journal: Journal) -> Reading:
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, name) for name in LOADED])
    used = sum(one.size for one in ours.statistics("filename"))
    return Reading(journal.seq, used, apsw.memory_used(), len(journal._keys), journal.seq - journal.checked_seq)


def stays(found: Sequence[Reading]) -> tuple[float, float]:
    """Return how many bytes stay of each command for ever, and of each that waits for a signature (least squares)."""
    known = np.array([(1, one.commands, one.unsigned) for one in found], float)
    used = np.array([one.python_bytes for one in found], float)
    _, for_ever, waiting = np.linalg.lstsq(known, used, rcond=None)[0]
    return float(for_ever), float(waiting)


def main(arguments: list[str]) -> int:
    """Print a line for each stretch, and what a command has left on the way."""
    parser = argparse.ArgumentParser(prog=AGAIN, description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--commands", type=int, default=200_000)
    parser.add_argument("--stretch", type=int, default=20_000)
    given = parser.parse_args(arguments)
    found = []
    with processes.folder() as folder:
        for one in readings(folder, given.commands, given.stretch, Settings()):
            waiting = f"waiting: {one.keys:,} keys, {one.unsigned:,} commands to be signed"
            used = f"{one.python_bytes:>12,} bytes, SQLite {one.sqlite_bytes:>10,}"
            print(f"{one.commands:>9,} commands: {used}; {waiting}", flush=True)
            found.append(one)
    for_ever, waiting_bytes = stays(found)
    print(f"of a command stay {waiting_bytes:.0f} bytes until the state is signed, and {for_ever:.1f} bytes for ever")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
