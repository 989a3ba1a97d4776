"""``python -m tests.service.soak --minutes 30``: the demo against a service for a while, with a crash every so often.

What has to hold: memory at the end is what it was at a fifth of the time, within ``MOST_GROWTH``; after each crash all
money was counted; the journal is executed again with the rulebook and agrees, with the digest of the last state; and a
start behind it serves in under ten seconds.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from deleverage.bench.served import Served
from deleverage.journal.local import open_journal

MOST_GROWTH_PERCENT = 15
STARTS_WITHIN_S = 10.0
MIB = 2**20


class Soaked(NamedTuple):
    """What came of it; ``faults`` are sentences."""

    service_bytes: list[int]
    venue_bytes: list[int]
    crashes: int
    commands: int
    digest: str
    first_start_s: float
    end_s: float
    start_s: float
    faults: list[str]


def soak(
    folder: Path, seconds: float, crash_every_s: float, *options: str, say: Callable[[str], None] = lambda line: None
) -> Soaked:
    """Return what came of so many seconds; crashes as often as that, the last one early enough to be over."""
    demo, faults = folder / "demo", list[str]()
    served = Served(folder / "soak.log", "--demo", "--folder", str(demo), *options)
    service_bytes, venue_bytes, began = list[int](), list[int](), time.monotonic()
    next_crash, every_s = began + crash_every_s / 4, max(0.5, seconds / 60)
    try:
        while time.monotonic() - began < seconds:
            time.sleep(every_s)
            service, venue = served.resident_bytes()
            if not venue:
                faults.append("the venue has ended")
                break
            service_bytes.append(service)
            venue_bytes.append(venue)
            say(f"{time.monotonic() - began:7.0f} s  service {service // MIB} MiB, venue {venue // MIB} MiB")
            if time.monotonic() > next_crash and began + seconds - time.monotonic() > crash_every_s / 3:
                (demo / "crash").touch()
                next_crash += crash_every_s
    finally:
        end_s = served.stop()
    counted = sum("every unit of money is accounted for" in line for line in served.lines)
    crashes = sum("a crash begins" in line for line in served.lines)
    faults += [line for line in served.lines if "NOT ACCOUNTED" in line or "Traceback" in line or "venue ends" in line]
    for what, series in (("service", service_bytes), ("venue", venue_bytes)):
        early, late = series[len(series) // 5], series[-1]
        if 100 * late > (100 + MOST_GROWTH_PERCENT) * early:
            faults.append(f"the {what} grew from {early // MIB} to {late // MIB} MiB")
    if counted < crashes:
        faults.append(f"{crashes} crashes, counted {counted} times")
    again = Served(folder / "again.log", "--demo", "--folder", str(demo), *options)
    again.stop()
    if again.started_s > STARTS_WITHIN_S:
        faults.append(f"it took {again.started_s:.1f} s until it served")
    journal = open_journal(demo / "journal.db")
    commands, digest = journal.seq, journal.newest.state_digest if journal.newest else ""
    if journal.checked_seq != journal.seq:
        faults.append(f"signed up to {journal.checked_seq} of {journal.seq}")
    journal.close()
    faults += _verified(demo / "journal.db", say)
    return Soaked(
        service_bytes, venue_bytes, crashes, commands, digest, served.started_s, end_s, again.started_s, faults
    )


def _verified(journal: Path, say: Callable[[str], None]) -> list[str]:
    """Return what a second execution disagrees about: each answer, and the digest at each signed state."""
    command = [sys.executable, "-m", "deleverage", "verify", str(journal)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    say(found.stdout.strip())
    return [] if found.returncode == 0 and "PASS" in found.stdout else [found.stdout + found.stderr]


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.service.soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--crash-every", type=float, default=300.0, help="seconds between crashes")
    parser.add_argument("--traders", type=int, default=3_000)
    parser.add_argument("--speed", type=float, default=1.0)
    chosen = parser.parse_args(arguments)
    options = ("--traders", str(chosen.traders), "--speed", str(chosen.speed))
    with TemporaryDirectory() as folder:
        seconds = chosen.minutes * 60
        found = soak(Path(folder), seconds, min(chosen.crash_every, seconds), *options, say=print)
    early = len(found.service_bytes) // 5
    print(f"{chosen.minutes:g} minutes, {found.commands:,} commands, {found.crashes} crashes")
    for what, series in (("service", found.service_bytes), ("venue", found.venue_bytes)):
        print(f"{what:8} {series[early] / MIB:.0f} MiB at 20 %, {series[-1] / MIB:.0f} MiB at the end")
    print(
        f"started in {found.first_start_s:.1f} s, ended in {found.end_s:.1f} s, started again in {found.start_s:.1f} s"
    )
    print(f"digest   {found.digest}")
    print("\n".join(found.faults) or "PASS")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
