"""Detections: who becomes unhealthy at a tick, exactly as a look at everybody would find it."""

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.desk import Desk
from deleverage.engine.watch import NOBODY, Watch


class Detections:
    """A watch whose screen is decided exactly; for a book whose legs stay, collateral as ``credit`` counts it."""

    def __init__(self, desk: Desk) -> None:
        """Look at everybody once."""
        self._columns = columns = desk.columns
        lots, owner = columns.lots[: columns.rows], columns.owner[: columns.rows]
        # Maintenance from above: up to a quantum a lot and one for the deduction of each leg.
        gap = np.zeros(columns.size, np.int64)
        np.add.at(gap, owner, abs(lots) + (lots != 0))
        self.watch = Watch(columns, columns.prices, gap=gap)
        self.exact: NDArray[np.uint8] = np.zeros(columns.size, np.uint8)
        self._found: NDArray[np.uint32] = np.empty(columns.size, np.uint32)
        self._was_sure = False
        self._decide(NOBODY)

    def tick(self, market: int) -> NDArray[np.uint32]:
        """Return who has become unhealthy since this market's mark has moved, ascending."""
        stirred: NDArray[np.uint32] = self.watch.stir(market)
        return self._decide(stirred)

    def _decide(self, stirred: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Decide who has stirred, or everybody below the screen; return who is new, ascending."""
        from deleverage.engine.kernels.detect import detect

        columns, prices = self._columns, self._columns.prices
        newly, self._was_sure = detect(
            stirred,
            self._was_sure,
            self.watch.flags,
            self.watch.states,
            self.exact,
            columns.lots,
            columns.code,
            columns.memos,
            columns.quote,
            columns.units,
            prices.markets,
            prices.code_market,
            prices.worth,
            prices.spare,
            prices.rate,
            prices.deduction,
            prices.factor,
            self._found,
        )
        found: NDArray[np.uint32] = np.sort(self._found[:newly])
        return found
