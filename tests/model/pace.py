"""The pace: how many rounds a step has, and how much stage 5 closes, and of how many units, in all of them."""

from typing import Any

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
    """What stage 5 has used up of a step's pace. Netted lots use up nothing."""

    def __init__(self, pace: dict[str, Any]) -> None:
        self.rounds = bound(pace, "rounds") or 0
        self.most_notional = bound(pace, "closed-notional")
        self.most_units = bound(pace, "touched-units")
        self.notional = 0
        self.touched: set[str] = set()

    def lots(self, need: int, lot_value: int) -> int:
        """Return how many of some lots there is still room for."""
        if self.most_notional is None:
            return need
        return min(need, (self.most_notional - self.notional) // abs(lot_value))

    def allows(self, unit_id: str) -> bool:
        """Return whether a candidate may be touched: it was before, or another one still may be."""
        return unit_id in self.touched or self.most_units is None or len(self.touched) < self.most_units

    def note(self, unit_id: str, lots: int, lot_value: int) -> None:
        """Count the closed lots of a candidate."""
        self.notional += lots * abs(lot_value)
        self.touched.add(unit_id)
