"""Watches one step of the waterfall and writes it down: stages, what each took and left, and rounds of stage 5."""

from itertools import zip_longest
from typing import cast

from deleverage.domain.records import (
    FillRecord,
    NakedLeg,
    Owed,
    QueueRecord,
    RoundRecord,
    StageRecord,
    StepRecord,
)
from deleverage.domain.show import counted
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF, Book, Leg, leg_id_of
from deleverage.rulebook.closing import settle
from deleverage.rulebook.losses.gains import WinnersProRata
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.places import places
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Request
from deleverage.rulebook.stages.candidates import eligible

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


def owed(book: Book) -> Owed:
    """Return how many units are bankrupt, and their two debts: lots and quanta."""
    bankrupts = [unit for unit in book.units.values() if unit.bankrupt]
    lots = sum(abs(leg.lots) for unit in bankrupts for leg in unit.legs.values())
    shortfall = sum(max(0, -equity(book, unit)) for unit in bankrupts)
    return Owed(len(bankrupts), lots, shortfall)


class StepObserver:
    """Fills one ``StepRecord`` from the facts of one step."""

    def __init__(self, record: StepRecord, rules: Rules) -> None:
        """Watch for this record."""
        self.record, self.rules = record, rules
        self._round = 1
        self._place: tuple[int, str, str] = (-1, "", "")
        self._pending: RoundRecord | None = None

    def before(self, book: Book, fact: m.Fact) -> None:
        """Note what only the book before the fact can tell: the queue, and results against entry."""
        if isinstance(fact, m.Deleveraged):
            queues = tuple(self._queue(book, fact, pool) for pool in fact.pools if pool.lots > pool.netted_lots)
            self._pending = RoundRecord(fact, queues, _results(book, fact), owed(book))

    def after(self, book: Book, fact: m.Fact) -> None:
        """Note the stage and what it left."""
        record = self.record
        if isinstance(fact, m.StepEnded):
            record.stopped, record.guarded = fact.stopped, fact.guarded
            record.spared, record.throttles = fact.spared, fact.throttles
            auctioned = (unit_id for unit_id in sorted(book.auctions) if book.is_auctioned(unit_id))
            record.on_offer = tuple(unit_id for unit_id in auctioned if is_unhealthy(book, book.units[unit_id]))
            record.fund_after_quanta = book.fund_quanta()
            record.residual_quanta = book.residual_quanta
            _say_why(record)
            return
        if isinstance(fact, m.BankruptcyEnded):
            # Where no stage has acted before, the bankrupt was made flat between two steps: a market was settled.
            line = record.stages[-1] if record.stages else self._line(fact, 0)
            line.told.append(f"{counted(len(fact.units), 'bankruptcy', 'bankruptcies')} ended")
            line.left = owed(book)
        if isinstance(fact, m.RequirementsChanged):
            record.factors_ppb[fact.market_id] = fact.factor_ppb
        stage = STAGE_OF.get(type(fact))
        if stage is None:
            return
        line = self._line(fact, stage)
        _describe(line, fact)
        line.left = owed(book)
        if isinstance(fact, m.Deleveraged):
            self._pending = cast(RoundRecord, self._pending)
            self._pending.naked = _naked(book, fact)
            self._pending.after = line.left
            record.rounds.append(self._pending)
        elif isinstance(fact, m.Socialised) and record.rounds and record.rounds[-1].fact.round == self._round:
            record.rounds[-1].socialised_quanta += sum(item.taken_quanta for item in fact.haircuts)
            record.rounds[-1].after = line.left
        elif isinstance(fact, m.ResidualNamed):
            record.residuals = fact.residuals

    def _line(self, fact: m.Fact, stage: int) -> StageRecord:
        """Return the record of this fact's stage and round; facts of a round come in the order of their stages."""
        # Collateral is sold to relieve a unit, before anybody is declared bankrupt: the first word of a round. Pools
        # are looked at after that, in the same round.
        first = isinstance(fact, m.CollateralSold)
        within = "pools" if isinstance(fact, m.PoolsSwitched) else getattr(fact, "market_id", "")
        place = (-1 if first else stage, within, getattr(fact, "side", ""))
        if isinstance(fact, m.Deleveraged):
            self._round = fact.round
        elif isinstance(fact, m.FundPaid) and fact.after_stage_5 and self._place[0] <= 5:
            pass  # Deleveraging first: stage 4 pays after stage 5 of the same round.
        elif place[0] < self._place[0] or (stage in (0, 2, 4) and place <= self._place):
            self._round += 1
        self._place = place
        stages = self.record.stages
        if not stages or (stages[-1].round, stages[-1].stage) != (self._round, stage):
            stages.append(StageRecord(self._round, stage))
        return stages[-1]

    def _queue(self, book: Book, fact: m.Deleveraged, pool: m.Pool) -> QueueRecord:
        """Return the queue as the policy saw it: the same candidates, tiers, step and round."""
        side = SIGN_OF[pool.side]
        accounts = frozenset(
            unit.account_id for unit in book.units.values() if unit.bankrupt and unit.lots_on(pool.market_id, side)
        )
        candidates = eligible(book, self.rules, pool.market_id, side, accounts).candidates
        need = min(pool.lots - pool.netted_lots, sum(candidate.lots for candidate in candidates))
        request = Request(need, candidates, pool.market_id, pool.side, fact.step, fact.round)
        ordered = places(self.rules.policy.order(request)) if candidates else []
        return QueueRecord(pool.market_id, "short" if pool.side == "long" else "long", tuple(ordered))


