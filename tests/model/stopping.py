"""What stops a market or the domain and lets it go on: an operator's halt, the grace after it, band and breaker."""

from typing import Any

from tests.model.numbers import BILLION
from tests.model.state import Market, World, market_of

Given = dict[str, Any]


def halt(world: World, given: Given, rules: Given) -> str | None:
    """Stop a market, or with an empty scope the domain."""
    scope, reason = given["scope"], given["reason"]
    if scope and scope not in world.markets:
        return "UNKNOWN_MARKET"
    if not 1 <= len(reason) <= 200 or not all(0x20 <= ord(character) <= 0x7E for character in reason):
        return "BAD_REASON"
    if scope and world.markets[scope].settled:
        return "MARKET_SETTLED"
    if scope in world.halts:
        return "ALREADY_HALTED"
    world.halts[scope] = reason
    return None


def resume(world: World, given: Given, rules: Given) -> str | None:
    """Lift the halt of a scope and reopen its markets."""
    scope = given.get("scope", "")
    if scope and scope not in world.markets:
        return "UNKNOWN_MARKET"
    if scope and world.markets[scope].settled:
        return "MARKET_SETTLED"
    within = [world.markets[scope]] if scope else world.all_markets()
    was_halted = scope in world.halts if scope else world.is_halted
    if not was_halted and not any(market.reduce_only for market in within):
        return "NOT_HALTED"
    if world.residual > 0:
        return "RESIDUAL_OUTSTANDING"
    world.halts.pop(scope, None)
    if scope == "":
        world.halted = False
    waiting = {market_of(key) for unit in world.units.values() if unit.bankrupt for key in unit.legs}
    for market in within:
        market.reduce_only = market.market_id in waiting
        if was_halted and rules["grace_ns"] > 0 and not market.settled and market.market_id not in world.halts:
            market.grace_until, market.grace_lost = given["time_ns"] + rules["grace_ns"], frozenset()
    return None


def is_out_of_band(market: Market, price: int, rules: Given) -> bool:
    """Return whether a voluntary price is too far from the mark."""
    band = rules["trade_band_ppb"]
    return bool(band) and abs(price - market.mark) * BILLION > band * market.mark


def tell_breaker(market: Market, price: int, time_ns: int, rules: Given) -> None:
    """Tell the breaker of an accepted mark, before it replaces the mark of the market."""
    if rules["breaker_ppb"] == 0:
        return
    if market.mark == 0:
        market.reference, market.reference_time = price, time_ns
        return
    if time_ns - market.reference_time >= rules["breaker_window_ns"]:
        market.reference, market.reference_time = market.mark, time_ns
    if abs(price - market.reference) * BILLION > rules["breaker_ppb"] * market.reference:
        market.reference, market.reference_time = price, time_ns
        market.paused_until = time_ns + rules["pause_ns"]
