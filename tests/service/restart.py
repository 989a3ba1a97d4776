"""How long a service takes from its start to serving, with a journal of so many commands.

``python -m tests.service.restart --commands 200000`` prints it, after a clean end and after a kill.
"""

import argparse
import os
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from deleverage.domain.runner import Runner
from deleverage.journal.local import create
from deleverage.rulebook.messages import Command, Deposit, MarkUpdate, SetMarks
from deleverage.rulebook.rules import Rules
from tests.service.incidents.running import day, serving

HOW = ("stopped", "killed")
LONGS, AT_ONCE = 50, 5_000


class Restarted(NamedTuple):
    """How long it took: on the clock, and of the process's own time."""

    wall_s: float
    cpu_s: float


def restarted(folder: Path, how: str, commands: int) -> Restarted:
    """Return how long it took until a service served a journal of so many commands that was left like this."""
    path = folder / "j.db"
    runner = Runner(create(path, "venue", Rules()))
    written = _write(runner, commands)
    if how == "stopped":
        runner.close()
    else:
        path = _as_it_lies(folder, path)
        runner.close()
    started = time.monotonic()
    with serving(path) as service:
        found = Restarted(time.monotonic() - started, cpu_s(service.process.pid))
        assert service.ask("GET", "/ready")["ready"] == "yes"
        assert int(service.ask("GET", "/markets")["seq"]) == written
    return found


def _write(runner: Runner, count: int) -> int:
    now_ns = time.time_ns()
    first = day(now_ns, longs=LONGS)
    more: list[Command] = [
        SetMarks(time_ns=now_ns, marks=(MarkUpdate("X", 1_000 + at % 7),))
        if at % 10 == 0
        else Deposit(time_ns=now_ns, unit_id=f"a{at % LONGS}", amount_quanta=1)
        for at in range(count - len(first))
    ]
    rest, at = iter([*first, *more]), 0
    while some := list(islice(rest, AT_ONCE)):
        for future in [runner.submit(f"w-{at + place}", one, 60) for place, one in enumerate(some)]:
            future.result(60)
        at += len(some)
    return at


def _as_it_lies(folder: Path, path: Path) -> Path:
    """Return a copy of a journal's files as they lie on the disk while its writer is at work."""
    for one in list(folder.iterdir()):
        if one.name.startswith(path.name):
            target = folder / one.name.replace(path.name, "killed.db")
            target.write_bytes(one.read_bytes())
            target.chmod(0o600)
    return folder / "killed.db"


def cpu_s(pid: int) -> float:
    """Return how long a process has been at work."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commands", type=int, default=20_000)
    options = parser.parse_args()
    for left in HOW:
        with tempfile.TemporaryDirectory() as made:
            took = restarted(Path(made), left, options.commands)
        print(f"{left}, {options.commands:,} commands: served after {took.wall_s:.1f} s, {took.cpu_s:.1f} s of its own")
