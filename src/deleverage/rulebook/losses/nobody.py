"""No socialisation: what stage 5 could not collect is a residual."""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.losses.rule import Loss, LossRule


@dataclass(frozen=True, slots=True)
class Nobody(LossRule):
    """Ask nobody: the whole loss is the residual, and the domain halts with it named.

    Formula: no shares.
    Who uses it: Hyperliquid and dYdX v4, which know no socialised loss; OKX after its deleveraging.
    Assumes: money from outside comes before anybody leaves.
    Gets wrong: nothing by itself; but a run on what is left would pay the first in full, so the halt scales everybody.
    """

    kind: ClassVar[str] = "nobody"

    def shares(self, loss: Loss) -> list[Share]:
        """Return nothing."""
        return []
