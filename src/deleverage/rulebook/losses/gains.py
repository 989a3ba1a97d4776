"""Loss rules on open gains: winners pay, their positions stay (haircut space)."""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.losses.rule import Bearer, Loss, LossRule
from deleverage.rulebook.plug import one_of, refuse


def _gain_shares(loss: Loss, gains: dict[str, int]) -> list[Share]:
    """Return shares by what is left of each unit's gain, as far as its equity goes."""

    def left(bearer: Bearer) -> int:
        return max(0, min(bearer.equity_quanta, gains[bearer.unit_id] - bearer.taken_quanta))

    return [Share(bearer.unit_id, left(bearer), left(bearer)) for bearer in loss.bearers if not bearer.flat]


@dataclass(frozen=True, slots=True)
class WinnersProRata(LossRule):
    """Cut the same share of everybody's open gains.

    Formula: weight = cap = max(0, min(equity, gain - taken)); gain is net over a unit's legs, or with ``base`` "leg"
    the sum of its winning legs.
    Who uses it: Injective's first level; the common form in the literature.
    Assumes: an open gain is what the loser lost, and a closed one is nobody's business any more.
    Gets wrong: who closes a minute earlier keeps all; with "leg" a hedger without any net gain pays.
    """

    base: str = "unit"
    kind: ClassVar[str] = "winners-pro-rata"

    def __post_init__(self) -> None:
        """Refuse an unknown base."""
        refuse(self, one_of(self, "base", ("unit", "leg")))

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by open gain."""
        by_leg = self.base == "leg"
        return _gain_shares(
            loss, {b.unit_id: b.leg_gains_quanta if by_leg else b.net_gain_quanta for b in loss.bearers}
        )


@dataclass(frozen=True, slots=True)
class VariationMarginGains(LossRule):
    """Cut the gains since the mark before by one common factor; losers pay in full.

    Formula: weight = cap = max(0, min(equity, variation - taken)); the variation of a leg is the lesser of its gain and
    lots x (value - value at the mark before), a unit's is the sum over its legs.
    Who uses it: clearing houses (VMGH; CME's portfolio gains haircut), Vega's loss socialisation per mark-to-market.
    Assumes: marks come as settlement instants; what was gained before the last one has been paid and is safe.
    Gets wrong: a leg still in loss since its entry is spared, though a clearing house that paid its earlier loss in
    cash would cut it (a book of entries cannot tell who opened after the mark; sparing errs on the side of no victim).
    With settlements that are declared, `Clawback` and `ClosePeriod` at each of them is the exact form.
    """

    kind: ClassVar[str] = "vmgh"

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by gain since the mark before."""
        return _gain_shares(loss, {bearer.unit_id: bearer.variation_quanta for bearer in loss.bearers})
