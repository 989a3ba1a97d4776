"""The pace: how many rounds a step has, and how much stage 5 closes, and of how many units, in all of them."""

from typing import Any

from tests.model.throttle import Throttle

BOUNDS = {"rounds": "most", "closed-notional": "most_quanta", "touched-units": "most"}
"""What a pace may bound, and the parameter that says by how much."""


def bound(pace: dict[str, Any], what: str) -> int | None:
    """Return the least bound that a pace or a part of it sets; None if no part speaks of it."""
    if pace["name"] == "first":
        parts = [found for part in pace["of"] if (found := bound(part, what)) is not None]
        return min(parts, default=None)
    if pace["name"] != what:
        return None
    usual = 32 if what == "rounds" else None
    most: int | None = pace.get(BOUNDS[what], usual)
    return most


class Pace:
    """What stage 5 has used up of a step's pace and of its throttle. Netted lots use up nothing."""

    def __init__(self, pace: dict[str, Any], throttle: Throttle) -> None:
        self.throttle = throttle
        self.rounds = bound(pace, "rounds") or 0
        self.most_notional = bound(pace, "closed-notional")
        self.most_units = bound(pace, "touched-units")
        self.touched: set[str] = set()

    def lots(self, need: int, lot_value: int) -> int:
        """Return how many of some lots there is still room for."""
        bounds = (self.left(), self.throttle.left())
        return min([need, *(self.throttle.holds(left, lot_value) for left in bounds if left is not None)])

    def left(self) -> int | None:
        """Return the notional that the pace itself leaves, None if it bounds none."""
        return None if self.most_notional is None else self.most_notional - self.throttle.done

    def tighter(self) -> str:
        """Return which of the two bounds the notional now: the throttle only if it leaves strictly less."""
        own, other = self.left(), self.throttle.left()
        return "throttle" if other is not None and (own is None or other < own) else "pace"

    def allows(self, unit_id: str) -> bool:
        """Return whether a candidate may be touched: it was before, or another one still may be."""
        return unit_id in self.touched or self.most_units is None or len(self.touched) < self.most_units

    def note(self, unit_id: str, lots: int, lot_value: int) -> None:
        """Count the closed lots of a candidate."""
        self.throttle.done += lots * abs(lot_value)
        self.touched.add(unit_id)
