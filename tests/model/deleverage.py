"""Stage 5: bankrupts net first, then candidates are closed; pooled, or one bankrupt leg after the other."""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.model.collect import collect
from tests.model.envelopes import room, waits_for_approval
from tests.model.margin import maintenance
from tests.model.numbers import ceil_part, split
from tests.model.order import allocate, candidates, in_order
from tests.model.pools import note_parts
from tests.model.price import money_asked
from tests.model.state import SIDES, Market, fill, tell_fills
from tests.model.trigger import is_held_back

if TYPE_CHECKING:
    from tests.model.round import Round


@dataclass
class Pool:
    """The bankrupt lots of one market and side, and what became of them."""

    market: Market
    side: int
    lots: dict[str, int]  # by bankrupt unit; what is left
    shortfall: dict[str, int]  # by bankrupt unit; what is left
    found: int = 0
    netted: int = 0
    closed: int = 0
    debt: int = 0
    asked: int = 0
    collected: int = 0
    stopped: str = ""
    owners: set[str] = field(default_factory=set)  # accounts of the bankrupts that stage 5 found here
    removed: list[str] = field(default_factory=list)
    by_candidate: dict[str, int] = field(default_factory=dict)
    by_bankrupt: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Return market and side."""
        return self.market.market_id, SIDES[self.side]

    def give_up(self, unit_id: str, closed: int) -> int:
        """Let a bankrupt unit's lots go, and return the part of its shortfall that went with them, rounded up."""
        part = ceil_part(self.shortfall[unit_id], closed, self.lots[unit_id])
        self.lots[unit_id] -= closed
        self.shortfall[unit_id] -= part
        return part

    def plain(self) -> tuple[Any, ...]:
        """Return the pool as one row to be compared."""
        return (
            self.market.market_id,
            SIDES[self.side],
            self.found,
            self.netted,
            self.closed,
            self.debt,
            self.asked,
            self.collected,
            self.stopped,
            tuple(sorted(self.removed)),
        )


def deleverage(now: "Round") -> None:
    """Run stage 5 of a round."""
    pools = [_pool(now, market, side) for market in now.step.open_markets() for side in (1, -1)]
    # The trigger is asked on the book as stage 5 finds it: netting may close lots of a bankrupt fund's unit.
    for pool in pools:
        if is_held_back(now.world, pool.market, pool.side, now.rules["trigger"]):
            pool.stopped = "trigger"
        elif waits_for_approval(now.world, pool.market, pool.side, now.rules):
            pool.stopped = "approval"
    # Whoever goes one by one goes in the order of the units as stage 5 finds them.
    distress = {unit.unit_id: _distress(now, unit.unit_id) for unit in now.bankrupts()}
    for longs, shorts in zip(pools[::2], pools[1::2], strict=True):
        _net(now, longs, shorts)
    money: dict[tuple[str, str], int] = defaultdict(int)
    closed: dict[tuple[str, str], int] = defaultdict(int)
    capped: dict[str, int] = {}
    if now.rules["rerank"] == "once":
        capped = _pooled(now, pools, money, closed)
    else:
        for pool in pools:
            _one_by_one(now, pool, distress, money, closed)
    for (unit_id, _), quanta in money.items():
        now.step.taken[unit_id] += quanta
    _cancel_orders(now, closed)
    _remember_pools(now)
    for pool in pools:
        if pool.closed and now.rules["manual"]:
            now.world.envelopes[pool.place].used += pool.closed
    now.paced = any(pool.stopped in ("pace", "throttle") for pool in pools)
    locked = _lock(pools)
    found = [pool.plain() for pool in pools if pool.found]
    if locked or any(pool.netted or pool.closed for pool in pools):
        now.emitted = True
        now.step.seen["deleveraged"].append(
            {
                "round": now.number,
                "pools": found,
                "money": {place: quanta for place, quanta in sorted(money.items()) if quanta},
                "closed": {place: lots for place, lots in sorted(closed.items()) if lots},
                "freed": {place: quanta for place, quanta in sorted(now.without_lots.items()) if quanta},
                "capped": capped,
            }
        )


