"""Choosing winners in one market: few or half of them, beside pandas and ``sorted``."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from deleverage.bench.books import Book, Ints, one_market
from deleverage.bench.floors import CANDIDATE_BYTES, floor
from deleverage.bench.readings import ENGINE, FLOOR, OBJECTS, PANDAS, Bench, Key
from deleverage.bench.subject import Subject
from deleverage.bench.timing import Case
from deleverage.bench.with_objects import ObjectBook

FEW, MANY = "selection of 1,000", "selection of half"
LONG = 1
SLOW = 3


def measure(bench: Bench) -> None:
    """Measure every size: so many candidates, a tenth of it on the other side."""
    for candidates in bench.sizes:
        book = one_market(candidates // 10, candidates)
        subject = bench.subject()
        if subject is not None:
            subject.load(book)
            subject.revalue(book.markets.mark_ticks)
        rivals = _rivals(bench, book) if bench.rivals_at(candidates) else {}
        wanted = dict(zip((FEW, MANY), lots_of_first(book, (1_000, candidates // 2)), strict=True))
        _choose(bench, candidates, wanted, subject, rivals)


Chooser = Callable[[int], tuple[Any, Any]]
"""Units and lots of those who close so many lots."""


def _rivals(bench: Bench, book: Book) -> dict[str, Chooser]:
    marks = book.markets.mark_ticks
    objects, equities = ObjectBook(book), book.equities(marks)
    unhealthy = np.array(objects.revalue(marks), np.int64)
    rivals: dict[str, Chooser] = {OBJECTS: lambda lots: objects.select(0, LONG, lots)}
    if bench.pandas is not None:
        table = bench.pandas.PandasBook(book)
        rivals[PANDAS] = lambda lots: table.select(equities, unhealthy, 0, LONG, lots)
    return rivals


def _choose(
    bench: Bench, candidates: int, wanted: dict[str, int], subject: Subject | None, rivals: dict[str, Chooser]
) -> None:
    """Time both choices side by side, and note whether somebody else chooses otherwise."""
    choosers = dict(rivals)
    if subject is not None:
        choosers[ENGINE] = lambda lots: subject.select(0, LONG, lots)
    cases = {}
    for task, lots in wanted.items():
        cases[Key(task, FLOOR, candidates)] = Case(floor(CANDIDATE_BYTES * candidates))
        for who, chooser in choosers.items():
            cases[Key(task, who, candidates)] = Case(partial(chooser, lots), most=SLOW if who == OBJECTS else 1_000_000)
    bench.time(cases)
    if subject is None or OBJECTS not in rivals:
        return
    for task, lots in wanted.items():
        expected, mine = rivals[OBJECTS](lots), subject.select(0, LONG, lots)
        same = sorted(zip(*map(list, expected), strict=True)) == sorted(zip(*map(list, mine), strict=True))
        bench.readings.facts[f"{task}: differs from sorted()", candidates] = int(not same)


def lots_of_first(book: Book, counts: tuple[int, ...]) -> list[int]:
    """Return how many lots the first so many candidates of the shorts hold, by the common score."""
    shorts = np.flatnonzero(book.lots < 0)
    equities = book.equities(book.markets.mark_ticks)[book.owner[shorts]]
    value = int(book.markets.values(book.markets.mark_ticks)[0])
    order = np.lexsort((book.owner[shorts], -scores(book.lots[shorts], value, book.cost[shorts], equities)))
    through = np.cumsum(-book.lots[shorts][order])
    return [int(through[count - 1]) for count in counts]


def scores(lots: Ints, value: int, cost: Ints, equities: Ints) -> np.typing.NDArray[np.float64]:
    """Return the common score of each row, in the law's own operations; without equity: the least."""
    worth = lots * value
    pnl, base = (worth - cost).astype(float), np.maximum(1, np.abs(cost)).astype(float)
    size, equity = np.abs(worth).astype(float), equities.astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(pnl >= 0, (pnl * size) / (base * equity), (pnl * equity) / (base * size))
    return np.where(equities > 0, score, -np.inf)
