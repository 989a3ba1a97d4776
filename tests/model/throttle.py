"""The throttles of stages 2 and 5: how much notional a step may do at the stress of the book before it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tests.model.margin import is_unhealthy
from tests.model.numbers import BILLION, floor_part
from tests.model.state import Unit, market_of

if TYPE_CHECKING:
    from tests.model.step import Step


def stress_of(step: "Step") -> int:
    """Return the share of the unguarded notional that unhealthy and bankrupt units hold, in ppb."""
    units = step.world.all_units()
    whole = _notional(step, units)
    if whole == 0:
        return 0
    return floor_part(_notional(step, [u for u in units if u.bankrupt or is_unhealthy(step.world, u)]), BILLION, whole)


def _notional(step: "Step", units: Iterable[Unit]) -> int:
    legs = [leg for unit in units for leg in unit.legs.items() if not step.is_guarded(leg[0])]
    return sum(abs(leg.lots * step.world.markets[market_of(key)].lot_value) for key, leg in legs)


class Throttle:
    """One throttle in one step: its limit, None without a table, and what was done."""

    def __init__(self, table: list[dict[str, int]], stress: int) -> None:
        rows = [row["most_quanta"] for row in table if row["stress_from_ppb"] <= stress]
        self.most: int | None = rows[-1] if rows else None
        self.stress = stress
        self.done = 0

    def left(self) -> int | None:
        """Return the notional that may still be done, None if it is not bounded."""
        return None if self.most is None else self.most - self.done

    def holds(self, left: int, lot_value: int) -> int:
        """Return how many lots fit into what is left of a bound on what this throttle counts; of the first act one."""
        fit = max(0, left) // abs(lot_value)
        return fit if self.done else max(fit, 1)

    def told(self, stage: int, waiting: Iterable[int]) -> list[tuple[Any, ...]]:
        """Return what the end of a step says; ``waiting`` are the values of the lots that still wait."""
        left = self.left()
        if left is None:
            return []
        return [(stage, self.stress, self.most, self.done, any(self.holds(left, value) == 0 for value in waiting))]
