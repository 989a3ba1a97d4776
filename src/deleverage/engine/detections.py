"""Detections: who becomes unhealthy at a tick, exactly as a look at everybody would find it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.desk import Desk
from deleverage.engine.valuation import Tables
from deleverage.engine.watch import Watch


class Detections:
    """A watch whose screen is decided exactly; for a book whose legs stay, collateral as ``credit`` counts it."""

    def __init__(self, desk: Desk) -> None:
        """Look at everybody once."""
        self._desk = desk
        columns = desk.columns
        self.watch = Watch(columns, columns.prices)
        lots, owner = columns.lots[: columns.rows], columns.owner[: columns.rows]
        # Maintenance from above: up to a quantum a lot and one for the deduction of each leg.
        self._gap: NDArray[np.int64] = np.zeros(columns.size, np.int64)
        np.add.at(self._gap, owner, abs(lots) + (lots != 0))
        self.exact: NDArray[np.uint8] = np.zeros(columns.size, np.uint8)
        self._below: NDArray[np.uint32] = np.empty(columns.size, np.uint32)
        self._found: NDArray[np.uint32] = np.empty(columns.size, np.uint32)
        self._count = 0
        self._add(np.flatnonzero(self.watch.flags[: columns.size]).astype(np.uint32))
        self._decide()

    def tick(self, market: int) -> NDArray[np.uint32]:
        """Return who has become unhealthy since this market's mark has moved, ascending."""
        self._add(self.watch.tick(market).below)
        found: NDArray[np.uint32] = np.sort(self._found[: self._decide()])
        return found

    def _add(self, units: NDArray[Any]) -> None:
        self._below[self._count : self._count + len(units)] = units
        self._count += len(units)

    def _decide(self) -> int:
        from deleverage.engine.kernels.detect import detect

        columns, prices, tables = self._desk.columns, self._desk.columns.prices, Tables(self._desk)
        sure = not ((prices.spare == 0) & (tables.deduction > 0)).any()
        self._count, newly = detect(
            self._below,
            self._count,
            self.watch.flags,
            self.watch.margins,
            self._gap,
            bool(sure),
            self.exact,
            columns.lots,
            columns.code,
            columns.memos,
            columns.quote,
            columns.units,
            prices.worth,
            abs(tables.value),
            tables.rate,
            tables.deduction,
            tables.factor,
            self._found,
        )
        return int(newly)
