"""All marks move: full revaluation, and the lights of everybody."""

from collections.abc import Callable
from itertools import cycle

import numpy as np

from deleverage.bench.books import Book, Ints, draw
from deleverage.bench.floors import CANDIDATE_BYTES, floor, revaluation_bytes
from deleverage.bench.readings import (
    ENGINE,
    EXACT,
    FLOOR,
    LARGEST_RIVAL,
    LINEAR,
    MIX,
    OBJECTS,
    PANDAS,
    TIERS,
    Bench,
    Key,
)
from deleverage.bench.subject import Subject
from deleverage.bench.timing import Case
from deleverage.bench.with_objects import ObjectBook

REVALUATION, LIGHTS = "revaluation", "lights"
REVALUATION_BY_KIND, LIGHTS_BY_KIND = "revaluation by kind", "lights by kind"
"""All kinds of books side by side, so that their ratios are of one moment."""

SLOW = 3
"""How many samples a rival gets that takes a second for each."""


def measure(bench: Bench) -> None:
    """Measure every size on linear cross books, and the kinds of books side by side at the largest with rivals."""
    for positions in bench.sizes:
        _at(bench, draw(positions), positions)
    _kinds(bench, max(size for size in bench.sizes if size <= LARGEST_RIVAL))


def _at(bench: Bench, book: Book, positions: int) -> None:
    """Measure one size."""
    marks = moving_marks(book)
    subject = bench.subject()
    revaluing = {FLOOR: Case(floor(revaluation_bytes(book.positions, book.units)))}
    lighting = {FLOOR: Case(floor(CANDIDATE_BYTES * book.positions))}
    if subject is not None:
        bench.readings.facts["bytes of the columns", positions] = subject.load(book)
        subject.revalue(book.markets.mark_ticks)
        revaluing[ENGINE] = Case(_revaluing(subject, marks))
        lighting[ENGINE] = Case(subject.lights)
    if bench.rivals_at(positions):
        objects = ObjectBook(book)
        revaluing[OBJECTS] = Case(lambda: objects.revalue(marks()), most=SLOW)
        _with_pandas(bench, book, marks, revaluing, lighting)
        _compare(bench, subject, objects, book)
    for task, cases in ((LIGHTS, lighting), (REVALUATION, revaluing)):
        bench.time({Key(task, who, positions): case for who, case in cases.items()})


def moving_marks(book: Book) -> Callable[[], Ints]:
    """Return a call that gives other marks each time: nothing can be remembered from the time before."""
    marks = book.markets.mark_ticks
    turns = cycle([marks, marks + np.maximum(1, marks // 1_000), marks - np.maximum(1, marks // 1_000) + 1])
    return lambda: next(turns)


def _revaluing(subject: Subject, marks: Callable[[], Ints], *, exact: bool = False) -> Callable[[], Ints]:
    return lambda: subject.revalue(marks(), exact=exact)


def _with_pandas(
    bench: Bench, book: Book, marks: Callable[[], Ints], revaluing: dict[str, Case], lighting: dict[str, Case]
) -> None:
    """Add pandas to both, where it is installed; lights start from equities that are known, as the engine's do."""
    if bench.pandas is None:
        return
    table = bench.pandas.PandasBook(book)
    known = table.revalue(book.markets.mark_ticks)
    revaluing[PANDAS] = Case(lambda: table.revalue(marks()), most=SLOW * 3)
    lighting[PANDAS] = Case(lambda: table.lights(*known), most=SLOW)


def _compare(bench: Bench, subject: Subject | None, objects: ObjectBook, book: Book) -> None:
    """Count units whose equity or health differs between the engine and plain objects."""
    if subject is None:
        return
    marks = book.markets.mark_ticks
    unhealthy = set(subject.revalue(marks).tolist()) ^ set(objects.revalue(marks))
    differing = int((subject.equities() != objects.equities()).sum()) + len(unhealthy)
    bench.readings.facts["revaluation: differing units", book.positions] = differing


def _kinds(bench: Bench, positions: int) -> None:
    """Measure the plain book beside books with tiers and with everything, and beside the exact comparison."""
    if bench.make is None:
        return
    revaluing, lighting = dict[Key, Case](), dict[Key, Case]()
    for column in (LINEAR, TIERS, MIX):
        book, subject = draw(positions, tiers=column == TIERS, mix=column == MIX), bench.make()
        subject.load(book)
        subject.revalue(book.markets.mark_ticks)
        marks = moving_marks(book)
        revaluing[Key(REVALUATION_BY_KIND, ENGINE, positions, column)] = Case(_revaluing(subject, marks))
        lighting[Key(LIGHTS_BY_KIND, ENGINE, positions, column)] = Case(subject.lights)
        if column == LINEAR:
            exactly = Case(_revaluing(subject, marks, exact=True))
            revaluing[Key(REVALUATION_BY_KIND, ENGINE, positions, EXACT)] = exactly
    bench.time(revaluing)
    bench.time(lighting)
