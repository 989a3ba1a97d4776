"""Loss rules on equity: margin pays, won or deposited. A gain behind a guarded mark is not counted."""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.losses.rule import Bearer, Loss, LossRule
from deleverage.rulebook.plug import require_at_least


def _equity_shares(bearers: list[Bearer], floor_quanta: int) -> list[Share]:
    """Return shares by equity above a floor."""
    above = {b.unit_id: max(0, min(b.equity_quanta, b.certain_quanta) - floor_quanta) for b in bearers}
    return [Share(unit_id, quanta, quanta) for unit_id, quanta in above.items()]


@dataclass(frozen=True, slots=True)
class Payout(LossRule):
    """Scale the payout of everybody with an open position: a share of the equity above a floor.

    Formula: weight = cap = max(0, certain equity - floor), of units with legs.
    Who uses it: Injective's second level (after all profits: "profit, then payout" is winners-pro-rata | payout).
    Assumes: who holds a position has accepted the venue's loss with it; the floor is what each keeps in any case.
    Gets wrong: a loser pays as well, out of what the market has left it; leaving the day before costs nothing.
    """

    floor_quanta: int = 0
    kind: ClassVar[str] = "payout"

    def __post_init__(self) -> None:
        """Refuse a negative floor."""
        require_at_least(self, 0, "floor_quanta")

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by equity of those with legs."""
        return _equity_shares([bearer for bearer in loss.bearers if not bearer.flat], self.floor_quanta)


@dataclass(frozen=True, slots=True)
class FlatToo(LossRule):
    """Let accounts without any position pay a share of their equity above a floor: openly.

    Formula: weight = cap = max(0, equity - floor), of units without legs.
    Who uses it: MCDEX v3, last (flat accounts are paid first: winners-pro-rata | payout | flat-too).
    Assumes: a flat account's money is the venue's last reserve. Hyperliquid promises the opposite.
    Gets wrong: it breaks "no position, no loss"; a depositor of yesterday pays for trades he never saw.
    """

    floor_quanta: int = 0
    kind: ClassVar[str] = "flat-too"
    touches_flat: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a negative floor."""
        require_at_least(self, 0, "floor_quanta")

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by equity of those without legs."""
        return _equity_shares([bearer for bearer in loss.bearers if bearer.flat], self.floor_quanta)


@dataclass(frozen=True, slots=True)
class ExchangeRate(LossRule):
    """Scale everybody's equity alike, flat accounts too: one exchange rate below 1, at once and without a halt.

    Formula: weight = cap = max(0, certain equity); the rate is (sum of them - debt) / sum of them.
    Who uses it: Derive (cash is worth assets / supply), Paradex (a factor on every withdrawal; exact where all leave).
    Assumes: money in the venue is a share of a common pot. Here the rate is applied to all when the loss is named,
    not to each when it leaves: who stays and who goes come to the same.
    Gets wrong: whoever won nothing pays like a winner, and a later recovery is a question of claims.
    """

    kind: ClassVar[str] = "exchange-rate"
    touches_flat: ClassVar[bool] = True

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by equity."""
        return _equity_shares(list(loss.bearers), 0)
