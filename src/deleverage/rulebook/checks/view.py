"""What the checks see: the book, the touched units as they were before the fact, and what the step has done so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.margin import equity, maintenance_ppb_quanta
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules


class InvariantBroken(Exception):
    """An invariant does not hold; carries its id, what was found, and the numbers."""

    def __init__(self, invariant: str, sentence: str) -> None:
        super().__init__(f"{invariant}: {sentence}")
        self.invariant = invariant
        self.sentence = sentence


def require(invariant: str, holds: bool, sentence: str) -> None:
    """Stop the domain if an invariant does not hold."""
    if not holds:
        raise InvariantBroken(invariant, sentence)


@dataclass
class View:
    """The book, the touched units as they were before the fact, and what the step has taken and paid so far; quanta."""

    book: Book
    rules: Rules
    units: dict[str, Unit] = field(default_factory=dict)
    equities: dict[str, int] = field(default_factory=dict)
    sellers: set[str] | None = None  # who was unhealthy when stage 2 of this round began
    sources: set[str] | None = None  # who was bankrupt or below close-out when stage 3 of this round began
    gains: dict[str, int] | None = None
    taken: dict[str, int] = field(default_factory=dict)
    event_paid: int = 0
    market_paid: dict[str, int] = field(default_factory=dict)
    free: int = 0  # what the unit that money leaves had free before
    carry: int = 0  # funding's remainder before the fact
    pool: int = 0  # the fund's pool before the fact
    closed_notional: int = 0  # closed against candidates in this step
    touched: set[str] = field(default_factory=set)  # candidates of this step
    named: set[str] = field(default_factory=set)  # units whose lots were named in stage 7 of this step
    by_rounds: list[str] = field(default_factory=list)  # units whose reason only the bound on rounds can explain

    def now(self, unit_id: str) -> int:
        """Return a unit's equity after the fact."""
        return equity(self.book, self.book.units[unit_id])

    def base(self, unit: Unit, guarded: dict[str, str]) -> int:
        """Return what a haircut may still cut of a unit in this step."""
        if unit.bankrupt or all(market_id in guarded for market_id in unit.markets()):
            return 0
        net = (self.gains or {}).get(unit.unit_id, 0) - self.taken.get(unit.unit_id, 0)
        return max(0, min(equity(self.book, unit), net))

    def take(self, unit_id: str, quanta: int) -> None:
        """Count money that stage 5 or 6 took from a unit."""
        self.taken[unit_id] = self.taken.get(unit_id, 0) + quanta

    def below_close_out(self, unit: Unit) -> bool:
        """Return whether a unit may be taken over although it is not bankrupt."""
        threshold = maintenance_ppb_quanta(self.book, unit) * self.rules.close_out_ppb
        return equity(self.book, unit) * PPB * PPB < threshold


Checks = dict[type[m.Fact], Callable[[View, Any], None]]
"""Kind of fact -> what is checked after it was written."""