def _pool(now: "Round", market: Market, side: int) -> Pool:
    lots = now.lots_of(market, side, now.bankrupts())
    legs = {unit: now.world.units[unit].leg_on(market.market_id, side) for unit in lots}
    shortfall = {unit: now.shortfall.get((unit, leg), 0) for unit, leg in legs.items()}
    owners = {now.world.units[unit].account_id for unit in lots}
    return Pool(market, side, lots, shortfall, sum(lots.values()), owners=owners)


def _distress(now: "Round", unit_id: str) -> tuple[bool, Fraction, str]:
    """Return the key by which distressed units go: maintenance 0 first, then equity / maintenance, then id."""
    unit = now.world.units[unit_id]
    required = maintenance(now.world, unit)
    return required > 0, Fraction(now.equity(unit), required) if required else Fraction(0), unit_id


def _net(now: "Round", longs: Pool, shorts: Pool) -> None:
    """Close bankrupts of both sides against each other at the mark; their debt stays behind without lots."""
    amount = min(sum(longs.lots.values()), sum(shorts.lots.values()))
    for pool in (longs, shorts):
        pool.netted = amount
        for unit_id, lots in split(amount, [(u, held, held) for u, held in pool.lots.items()]).items():
            if lots:
                now.without_lots[unit_id, *pool.place] += pool.give_up(unit_id, lots)
                value = pool.side * lots * pool.market.lot_value
                fill(now.world.units[unit_id], pool.market, -pool.side * lots, value)


def _place(now: "Round", pool: Pool) -> str:
    return f"{now.world.steps}:{now.number}:{pool.market.market_id}:{SIDES[pool.side]}"


# -- pooled ------------------------------------------------------------------------------------------------------


def _pooled(
    now: "Round",
    pools: list[Pool],
    money: dict[tuple[str, str], int],
    closed: dict[tuple[str, str], int],
) -> dict[str, int]:
    """Plan every pool from one snapshot, collect for all of them together, then fill."""
    for pool in pools:
        _plan(now, pool)
    planned = {pool.market.market_id: pool for pool in pools if pool.closed}
    caps = None
    if not now.rules["may_bankrupt"]:
        concerned = {unit_id for pool in planned.values() for unit_id in pool.by_candidate}
        caps = {unit_id: max(0, now.equity(now.world.units[unit_id])) for unit_id in concerned}
    paid, capped = collect(
        {key: pool.asked for key, pool in planned.items()},
        {key: pool.by_candidate for key, pool in planned.items()},
        caps,
    )
    money.update(paid)
    for key, pool in planned.items():
        _fill_pool(now, pool, {unit_id: paid[unit_id, key] for unit_id in pool.by_candidate})
        closed.update({(unit_id, key): lots for unit_id, lots in pool.by_candidate.items()})
    return capped


def _plan(now: "Round", pool: Pool) -> None:
    """Allocate a pool's lots to candidates and bankrupts, and ask the price rule for the money."""
    need = sum(pool.lots.values())
    if need == 0 or pool.stopped:
        return
    found, pool.removed = candidates(now.world, pool.market, pool.side, pool.owners, now.rules)
    asked = min(need, sum(one.lots for one in found))
    most = now.step.pace.lots(asked, pool.market.lot_value)
    tighter = now.step.pace.tighter()
    approved = room(now.world, pool.market, pool.side, now.rules)
    if approved is not None and approved < most:
        most, tighter = approved, "approval"
    allotted = allocate(now.world, pool.market, found, most, now.rules["policy"], _place(now, pool))
    pool.by_candidate = _paced(now, pool, allotted)
    pool.closed = sum(pool.by_candidate.values())
    if pool.closed < asked:
        pool.stopped = tighter if pool.closed == sum(allotted.values()) else "pace"
    pool.by_bankrupt = split(pool.closed, [(u, lots, lots) for u, lots in pool.lots.items()])
    pool.parts = {u: pool.give_up(u, lots) for u, lots in pool.by_bankrupt.items() if lots}
    pool.debt = sum(pool.parts.values())
    pool.asked = money_asked(pool.market, pool.side, pool.closed, pool.debt, now.rules["price"])


