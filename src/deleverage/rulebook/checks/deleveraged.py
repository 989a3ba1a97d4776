"""Stage 5: the order of the queue, the money of each pool, and what every closing says."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import SIGN_OF
from deleverage.rulebook.checks.stops import check_bounds
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.closing import money_asked
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.selection import Queue, Request
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.stages.held import bankrupts_in

STOPS = ("", "trigger", "approval", "pace", "throttle")
"""What may have stopped a pool of stage 5; empty: nothing."""


def check_order(view: View, fact: m.Deleveraged) -> None:
    """Queue policies: a later candidate is touched only if every earlier one has no lots left."""
    if not isinstance(view.rules.policy, Queue) or view.rules.rerank == "each_fill":
        return
    for pool in fact.pools:
        side = SIGN_OF[pool.side]
        accounts = frozenset(unit.account_id for unit in bankrupts_in(view.book, pool.market_id, side))
        found = eligible(view.book, view.rules, pool.market_id, side, accounts)
        capacity = sum(candidate.lots for candidate in found.candidates)
        request = Request(capacity, found.candidates, pool.market_id, pool.side, fact.step, fact.round)
        left, expected = pool.closed_lots, []
        for candidate, _ in view.rules.policy.order(request):
            if left:
                expected.append((candidate.unit_id, min(left, candidate.lots)))
                left -= expected[-1][1]
        closed = [
            (c.unit_id, c.closed_lots) for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)
        ]
        require("INV-10", closed == expected, f"{pool.market_id}: closed {closed[:3]}, the queue says {expected[:3]}")


def _check_deleveraged(view: View, fact: m.Deleveraged) -> None:
    rules = view.rules
    told = (fact.trigger, fact.policy, fact.price, fact.may_bankrupt)
    known = (text_of(rules.trigger), rules.policy.name, text_of(rules.price), rules.may_bankrupt)
    require("INV-12", told == known, f"the fact says {told}, the rules {known}")
    for market_id, ticks in fact.marks:
        mark = view.book.markets[market_id].mark_price_ticks
        require("INV-12", ticks == mark, f"{market_id}: decided at {ticks} ticks, the mark is {mark}")
    markets = {pool.market_id for pool in fact.pools}
    for unit_id, unit in view.units.items():
        involved = not markets.isdisjoint(unit.markets())
        require("INV-11", involved, f"{unit_id} was touched without a leg in {', '.join(sorted(markets))}")
    require("INV-11", not fact.payments and not fact.pots, "stage 5 moves money by closings only")
    _check_closings(view, fact)
    check_bounds(view, fact)
    caps = {c.unit_id: max(0, view.equities[c.unit_id]) for c in fact.closings}
    for closing in fact.closings:
        view.take(closing.unit_id, closing.money_quanta)
    pools_of: dict[str, int] = dict.fromkeys(caps, 0)
    taken: dict[str, int] = dict.fromkeys(caps, 0)
    for closing in fact.closings:
        pools_of[closing.unit_id] += 1
        taken[closing.unit_id] += closing.money_quanta
    for unit_id, money in taken.items():
        bounded = rules.may_bankrupt or money <= caps[unit_id]
        require("INV-6", bounded, f"{money} quanta were taken from {unit_id}, who had {caps[unit_id]}")
    left = {unit_id: caps[unit_id] - taken[unit_id] for unit_id in caps}
    for pool in fact.pools:
        members = [c for c in fact.closings if (c.market_id, c.side) == (pool.market_id, pool.side)]
        _check_pool(view, fact, pool)
        if rules.rerank == "once":  # One by one, money is paid fill by fill: only the cap of each unit binds.
            _check_shares(pool, members, left, pools_of)
    _check_results(view, fact)
    view.freed = {item[:3]: item.amount_quanta for item in fact.freed}
    freed: dict[str, int] = {}
    for item in fact.freed:
        freed[item.unit_id] = freed.get(item.unit_id, 0) + item.amount_quanta
    for unit_id, unit in view.units.items():
        if unit.bankrupt and not view.book.units[unit_id].legs:
            owed = max(0, -view.now(unit_id))
            same = freed.get(unit_id, 0) == owed
            require("INV-6", same, f"{unit_id} is flat and owes {owed} quanta, {freed.get(unit_id, 0)} were freed")


def _check_closings(view: View, fact: m.Deleveraged) -> None:
    """Each closing is what its fill says, nobody is paid for being closed, and no bankrupt is a candidate."""
    filled: dict[tuple[str, str], tuple[int, int]] = {}
    told: dict[tuple[str, str], tuple[int, int]] = {}
    for fill in fact.fills:
        if fill.part == "candidate":
            lots, money = filled.get((fill.unit_id, fill.market_id), (0, 0))
            filled[fill.unit_id, fill.market_id] = (lots + abs(fill.lots), money - fill.money_quanta)
    for closing in fact.closings:
        require("INV-6", closing.money_quanta >= 0, f"{closing.unit_id} was paid {-closing.money_quanta} quanta")
        solvent = closing.unit_id in view.units and not view.units[closing.unit_id].bankrupt
        require("INV-8", solvent, f"bankrupt or unknown {closing.unit_id} was a candidate")
        lots, money = told.get((closing.unit_id, closing.market_id), (0, 0))
        told[closing.unit_id, closing.market_id] = (lots + closing.closed_lots, money + closing.money_quanta)
    require("INV-6", filled == told, f"the fills say {filled}, the closings {told}")


def _check_results(view: View, fact: m.Deleveraged) -> None:
    """What the closings say candidates made against their entries is what the ledger has realised."""
    results: dict[str, int] = {}
    for closing in fact.closings:
        results[closing.unit_id] = results.get(closing.unit_id, 0) + closing.result_entry_quanta
    for unit_id, result in results.items():
        realised = view.book.units[unit_id].realised - view.units[unit_id].realised
        require("INV-3", result == realised, f"{unit_id}: a result of {result} is told, {realised} was realised")


def _check_pool(view: View, fact: m.Deleveraged, pool: m.Pool) -> None:
    name, side = f"{pool.market_id} {pool.side}", SIGN_OF[pool.side]
    for what, low, high in (
        ("asked", pool.asked_quanta, pool.shortfall_quanta),
        ("collected", pool.collected_quanta, pool.asked_quanta),
    ):
        require("INV-6", 0 <= low <= high, f"{name}: {what} {low} of {high} quanta")
    mine = [fill for fill in fact.fills if fill.market_id == pool.market_id and fill.lots * side < 0]
    closed = [fill for fill in mine if fill.part == "bankrupt"]
    lots = sum(abs(fill.lots) for fill in closed)
    require("INV-8", lots == pool.closed_lots, f"{name}: {lots} and {pool.closed_lots} lots closed")
    money = sum(fill.money_quanta for fill in closed)
    require("INV-6", money == pool.collected_quanta, f"{name}: {money} paid out, {pool.collected_quanta} collected")
    if view.rules.rerank == "once":
        market = view.book.markets[pool.market_id]
        due = money_asked(view.rules.price, market, side, pool.closed_lots, pool.shortfall_quanta)
        require("INV-6", due == pool.asked_quanta, f"{name}: the price rule asks {due}, the pool {pool.asked_quanta}")
    require("INV-21", pool.stopped in STOPS, f"{name}: stopped by {pool.stopped}, known are {STOPS[1:]}")
    held = len(bankrupts_in(view.book, pool.market_id, side))
    declared = view.book.markets[pool.market_id].reduce_only and bool(pool.removed or pool.stopped)
    require("INV-21", not held or declared, f"{name}: {held} bankrupt units keep lots without a declared reason")


def _check_shares(pool: m.Pool, members: list[m.Closing], left: dict[str, int], pools_of: dict[str, int]) -> None:
    missing = pool.asked_quanta - pool.collected_quanta
    able = [c.unit_id for c in members if left[c.unit_id] > 0]
    require("INV-6", missing == 0 or not able, f"{pool.market_id}: {missing} quanta not asked of {able[:3]}")
    # A unit that its cap binds may keep a quantum per pool for rounding: who keeps more was not bound. And where units
    # stand in several pools, what their rounding leaves open is spread once more.
    unbound = [c for c in members if left[c.unit_id] >= pools_of[c.unit_id]]
    quanta = 2 if any(pools_of[c.unit_id] > 1 for c in members) else 1
    for one in unbound[1:]:
        other = unbound[0]
        spread = one.money_quanta * other.closed_lots - other.money_quanta * one.closed_lots
        fair = abs(spread) <= quanta * (one.closed_lots + other.closed_lots)
        require("INV-10", fair, f"{one.unit_id} and {other.unit_id} pay differently per lot")


CHECKS: Checks = {
    m.Deleveraged: _check_deleveraged,
}
