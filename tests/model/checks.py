"""Checks of single fields and ids, and the effect of a trade tried on copies."""

from collections.abc import Collection
from itertools import pairwise
from typing import Any

from tests.model.assets import guarded_assets
from tests.model.margin import covers_initial, equity, held_lots, is_guarded, is_unhealthy, margin_balance
from tests.model.numbers import BILLION, sign
from tests.model.state import SIDES, STILL, Market, Unit, World, can_only_close, fill, market_of

LAST_TIME = 2**63 - 1

ROLES = ("trader", "fund", "backstop")


TEXTS = {"kind", "account_id", "owner_group", "role", "unit_id", "from_unit_id", "to_unit_id", "market_id", "order_id"}
TEXTS |= {"buyer_unit_id", "seller_unit_id", "contract", "side", "buyer_side", "seller_side", "leg_side"}
TEXTS |= {"scope", "reason", "rules_hash", "bidder_unit_id", "bidder_side", "asset_id", "taker_unit_id"}
TEXTS |= {"pool_id", "from_pool_id", "to_pool_id", "base", "underlying"}
FLAGS = {"confirmed", "hedge", "strict", "on"}


def is_badly_typed(given: Any, name: str = "") -> bool:
    """Return whether a field is not what it must be: texts are texts, flags are flags, all else whole numbers."""
    if isinstance(given, dict):
        return any(is_badly_typed(value, key) for key, value in given.items())
    if isinstance(given, list):
        return any(is_badly_typed(one, name) for one in given)
    if name in TEXTS:
        return not isinstance(given, str)
    if name in FLAGS:
        return not isinstance(given, bool)
    return not isinstance(given, int) or isinstance(given, bool)


def is_bad_id(text: str, may_have_slash: bool = False) -> bool:
    """Return whether a new id is empty, too long, or has a character it may not have."""
    printable = all(0x21 <= ord(character) <= 0x7E for character in text)
    return not 1 <= len(text) <= 64 or not printable or ("/" in text and not may_have_slash)


def are_bad_terms(terms: dict[str, Any]) -> bool:
    """Return whether a market's terms cannot be used."""
    contract = terms.get("contract", "linear")
    if contract not in ("linear", "quanto", "inverse"):
        return True
    size = terms.get("face_quanta_ticks", 0) if contract == "inverse" else terms["quanta_per_tick_lot"]
    bounds = [terms[name] for name in ("max_lots", "max_price_ticks", "max_open_interest_lots")]
    if not 0 <= terms.get("expiry_ns", 0) <= LAST_TIME:
        return True
    numbers = (size, terms.get("min_value_quanta", 1), *bounds)
    if not terms["tiers"] or any(is_out_of_bounds(number) for number in numbers):
        return True
    starts = [tier["from_notional_quanta"] for tier in terms["tiers"]]
    if starts[0] != 0 or any(later <= earlier for earlier, later in pairwise(starts)):
        return True
    return any(is_bad_tier(tier) for tier in terms["tiers"]) or is_bad_schedule(terms.get("schedule", STILL))


def is_bad_tier(tier: dict[str, int]) -> bool:
    """Return whether the three requirements of a tier are not in order, from its start on."""
    kinds = ("close_out", "maintenance", "initial")
    rates = [tier[f"{kind}_rate_ppb"] for kind in kinds]
    deductions = [tier[f"{kind}_deduction_quanta"] for kind in kinds]
    if rates != sorted(rates) or rates[0] < 0 or rates[-1] > BILLION or min(deductions) < 0:
        return True
    start = tier["from_notional_quanta"]
    amounts = [start * rate - deduction * BILLION for rate, deduction in zip(rates, deductions, strict=True)]
    return any(rate > 0 and lower > higher for rate, (lower, higher) in zip(rates, pairwise(amounts), strict=False))


