"""Equity, requirements and gains of the model, each as the law words it."""

from collections.abc import Collection
from fractions import Fraction
from math import ceil

from tests.model.assets import margin_value
from tests.model.numbers import BILLION, ceil_part
from tests.model.state import Leg, Market, Unit, World, can_only_close, market_of

SCALE = BILLION**2
"""Requirements are whole numbers of quanta x 10^18: a rate in ppb times a factor in ppb."""


def equity(world: World, unit: Unit) -> int:
    """Return what a unit is worth at the last accepted marks."""
    total = unit.quote
    for key, leg in unit.legs.items():
        market = world.markets[market_of(key)]
        total += leg.lots * (market.lot_value - market.funding)
    return total


def margin_balance(world: World, unit: Unit, doubted: Collection[str] = ()) -> int:
    """Return what thresholds are compared with: equity, and what the collateral that is not doubted counts."""
    return equity(world, unit) + margin_value(world, unit, doubted)


def tier_of(market: Market, notional: int) -> dict[str, int]:
    """Return the last tier that begins at or below a notional."""
    return [tier for tier in market.tiers if tier["from_notional_quanta"] <= notional][-1]


def rise(driver: list[int], input_ppb: int) -> int:
    """Return what a driver adds to the factor for an input above where it begins to count, rounded up."""
    start, slope = driver
    return ceil_part(slope, max(0, input_ppb - start), BILLION)


def leg_factor(market: Market, lots: int) -> int:
    """Return the factor on the requirements of some lots: the market's, raised by their share of the measured lots."""
    if market.measured == 0:
        return market.factor
    share = ceil_part(abs(lots), BILLION, market.measured)
    return min(market.schedule["cap_ppb"], market.factor + rise(market.schedule["unit_share"], share))


def requirement(market: Market, lots: int, kind: str) -> int:
    """Return the close-out, maintenance or initial requirement of some lots, in quanta x 10^18: 0 to the notional."""
    notional = abs(lots * market.lot_value)
    tier = tier_of(market, notional)
    rate, deduction = tier[f"{kind}_rate_ppb"], tier[f"{kind}_deduction_quanta"]
    by_tier = max(0, notional * rate - deduction * BILLION)
    return min(notional * SCALE, by_tier * leg_factor(market, lots))


def over_legs(world: World, unit: Unit, kind: str) -> int:
    """Return a unit's close-out or maintenance requirement on the lots of its legs, in quanta x 10^18."""
    return sum(requirement(world.markets[market_of(key)], leg.lots, kind) for key, leg in unit.legs.items())


def maintenance(world: World, unit: Unit) -> int:
    """Return a unit's maintenance requirement, in quanta x 10^18."""
    return over_legs(world, unit, "maintenance")


def held_lots(world: World, unit: Unit, leg_id: str) -> int:
    """Return the most lots a leg could come to hold if its orders were filled; those that only close do not count."""
    own = [o.lots for o in world.orders.values() if o.unit_id == unit.unit_id and o.leg_id == leg_id]
    open_orders = [lots for lots in own if not can_only_close(leg_id, lots)]
    buys = sum(lots for lots in open_orders if lots > 0)
    sells = sum(-lots for lots in open_orders if lots < 0)
    lots = unit.lots(leg_id)
    return max(abs(lots + buys), abs(lots - sells))


def held_legs(world: World, unit: Unit) -> dict[str, int]:
    """Return the held lots of every leg id on which a unit has a leg or orders."""
    concerned = set(unit.legs) | {o.leg_id for o in world.orders.values() if o.unit_id == unit.unit_id}
    return {key: held_lots(world, unit, key) for key in concerned}


def rate_of(leverage_ppb: int) -> int:
    """Return the initial rate that a leverage asks for, in ppb, rounded up."""
    return ceil(Fraction(SCALE, leverage_ppb))


def initial(world: World, unit: Unit) -> int:
    """Return a unit's initial requirement on its held lots, by tier or by chosen leverage, in quanta x 10^18."""
    total = 0
    for key, lots in held_legs(world, unit).items():
        market = world.markets[market_of(key)]
        by_leverage = 0
        if market.market_id in unit.leverages:
            by_leverage = abs(lots * market.lot_value) * rate_of(unit.leverages[market.market_id]) * BILLION
        total += max(requirement(market, lots, "initial"), by_leverage)
    return total


def covers_initial(world: World, unit: Unit, doubted: Collection[str]) -> bool:
    """Return whether a unit's margin balance, without assets that are doubted, reaches its initial requirement."""
    return margin_balance(world, unit, doubted) * SCALE >= initial(world, unit)


def period_profit(world: World, unit: Unit) -> int:
    """Return what a unit has gained since the period began, deposits and withdrawals apart."""
    return equity(world, unit) - unit.deposits - unit.result_before


def is_unhealthy(world: World, unit: Unit) -> bool:
    """Return whether a unit's margin balance is below its maintenance requirement."""
    return margin_balance(world, unit) * SCALE < maintenance(world, unit)


def is_below_close_out(world: World, unit: Unit) -> bool:
    """Return whether a unit's margin balance is below its close-out requirement."""
    return margin_balance(world, unit) * SCALE < over_legs(world, unit, "close_out")


def free_money(world: World, unit: Unit) -> int:
    """Return what money a unit may take out; nobody lends it any against its collateral."""
    spare = margin_balance(world, unit) - ceil(Fraction(initial(world, unit), SCALE))
    return max(0, min(equity(world, unit), spare))


def price_pnl(market: Market, leg: Leg) -> int:
    """Return a leg's result from prices alone."""
    return leg.lots * market.lot_value - leg.cost


def gain(market: Market, leg: Leg) -> int:
    """Return a leg's result after funding, less what was already cut from it."""
    funding_paid = leg.lots * market.funding - leg.entry_funding
    return price_pnl(market, leg) - funding_paid - leg.haircut


def is_guarded(market: Market, time_ns: int, max_age_ns: int) -> bool:
    """Return whether nothing may be forced from a market's mark."""
    if market.settled:
        return False
    too_old = max_age_ns > 0 and time_ns - market.mark_time > max_age_ns
    return market.mark == 0 or market.guard != "" or too_old
