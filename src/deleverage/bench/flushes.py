"""How long it takes until a block is on the device, beside the least that any file needs for that.

Every case once a round, in an order drawn anew: whatever else the machine does hits all alike. The floor is a plain
file: one write, one ``fdatasync``, into space that was there (preallocated) or at its end (appended).

The journal is measured twice: with blocks that are made already - what has to be done one block after the other - and
from commands, with all that comes before and behind: keys looked up, the block made, a receipt for each command.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter_ns
from typing import NamedTuple

from deleverage.bench.days import day, opening
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.journal import anchor, local
from deleverage.journal.anchor import Mark
from deleverage.journal.block import block_of
from deleverage.journal.entry import Answer
from deleverage.journal.files import SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.sqlite import SqliteStore
from deleverage.journal.store import Stored
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules

PREALLOCATED, APPENDED, ANCHOR = "plain file, preallocated", "plain file, appended", "the anchor alone"
STORE, JOURNAL, ENCODED = "SQLite, the store alone", "journal: store, then anchor", "journal, from commands"
MADE = "a block made, and not written"
CASES = (PREALLOCATED, APPENDED, ANCHOR, STORE, JOURNAL, ENCODED, MADE)
SIZES = (1, 1_000)
"""Commands of a block."""

UNITS = 1_000
SPACE = 1 << 22
HASH = bytes(32)


class Case(NamedTuple):
    """Who writes, and how many commands."""

    who: str
    size: int


Act = Callable[[], object]


def latencies(folder: Path, rounds: int, seed: int = 1) -> dict[Case, list[int]]:
    """Return, for each case, the ns of each round in ascending order."""
    rng, times = Random(seed), dict[Case, list[int]]()
    was_on = gc.isenabled()
    gc.disable()
    try:
        with _acts(folder, rounds + 1) as prepared:
            for turn in range(rounds + 1):
                for case in rng.sample(list(prepared), len(prepared)):
                    act = prepared[case]()
                    started = perf_counter_ns()
                    act()
                    if turn:  # the first one makes tables, logs and code ready
                        times.setdefault(case, []).append(perf_counter_ns() - started)
    finally:
        if was_on:
            gc.enable()
    return {case: sorted(times[case]) for case in prepared}


@contextmanager
def _acts(folder: Path, rounds: int) -> Iterator[dict[Case, Callable[[], Act]]]:
    """Give what prepares each case; what it returns is measured."""
    files, closers = SystemFiles(), list[Callable[[], object]]()
    acts = dict[Case, Callable[[], Act]]()
    mark = files.open(str(folder / "anchor"), create=True)
    anchor.start(mark, HASH)
    closers.append(mark.close)
    numbers = count(1)
    for size in SIZES:
        parts = _parts(size, rounds)
        content = block_of(1, 1, 1, parts[0].facts_before, parts[0].answered).to_bytes()
        plain = {who: _plain(folder / f"{who} {size}", who) for who in (PREALLOCATED, APPENDED)}
        closers += [partial(os.close, descriptor) for descriptor, _ in plain.values()]
        for who, (descriptor, offset) in plain.items():
            acts[Case(who, size)] = _writing(descriptor, offset, content)
        acts[Case(ANCHOR, size)] = lambda: lambda: anchor.write(mark, Mark(next(numbers), 1, HASH))
        store = SqliteStore(str(folder / f"store {size}"), create=True)
        store.create(b"")
        epoch = store.claim()
        acts[Case(STORE, size)] = _storing(store, epoch, content, count(1))
        journals = [_journal(folder / f"{who} {size}") for who in (JOURNAL, ENCODED)]
        acts[Case(JOURNAL, size)] = _appending(journals[0], iter(parts), encoded=True)
        acts[Case(ENCODED, size)] = _appending(journals[1], iter(parts), encoded=False)
        acts[Case(MADE, size)] = _making(iter(parts))
        closers += [store.close, *(journal.close for journal in journals)]
    try:
        yield acts
    finally:
        for close in closers:
            close()


class _Part(NamedTuple):
    facts_before: int
    answered: Sequence[tuple[str, Command, Answer]]


def _parts(size: int, parts: int) -> list[_Part]:
    """Return answered commands of a day, so many at a time."""
    domain = Domain.open(Rules(), COLUMNS)
    domain.submit(opening(UNITS))
    commands, found = list(day(UNITS, size * parts)), []
    for first in range(0, len(commands), size):
        before, some = domain.book.seq, commands[first : first + size]
        keys = (f"key-{first + at}" for at in range(size))
        found.append(_Part(before, list(zip(keys, some, domain.submit(some), strict=True))))
    return found


def _plain(path: Path, who: str) -> tuple[int, Iterator[int] | None]:
    """Return an open file, and where to write next; None: at its end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_APPEND if who == APPENDED else 0), 0o600)
    if who == PREALLOCATED:
        os.pwrite(descriptor, bytes(SPACE), 0)
        os.fsync(descriptor)
        return descriptor, count(0)
    return descriptor, None


def _writing(descriptor: int, places: Iterator[int] | None, content: bytes) -> Callable[[], Act]:
    def prepare() -> Act:
        at = 0 if places is None else next(places) * len(content) % (SPACE - len(content))

        def act() -> None:
            os.write(descriptor, content) if places is None else os.pwrite(descriptor, content, at)
            os.fdatasync(descriptor)

        return act

    return prepare


def _making(parts: Iterator[_Part]) -> Callable[[], Act]:
    def prepare() -> Act:
        part = next(parts)
        return lambda: block_of(1, 1, 1, part.facts_before, part.answered).packed()

    return prepare


def _storing(store: SqliteStore, epoch: int, content: bytes, numbers: Iterator[int]) -> Callable[[], Act]:
    def prepare() -> Act:
        number = next(numbers)
        stored = Stored(number, number, number, epoch, HASH, content)
        return lambda: store.append(stored)

    return prepare


def _journal(path: Path) -> Journal:
    """Return a journal whose domain had its opening."""
    domain, journal = Domain.open(Rules(), COLUMNS), local.create(str(path), "bench", Rules())
    commands = list(opening(UNITS))
    answers = domain.submit(commands)
    pairs = zip(commands, answers, strict=True)
    journal.append([(f"opening-{at}", *pair) for at, pair in enumerate(pairs)])
    return journal


def _appending(journal: Journal, parts: Iterator[_Part], *, encoded: bool) -> Callable[[], Act]:
    def prepare() -> Act:
        answered = next(parts).answered
        if not encoded:
            return lambda: journal.append(answered)
        block = block_of(journal.mark.number + 1, journal.epoch, journal.seq + 1, journal.facts, answered).packed()
        return lambda: journal.append_block(block)

    return prepare
