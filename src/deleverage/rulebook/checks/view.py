"""What the checks see: the book, the touched units as they were before the fact, and what the step has done so far."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any

from deleverage.rulebook import messages as m
from deleverage.rulebook.apportion import Share
from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.losses.rule import Bearer
from deleverage.rulebook.margin import equity
from deleverage.rulebook.programmes import Backstop
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import Gains, bearers
from deleverage.rulebook.stages.conversion import Rooms
from deleverage.rulebook.stages.depth import Side
from deleverage.rulebook.stages.till import FundDebts


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
    rules_hash: str  # of these rules
    units: dict[str, Unit] = field(default_factory=dict)
    equities: dict[str, int] = field(default_factory=dict)
    sellers: set[str] | None = None  # who was to be sold out when stage 2 of this round began
    reduced_round: int = 0  # the round of the last sale of this step
    side: Side | None = None  # what stage 2 found on a side of a market
    near: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # its orders: owner, lots, price in ticks
    backstops: dict[str, Backstop] = field(default_factory=dict)  # programmes as they stood before the fact
    taken_over: dict[tuple[str, str], int] = field(default_factory=dict)  # lots per backstop and market in this step
    sources: set[str] | None = None  # who was bankrupt or below close-out when stage 3 of this round began
    gains: dict[str, Gains] | None = None  # when the step began
    began_halted: bool = False  # whether the domain was halted when the step began
    freed: dict[tuple[str, str, str], int] = field(default_factory=dict)  # debt that stage 5 of this round set free
    shares: dict[str, Share] = field(default_factory=dict)  # who may bear the haircut that is told, asked of the rule
    claims: dict[str, int] = field(default_factory=dict)  # of the touched units, before the fact
    taken: dict[str, int] = field(default_factory=dict)
    event_paid: int = 0
    market_paid: dict[str, int] = field(default_factory=dict)
    leg_paid: dict[tuple[str, str], int] = field(default_factory=dict)
    leg_caps: dict[tuple[str, str], int | None] = field(default_factory=dict)  # of the legs as the step began
    pots: dict[str, int] = field(default_factory=dict)  # before the fact
    paused: dict[str, bool] = field(default_factory=dict)  # the pools, before the fact
    own: FundDebts = field(default_factory=dict)  # what the fund's own unit owed before stage 4
    bankrupts: dict[str, Unit] = field(default_factory=dict)  # before stage 4
    profit: int = 0  # the period profit that goes along with moved margin
    free: int = 0  # what the unit that money leaves had free before
    needs: dict[str, int] = field(default_factory=dict)  # quanta that each seller of collateral had to bring
    rooms: Rooms = field(default_factory=dict)  # what each taker of collateral could pay for
    carry: int = 0  # funding's remainder before the fact
    stress: int | None = None  # when the step began; None: no step has begun
    sold_notional: int = 0  # sold into the book in this step
    closed_notional: int = 0  # closed against candidates in this step
    touched: set[str] = field(default_factory=set)  # candidates of this step
    named: set[str] = field(default_factory=set)  # units whose lots were named in stage 7 of this step
    by_rounds: list[str] = field(default_factory=list)  # units whose reason only the bound on rounds can explain

    def now(self, unit_id: str) -> int:
        """Return a unit's equity after the fact."""
        return equity(self.book, self.book.units[unit_id])

    def bearers(self, guarded: Container[str], market_id: str = "") -> tuple[Bearer, ...]:
        """Return who could bear a loss now, as the loss rules see them."""
        return bearers(self.book, self.gains or {}, self.taken, guarded, market_id)

    def take(self, unit_id: str, quanta: int) -> None:
        """Count money that stage 5 or 6 took from a unit."""
        self.taken[unit_id] = self.taken.get(unit_id, 0) + quanta


Checks = dict[type[m.Fact], Callable[[View, Any], None]]
"""Kind of fact -> what is checked after it was written."""
