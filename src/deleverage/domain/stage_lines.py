"""The stages of a step as its facts tell of them: which stage and round a fact belongs to, and what it took.

No book is looked at here, so a journal's facts are enough.
"""

from collections.abc import Iterable

from deleverage.domain.records import StageRecord
from deleverage.domain.show import counted
from deleverage.rulebook import messages as m
from deleverage.rulebook.losses.gains import WinnersProRata
from deleverage.rulebook.quantities import Scale, format_units

STAGE_OF: dict[type[m.Fact], int] = {
    m.BankruptcyDeclared: 0,
    m.CollateralSold: 1,
    m.PoolsSwitched: 0,
    m.OrdersCancelled: 1,
    m.Netted: 1,
    m.Reduced: 2,
    m.AuctionOpened: 3,
    m.AuctionEnded: 3,
    m.TakenOver: 3,
    m.FundPaid: 4,
    m.Deleveraged: 5,
    m.Socialised: 6,
    m.ResidualNamed: 7,
}


class StageLines:
    """Gives each fact of a step, in order, the line of its stage and round."""

    def __init__(self, stages: list[StageRecord]) -> None:
        """Write into a list of lines."""
        self._stages = stages
        self.round = 1
        self._place: tuple[int, str, str] = (-1, "", "")

    def of(self, fact: m.Fact, stage: int) -> StageRecord:
        """Return the record of this fact's stage and round; facts of a round come in the order of their stages."""
        # Collateral is sold to relieve a unit, before anybody is declared bankrupt: the first word of a round. Pools
        # are looked at after that, in the same round.
        first = isinstance(fact, m.CollateralSold)
        within = "pools" if isinstance(fact, m.PoolsSwitched) else getattr(fact, "market_id", "")
        place = (-1 if first else stage, within, getattr(fact, "side", ""))
        if isinstance(fact, m.Deleveraged):
            self.round = fact.round
        elif isinstance(fact, m.FundPaid) and fact.after_stage_5 and self._place[0] <= 5:
            pass  # Deleveraging first: stage 4 pays after stage 5 of the same round.
        elif place[0] < self._place[0] or (stage in (0, 2, 4) and place <= self._place):
            self.round += 1
        self._place = place
        stages = self._stages
        if not stages or (stages[-1].round, stages[-1].stage) != (self.round, stage):
            stages.append(StageRecord(self.round, stage))
        return stages[-1]


def stages_of(facts: Iterable[m.Fact]) -> list[StageRecord]:
    """Return the stages that the facts of a step tell of; what each left is in no fact."""
    stages: list[StageRecord] = []
    lines = StageLines(stages)
    for fact in facts:
        stage = STAGE_OF.get(type(fact))
        if stage is not None:
            describe(lines.of(fact, stage), fact)
    return stages


def describe(line: StageRecord, fact: m.Fact) -> None:
    """Add what a fact took to its stage's line: lots, quanta, and a few words."""
    if isinstance(fact, m.BankruptcyDeclared):
        line.told.append(f"{counted(len(fact.units), 'unit')} declared bankrupt")
    elif isinstance(fact, m.PoolsSwitched):
        for switch in fact.switches:
            line.told.append(f"pool {switch.pool_id} {'stops paying' if switch.paused else 'pays again'}")
    elif isinstance(fact, m.CollateralSold):
        line.taken_quanta += sum(seller.money_quanta for seller in fact.sellers)
        line.told.append(f"{fact.asset_id} of {counted(len(fact.sellers), 'unit')} sold")
    elif isinstance(fact, m.Netted):
        lots = sum(abs(fill.lots) for fill in fact.fills) // 2
        line.taken_lots += lots
        line.told.append(f"{counted(lots, 'lot')} of hedged legs netted")
    elif isinstance(fact, m.OrdersCancelled):
        line.told.append(f"{counted(len(fact.orders), 'order')} cancelled")
    elif isinstance(fact, m.Reduced):
        lots = sum(abs(fill.lots) for fill in fact.fills if fill.part == "liquidated")
        line.taken_lots += lots
        deal = "sold into" if fact.side == "long" else "bought back from"
        told = f"{counted(lots, 'lot')} of {fact.side}s {deal} the book of {fact.market_id}"
        stopped = sorted({sale.why for sale in fact.sales if sale.why})
        line.told.append(told + (f", stopped by {' and '.join(stopped)}" if stopped else ""))
    elif isinstance(fact, m.AuctionOpened):
        seconds = format_units(fact.length_ns, Scale(1, 9))
        line.told.append(f"{fact.unit_id} is on offer for {seconds} seconds")
    elif isinstance(fact, m.AuctionEnded):
        line.told.append(f"the auction of {fact.unit_id} ended: {fact.why}")
    elif isinstance(fact, m.TakenOver):
        lots = sum(abs(fill.lots) for fill in fact.fills if fill.part == "taker")
        line.taken_lots += lots
        line.taken_quanta += fact.shortfall_quanta
        takers = ", ".join(fill.unit_id for fill in fact.fills if fill.part == "taker")
        line.told.append(f"{counted(lots, 'lot')} of {fact.side}s in {fact.market_id} taken over by {takers}")
    elif isinstance(fact, m.FundPaid):
        line.taken_quanta += sum(debt.paid_quanta for debt in fact.debts) + fact.own_unit_quanta
        paid = sum(debt.paid_quanta > 0 for debt in fact.debts)
        line.told.append(f"{counted(paid, 'debt')} paid" + (", cut by a cap" if fact.cut_by_caps_quanta else ""))
    elif isinstance(fact, m.Deleveraged):
        line.taken_lots += sum(pool.closed_lots + pool.netted_lots for pool in fact.pools)
        line.taken_quanta += sum(pool.collected_quanta for pool in fact.pools)
        netted = sum(pool.netted_lots for pool in fact.pools)
        told = f"{counted(sum(pool.closed_lots for pool in fact.pools), 'lot')} closed against "
        told += counted(len(fact.closings), "position")
        told += f", {counted(netted, 'lot')} of bankrupts netted" if netted else ""
        stopped = sorted({pool.stopped for pool in fact.pools if pool.stopped})
        line.told.append(told + (f", stopped by {' and '.join(stopped)}" if stopped else ""))
    elif isinstance(fact, m.Socialised):
        line.taken_quanta += sum(item.taken_quanta for item in fact.haircuts)
        units = counted(len(fact.haircuts), "unit")
        of_gains = fact.rule.startswith(WinnersProRata.kind)
        line.told.append(f"gains of {units} cut" if of_gains else f"{units} charged by {fact.rule}")
    elif isinstance(fact, m.ResidualNamed):
        line.taken_quanta += fact.named_quanta
        line.told.append("; ".join(f"{item.unit_id}: {item.reason}" for item in fact.residuals[:3]))
