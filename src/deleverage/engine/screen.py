"""Who may be unhealthy: kept exact from one look to the next, at the cost of what has changed in between.

The first look builds lists (``watch``); from then on whoever writes says which units and markets he has written. The
screen compares with the maintenance from above, so it may select too many, and never too few.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.columns import Columns
from deleverage.engine.kernels.records import BANKRUPT

if TYPE_CHECKING:
    from deleverage.engine.watch import Watch

Numbers = NDArray[np.int64]

MANY = 8
"""When one in so many units has been written, everything is built anew."""


class Screen:
    """The units below maintenance, and what has been written since they were looked at."""

    def __init__(self, columns: Columns) -> None:
        """Build nothing yet."""
        self._columns = columns
        self._watch: Watch | None = None
        self._units: list[NDArray[np.uint32]] = []
        self._markets: set[int] = set()
        self._codes = 0

    @property
    def is_kept(self) -> bool:
        """Whether somebody has looked, and what is written since has to be noted."""
        return self._watch is not None

    def note(self, units: NDArray[np.uint32], markets: Iterable[int]) -> None:
        """Note that the money or legs of units, and the prices of markets have been written."""
        if self._watch is not None:
            self._units.append(units)
            self._markets.update(markets)

    def below(self) -> Numbers:
        """Return the units whose balance lies below the maintenance from above, ascending."""
        from deleverage.engine.watch import Watch

        columns, units = self._columns, self._units
        written = sum(map(len, units))
        if self._watch is None or self._codes != len(columns.prices.worth) or written * MANY > columns.size:
            self._watch, self._codes = Watch(columns, columns.prices), len(columns.prices.worth)
        else:
            if units:
                self._watch.touch(np.unique(np.concatenate(units)))
            for market in sorted(self._markets):
                self._watch.tick(market)
        self._units, self._markets = [], set()
        return np.flatnonzero(self._watch.flags[: columns.size])

    def distressed(self) -> Numbers:
        """Return the units that may be unhealthy or below zero, are bankrupt, or owe out of their assets; ascending."""
        columns = self._columns
        owing = [number for number, special in columns.special.items() if special.carried]
        bankrupt = np.flatnonzero(columns.units["flags"][: columns.size] & BANKRUPT)
        found = [self.below(), bankrupt, np.array(owing, np.int64), self._poor_with_credit()]
        return np.unique(np.concatenate(found))

    def _poor_with_credit(self) -> Numbers:
        """Return the units with collateral whose equity lies below zero: their balance may not."""
        columns = self._columns
        credited = columns.units["credit"][: columns.size] > 0
        if not credited.any():
            return np.zeros(0, np.int64)
        own, theirs = columns.quote[: columns.size].copy(), credited[columns.owner[: columns.rows]]
        lots, code = columns.lots[: columns.rows][theirs], columns.code[: columns.rows][theirs]
        np.add.at(own, columns.owner[: columns.rows][theirs], lots * columns.prices.worth[code])
        return np.flatnonzero(credited & (own < 0))
