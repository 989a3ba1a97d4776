"""``python -m deleverage.demo``: the venue, beside a service that ``deleverage serve --demo`` has started.

``crash`` and Enter, a file ``crash`` in the folder, or SIGUSR1 makes it crash. It ends when it is told to, or when
whoever started it is gone.
"""

import argparse
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from deleverage.demo.clearing import Clearing
from deleverage.demo.keys import FEED, LISTER, LOOKER, SECOND, VENUE, Askers, signer
from deleverage.demo.story import read_story
from deleverage.demo.venue import Venue
from deleverage.service.asking import Asker, Away, Refused

TICK_S = 0.25
ASKED_AT_ONCE = 16
"""Accounts that are asked for in a tick at speed 1, where they are not known: two thirds of what the service allows."""

SAID_EVERY_S = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the venue until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m deleverage.demo", description="A venue that talks to a service.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where its keys and its outbox are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as a clock")
    chosen = parser.parse_args(arguments)
    ending = Ending()
    askers = Askers(
        *(
            Asker(chosen.url, signer(chosen.folder, name), goes_on=ending.goes_on)
            for name in (VENUE, LOOKER, FEED, LISTER, SECOND)
        )
    )
    clearing = Clearing(askers.clearing, chosen.folder / "outbox.json")
    asked_at_once = max(1, int(ASKED_AT_ONCE / chosen.speed))
    venue = Venue(askers, clearing, read_story(chosen.folder, None), chosen.seed, say, asked_at_once)
    try:
        venue.open()
        run(venue, Wishes(chosen.folder), TICK_S / chosen.speed, ending.goes_on)
    except Refused as refusal:
        say(f"the venue ends: {refusal}")
        return 1
    except Away as reason:
        if ending.goes_on():
            say(f"the venue ends, the service does not answer: {reason}")
            return 1
    finally:
        for asker in askers:
            asker.close()
    return 1 if venue.crash.broken else 0


def run(venue: Venue, wishes: "Wishes", tick_s: float, goes_on: Callable[[], bool]) -> None:
    """Do ticks, so far apart where that can be, until it is told to end; say once a minute how it goes."""
    due, said, count = time.monotonic(), time.monotonic(), 0
    say("trading")
    while goes_on():
        if wishes.crash():
            venue.crash.begin()
        count += venue.work()
        now = time.monotonic()
        if now - said >= SAID_EVERY_S:
            say(f"{count / (now - said):,.0f} commands/s; {venue.summary()}")
            said, count = now, 0
        due = max(due + tick_s, now - 1.0)
        time.sleep(max(0.0, due - now))


class Ending:
    """Whether the venue goes on: until a signal, or until the process that started it is gone."""

    def __init__(self) -> None:
        """Hear signals from now on."""
        self._parent, self._told = os.getppid(), False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True

    def goes_on(self) -> bool:
        """Return whether it does."""
        return not self._told and os.getppid() == self._parent


class Wishes:
    """What somebody asks the venue for."""

    def __init__(self, folder: Path) -> None:
        """Hear a signal, look for a file, and read a terminal where this process has it."""
        self._file, self._asked = folder / "crash", False
        signal.signal(signal.SIGUSR1, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def crash(self) -> bool:
        """Return whether a crash was asked for since the last look."""
        asked, self._asked = self._asked, False
        if self._file.exists():
            self._file.unlink(missing_ok=True)
            asked = True
        return _line() == "crash" or asked


def _line() -> str:
    """Return what was typed, if this process may read the terminal."""
    stdin = sys.stdin
    if stdin is None or not stdin.isatty() or os.tcgetpgrp(stdin.fileno()) != os.getpgrp():
        return ""
    return stdin.readline().strip().lower() if select.select([stdin], [], [], 0)[0] else ""


def say(line: str) -> None:
    """Print a line of the venue's log."""
    print(f"{time.strftime('%H:%M:%S')} venue  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
