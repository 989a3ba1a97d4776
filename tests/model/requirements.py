"""What moves requirements: a leverage that an owner chooses, a factor that a venue announces and that takes effect."""

from dataclasses import replace
from typing import Any

from tests.model.assets import guarded_assets
from tests.model.checks import LAST_TIME, long_lots
from tests.model.margin import covers_initial, held_legs, initial, rate_of, rise, tier_of
from tests.model.numbers import BILLION, ceil_part
from tests.model.state import Market, Unit, World, market_of

Given = dict[str, Any]


def set_leverage(world: World, given: Given, rules: Given) -> str | None:
    """Note the leverage that an owner chooses for a unit in a market."""
    market, unit = world.markets.get(given["market_id"]), world.units.get(given["unit_id"])
    leverage = given["leverage_ppb"]
    if market is None:
        return "UNKNOWN_MARKET"
    if unit is None:
        return "UNKNOWN_UNIT"
    if not BILLION <= leverage <= 10**18:
        return "BAD_LEVERAGE"
    if market.settled:
        return "MARKET_SETTLED"
    if unit.isolated not in ("", market.market_id):
        return "WRONG_MARKET"
    if unit.bankrupt:
        return "UNIT_BANKRUPT"
    if rate_of(leverage) < least_rate(world, market, unit):
        return "LEVERAGE_ABOVE_MAXIMUM"
    tried = unit.copy()
    tried.leverages[market.market_id] = leverage
    doubted = guarded_assets(world, given["time_ns"], rules)
    if initial(world, tried) > initial(world, unit) and not covers_initial(world, tried, doubted):
        return "BELOW_INITIAL_MARGIN"
    world.units[unit.unit_id] = tried
    return None


def least_rate(world: World, market: Market, unit: Unit) -> int:
    """Return the highest initial rate of the tiers that a unit's held lots in a market reach, else the first tier's."""
    held = [lots for key, lots in held_legs(world, unit).items() if market_of(key) == market.market_id and lots > 0]
    return max(tier_of(market, abs(lots * market.lot_value))["initial_rate_ppb"] for lots in held or [0])


def announce_requirements(world: World, given: Given, rules: Given) -> str | None:
    """Let the factor that a schedule makes of two estimates and the open interest wait for its time.

    Whatever waits for that time or a later one gives way to it.
    """
    market = world.markets.get(given["market_id"])
    volatility, concentration = given["volatility_ppb"], given["concentration_ppb"]
    if given["effective_ns"] > LAST_TIME:
        return "BAD_TIME"
    if market is None:
        return "UNKNOWN_MARKET"
    if not 0 <= volatility <= 10**40 or not 0 <= concentration <= BILLION:
        return "BAD_ESTIMATE"
    if market.settled:
        return "MARKET_SETTLED"
    if world.halted:
        return "DOMAIN_HALTED"
    if given["effective_ns"] < given["time_ns"] + market.schedule["min_notice_ns"]:
        return "NOTICE_TOO_SHORT"
    interest = long_lots(world, market.market_id)
    inputs = {
        "volatility": volatility,
        "open_interest": ceil_part(interest, BILLION, market.max_open_interest_lots),
        "concentration": concentration,
    }
    target = market.schedule["floor_ppb"] + sum(rise(market.schedule[name], x) for name, x in inputs.items())
    waiting, when = list(market.announced), given["effective_ns"]
    while waiting and waiting[-1][2] >= when:
        waiting.pop()
    start = waiting[-1][0] if waiting else market.factor
    market.announced = (*waiting, (next_factor(market, start, target), interest, when))
    return None


def next_factor(market: Market, start: int, target: int) -> int:
    """Return a target under the market's cap, no further from the factor that it follows than one step."""
    target, step = min(market.schedule["cap_ppb"], target), market.schedule["max_step_ppb"]
    return min(max(target, start - step), start + step) if step > 0 else target


def take_effect(world: World, time_ns: int) -> dict[str, Market]:
    """Put what was announced for this time into force, but not in a halt; return those markets as they were."""
    before: dict[str, Market] = {}
    for market in world.all_markets():
        if world.halted:
            continue
        while market.announced and market.announced[0][2] <= time_ns:
            before.setdefault(market.market_id, replace(market))
            (market.factor, market.measured, _), *waiting = market.announced
            market.announced = tuple(waiting)
    return before
