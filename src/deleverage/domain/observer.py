"""Watches one step of the waterfall and writes it down: stages, what each took and left, and rounds of stage 5."""

from itertools import zip_longest
from typing import cast

from deleverage.domain.records import (
    FillRecord,
    NakedLeg,
    Owed,
    QueueRecord,
    RoundRecord,
    StepRecord,
)
from deleverage.domain.show import counted
from deleverage.domain.stage_lines import STAGE_OF, StageLines, describe
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF, Book, Leg, leg_id_of
from deleverage.rulebook.closing import settle
from deleverage.rulebook.margin import equity, is_unhealthy
from deleverage.rulebook.places import places
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Request
from deleverage.rulebook.stages.candidates import eligible


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
        self._lines = StageLines(record.stages)
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
            line = record.stages[-1] if record.stages else self._lines.of(fact, 0)
            line.told.append(f"{counted(len(fact.units), 'bankruptcy', 'bankruptcies')} ended")
            line.left = owed(book)
        if isinstance(fact, m.RequirementsChanged):
            record.factors_ppb[fact.market_id] = fact.factor_ppb
        stage = STAGE_OF.get(type(fact))
        if stage is None:
            return
        line = self._lines.of(fact, stage)
        describe(line, fact)
        line.left = owed(book)
        if isinstance(fact, m.Deleveraged):
            self._pending = cast(RoundRecord, self._pending)
            self._pending.naked = _naked(book, fact)
            self._pending.after = line.left
            record.rounds.append(self._pending)
        elif isinstance(fact, m.Socialised) and record.rounds and record.rounds[-1].fact.round == self._lines.round:
            record.rounds[-1].socialised_quanta += sum(item.taken_quanta for item in fact.haircuts)
            record.rounds[-1].after = line.left
        elif isinstance(fact, m.ResidualNamed):
            record.residuals = fact.residuals

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
