"""Stage 5: close the lots of bankrupt units against solvent ones - as one plan for all markets, and one fact.

Two splits, never mixed: the policy allocates *lots*, the price rule sets the *money* that is asked and one function
spreads it, capped at each unit's equity. Capping lots instead would leave bankrupt lots open, and no cap makes victims:
the first in the queue is first because of its leverage.
"""

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import SIGN_OF, Unit
from deleverage.rulebook.closing import money_asked
from deleverage.rulebook.collection import Lots, collect
from deleverage.rulebook.messages import Deleveraged, Freed
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.selection import Allotment, Request, ask
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.held import approved_lots, holders, situation
from deleverage.rulebook.stages.one_by_one import close_one_by_one
from deleverage.rulebook.stages.pacing import lots_within, units_within
from deleverage.rulebook.stages.plan import BankruptPool, Plan
from deleverage.rulebook.stages.scratch import Scratch


def deleverage(scratch: Scratch) -> None:
    """Plan stage 5 for every market and side from one snapshot, and commit it as one fact."""
    pools = _pool_bankrupts(scratch)
    lots_before = [pool.open_lots for pool in pools]
    plan = Plan()
    for market_id in sorted({pool.market_id for pool in pools}):
        _net(scratch, [pool for pool in pools if pool.market_id == market_id], plan)
    fund = scratch.book.fund_unit()
    open_pools = [pool for pool in pools if pool.open_lots and _may_start(scratch, pool, fund)]
    if scratch.rules.rerank == "each_fill":
        close_one_by_one(scratch, open_pools, plan)
    else:
        _close_pooled(scratch, open_pools, plan)
    newly_reduce_only = tuple(
        sorted(
            pool.market_id for pool in pools if pool.open_lots and not scratch.book.markets[pool.market_id].reduce_only
        )
    )
    scratch.freed = plan.freed
    scratch.paced = any(pool.stopped in ("pace", "throttle") for pool in pools)
    for closing in plan.closings:
        scratch.note_taken(closing.unit_id, closing.money_quanta)
    if not plan.fills and not newly_reduce_only:
        return
    touched = {(closing.unit_id, closing.market_id) for closing in plan.closings}
    scratch.emit(
        Deleveraged,
        fills=tuple(plan.fills),
        orders=scratch.cancellations(lambda order: (order.unit_id, order.market_id) in touched),
        step=scratch.step,
        round=scratch.round,
        marks=tuple(
            (market_id, scratch.book.markets[market_id].mark_price_ticks)
            for market_id in sorted({pool.market_id for pool in pools})
        ),
        trigger=text_of(scratch.rules.trigger),
        policy=scratch.rules.policy.name,
        price=text_of(scratch.rules.price),
        may_bankrupt=scratch.rules.may_bankrupt,
        pools=tuple(pool.record(lots) for pool, lots in zip(pools, lots_before, strict=True)),
        closings=tuple(plan.closings),
        freed=tuple(Freed(*key, amount) for key, amount in sorted(plan.freed.items())),
        reduce_only=newly_reduce_only,
    )


def _pool_bankrupts(scratch: Scratch) -> list[BankruptPool]:
    """Add up lots and shortfalls per market and side: otherwise who pays would hang on names."""
    pools = []
    bankrupts = holders(scratch.bankrupt_units())
    solvent = holders(unit for unit in scratch.book.sorted_units() if bankrupts and not unit.bankrupt)
    for market_id, _ in scratch.open_markets():
        for side_name, side in SIGN_OF.items():
            lots, leg_ids, shortfalls = {}, {}, {}
            for unit in bankrupts.get((market_id, side), ()):
                if (found := unit.leg_on(market_id, side)) is not None:
                    leg_ids[unit.unit_id], lots[unit.unit_id] = found[0], abs(found[1].lots)
                    shortfalls[unit.unit_id] = scratch.shortfalls.get((unit.unit_id, found[0]), 0)
            if lots:
                others = solvent.get((market_id, -side), [])
                pools.append(BankruptPool(market_id, side_name, side, lots, leg_ids, shortfalls, others))
    return pools


def _net(scratch: Scratch, pools: list[BankruptPool], plan: Plan) -> None:
    """Close opposite bankrupt lots against each other at the mark: no equity moves, the shortfall loses its lots."""
    if len(pools) < 2:
        return
    netted = min(pool.open_lots for pool in pools)
    for pool in pools:
        pool.netted_lots = netted
        split = apportion(netted, [Share(unit_id, lots, lots) for unit_id, lots in pool.lots.items()])
        for unit_id, lots in sorted(split.parts.items()):
            if lots:
                plan.free(pool, unit_id, pool.give_up(unit_id, lots))
                plan.close_bankrupt(scratch, pool, unit_id, lots, 0, "netted")