def _paced(now: "Round", pool: Pool, allotted: dict[str, int]) -> dict[str, int]:
    """Return the allotments before the first to a unit that the pace does not allow any more, and count them."""
    kept: dict[str, int] = {}
    for unit_id, lots in allotted.items():
        if not now.step.pace.allows(unit_id):
            break
        now.step.pace.note(unit_id, lots, pool.market.lot_value)
        kept[unit_id] = lots
    return kept


def _fill_pool(now: "Round", pool: Pool, paid: dict[str, int]) -> None:
    """Fill both sides of a pool: value and money go to the bankrupts, from the candidates."""
    value = pool.side * pool.market.lot_value
    pool.collected = sum(paid.values())
    back = split(pool.collected, [(u, part, part) for u, part in pool.parts.items()])
    for unit_id, part in pool.parts.items():
        lots = pool.by_bankrupt[unit_id]
        fill(now.world.units[unit_id], pool.market, -pool.side * lots, lots * value + back[unit_id])
        now.without_lots[unit_id, *pool.place] += part - back[unit_id]
    for unit_id, lots in pool.by_candidate.items():
        fill(now.world.units[unit_id], pool.market, pool.side * lots, -lots * value - paid[unit_id])


# -- one by one --------------------------------------------------------------------------------------------------


def _one_by_one(
    now: "Round",
    pool: Pool,
    distress: dict[str, tuple[bool, Fraction, str]],
    money: dict[tuple[str, str], int],
    closed: dict[tuple[str, str], int],
) -> None:
    """Take the bankrupt legs of a pool one after the other, and ask the queue again before each fill."""
    if pool.stopped:
        return
    removed: set[str] = set()
    for unit_id in sorted((u for u, lots in pool.lots.items() if lots), key=lambda u: distress[u]):
        while pool.lots[unit_id]:
            found, out = candidates(now.world, pool.market, pool.side, pool.owners, now.rules)
            removed.update(out)
            if not found:
                break
            first = in_order(now.world, pool.market, found, now.rules["policy"], _place(now, pool))[0]
            paced = now.step.pace.lots(pool.lots[unit_id], pool.market.lot_value)
            approved = room(now.world, pool.market, pool.side, now.rules)
            lots = min(first.lots, paced, paced if approved is None else approved - pool.closed)
            if lots == 0 or not now.step.pace.allows(first.unit.unit_id):
                pool.stopped = "pace" if lots else "approval" if paced else now.step.pace.tighter()
                break
            now.step.pace.note(first.unit.unit_id, lots, pool.market.lot_value)
            part = pool.give_up(unit_id, lots)
            asked = money_asked(pool.market, pool.side, lots, part, now.rules["price"])
            paid = asked if now.rules["may_bankrupt"] else min(asked, max(0, now.equity(first.unit)))
            value = pool.side * lots * pool.market.lot_value
            fill(now.world.units[unit_id], pool.market, -pool.side * lots, value + paid)
            fill(first.unit, pool.market, pool.side * lots, -value - paid)
            now.without_lots[unit_id, *pool.place] += part - paid
            money[first.unit.unit_id, pool.market.market_id] += paid
            closed[first.unit.unit_id, pool.market.market_id] += lots
            pool.closed += lots
            pool.debt += part
            pool.asked += asked
            pool.collected += paid
    pool.removed = sorted(removed)


# -- afterwards --------------------------------------------------------------------------------------------------


def _remember_pools(now: "Round") -> None:
    """Let every unit that is flat now remember the pools of its fills, or by what was set free, if anything was."""
    tell_fills(now.world, now.world.time_ns)
    freed: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (u, market_id, _), quanta in now.without_lots.items():
        freed[u][now.pool_of(market_id)] += quanta
    for u, parts in freed.items():
        note_parts(now.world.units[u], parts)


def _cancel_orders(now: "Round", closed: dict[tuple[str, str], int]) -> None:
    """Cancel the open orders of every touched candidate in the market it was touched in, on either leg."""
    for order in list(now.world.orders.values()):
        if closed.get((order.unit_id, order.market_id)):
            now.remove_order(order)


def _lock(pools: list[Pool]) -> bool:
    """Make a market reduce-only in which bankrupt lots are left, and return whether one was not so before."""
    left = [pool.market for pool in pools if any(pool.lots.values())]
    is_new = any(not market.reduce_only for market in left)
    for market in left:
        market.reduce_only = True
    return is_new
