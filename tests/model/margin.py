"""Equity, requirements and gains of the model, each as the law words it."""

from fractions import Fraction
from math import ceil

from tests.model.numbers import BILLION
from tests.model.state import Leg, Market, Unit, World, can_only_close, market_of


def equity(world: World, unit: Unit) -> int:
    """Return what a unit is worth at the last accepted marks."""
    total = unit.quote
    for key, leg in unit.legs.items():
        market = world.markets[market_of(key)]
        total += leg.lots * (market.lot_value - market.funding)
    return total


def requirement(market: Market, lots: int, kind: str) -> int:
    """Return the maintenance or initial requirement of some lots, in quanta x 10^9, never below 0."""
    notional = abs(lots * market.lot_value)
    tier = [tier for tier in market.tiers if tier["from_notional_quanta"] <= notional][-1]
    rate, deduction = tier[f"{kind}_rate_ppb"], tier[f"{kind}_deduction_quanta"]
    return max(0, notional * rate - deduction * BILLION)


def maintenance(world: World, unit: Unit) -> int:
    """Return a unit's maintenance requirement, in quanta x 10^9."""
    return sum(requirement(world.markets[market_of(key)], leg.lots, "maintenance") for key, leg in unit.legs.items())


def held_lots(world: World, unit: Unit, leg_id: str) -> int:
    """Return the most lots a leg could come to hold if its orders were filled; those that only close do not count."""
    own = [o.lots for o in world.orders.values() if o.unit_id == unit.unit_id and o.leg_id == leg_id]
    open_orders = [lots for lots in own if not can_only_close(leg_id, lots)]
    buys = sum(lots for lots in open_orders if lots > 0)
    sells = sum(-lots for lots in open_orders if lots < 0)
    lots = unit.lots(leg_id)
    return max(abs(lots + buys), abs(lots - sells))


def initial(world: World, unit: Unit) -> int:
    """Return a unit's initial requirement on its held lots, in quanta x 10^9."""
    concerned = set(unit.legs) | {o.leg_id for o in world.orders.values() if o.unit_id == unit.unit_id}
    return sum(requirement(world.markets[market_of(key)], held_lots(world, unit, key), "initial") for key in concerned)


def period_profit(world: World, unit: Unit) -> int:
    """Return what a unit has gained since the period began, deposits and withdrawals apart."""
    return equity(world, unit) - unit.deposits - unit.result_before


def is_unhealthy(world: World, unit: Unit) -> bool:
    """Return whether a unit's equity is below its maintenance requirement."""
    return equity(world, unit) * BILLION < maintenance(world, unit)


def free_money(world: World, unit: Unit) -> int:
    """Return what a unit may take out."""
    return max(0, equity(world, unit) - ceil(Fraction(initial(world, unit), BILLION)))


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
