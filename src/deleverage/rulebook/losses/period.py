"""A loss rule on the profit of a period, realised and open."""

from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.apportion import Share
from deleverage.rulebook.losses.rule import Loss, LossRule


@dataclass(frozen=True, slots=True)
class Clawback(LossRule):
    """Claw back the same share of everybody's net profit of the period, realised and open, while the money is there.

    Formula: weight = max(0, profit), cap = max(0, min(profit, equity)); profit = (equity - deposits) now less what it
    was when the period began (`ClosePeriod`). What is taken lowers the profit by itself: nothing is cut twice.
    Who uses it: OKEx (31 July 2018: 17 % of the week's net profit over all contracts), Huobi (weekly), Deribit in 2016
    (daily).
    Assumes: a period is a fair account of who won; flat accounts pay too if they have won.
    Gets wrong: who withdraws before the loss is named keeps his profit and the others pay it: their caps bind later.
    """

    kind: ClassVar[str] = "clawback"
    touches_flat: ClassVar[bool] = True

    def shares(self, loss: Loss) -> list[Share]:
        """Return shares by positive period profit, capped by equity."""
        profits = [(bearer, max(0, bearer.period_profit_quanta)) for bearer in loss.bearers]
        return [Share(b.unit_id, profit, max(0, min(profit, b.equity_quanta))) for b, profit in profits]
