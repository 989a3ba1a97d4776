"""What the queues order by, as section 5 words it: exact as rational numbers, and by binary64 in the stated order.

A formula is written once, over numbers of either kind; ``()`` is no score.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.model.margin import SCALE, equity, maintenance, price_pnl, requirement
from tests.model.state import Leg, Market, Unit, World, market_of

Over = Callable[[int, int], Any]
"""One whole number over another, as a number of the kind that is asked for."""


def exact(world: World, market: Market, unit: Unit, leg: Leg, policy: dict[str, Any]) -> tuple[Fraction, ...]:
    """Return the keys of a score as rational numbers, the largest first; () without equity."""
    if policy["ranking"] == "bitmex":
        operands = _bitmex(world, market, unit, leg)
        return (Fraction(operands[0] * operands[1], operands[2] * operands[3]),) if operands else ()
    return tuple(map(Fraction, _keys(world, market, unit, leg, policy, Fraction)))


def binary(world: World, market: Market, unit: Unit, leg: Leg, policy: dict[str, Any]) -> tuple[float, ...]:
    """Return the keys of a score by binary64, the largest first; () without equity."""
    if policy["ranking"] == "bitmex":
        operands = tuple(map(float, _bitmex(world, market, unit, leg)))
        return ((operands[0] * operands[1]) / (operands[2] * operands[3]),) if operands else ()
    return _keys(world, market, unit, leg, policy, lambda one, other: float(one) / float(other))


def _bitmex(world: World, market: Market, unit: Unit, leg: Leg) -> tuple[int, ...]:
    own = equity(world, unit)
    if own <= 0:
        return ()
    pnl, value, base = price_pnl(market, leg), abs(leg.lots * market.lot_value), max(1, abs(leg.cost))
    return (pnl, value, base, own) if pnl >= 0 else (pnl, own, base, value)


def _keys(world: World, market: Market, unit: Unit, leg: Leg, policy: dict[str, Any], over: Over) -> tuple[Any, ...]:
    own = equity(world, unit)
    if own <= 0:
        return ()
    pnl, value, base = price_pnl(market, leg), abs(leg.lots * market.lot_value), max(1, abs(leg.cost))
    legs = [(world.markets[market_of(key)], other) for key, other in unit.legs.items()]
    unit_pnl = sum(price_pnl(where, other) for where, other in legs)
    margin = maintenance(world, unit)
    ranking = policy["ranking"]
    if ranking == "profit":
        return (pnl,)
    if ranking == "size":
        return (abs(leg.lots),)
    if ranking == "binance":
        won = over(max(0, unit_pnl), max(policy["wallet_floor_quanta"], own - unit_pnl))
        return (won * over(margin, own * SCALE),)
    if ranking == "return":
        return (over(pnl, base),)
    if ranking == "return-leverage-winners":
        return (over(max(0, pnl), base) * over(value, own),)
    if ranking == "return-mmr":
        margin = max(1, margin)
        return (over(pnl, base) * (over(margin, own * SCALE) if pnl >= 0 else over(own * SCALE, margin)),)
    if ranking == "bluefin":
        notional = sum(abs(other.lots * where.lot_value) for where, other in legs)
        rates = over(requirement(market, leg.lots, "maintenance"), value * SCALE), over(own, notional)
        return (over(max(0, pnl), base) / max(rates),)
    if ranking == "hyperliquid":
        winning, losing = max(value, base), min(value, base)
        return (over(*((winning, losing) if pnl >= 0 else (losing, winning))) * over(value, own),)
    if ranking == "pnl-leverage":
        return (over(pnl, 1) * over(value, own),)
    if ranking == "pnl-ratio":
        return (over(pnl, own),)
    assert ranking == "ethereal"
    return over(value, own), pnl, unit_pnl - own
