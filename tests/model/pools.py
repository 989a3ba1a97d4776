"""The fund's pools: what operators do with them, when they pause, and with which of them a flat unit's debt lies."""

from typing import Any

from tests.model.checks import is_bad_id, is_out_of_bounds, long_lots
from tests.model.drawdown import FundPool, is_bad_drawdown
from tests.model.margin import equity, is_guarded
from tests.model.numbers import split
from tests.model.state import Unit, World, market_of, pot

Given = dict[str, Any]
COMMON = "common"


def set_pool(world: World, given: Given, rules: Given) -> str | None:
    """Open a pool, or give one other terms: its cash stays, its memory does not."""
    terms = given["terms"]
    if is_bad_id(terms["pool_id"]):
        return "BAD_ID"
    if not 0 <= terms["floor_quanta"] <= 10**40 or is_bad_drawdown(terms["drawdown"]):
        return "BAD_TERMS"
    world.pools[terms["pool_id"]] = FundPool(terms["floor_quanta"], dict(terms["drawdown"]))
    for name in ("fund", "fees", "surplus"):
        world.pots.setdefault(pot(name, terms["pool_id"]), 0)
    return None


def deposit_to_fund(world: World, given: Given, rules: Given) -> str | None:
    """Bring money into a pool."""
    pool_id, amount = given.get("pool_id", COMMON), given["amount_quanta"]
    if pool_id not in world.pools:
        return "UNKNOWN_POOL"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    world.pots[pot("fund", pool_id)] += amount
    world.net_deposits += amount
    return None


def withdraw_from_fund(world: World, given: Given, rules: Given) -> str | None:
    """Take money out of a pool, after everybody else."""
    pool_id, amount = given.get("pool_id", COMMON), given["amount_quanta"]
    if pool_id not in world.pools:
        return "UNKNOWN_POOL"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    if world.is_halted:
        return "DOMAIN_HALTED"
    if any(unit.bankrupt for unit in world.units.values()):
        return "UNIT_BANKRUPT"
    if any(hides_a_loss(world, key, given["time_ns"], rules) for key in world.markets):
        return "MARK_GUARDED"
    if amount > above_floor(world, pool_id):
        return "POOL_FLOOR"
    if any(equity(world, unit) < 0 for unit in world.units.values()):
        return "NEGATIVE_EQUITY"
    if world.residual + sum(world.claims.values()) > 0:
        return "RESIDUAL_OUTSTANDING"
    world.pots[pot("fund", pool_id)] -= amount
    world.net_deposits -= amount
    return None


def regroup(world: World, given: Given, rules: Given) -> str | None:
    """Let another pool stand for a market."""
    market, pool_id = world.markets.get(given["market_id"]), given["pool_id"]
    if market is None:
        return "UNKNOWN_MARKET"
    if pool_id not in world.pools:
        return "UNKNOWN_POOL"
    if market.settled:
        return "MARKET_SETTLED"
    if market.pool == pool_id:
        return "SAME_POOL"
    for unit in world.units.values():
        holds = any(market_of(leg_id) == market.market_id for leg_id in unit.legs)
        if holds and (unit.bankrupt or equity(world, unit) < 0):
            return "MARKET_INDEBTED"
    if hides_a_loss(world, market.market_id, given["time_ns"], rules):
        return "MARK_GUARDED"
    market.pool = pool_id
    return None


def move_pool(world: World, given: Given, rules: Given) -> str | None:
    """Move money from one pool to another."""
    source, target, amount = given["from_pool_id"], given["to_pool_id"], given["amount_quanta"]
    if source not in world.pools or target not in world.pools:
        return "UNKNOWN_POOL"
    if is_out_of_bounds(amount):
        return "BAD_AMOUNT"
    if source == target:
        return "SAME_POOL"
    if amount > above_floor(world, source):
        return "POOL_FLOOR"
    world.pots[pot("fund", source)] -= amount
    world.pots[pot("fund", target)] += amount
    return None


def hides_a_loss(world: World, market_id: str, time_ns: int, rules: Given) -> bool:
    """Return whether somebody holds lots at a mark that is not to be believed now."""
    return long_lots(world, market_id) > 0 and is_guarded(world.markets[market_id], time_ns, rules["max_mark_age_ns"])


def cash_of(world: World, pool_id: str) -> int:
    """Return what a pool holds."""
    return world.pots[pot("fund", pool_id)]


def above_floor(world: World, pool_id: str) -> int:
    """Return what an operator may take out of a pool."""
    return max(0, cash_of(world, pool_id) - world.pools[pool_id].floor)


def room_of(world: World, pool_id: str) -> int:
    """Return what a pool may pay debts with now."""
    pool = world.pools[pool_id]
    return 0 if pool.paused else max(0, cash_of(world, pool_id) - pool.spared(world.time_ns))


def look_at_pools(world: World) -> list[tuple[str, bool]]:
    """Pause the pools that have fallen, let those go on that have recovered, and return who switched."""
    switched = []
    for pool_id, pool in sorted(world.pools.items()):
        cash = cash_of(world, pool_id)
        changes = pool.has_recovered(world.time_ns, cash) if pool.paused else pool.has_fallen(world.time_ns, cash)
        if changes:
            pool.paused = not pool.paused
            switched.append((pool_id, pool.paused))
    return switched


def remember_cash(world: World) -> None:
    """Tell every pool its cash, after something has happened."""
    for pool_id, pool in world.pools.items():
        pool.remember(world.time_ns, cash_of(world, pool_id))


# -- with which pools a flat unit's debt lies ------------------------------------------------------------------------


def parts_by_pool(unit: Unit, debt: int) -> dict[str, int]:
    """Return a flat unit's debt by pool, without pools that have no part in it."""
    assert unit.debt_pools, "a flat debtor has never traded"
    parts = split(debt, [(pool_id, weight, None) for pool_id, weight in unit.debt_pools.items()])
    return {pool_id: part for pool_id, part in parts.items() if part}


def note_parts(unit: Unit, parts: dict[str, int]) -> None:
    """Remember what is left of the parts of a flat unit's debt; if nothing is left, what was known stays."""
    left = {pool_id: part for pool_id, part in parts.items() if part}
    if left and not unit.legs:
        unit.debt_pools = left


def note_relief(unit: Unit, debt: int, money: int, pool_id: str) -> None:
    """Take money that came for a market of one pool off that pool's part of a flat unit's debt, then off all parts."""
    if unit.legs or money == 0:
        return
    parts = parts_by_pool(unit, debt)
    own = min(parts.get(pool_id, 0), money)
    if own:
        parts[pool_id] -= own
    for key, part in split(money - own, [(key, part, part) for key, part in parts.items()]).items():
        parts[key] -= part
    note_parts(unit, parts)
