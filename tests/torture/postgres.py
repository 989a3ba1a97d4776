"""Journals in a PostgreSQL that is killed, in the hands of two writers, and on a primary that is none any more.

    python -m tests.torture.postgres --crashes 20 --second-writers 10 --zombies 5

Whatever happens to the server, an acknowledged command is there once, with the receipt that was given for it. A family
with no case fails, and so does one that never met what it is about.
"""

import argparse
import shutil
import sys
import threading
import time
from contextlib import closing
from random import Random

from deleverage.journal.faults import JournalFault, Why
from tests.journal.places import PostgresPlace, block
from tests.torture.failover import zombies
from tests.torture.grounds import a_folder, a_server
from tests.torture.link import Link
from tests.torture.postgres_writer import Tally, Writer, check
from tests.torture.server import Server

_DUMB_S = 0.1
"""How long a server answers nothing before it is killed: longer than it takes to write a block."""

_AT_MOST_S = 30.0
_BLOCK = b"DLVB"
"""What the bytes of every block begin with."""


def crashes(count: int, seed: int) -> Tally:
    """Kill the server and all its children while blocks are written, start it again, and go on.

    Every other time the answers stop a moment earlier: what was asked last is then done, and nobody was told.
    """
    rng, tally = Random(seed), Tally("PostgreSQL crashes")
    with (
        a_server() as server,
        a_folder() as folder,
        Link(server.socket) as link,
        closing(PostgresPlace(server, folder, "crashes", link.folder)) as place,
    ):
        writer = Writer("c", rng, tally)
        place.create().close()
        while tally.cases < count and not tally.complaints:
            killing = threading.Thread(target=_kill, args=(server, link, rng.uniform(0.0, 0.3), tally.cases % 2 == 1))
            killing.start()
            fault = _until_it_ends(place, writer)
            killing.join()
            tally.require(fault, Why.FAILED, Why.NO_SERVER)
            server.start()
            _look(place, writer, tally)
            tally.cases += 1
    return tally


def _look(place: PostgresPlace, writer: Writer, tally: Tally) -> None:
    """Open what is there, and count; that it is not opened is a complaint."""
    try:
        journal = place.open()
    except JournalFault as fault:
        tally.complaints.append(str(fault))
        return
    try:
        writer.settle(journal)
        check(journal, [writer], tally)
    except JournalFault as fault:
        tally.complaints.append(str(fault))
    finally:
        journal.close()


def _kill(server: Server, link: Link, after_s: float, dumb: bool) -> None:
    time.sleep(after_s)
    if dumb:
        link.dumb_from = _BLOCK
        deadline = time.monotonic() + _AT_MOST_S
        while not link.dumb and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(_DUMB_S)
    server.kill()
    link.dumb = False


def _until_it_ends(place: PostgresPlace, writer: Writer) -> JournalFault | None:
    """Open a journal and write until a fault, which may come while it is opened."""
    try:
        journal = place.open()
    except JournalFault as fault:
        return fault
    try:
        writer.settle(journal)
        return writer.write(journal, lambda: False)
    except JournalFault as fault:
        return fault
    finally:
        journal.close()


def second_writers(count: int, seed: int) -> Tally:
    """Open a journal on a second machine while the first writes on: from then on the first is refused everything."""
    rng, tally = Random(seed), Tally("second writers")
    with a_server() as server:
        while tally.cases < count and not tally.complaints:
            with a_folder() as here, a_folder() as there:
                domain = f"d{tally.cases}"
                with (
                    closing(PostgresPlace(server, here, domain)) as first,
                    closing(PostgresPlace(server, there, domain)) as second,
                ):
                    _second_writer(first, second, rng, tally)
            tally.cases += 1
    return tally


def _second_writer(first: PostgresPlace, second: PostgresPlace, rng: Random, tally: Tally) -> None:
    old, new = Writer("old", Random(rng.random()), tally), Writer("new", rng, tally)
    journal, faults = first.create(), list[JournalFault | None]()
    writing = threading.Thread(target=lambda: faults.append(old.write(journal, lambda: False)))
    writing.start()
    time.sleep(rng.uniform(0.0, 0.3))
    for name in ("anchor", "key"):
        shutil.copy(first.folder / f"{first.domain}.{name}", second.folder)
    later = second.open()
    new.write_some(later, rng.randrange(1, 6))
    writing.join()
    tally.require(faults[0], Why.FENCED)
    for _ in range(5):  # past the journal, which is shut
        tally.refusal(lambda: journal.store.append(block(later.mark.number + 1, journal.epoch)), Why.FENCED)
    old.settle(later)
    check(later, [old, new], tally)
    journal.close()
    later.close()


def main(arguments: list[str]) -> int:
    """Print a line for each family; 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crashes", type=int, default=20)
    parser.add_argument("--second-writers", type=int, default=10)
    parser.add_argument("--zombies", type=int, default=5)
    given = parser.parse_args(arguments)
    failed = False
    for family, count in ((crashes, given.crashes), (second_writers, given.second_writers), (zombies, given.zombies)):
        started = time.perf_counter()
        tally = family(count, given.seed)
        print(f"{tally} ({time.perf_counter() - started:.1f} s)", flush=True)
        for complaint in tally.complaints[:3]:
            print(f"  {complaint}")
        failed |= not tally.passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
