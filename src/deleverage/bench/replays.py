"""An ordinary day as a log of events, beside the fastest plain Python."""

import numpy as np

from deleverage.bench.books import Book, quiet
from deleverage.bench.logs import Log, draw_log
from deleverage.bench.readings import ENGINE, OBJECTS, Bench, Key
from deleverage.bench.subject import Subject
from deleverage.bench.ticks import POSITIONS_A_UNIT
from deleverage.bench.timing import Case
from deleverage.bench.with_units import UnitBook

REPLAY = "replay"
BATCHES = (7, 1_000)
"""Beside the whole log at once: a digest may not hang on where the log is cut."""

SAMPLES, SLOW = 9, 2


def measure(bench: Bench) -> None:
    """Measure every size: so many units, as many events."""
    for units in bench.sizes:
        book = quiet(int(POSITIONS_A_UNIT * units))
        _at(bench, book, draw_log(book, units), units)


def _at(bench: Bench, book: Book, log: Log, units: int) -> None:
    """Time one log; each sample starts from the book as it was drawn."""
    subject = bench.subject()
    plain: list[UnitBook] = []

    def build() -> None:
        plain[:] = [UnitBook(book)]

    cases = dict[Key, Case]()
    if subject is not None:
        engine = Case(lambda: subject.replay(log, len(log)), lambda: subject.load(book), SAMPLES)
        cases[Key(REPLAY, ENGINE, units)] = engine
    if bench.rivals_at(units):
        cases[Key(REPLAY, OBJECTS, units)] = Case(lambda: plain[0].replay(log), build, SLOW)
    if not cases:
        return
    bench.time(cases)
    if subject is not None:
        _compare(bench, subject, book, log, units)


def _compare(bench: Bench, subject: Subject, book: Book, log: Log, units: int) -> None:
    """Note what was refused, whether batches give another digest, and whether plain Python has other quotes."""
    digests, refused = set(), 0
    for batch in (*BATCHES, len(log)):
        subject.load(book)
        refused = subject.replay(log, batch)
        digests.add(subject.digest())
    facts = bench.readings.facts
    facts["replay: refused events", units] = refused
    facts["replay: digests of other batches that differ", units] = len(digests) - 1
    if bench.rivals_at(units):
        plain = UnitBook(book)
        plain.replay(log)
        differing = int((subject.quotes() != np.array(plain.quotes())).sum())
        facts["replay: quotes that differ from plain Python", units] = differing