def _results(book: Book, fact: m.Deleveraged) -> tuple[FillRecord, ...]:
    """Return every fill with what it realises against the leg's cost and funding, fill after fill."""
    legs: dict[tuple[str, str], Leg | None] = {}
    records = []
    for fill in fact.fills:
        key = (fill.unit_id, fill.leg_id)
        leg = legs[key] if key in legs else book.units[fill.unit_id].legs.get(fill.leg_id)
        settled = settle(leg, fill.lots, fill.amount_quanta, book.markets[fill.market_id].funding_quanta)
        legs[key] = settled.leg
        loss = fill.part == "candidate" and settled.realised_quanta < 0
        records.append(FillRecord(fill, settled.realised_quanta, loss))
    return tuple(records)


def _naked(book: Book, fact: m.Deleveraged) -> tuple[NakedLeg, ...]:
    """Return the legs that touched candidates still hold beside those on which they were closed."""
    closed: dict[str, set[str]] = {}
    for closing in fact.closings:
        closed.setdefault(closing.unit_id, set()).add(leg_id_of(closing.market_id, closing.leg_side))
    naked = []
    for unit_id, leg_ids in sorted(closed.items()):
        for leg_id, leg in book.units[unit_id].sorted_legs():
            if leg_id not in leg_ids:
                naked.append(NakedLeg(unit_id, ", ".join(sorted(leg_ids)), leg_id, leg.lots))
    return tuple(naked)


def _describe(line: StageRecord, fact: m.Fact) -> None:
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


def _say_why(record: StepRecord) -> None:
    """Say after each stage of a step why the next one is asked."""
    for line, following in zip_longest(record.stages, record.stages[1:]):
        left = line.left
        if left.lots and left.shortfall_quanta:
            debts = "bankrupts still hold lots and a shortfall"
        elif left.lots:
            debts = "bankrupts still hold lots, their shortfall is paid"
        elif left.shortfall_quanta:
            debts = "a shortfall is left that no lots carry"
        else:
            debts = "no bankrupt owes anything"
        if following is None:
            line.next = f"{debts}: the step ends"
        elif following.stage == 7:
            line.next = f"{debts}: stage 7 names it"
        elif following.round != line.round:
            line.next = f"{debts}: the next round looks again"
        else:
            line.next = f"{debts}: stage {following.stage} is asked"
