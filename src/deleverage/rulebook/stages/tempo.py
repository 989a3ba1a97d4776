"""How much a step has done, and what pace and throttles leave of it: notional sold and closed, and units touched."""

from dataclasses import dataclass, field

from deleverage.rulebook.pace import Room, Spent
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import most_at


@dataclass
class Tempo:
    """One step's notional and candidates so far, under the rules and the stress that the step has found; quanta."""

    rules: Rules
    stress_ppb: int
    sold_notional_quanta: int = 0
    closed_notional_quanta: int = 0
    touched: set[str] = field(default_factory=set)

    def room(self, round_number: int) -> Room:
        """Return what pace leaves of the step."""
        return self.rules.pace.room(Spent(round_number, self.closed_notional_quanta, len(self.touched)))

    def sale_room(self) -> int | None:
        """Return the notional that stage 2 may still sell; ``None``: any."""
        most = most_at(self.rules.reduce_throttle, self.stress_ppb)
        return None if most is None else most - self.sold_notional_quanta

    def close_room(self) -> int | None:
        """Return the notional that the throttle lets stage 5 still close; ``None``: any."""
        most = most_at(self.rules.close_throttle, self.stress_ppb)
        return None if most is None else most - self.closed_notional_quanta

    def note_closed(self, unit_id: str, notional_quanta: int) -> None:
        """Count lots closed against a candidate."""
        self.closed_notional_quanta += notional_quanta
        self.touched.add(unit_id)
