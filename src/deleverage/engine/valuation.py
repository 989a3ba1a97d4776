"""What everybody is worth at the marks of now, and who is unhealthy: one pass over all rows, then the few by one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.bounds import LEG_BITS
from deleverage.engine.columns import Columns
from deleverage.engine.desk import Desk
from deleverage.engine.kernels.records import BANKRUPT, SPECIAL
from deleverage.rulebook.margin import is_unhealthy

Array = NDArray[Any]


class Tables:
    """What a requirement is made of, by code, as the law has it: no screen."""

    def __init__(self, desk: Desk) -> None:
        """Read the tables at the marks of now."""
        prices = desk.columns.prices
        self.value: NDArray[np.int64] = prices.markets["value"][prices.code_market]  # signed quanta of a lot
        self.rate, self.deduction, self.factor = prices.rate, prices.deduction, prices.factor
        self.is_exact = not prices.exact_by_law.any()


class Valuation:
    """Equity and maintenance (quanta) of every unit, and flags; each has a cell a unit.

    After ``look`` maintenance is rounded up by less than a quantum a lot, and flags are bits of ``kernels.revalue``;
    after ``decide`` they are exact: 1, unhealthy. ``make_exact`` adds the bit of bankrupts (``kernels.survey``).
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._wrong: NDArray[np.int64] = np.zeros(0, np.int64)
        self._units: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._low: NDArray[np.uint64] = np.zeros(0, np.uint64)
        self.equity: NDArray[np.int64] = np.zeros(0, np.int64)
        self.maintenance: NDArray[np.int64] = np.zeros(0, np.int64)
        self.flags: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def look(self) -> None:
        """Revalue everybody and screen: all have a flag whose equity alone lies below maintenance, and some more.

        Raises OverflowError where a product has left its bound: then something has been let in that never may.
        """
        from deleverage.engine.kernels import revalue as kernels

        prices = self._columns.prices
        self._make_room()
        book = self._book()
        into = self.equity, self.maintenance, self.flags
        if not prices.tiered:
            magnitudes = kernels.revalue(*book, prices.worth, prices.held, *into)
        else:
            magnitudes = self._look_at_tiers(kernels, book, into)
        if magnitudes >> LEG_BITS:
            raise OverflowError(f"a leg is worth {magnitudes} quanta or so, the bound is {1 << LEG_BITS}")

    def _look_at_tiers(self, kernels: Any, book: tuple[Any, ...], into: tuple[Any, ...]) -> int:
        from deleverage.engine.kernels.survey import repair

        columns, prices = self._columns, self._columns.prices
        tables = prices.worth, prices.held, prices.spare, prices.least, prices.most
        if len(self._wrong) < columns.rows:
            self._wrong = np.empty(columns.rows, np.int64)
        magnitudes, count = kernels.revalue_tiers(*book, *tables, *into, self._wrong)
        if count:
            legs = columns.lots, columns.owner, columns.code
            repair(self._wrong, count, *legs, *tables[1:], *into)
            wrong = self._wrong[:count]
            columns.memos["code"][wrong] = columns.code[wrong]
        return int(magnitudes)

    def look_exactly(self, tables: Tables) -> NDArray[np.uint32]:
        """Revalue everybody, compare in 128 bits, and return the unhealthy, until the next.

        For markets with one tier and factor, collateral not counted.
        """
        from deleverage.engine.kernels.revalue import flagged, revalue_exactly

        columns = self._columns
        self._make_room()
        if len(self._low) != columns.size:
            self._low = np.empty(columns.size, np.uint64)
        book = self._book()
        tables_of = columns.prices.worth, abs(tables.value), tables.rate, tables.deduction
        revalue_exactly(*book, *tables_of, self.equity, self.maintenance, self._low, self.flags)
        return self._units[: flagged(self.flags, columns.size, self._units)]

    def _book(self) -> tuple[Array, Array, Array, int, Array, int]:
        """Return what a pass reads: lots half as wide where all fit."""
        columns = self._columns
        lots = columns.narrow if columns.fits_narrow else columns.lots
        return lots, columns.owner, columns.code, columns.rows, columns.quote, columns.size

    def _make_room(self) -> None:
        size = self._columns.size
        if len(self.equity) != size:
            self.equity, self.maintenance = np.empty(size, np.int64), np.empty(size, np.int64)
            self.flags, self._units = np.empty(size, np.uint8), np.empty(size + 1, np.uint32)

    def decide(self, tables: Tables) -> NDArray[np.uint32]:
        """Make the flags of a look exact, collateral as ``credit`` counts it; return the unhealthy, until the next."""
        from deleverage.engine.kernels.decide import decide_flagged

        columns, prices = self._columns, self._columns.prices
        count = decide_flagged(
            self.flags,
            columns.size,
            not columns.special,
            columns.lots,
            columns.code,
            columns.memos,
            columns.quote,
            columns.units,
            prices.worth,
            prices.held,
            tables.value,
            tables.rate,
            tables.deduction,
            tables.factor,
            self._units,
        )
        return self._units[:count]


def valued(desk: Desk) -> Valuation:
    """Return everybody's equity, and exactly who is unhealthy and who bankrupt."""
    found = Valuation(desk.columns)
    found.look()
    make_exact(desk, found)
    return found


def make_exact(desk: Desk, found: Valuation) -> None:
    """Make the flags of a look exact, and mark bankrupts; what kernels cannot say is asked of the law."""
    from deleverage.engine.kernels.survey import BANKRUPT_UNIT

    columns, tables = desk.columns, Tables(desk)
    if tables.is_exact:
        found.decide(tables)
    doubtful = np.flatnonzero(found.flags)
    if tables.is_exact:
        doubtful = doubtful[columns.units["flags"][doubtful] & SPECIAL != 0]
    for number in doubtful.tolist():
        found.flags[number] = is_unhealthy(desk, columns.unit(number))
    found.flags[columns.units["flags"][: columns.size] & BANKRUPT != 0] |= BANKRUPT_UNIT
