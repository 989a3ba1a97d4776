"""One market moves: a stream of ticks, beside a full recompute of the same marks."""

from collections.abc import Callable

import numpy as np

from deleverage.bench.books import Book, Ints, draw
from deleverage.bench.readings import ENGINE, LINEAR, MIX, Bench, Key
from deleverage.bench.subject import Subject
from deleverage.bench.timing import Samples, timed

TICK, FULL = "tick", "tick, all recomputed"
WIDE_TICK, WIDE_FULL = "tick of 5 %", "tick of 5 %, all recomputed"
POSITIONS_A_UNIT = 1.9
BLOCK = 100
"""So many ticks of one, then the same of the other: a full pass before each tick would only measure cold caches."""

STEP = 0.0003
"""A typical step, 3 basis points, from Student's distribution with 3 degrees of freedom; prices stay within a tenth."""


def measure(bench: Bench) -> None:
    """Measure a stream at every size with so many *units*; the goals bind at a million."""
    if bench.make is None:
        return
    for units in bench.sizes:
        count = 3_000 if units <= 1_000_000 and bench.rounds > 10 else 600
        columns = (LINEAR, MIX) if units == max(s for s in bench.sizes if s <= 1_000_000) else (LINEAR,)
        for column in columns:
            book = draw(int(POSITIONS_A_UNIT * units), mix=column == MIX)
            stream(bench, book, (TICK, FULL), steps(book, count, STEP, 1), units, column)
        book = draw(int(POSITIONS_A_UNIT * units))
        stream(bench, book, (WIDE_TICK, WIDE_FULL), alternating(book, count // 10, 0.05), units, LINEAR)


def steps(book: Book, count: int, typical: float, seed: int) -> list[tuple[int, int]]:
    """Return so many (market, mark) ticks: markets by popularity, steps from a heavy tail."""
    random = np.random.default_rng(seed)
    first = book.markets.mark_ticks
    popularity = np.bincount(book.market, minlength=len(first)) / book.positions
    markets = random.choice(len(first), count, p=popularity)
    moves = np.exp(random.standard_t(3, count) * typical)
    now = first.astype(float)
    ticks = []
    for market, move in zip(markets.tolist(), moves.tolist(), strict=True):
        now[market] = np.clip(now[market] * move, 0.9 * first[market], 1.1 * first[market])
        ticks.append((market, max(1, round(now[market]))))
    return ticks


def alternating(book: Book, count: int, move: float) -> list[tuple[int, int]]:
    """Return ticks that move a market down by a share and up again, one market after the other by popularity."""
    first = book.markets.mark_ticks
    down = [max(1, round(mark * (1 - move))) for mark in first.tolist()]
    return [(at // 2 % len(first), down[at // 2 % len(first)] if at % 2 == 0 else int(first[at // 2 % len(first)]))
            for at in range(count)]  # fmt: skip


def stream(
    bench: Bench, book: Book, tasks: tuple[str, str], ticks: list[tuple[int, int]], units: int, column: str
) -> None:
    """Time both ways through the stream, block by block, and count ticks whose detections differ."""
    bench.say(f"{tasks[0]}, {units:,} units, {column}")
    assert bench.make is not None
    one, other = bench.make(), bench.make()
    for subject in (one, other):
        subject.load(book)
        subject.revalue(book.markets.mark_ticks)
    one.tick(0, int(book.markets.mark_ticks[0]))
    samples = Samples(), Samples()
    marks, before = book.markets.mark_ticks.copy(), other.revalue(book.markets.mark_ticks)
    differing, rows = 0, 0
    for start in range(0, len(ticks), BLOCK):
        block = ticks[start : start + BLOCK]
        found = []
        for tick in block:
            found.append(_ticking(one, tick, samples[0]))
            rows = max(rows, one.rows_touched())
        for tick, seen in zip(block, found, strict=True):
            marks[tick[0]] = tick[1]
            now = _recomputing(other, marks, samples[1])
            differing += not np.array_equal(seen, np.setdiff1d(now, before))
            before = now
    for task, measured in zip(tasks, samples, strict=True):
        bench.readings.times[Key(task, ENGINE, units, column)] = measured
    bench.readings.facts[f"{tasks[0]}, {column}: ticks with other detections", units] = differing
    bench.readings.facts[f"{tasks[0]}, {column}: rows touched at most, in passes", units] = rows / book.positions


def _ticking(subject: Subject, tick: tuple[int, int], samples: Samples) -> Ints:
    return _kept(lambda: subject.tick(*tick), samples)


def _recomputing(subject: Subject, marks: Ints, samples: Samples) -> Ints:
    return _kept(lambda: subject.revalue(marks), samples)


def _kept(run: Callable[[], Ints], samples: Samples) -> Ints:
    """Return what a timed call returns."""
    answer: list[Ints] = []
    samples.add(*timed(lambda: answer.append(run())))
    return answer[0]
