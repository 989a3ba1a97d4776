"""What the benchmark asks of an engine: the one object that is measured, and nothing that only a benchmark could want.

Units, rows and markets are indices of the drawn book; answers are arrays of them, ascending unless said otherwise.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from deleverage.bench.books import Book, Ints
from deleverage.bench.logs import Log

Whole = npt.NDArray[np.integer[Any]]
"""Whole numbers as wide as whoever answers has them: nobody is timed while he widens them."""


class Subject(Protocol):
    """An engine under measurement; it holds one book at a time."""

    def load(self, book: Book) -> int:
        """Take a book over, forget the one before; the bytes of the columns that now hold it."""

    def revalue(self, mark_ticks: Ints, *, exact: bool = False) -> Ints:
        """Move every mark, look at every unit; the unhealthy ones. ``exact``: compare in 128 bits, screen nothing."""

    def equities(self) -> Ints:
        """Return each unit's equity in quanta at the marks of the last look."""

    def tick(self, market: int, mark_ticks: int) -> Ints:
        """Move one mark; the units that were healthy before and are not any more."""

    def rows_touched(self) -> int:
        """Return how many rows of legs the last ``tick`` has read, renewed lists included."""

    def select(self, market: int, sign: int, lots: int) -> tuple[Whole, Whole]:
        """Choose who closes ``lots`` > 0 of the side ``sign``: units of the queue's front in any order, and lots."""

    def lights(self) -> Whole:
        """Return the lights (1-5) of each row, in the order of the drawn rows."""

    def crash(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Move a mark and close all bankrupts in the market; lots that each unit gave up for others, as magnitudes.

        ``each_fill``: bankrupts are taken one by one and the queue is put in order before every fill; else once. Who
        gives up what is found and nothing more: nothing is netted or written.
        """

    def step(self, market: int, mark_ticks: int, *, each_fill: bool) -> Ints:
        """Move a mark and run a whole step, in all markets and with all its facts; lots that each unit gave up."""

    def split(self, amount: int, weights: Ints, caps: Ints | None) -> Ints:
        """Split an amount by weights under caps, ties by index; the parts."""

    def replay(self, log: Log, batch: int) -> int:
        """Apply a log of valid events, at most ``batch`` in a call; how many were refused (0)."""

    def quotes(self) -> Ints:
        """Return each unit's quote in quanta."""

    def digest(self) -> str:
        """Return a name of the whole state: equal exactly where states are equal."""


Maker = Callable[[], Subject]
"""Makes a subject without a book."""

Brute = Callable[[Book, int, int], Ints]
"""The slowest and plainest ``crash`` with ``each_fill``: book, market, mark; lots that each unit gave up."""
