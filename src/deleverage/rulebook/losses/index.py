"""A loss rule on open lots: whoever holds the market pays for it."""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.losses.rule import Bearer, Loss, LossRule
from deleverage.rulebook.plug import one_of, refuse


@dataclass(frozen=True, slots=True)
class FundingIndex(LossRule):
    """Charge the loss of a market per open lot of it, as a funding payment would.

    Formula: weight = lots held now on ``side`` of the loss's market, cap = max(0, equity). ``side``: "both", "opposite"
    (of the bankrupts) or "own". Without open lots there nobody bears anything: the debt is the next rule's, or stays.
    A debt whose pool is not known any more (of a unit that was flat when the round began) is not asked here.
    Who uses it: Drift v2, Vertex and Mango v4 (both sides, by an index). At open interest 0 Drift's call fails and
    Mango drops the loss.
    Assumes: the market that made the loss carries it, hedgers and losers included.
    Gets wrong: who was not in the market when it fell pays as well, if it is when the loss is named.

    Payments, not the cumulative funding integer f: f pays one side what it takes from the other, so it can bring in
    nothing; an index per side would take whole quanta per lot (too much, with a remainder to own) and know no caps.
    """

    side: str = "both"
    kind: ClassVar[str] = "funding-index"
    per_pool: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse an unknown side."""
        refuse(self, one_of(self, "side", ("both", "opposite", "own")))

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by open lots."""
        return [Share(b.unit_id, self._lots(b, loss.side), max(0, b.equity_quanta)) for b in loss.bearers if not b.flat]

    def _lots(self, bearer: Bearer, side: str) -> int:
        if self.side == "both":
            return bearer.long_lots + bearer.short_lots
        return bearer.long_lots if (side == "long") == (self.side == "own") else bearer.short_lots
