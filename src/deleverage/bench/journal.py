"""``python -m deleverage.bench.journal``: how fast a journal is here, beside the least that a device allows.

Latencies in milliseconds until a block is durable; what must hold are ratios of the same run, printed with their goals.
It is no test: a device that is busy with other things says little.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deleverage.bench import flushes, restarts
from deleverage.bench.flushes import APPENDED, CASES, ENCODED, JOURNAL, PREALLOCATED, SIZES, STORE, Case
from deleverage.bench.restarts import Day

ROUNDS, QUICK_ROUNDS = 200, 30
COMMANDS, QUICK_COMMANDS = 1_000_000, 20_000

RATIOS = (
    ("block of 1,000 / block of 1: the store alone", Case(STORE, 1_000), Case(STORE, 1), 1.5),
    ("block of 1,000 / block of 1: store and anchor", Case(JOURNAL, 1_000), Case(JOURNAL, 1), 1.5),
    ("block of 1,000 / block of 1: from commands", Case(ENCODED, 1_000), Case(ENCODED, 1), None),
    ("block of 1: the store alone / plain file, appended", Case(STORE, 1), Case(APPENDED, 1), 2.5),
    ("block of 1,000: the store alone / plain file, appended", Case(STORE, 1_000), Case(APPENDED, 1_000), 2.5),
    ("block of 1: the store alone / preallocated", Case(STORE, 1), Case(PREALLOCATED, 1), 2.5),
    ("block of 1,000: the store alone / preallocated", Case(STORE, 1_000), Case(PREALLOCATED, 1_000), 2.5),
    ("block of 1: store and anchor (two flushes) / appended", Case(JOURNAL, 1), Case(APPENDED, 1), 2.5),
    ("block of 1,000: store and anchor / appended", Case(JOURNAL, 1_000), Case(APPENDED, 1_000), 2.5),
)
"""What is compared: medians of two cases, and the most that their ratio may be."""

Times = Mapping[Case, Sequence[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m deleverage.bench.journal", description="How fast a journal is.")
    parser.add_argument("--quick", action="store_true", help="a tenth of a minute: fewer rounds, a shorter day")
    parser.add_argument("--rounds", type=int, help=f"samples of each case ({ROUNDS})")
    parser.add_argument("--commands", type=int, help=f"commands of the day ({COMMANDS:,})")
    parser.add_argument("--folder", type=Path, help="a folder on the device that is asked; a temporary one")
    chosen = parser.parse_args(arguments)
    rounds = chosen.rounds or (QUICK_ROUNDS if chosen.quick else ROUNDS)
    commands = chosen.commands or (QUICK_COMMANDS if chosen.quick else COMMANDS)
    with TemporaryDirectory(dir=chosen.folder) as folder:
        sys.stdout.writelines(f"{line}\n" for line in flush_lines(flushes.latencies(Path(folder), rounds), rounds))
        sys.stdout.flush()
        sys.stdout.writelines(f"{line}\n" for line in day_lines(restarts.measure(Path(folder), commands)))
    return 0


def flush_lines(times: Times, rounds: int) -> Iterator[str]:
    """Yield latencies and ratios."""
    yield f"latency until a block is durable, ms, {rounds} interleaved rounds"
    yield f"  {'':32}" + "".join(f"{f'block of {size:,}':>24}" for size in SIZES)
    yield f"  {'':32}" + "".join(f"{'p50':>12}{'p90':>12}" for _ in SIZES)
    for who in CASES:
        cells = "".join(f"{_ms(times[Case(who, size)], share):12.3f}" for size in SIZES for share in (50, 90))
        yield f"  {who:32}{cells}"
    yield ""
    yield "ratios of medians"
    for what, upper, lower, most in RATIOS:
        ratio = _ms(times[upper], 50) / _ms(times[lower], 50)
        goal = "" if most is None else f"goal <= {most:g}   {'met' if ratio <= most else 'not met'}"
        yield f"  {what:56}{ratio:8.2f}   {goal}".rstrip()
    yield ""


def day_lines(day: Day) -> Iterator[str]:
    """Yield what a day and the starts behind it took."""
    commands = f"{day.commands:,}"
    yield f"a day of {commands} commands of {restarts.UNITS:,} accounts, {day.file_bytes / 2**20:,.0f} MiB"
    yield f"  {'acknowledged per second, end to end through a runner':56}{day.commands_per_second:8,}"
    yield f"  {f'start, all {commands} executed again, s':56}{day.start_ns / 1e9:8.1f}"
    yield f"  {'start, from a snapshot of the last state, s':56}{day.snapshot_start_ns / 1e9:8.2f}"


def _ms(times: Sequence[int], percent: int) -> float:
    """Return a percentile in milliseconds: the smallest that so many of a hundred do not exceed."""
    return times[max(0, -(-len(times) * percent // 100) - 1)] / 1e6


if __name__ == "__main__":
    sys.exit(main())
