"""Bugs planted in a journal and its clerk: each is found by one of the families within a stated number of runs.

They are those of the journal. What a service around it can get wrong (a stale mark after a restart, a role that is not
looked at, a slow reader) is planted where the service is; what the law can get wrong, in ``tests.hunt``.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple
from unittest.mock import patch

from deleverage.documents import decode, parse
from deleverage.domain import recovery
from deleverage.journal.journal import Journal
from deleverage.journal.store import Snapshot
from deleverage.rulebook.book import Book
from tests.torture import every_fault, flips, outages, simulate, wrong_parts
from tests.torture.faults import Kind
from tests.torture.ground import Build
from tests.torture.tally import Tally

NAME = "planted bugs"
AGAIN = f"python -m tests.torture --only '{NAME}'"
HASH_SEEDS = ("0", "1")


class Bug(NamedTuple):
    """A bug: who looks for it, in portions of so many runs, and within how many it has to be found."""

    name: str
    look: Callable[[int, int], Tally]
    portion: int
    within: int


def run(count: int, seed: int) -> Tally:
    """Return which bugs were found, and in how many runs; ``count`` is no matter, it is always all of them."""
    tally = Tally(NAME, kinds={"found within": Counter()})
    for bug in BUGS:
        runs = _looked_for(bug, seed)
        if runs is None:
            tally.fail(seed, f"{bug.name}: not found within {bug.within} runs", f"{AGAIN} --seed {seed}")
        else:
            tally.note("found")
            tally.kinds["found within"][bug.name] = runs
    return tally


def _looked_for(bug: Bug, seed: int) -> int | None:
    """Return within how many runs a bug is found; None: it is not."""
    for runs in range(0, bug.within, bug.portion):
        if bug.look(bug.portion, seed + runs).failures:
            return runs + bug.portion
    return None


def _cuts(build: Build) -> Callable[[int, int], Tally]:
    return lambda count, seed: outages.run(count, seed, outages.Case(build))


def _worlds(build: Build) -> Callable[[int, int], Tally]:
    return lambda count, seed: simulate.run(count, seed, build)


def _flips(build: Build) -> Callable[[int, int], Tally]:
    return lambda count, seed: flips.run(count, seed, replace(build, settings=flips.BUILD.settings))


def _faults(build: Build, kind: Kind) -> Callable[[int, int], Tally]:
    return lambda count, seed: every_fault.run(count, seed, replace(build, settings=every_fault.BUILD.settings), [kind])


def _trusting(count: int, seed: int) -> Tally:
    """Flip bits under a start that takes a kept state for what it says it is."""

    def taken(snapshot: Snapshot, journal: Journal) -> Book:
        book: Book = decode(Book, parse(snapshot.content))
        return book

    with patch.object(recovery, "_book_of", taken):
        return flips.run(count, seed)


def _twice(count: int, seed: int) -> Tally:
    """Run worlds that are run twice."""
    return simulate.run(1, seed * simulate.TWICE, Build(clerk=wrong_parts.Clockwise))


def _hashed(count: int, seed: int) -> Tally:
    """Run worlds under two seeds of Python's own hashes."""
    tally = Tally(simulate.NAME)
    if len({digests(hash_seed, seed, count, "Unordered") for hash_seed in HASH_SEEDS}) > 1:
        tally.fail(seed, "another order of hashes comes to something else", AGAIN)
    return tally


def digests(hash_seed: str, seed: int, count: int, clerk: str = "Clerk") -> str:
    """Return what worlds come to in a process of its own, with a clerk of ``wrong_parts``."""
    command = [sys.executable, "-m", "tests.torture.simulate", str(seed), "--worlds", str(count), "--clerk", clerk]
    told = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, check=True)
    return told.stdout.decode()


BUGS = (
    Bug("no fsync", _cuts(Build(store=wrong_parts.Normal)), 10, 100),
    Bug("acknowledged early", _cuts(Build(store=wrong_parts.Early)), 10, 100),
    Bug("a block in two transactions", _cuts(Build(store=wrong_parts.InHalves)), 10, 100),
    Bug("a number too far after a restart", _cuts(Build(journal=wrong_parts.OffByOne)), 10, 100),
    Bug("no fence", _worlds(Build(store=wrong_parts.Unfenced)), 1, 50),
    Bug("keys forgotten at a restart", _worlds(Build(journal=wrong_parts.Forgetful)), 1, 50),
    Bug("a float in a row", _worlds(Build(clerk=wrong_parts.Floating)), 1, 50),
    Bug("a clock is read", _twice, 1, 10),
    Bug("the order of hashes", _hashed, 10, 50),
    Bug("no anchor", _flips(Build(journal=wrong_parts.Unanchored)), 50, 100),
    Bug("a kept state that is not compared", _trusting, 50, 100),
    Bug("receipts for what was refused", _faults(Build(store=wrong_parts.Credulous), Kind.FAILED_SYNC), 30, 300),
    Bug(
        "a log that can be read is taken for durable",
        _faults(Build(store=wrong_parts.Piling, renews=wrong_parts.trust_log), Kind.FAILED_SYNC),
        60,
        180,
    ),
)
