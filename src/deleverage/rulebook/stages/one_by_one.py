"""Stage 5 for venues that take bankrupts one by one: the queue is asked again before each fill.

Who is asked then hangs on the order of the bankrupts, which is stated: markets in id order, longs before shorts, the
most distressed first. Money is paid with each fill, so a candidate may be somewhere else in the next queue.
Who does it: dYdX v4, Drift. Pooled, ranking once and ranking again give the same result; here they do not.
"""

from fractions import Fraction

from deleverage.rulebook.book import Book, Unit
from deleverage.rulebook.closing import money_asked, settle_unit
from deleverage.rulebook.margin import equity, maintenance_numerator
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.selection import Request, ask
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.pacing import lots_within, units_within
from deleverage.rulebook.stages.plan import BankruptPool, Plan
from deleverage.rulebook.stages.scratch import Scratch


def close_one_by_one(scratch: Scratch, pools: list[BankruptPool], plan: Plan) -> None:
    """Close bankrupts in order of distress at the start of the stage, asking the queue again before each fill."""
    view = _overlay(scratch, plan)
    order = {
        pool.market_id: sorted(
            (unit_id for unit_id, lots in pool.lots.items() if lots),
            key=lambda unit_id: distress(scratch.book, scratch.book.units[unit_id]),
        )
        for pool in pools
    }
    for pool in pools:
        accounts = frozenset(scratch.book.units[unit_id].account_id for unit_id in pool.lots)
        for unit_id in order[pool.market_id]:
            while pool.lots[unit_id] and _one_fill(scratch, view, pool, unit_id, accounts, plan):
                pass


def _overlay(scratch: Scratch, plan: Plan) -> Book:
    """Return a book for looking ahead: every unit copied, the netting already settled on the copies."""
    view = scratch.book.copy()
    for fill in plan.fills:
        _settle(view, fill)
    return view


def _settle(view: Book, fill: Fill) -> None:
    unit, market = view.units[fill.unit_id], view.markets[fill.market_id]
    settle_unit(unit, market, fill.lots, fill.amount_quanta, fill.leg_side)


def _one_fill(
    scratch: Scratch, view: Book, pool: BankruptPool, unit_id: str, accounts: frozenset[str], plan: Plan
) -> bool:
    """Close lots of one bankrupt against the first of the queue as it stands now; False: nobody is left."""
    found = eligible(view, scratch.rules, pool.market_id, pool.side, accounts)
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
    candidate = next(item for item in found.candidates if item.unit_id == first.unit_id)
    owed = pool.give_up(unit_id, first.lots)
    market = view.markets[pool.market_id]
    asked = money_asked(scratch.rules.price, market, pool.side, first.lots, owed)
    money = asked if scratch.rules.may_bankrupt else min(asked, max(0, candidate.equity_quanta))
    pool.closed_lots += first.lots
    pool.shortfall_quanta += owed
    pool.asked_quanta += asked
    pool.collected_quanta += money
    rank = 1 + sum(closing.market_id == pool.market_id for closing in plan.closings)
    before = len(plan.fills)
    plan.close_bankrupt(scratch, pool, unit_id, first.lots, money, "bankrupt")
    plan.close_candidate(scratch, pool, candidate, view.units[first.unit_id], first, rank, money)
    plan.free(pool, unit_id, owed - money)
    for fill in plan.fills[before:]:
        _settle(view, fill)
    return True


def distress(book: Book, unit: Unit) -> tuple[int, Fraction, str]:
    """Return the key by which distressed units go: equity / maintenance ascending, no maintenance first, then id."""
    maintenance = maintenance_numerator(book, unit)
    if maintenance == 0:
        return (0, Fraction(0), unit.unit_id)
    return (1, Fraction(equity(book, unit) * MARGIN_SCALE, maintenance), unit.unit_id)
