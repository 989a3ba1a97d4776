"""The bankrupt longs of one market and the solvent shorts, as the crash kernel takes them, from the engine's columns.

Who is below zero counts as bankrupt. The most distressed - equity over maintenance - goes first; its shortfall lies on
its legs by notional, rounded up; a fill asks for its share of that, at most the candidate's equity. Bankrupt shorts
stay where they are: what netting does is no part of what is measured, nor is it to write the fills.
"""

import numpy as np

from deleverage.bench.books import Ints
from deleverage.engine import ranks
from deleverage.engine.desk import Desk
from deleverage.engine.kernels.crash import CANDIDATE, CLOSED_LOTS, close_bankrupts
from deleverage.engine.kernels.scores import RANKING_OF, UNIT_HIGH, UNIT_LOW, UNIT_VALUE, WHOLE
from deleverage.engine.kernels.states import EQUITY, LOTS, tier_rows
from deleverage.engine.kernels.survey import BANKRUPT_UNIT, share_of_debts
from deleverage.engine.valuation import Tables, Valuation
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.candidates import ORDINARY_TIER

LONG, SHORT = 1, -1


class Crowd:
    """One market's bankrupts and candidates at what everybody is worth now."""

    def __init__(self, desk: Desk, rules: Rules, market: int, value: Valuation) -> None:
        self.desk, self.rules, self.market = desk, rules, market
        self.tables = Tables(desk)
        value.flags[value.equity < 0] |= BANKRUPT_UNIT
        self.unit, self.states, _ = self._surveyed(SHORT, value, bankrupt=False)
        self.debtor, debtors, sums = self._surveyed(LONG, value, bankrupt=True)
        high, low = (sums[:, at].astype(np.uint64).astype(float) for at in (UNIT_HIGH, UNIT_LOW))
        distress = debtors[:, EQUITY] / np.maximum(1, high * 2.0**64 + low)
        order = np.lexsort((desk.columns.order()[self.debtor], distress))
        self.debtor = self.debtor[order]
        self.lots = debtors[order, LOTS].copy()
        values = abs(debtors[:, LOTS] * self.quanta)
        self.shortfalls = share_of_debts(-debtors[:, EQUITY], values, sums[:, UNIT_VALUE].copy())[order]

    @property
    def quanta(self) -> int:
        """What a lot is worth at the mark, signed."""
        return int(self.desk.columns.prices.markets["value"][self.market])

    def _surveyed(self, side: int, value: Valuation, *, bankrupt: bool) -> tuple[Ints, Ints, Ints]:
        """Return units, states and sums of the bankrupt or the solvent legs of one side."""
        rows, unit, *_, tiers = ranks.gathered(self.desk, ranks.opposite(self.desk, self.market, -side), value)
        chosen = (tiers < 0) == bankrupt
        rows, unit = rows[chosen], unit[chosen]
        states, sums = np.empty((len(rows), 8), np.int64), np.empty((len(rows), 6), np.int64)
        ranks.surveyed(self.desk, self.tables, rows, value, states, sums)
        return unit, states, sums


def close(crowd: Crowd, *, each_fill: bool) -> Ints:
    """Return the lots that each unit gives up; ``each_fill``: the queue is put in order before every fill."""
    columns, prices = crowd.desk.columns, crowd.desk.columns.prices
    record = prices.markets[crowd.market]
    tiers = prices.tiers[record["first_tier"] : record["first_tier"] + record["tiers"]]
    table = np.stack([tiers[name] for name in tiers.dtype.names[:3]], axis=1)
    factor = int(crowd.tables.factor[record["first_code"]])
    homes, now = np.full(len(crowd.unit), ORDINARY_TIER, np.int8), np.empty(len(crowd.unit), np.int8)
    tier_rows(crowd.states, homes, crowd.quanta, factor, table, now)
    policy = crowd.rules.policy
    assert isinstance(policy, Queue)
    ranking = RANKING_OF[policy.ranking]
    figures = crowd.quanta, factor, table, (PPB, -1, -1), False, each_fill
    queue = crowd.states, homes, now, columns.order()[crowd.unit], crowd.lots, crowd.shortfalls
    fills = close_bankrupts(*queue, ranking, policy.wallet_floor_quanta, ranking in WHOLE, *figures)
    given = np.zeros(columns.size, np.int64)
    np.add.at(given, crowd.unit[fills[:, CANDIDATE]], fills[:, CLOSED_LOTS])
    return given
