"""``python -m deleverage.bench.rehearse``: run every kernel once on a tiny book, so that nobody waits for a compiler.

What is compiled is kept (``engine.kernels.compiled``); where it was kept already, this takes a second or two.
"""

import sys
from collections.abc import Callable
from shutil import rmtree
from time import perf_counter

from deleverage.bench.books import draw, one_market, quiet
from deleverage.bench.connect import EngineSubject
from deleverage.bench.logs import draw_log
from deleverage.engine import ranks
from deleverage.engine.kernels.compiled import folder
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules


def rehearse(say: Callable[[str], None]) -> None:
    """Do all that a benchmark asks of an engine, small; ``say`` is told before each part."""
    import numpy as np

    subject, book = EngineSubject(), draw(800, markets=4, seed=1)
    parts: list[tuple[str, Callable[[], object]]] = [
        ("books into columns", lambda: subject.load(book)),
        ("revaluation", lambda: subject.revalue(book.markets.mark_ticks)),
        ("revaluation in 128 bits", lambda: subject.revalue(book.markets.mark_ticks, exact=True)),
        ("ticks", lambda: subject.tick(0, int(book.markets.mark_ticks[0]) + 1)),
        ("queues", lambda: [subject.select(0, 1, 5), subject.lights()]),
        ("queues of other orders", lambda: _queues(subject)),
        (
            "books with all there is",
            lambda: [subject.load(draw(800, markets=4, mix=True)), subject.revalue(np.array(subject.marks))],
        ),
        ("crashes", lambda: _crash(subject)),
        ("splits", lambda: [subject.split(10, np.arange(1, 9), caps) for caps in (None, np.full(8, 2))]),
        ("an ordinary day", lambda: _day(subject)),
    ]
    for at, (name, part) in enumerate(parts, start=1):
        say(f"compiling the engine {at}/{len(parts)}: {name}")
        part()


def _queues(subject: EngineSubject) -> None:
    """Rank by what units hold in all: candidates are gathered and surveyed first, as where accounts have roles."""
    desk, rules = subject.desk, Rules(policy=Queue("binance"))
    ranks.lights(desk, rules, subject.value)
    ranks.queue(desk, rules, desk.columns.prices.names[0], 1)
    ranks.Chooser(desk, rules).choose(ranks.opposite(desk, 0, 1), subject.value, 5)


def _crash(subject: EngineSubject) -> None:
    book = one_market(200, 200)
    for each_fill in (False, True):
        subject.load(book)
        subject.crash(0, int(book.markets.mark_ticks[0] * 0.9), each_fill=each_fill)
        subject.load(book)
        subject.step(0, int(book.markets.mark_ticks[0] * 0.9), each_fill=each_fill)


def _day(subject: EngineSubject) -> None:
    book = quiet(800, markets=4)
    for events in (20, 400):  # few units whose records are repeated in columns, and all
        subject.load(book)
        subject.replay(draw_log(book, events), 50)


def forget_others() -> None:
    """Remove what was compiled of other text, beside what is in use."""
    for other in folder().parent.glob("kernels-*"):
        if other != folder():
            rmtree(other, ignore_errors=True)


if __name__ == "__main__":
    started, shown = perf_counter(), sys.stderr.isatty()
    rehearse(lambda line: print(line, file=sys.stderr, end="\r\x1b[K" if shown else "\n", flush=True))
    forget_others()
    print(f"engine compiled in {perf_counter() - started:.0f} s, kept in {folder()}", file=sys.stderr)