def _may_start(scratch: Scratch, pool: BankruptPool, fund: Unit | None) -> bool:
    """Ask the trigger, then the envelope, whether the lots that netting has left may be closed against the solvent."""
    found = situation(scratch.book, pool.market_id, pool.side, pool.open_lots, pool.others, fund)
    if not scratch.rules.trigger.fires(found):
        pool.stopped = "trigger"
    elif approved_lots(scratch.book, scratch.rules, pool.market_id, pool.side) == 0:
        pool.stopped = "approval"
    return not pool.stopped


def _close_pooled(scratch: Scratch, pools: list[BankruptPool], plan: Plan) -> None:
    """Close all pools at once: lots by the policy, money equal per lot, capped at each unit's equity over all pools.

    What one capped candidate cannot pay the other closed ones pay; only when all are at their cap the rest becomes debt
    without lots.
    """
    closed: Lots = {}
    caps: dict[str, int | None] = {}
    chosen = []
    for pool in pools:
        candidates, allotments = _ask_policy(scratch, pool)
        chosen.append((pool, candidates, allotments))
        for allotment in allotments:
            closed.setdefault(allotment.unit_id, {})[pool.market_id] = allotment.lots
            equity_quanta = candidates[allotment.unit_id].equity_quanta
            caps[allotment.unit_id] = None if scratch.rules.may_bankrupt else max(0, equity_quanta)
        pool.closed_lots = sum(allotment.lots for allotment in allotments)
        split = apportion(pool.closed_lots, [Share(unit_id, lots, lots) for unit_id, lots in pool.lots.items()])
        pool.closed = {unit_id: lots for unit_id, lots in sorted(split.parts.items()) if lots}
        pool.owed = {unit_id: pool.give_up(unit_id, lots) for unit_id, lots in pool.closed.items()}
        pool.shortfall_quanta = sum(pool.owed.values())
        market = scratch.book.markets[pool.market_id]
        price = scratch.rules.price
        pool.asked_quanta = money_asked(price, market, pool.side, pool.closed_lots, pool.shortfall_quanta)
    paid = collect({pool.market_id: pool.asked_quanta for pool in pools}, closed, caps)
    for pool, candidates, allotments in chosen:
        pool.collected_quanta = sum(paid[allotment.unit_id][pool.market_id] for allotment in allotments)
        _give_back(scratch, pool, plan)
        for rank, allotment in enumerate(allotments, start=1):
            unit = scratch.book.units[allotment.unit_id]
            money = paid[allotment.unit_id][pool.market_id]
            plan.close_candidate(scratch, pool, candidates[allotment.unit_id], unit, allotment, rank, money)


def _ask_policy(scratch: Scratch, pool: BankruptPool) -> tuple[dict[str, Candidate], list[Allotment]]:
    """Ask the policy for as many lots as there are, and check its answer as hostile."""
    accounts = frozenset(scratch.book.units[unit_id].account_id for unit_id in pool.lots)
    found = eligible(scratch.book, scratch.rules, pool.market_id, pool.side, accounts, pool.others)
    pool.removed = found.removed
    lots = min(pool.open_lots, sum(candidate.lots for candidate in found.candidates))
    need_lots, pool.stopped = lots_within(scratch, pool, lots)
    request = Request(need_lots, found.candidates, pool.market_id, pool.side_name, scratch.step, scratch.round)
    allotments = units_within(scratch, pool, ask(scratch.rules.policy, request)) if need_lots else []
    return {candidate.unit_id: candidate for candidate in found.candidates}, allotments


def _give_back(scratch: Scratch, pool: BankruptPool, plan: Plan) -> None:
    """Return what a pool collected to its bankrupts by shortfall; what one does not get back is debt without lots."""
    shares = [Share(unit_id, debt, debt) for unit_id, debt in pool.owed.items()]
    back = apportion(pool.collected_quanta, shares).parts
    for unit_id, lots in pool.closed.items():
        plan.close_bankrupt(scratch, pool, unit_id, lots, back[unit_id], "bankrupt")
        plan.free(pool, unit_id, pool.owed[unit_id] - back[unit_id])