def is_bad_schedule(schedule: dict[str, Any]) -> bool:
    """Return whether a schedule's bounds or any of its other numbers cannot be used."""
    drivers = [number for driver in schedule.values() if not isinstance(driver, int) for number in driver]
    if not 1 <= schedule["floor_ppb"] <= BILLION <= schedule["cap_ppb"] <= 10**40:
        return True
    return any(not 0 <= number <= 10**40 for number in (schedule["max_step_ppb"], schedule["min_notice_ns"], *drivers))


def is_out_of_bounds(number: int) -> bool:
    """Return whether a size or amount is none, or too large for the law."""
    return not 1 <= number <= 10**40


def is_wrong_side(unit: Unit, side: str) -> bool:
    """Return whether a unit cannot have a leg of that side: none in one-way mode, its own if it is isolated."""
    if not unit.hedge:
        return side != ""
    return side not in SIDES.values() or unit.side not in ("", side)


def opens(unit: Unit, leg_id: str, lots: int) -> bool:
    """Return whether a change of lots does anything but strictly reduce a leg; in hedge mode the side says it."""
    if unit.hedge:
        return not can_only_close(leg_id, lots)
    held = unit.lots(leg_id)
    return held == 0 or sign(held) == sign(lots) or abs(lots) > abs(held)


def touches_a_guard(world: World, unit: Unit, time_ns: int, rules: dict[str, Any]) -> bool:
    """Return whether a mark of one of the unit's legs, or the price of one of its assets, is guarded now."""
    marks = (world.markets[market_of(key)] for key in unit.legs)
    is_mark_guarded = any(is_guarded(market, time_ns, rules["max_mark_age_ns"]) for market in marks)
    return is_mark_guarded or not guarded_assets(world, time_ns, rules).isdisjoint(unit.assets)


def long_lots(world: World, market_id: str) -> int:
    """Return a market's open interest: the sum of its long lots."""
    return sum(unit.lots_on(market_id, 1) for unit in world.units.values())


def after_trade(
    world: World, market: Market, sides: list[tuple[Unit, str, int]], price: int, doubted: Collection[str]
) -> tuple[str | None, list[Unit]]:
    """Try a trade on copies: return the first code from MORE_THAN_HELD on that applies, and the copies."""
    opening = [opens(unit, leg_id, lots) for unit, leg_id, lots in sides]
    tried = [unit.copy() for unit, _, _ in sides]
    if any(can_only_close(leg_id, lots) and abs(lots) > abs(unit.lots(leg_id)) for unit, leg_id, lots in sides):
        return "MORE_THAN_HELD", tried
    interest = long_lots(world, market.market_id)
    for (unit, leg_id, lots), copy in zip(sides, tried, strict=True):
        fill(copy, market, lots, -lots * market.value_at(price), leg_id)
        interest += max(0, copy.lots(leg_id)) - max(0, unit.lots(leg_id))
    for (_, leg_id, _), copy, is_opening in zip(sides, tried, opening, strict=True):
        if is_opening and held_lots(world, copy, leg_id) > market.max_lots:
            return "LOTS_ABOVE_MAXIMUM", tried
    if interest > market.max_open_interest_lots:
        return "OPEN_INTEREST_ABOVE_MAXIMUM", tried
    for copy, is_opening in zip(tried, opening, strict=True):
        if is_opening and not covers_initial(world, copy, doubted):
            return "BELOW_INITIAL_MARGIN", tried
    for (unit, _, _), copy, is_opening in zip(sides, tried, opening, strict=True):
        own = equity(world, copy)
        if not is_opening and own < 0 and (own < equity(world, unit) or margin_balance(world, copy) < 0):
            return "BELOW_ZERO", tried
    for (unit, _, _), copy, is_opening in zip(sides, tried, opening, strict=True):
        if not is_opening and is_unhealthy(world, copy) and equity(world, copy) < equity(world, unit):
            return "BELOW_MAINTENANCE", tried
    return None, tried
