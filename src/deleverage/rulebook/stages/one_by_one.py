"""Stage 5 for venues that take bankrupts one by one: the queue is asked again before each fill.

Who is asked then hangs on the order of the bankrupts, which is stated: markets in id order, longs before shorts, the
most distressed first. Money is paid with each fill, so a candidate may be somewhere else in the next queue.
Who does it: dYdX v4, Drift. Pooled, ranking once and ranking again give the same result; here they do not.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.closing import money_asked, settle_unit
from deleverage.rulebook.margin import equity, maintenance_numerator
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.selection import Allotment, Request, ask
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.pacing import lots_within, units_within
from deleverage.rulebook.stages.plan import BankruptPool, Plan
from deleverage.rulebook.stages.scratch import Scratch


@dataclass
class Ahead:
    """The stage as far as it is planned: the plan, and a book for looking ahead, its fills settled already."""

    scratch: Scratch
    plan: Plan
    book: Book
    closings: Counter[str] = field(default_factory=Counter)  # per market

    def others(self, pool: BankruptPool) -> list[Unit]:
        """Return the solvent units on the other side of a pool, as they stand now, in id order."""
        return [self.book.units[unit.unit_id] for unit in pool.others]

    def settle(self, fill: Fill) -> None:
        """Settle a fill of the plan on the book for looking ahead."""
        unit, market = self.book.units[fill.unit_id], self.book.markets[fill.market_id]
        settle_unit(unit, market, fill.lots, fill.amount_quanta, fill.leg_side)


PoolCloser = Callable[[Ahead, BankruptPool, list[str]], None]
"""Closes the lots of a pool's bankrupts, given in their order, as ``close_pool`` does: somebody else may be faster."""


def close_one_by_one(scratch: Scratch, pools: list[BankruptPool], plan: Plan) -> None:
    """Close bankrupts in order of distress at the start of the stage, asking the queue again before each fill."""
    ahead = Ahead(scratch, plan, scratch.book.copy())
    for fill in plan.fills:
        ahead.settle(fill)
    order = {
        pool.market_id: sorted(
            (unit_id for unit_id, lots in pool.lots.items() if lots),
            key=lambda unit_id: distress(scratch.book, scratch.book.units[unit_id]),
        )
        for pool in pools
    }
    for pool in pools:
        scratch.close_pool(ahead, pool, order[pool.market_id])


def close_pool(ahead: Ahead, pool: BankruptPool, bankrupts: list[str]) -> None:
    """Ask the queue again before each fill, until no lots, or nobody to ask, or no room is left."""
    accounts = frozenset(ahead.scratch.book.units[unit_id].account_id for unit_id in pool.lots)
    for unit_id in bankrupts:
        while pool.lots[unit_id]:
            if not _one_fill(ahead, pool, unit_id, accounts):
                return


def _one_fill(ahead: Ahead, pool: BankruptPool, unit_id: str, accounts: frozenset[str]) -> bool:
    """Close lots of one bankrupt against the first of the queue as it stands now; False: nothing more can be closed."""
    scratch = ahead.scratch
    found = eligible(ahead.book, scratch.rules, pool.market_id, pool.side, accounts, ahead.others(pool))
    pool.removed = found.removed
    capacity = sum(candidate.lots for candidate in found.candidates)
    if not capacity:
        return False
    need_lots, bound_by = lots_within(scratch, pool, min(pool.lots[unit_id], capacity))
    if not need_lots:
        pool.stopped = bound_by
        return False
    request = Request(need_lots, found.candidates, pool.market_id, pool.side_name, scratch.step, scratch.round)
    allotments = units_within(scratch, pool, ask(scratch.rules.policy, request)[:1])
    if not allotments:
        return False
    (first,) = allotments
    close_first(ahead, pool, unit_id, next(item for item in found.candidates if item.unit_id == first.unit_id), first)
    return True


def close_first(ahead: Ahead, pool: BankruptPool, unit_id: str, candidate: Candidate, first: Allotment) -> None:
    """Plan the fill of one bankrupt against the first of the queue, and settle it on the book for looking ahead."""
    scratch, plan = ahead.scratch, ahead.plan
    owed = pool.give_up(unit_id, first.lots)
    market = ahead.book.markets[pool.market_id]
    asked = money_asked(scratch.rules.price, market, pool.side, first.lots, owed)
    money = asked if scratch.rules.may_bankrupt else min(asked, max(0, candidate.equity_quanta))
    pool.closed_lots += first.lots
    pool.shortfall_quanta += owed
    pool.asked_quanta += asked
    pool.collected_quanta += money
    ahead.closings[pool.market_id] += 1
    rank = ahead.closings[pool.market_id]
    before = len(plan.fills)
    plan.close_bankrupt(scratch, pool, unit_id, first.lots, money, "bankrupt")
    plan.close_candidate(scratch, pool, candidate, ahead.book.units[first.unit_id], first, rank, money)
    plan.free(pool, unit_id, owed - money)
    for fill in plan.fills[before:]:
        ahead.settle(fill)


def distress(book: Book, unit: Unit) -> tuple[int, Fraction, str]:
    """Return the key by which distressed units go: equity / maintenance ascending, no maintenance first, then id."""
    maintenance = maintenance_numerator(book, unit)
    if maintenance == 0:
        return (0, Fraction(0), unit.unit_id)
    return (1, Fraction(equity(book, unit) * MARGIN_SCALE, maintenance), unit.unit_id)
