"""A market falls and many are bankrupt at once: the queue once, or in order before every fill; and the C++ engine.

A *crash* is the kernel alone: the bankrupt longs of one market against its shorts, nothing netted, nothing written. A
*step* is everything: the command as the engine answers it, all markets and stages, every fact made and written.
"""

from functools import partial
from itertools import cycle

import numpy as np

from deleverage.bench.books import Book, Ints, draw, one_market
from deleverage.bench.readings import ENGINE, LARGEST_RIVAL, LINEAR, LRVX, MIX, Bench, Key
from deleverage.bench.subject import Subject
from deleverage.bench.timing import Case
from deleverage.bench.with_lrvx import LrvxBook

ONCE, EACH = "crash, queue once", "crash, queue before each fill"
STEP_ONCE, STEP_EACH = "step, queue once", "step, queue before each fill"
CALM, ONE_MARKET, STEP_ONE_MARKET = "calm mark, one market", "crash, one market", "step, one market"
FALL = 0.8
"""The share of the mark that is left: in the largest of 50 markets two thirds of the longs are bankrupt."""

LEVERAGE = (6, 40)
"""Of the one-market book: at so much of a fall every long is bankrupt, half of the book."""

FIRST_SIZES = (10_000, 50_000, 100_000)
BRUTE_SIZE = 10_000
LARGEST_STEP, LARGEST_ONE_MARKET_STEP = 100_000, 10_000
"""Facts of a step are Python objects, too many of them beyond; in one market half of the book is closed."""

SAMPLES, STEP_SAMPLES = 5, 3


def measure(bench: Bench) -> None:
    """Measure crashes of every size in the largest of 50 markets, then the one-market book against the C++ engine."""
    if bench.make is not None:
        for positions in bench.sizes:
            for column in (LINEAR, MIX) if positions <= LARGEST_RIVAL else (LINEAR,):
                _both_ways(bench, draw(positions, mix=column == MIX), positions, column)
            if positions <= LARGEST_STEP:
                _steps(bench, draw(positions), positions)
    for positions in FIRST_SIZES:
        if positions <= max(bench.sizes):
            _one_market(bench, one_market(positions // 2, positions // 2, leverage=LEVERAGE), positions)


def _both_ways(bench: Bench, book: Book, positions: int, column: str) -> None:
    """Time both on the same book, loaded anew before each, and compare who gave up what."""
    assert bench.make is not None
    subject, mark = bench.make(), fallen(book)

    def load() -> None:
        subject.load(book)
        subject.revalue(book.markets.mark_ticks)

    def crash(each: bool) -> Ints:
        return subject.crash(0, mark, each_fill=each)

    ways = {ONCE: False, EACH: True}
    bench.time({Key(way, ENGINE, positions, column): Case(partial(crash, ways[way]), load, SAMPLES) for way in ways})
    given = []
    for each in (False, True):
        load()
        given.append(crash(each))
    facts = bench.readings.facts
    total = int(given[1].sum())
    moved = float(np.abs(given[0] - given[1]).sum()) / 2 / max(1, total)
    facts[f"crash, {column}: share of the lots that others give up", positions] = moved
    facts[f"crash, {column}: units that gave up lots", positions] = int((given[1] > 0).sum())
    if bench.brute is not None and positions == BRUTE_SIZE:
        differing = int((given[1] != bench.brute(book, 0, mark)).sum())
        facts[f"crash, {column}: units that differ from brute force", positions] = differing


def _steps(bench: Bench, book: Book, positions: int) -> None:
    """Time whole steps on the same book, loaded anew before each."""
    assert bench.make is not None
    subject, mark = bench.make(), fallen(book)
    given: dict[str, Ints] = {}

    def step(way: str) -> None:
        given[way] = subject.step(0, mark, each_fill=way == STEP_EACH)

    ways = (STEP_ONCE, STEP_EACH)
    load = partial(subject.load, book)
    bench.time({Key(way, ENGINE, positions): Case(partial(step, way), load, STEP_SAMPLES) for way in ways})
    for way in ways:
        bench.readings.facts[f"{way}: units that gave up lots", positions] = int((given[way] > 0).sum())


def fallen(book: Book) -> int:
    """Return the mark of the first market after the fall, in ticks."""
    return max(1, int(book.markets.mark_ticks[0] * FALL))


def _one_market(bench: Bench, book: Book, positions: int) -> None:
    """Time a calm mark and the crash; a crash needs a fresh book each time."""
    first, mark = int(book.markets.mark_ticks[0]), fallen(book)
    calm, crash = dict[Key, Case](), dict[Key, Case]()
    subject = bench.subject()
    if subject is not None:
        subject.load(book)
        subject.revalue(book.markets.mark_ticks)
        turns = cycle([first + 1, first])
        calm[Key(CALM, ENGINE, positions)] = Case(lambda: subject.tick(0, next(turns)))
        crash[Key(ONE_MARKET, ENGINE, positions)] = _crash_case(bench, book, mark)
        if positions <= LARGEST_ONE_MARKET_STEP:
            crash[Key(STEP_ONE_MARKET, ENGINE, positions)] = _step_case(bench, book, mark)
    if bench.lrvx is not None:
        rival = LrvxBook(bench.lrvx, book)
        rival_turns = cycle([first + 1, first])
        calm[Key(CALM, LRVX, positions)] = Case(lambda: rival.mark(next(rival_turns)))
        crash[Key(ONE_MARKET, LRVX, positions)] = _rival_case(bench, book, mark)
    for cases in (calm, crash):
        if cases:
            bench.time(cases)
    step_ns = bench.readings.median_ns(STEP_ONE_MARKET, ENGINE, positions)
    rival_ns = bench.readings.median_ns(ONE_MARKET, LRVX, positions)
    if step_ns is not None and rival_ns is not None:
        bench.readings.facts[f"{STEP_ONE_MARKET}: times as long as lrvx's crash", positions] = step_ns / rival_ns


def _crash_case(bench: Bench, book: Book, mark: int) -> Case:
    assert bench.make is not None
    subject: Subject = bench.make()

    def load() -> None:
        subject.load(book)
        subject.revalue(book.markets.mark_ticks)

    return Case(lambda: subject.crash(0, mark, each_fill=True), load)


def _step_case(bench: Bench, book: Book, mark: int) -> Case:
    assert bench.make is not None
    subject: Subject = bench.make()
    return Case(lambda: subject.step(0, mark, each_fill=True), lambda: subject.load(book), STEP_SAMPLES)


def _rival_case(bench: Bench, book: Book, mark: int) -> Case:
    fresh: list[LrvxBook] = []

    def build() -> None:
        fresh[:] = [LrvxBook(bench.lrvx, book)]

    def crash() -> None:
        told = fresh[0].mark(mark)
        facts = bench.readings.facts
        facts["lrvx: liquidated", book.positions] = told["liquidations_count"]
        facts["lrvx: deleveraged", book.positions] = told["adl_closeouts_count"]

    return Case(crash, build, most=SAMPLES)
