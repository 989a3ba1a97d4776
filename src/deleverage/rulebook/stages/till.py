"""What the pools of the fund are asked for: whose debt is whose, what caps leave, and which pools are paused.

A debt on a leg is its market's pool's; a flat unit's debt lies with the pools of the markets it was closed in last.
"""

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, market_of
from deleverage.rulebook.margin import equity_shares
from deleverage.rulebook.messages import PoolsSwitched, PoolSwitch
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.scratch import PoolDebts, Scratch

FundDebts = dict[tuple[str, str, str], int]
"""Quanta owed per (pool, unit, leg id)."""


def by_pool(book: Book, unit_id: str, leg_id: str, debt_quanta: int, weights: dict[str, int]) -> FundDebts:
    """Return a debt by the pools that stand for it; quanta, left out where 0. ``weights``: for debt without lots."""
    if leg_id:
        parts = {book.pool_of(market_of(leg_id)): debt_quanta}
    else:
        parts = apportion(debt_quanta, [Share(*weighed) for weighed in weights.items()]).parts
    return {(pool_id, unit_id, leg_id): part for pool_id, part in parts.items() if part}


def freed_by_pool(book: Book, mine: PoolDebts) -> dict[str, int]:
    """Return what stage 5 has set free of one unit's debt, by the fund's pool that stands for its market; quanta."""
    owed: dict[str, int] = {}
    for (_, market_id, _), debt in mine.items():
        owed[book.pool_of(market_id)] = owed.get(book.pool_of(market_id), 0) + debt
    return owed


def lower_freed(book: Book, freed: PoolDebts, mine: PoolDebts, pool_id: str, quanta: int) -> None:
    """Take what a pool of the fund has paid off what was set free of one unit's debt in its markets, by what they hold.

    ``mine`` are the unit's among the ``freed``.
    """
    here = [Share(key, debt, debt) for key, debt in mine.items() if book.pool_of(key[1]) == pool_id]
    for key, part in apportion(quanta, here).parts.items():
        freed[key] -= part


def own_debts(book: Book, rules: Rules) -> FundDebts:
    """Return what the fund's own unit lies below zero, by pool and leg; empty if it does not, or there is none."""
    unit, debts = book.fund_unit(), FundDebts()
    if unit is not None:
        for leg_id, share in equity_shares(book, unit, rules.shortfall_split).items():
            debts |= by_pool(book, unit.unit_id, leg_id, max(0, -share), unit.debt_pools)
    return debts


def can_lift_own_unit(book: Book, rules: Rules) -> bool:
    """Return whether every pool can pay its part of what the fund's own unit lies below zero."""
    needed = dict.fromkeys(book.pools, 0)
    for (pool_id, _, _), debt in own_debts(book, rules).items():
        needed[pool_id] += debt
    return all(debt <= sum(book.pool_pots(pool_id).values()) for pool_id, debt in needed.items())


def switch_pools(scratch: Scratch) -> None:
    """Stage 0: pause the pools that have fallen, and let those that have recovered pay again."""
    switches = []
    for pool_id, pool in sorted(scratch.book.pools.items()):
        cash, base = scratch.book.cash(pool_id), pool.base(scratch.time_ns)
        paused = pool.pauses(cash, scratch.time_ns)
        if paused != pool.paused:
            switches.append(PoolSwitch(pool_id, paused, cash, *(base or (0, 0))))
    if switches:
        scratch.emit(PoolsSwitched, switches=tuple(switches))
