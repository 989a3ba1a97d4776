"""The trigger: whether the bankrupt lots of one market and side may be asked of candidates."""

from typing import Any

from tests.model.margin import price_pnl
from tests.model.numbers import BILLION
from tests.model.pools import cash_of
from tests.model.state import Market, World, market_of


def left_by_netting(world: World, market: Market, side: int) -> int:
    """Return the bankrupt lots of a market and side that the bankrupts of the other side do not take."""
    bankrupts = [unit for unit in world.units.values() if unit.bankrupt]
    long, short = (sum(unit.lots_on(market.market_id, one) for unit in bankrupts) for one in (1, -1))
    return max(0, side * (long - short))


def is_held_back(world: World, market: Market, side: int, trigger: dict[str, Any]) -> bool:
    """Return whether netting would leave lots of a market and side, and the trigger does not fire for them."""
    lots = left_by_netting(world, market, side)
    return lots > 0 and not fires(world, market, side, lots, trigger)


def fires(world: World, market: Market, side: int, lots: int, trigger: dict[str, Any]) -> bool:
    """Return whether a trigger fires for the lots that netting leaves of a market and side."""
    name, pool = trigger["name"], cash_of(world, market.pool)
    if name == "bankrupt-lots":
        return True
    if name == "never":
        return False
    if name == "fund-exhausted":
        return bool(pool <= trigger["threshold_quanta"])
    if name == "fund-fallen":
        return world.pools[market.pool].paused
    if name == "fund-cannot-accept":
        return bool(fund_inventory(world) + lots * abs(market.lot_value) > trigger["cap_quanta"])
    if name == "pool-factor":
        return bool(winnings(world, market, -side) * BILLION > trigger["factor_ppb"] * pool)
    parts = [fires(world, market, side, lots, part) for part in trigger["of"]]
    return all(parts) if name == "all" else any(parts)


def fund_inventory(world: World) -> int:
    """Return the notional of all legs of the fund's unit."""
    fund = world.fund_unit()
    legs = fund.legs if fund is not None else {}
    return sum(abs(leg.lots * world.markets[market_of(key)].lot_value) for key, leg in legs.items())


def winnings(world: World, market: Market, side: int) -> int:
    """Return what the solvent legs on one side of a market have gained from prices, losses counted against gains."""
    solvent = [unit for unit in world.units.values() if not unit.bankrupt and unit.lots_on(market.market_id, side)]
    return sum(price_pnl(market, unit.legs[unit.leg_on(market.market_id, side)]) for unit in solvent)
