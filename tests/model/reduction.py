"""The reduction rule: how many lots of a leg an unhealthy unit wants to sell, and the word for why not more."""

from typing import Any

from tests.model.margin import SCALE, maintenance, margin_balance, requirement
from tests.model.numbers import BILLION, ceil_part
from tests.model.state import Market, Unit, World

WORDS = {"share": "share", "tiers": "tiers", "smart": "target", "slices": "slice"}


def wanted(world: World, market: Market, unit: Unit, side: int, rule: dict[str, Any]) -> tuple[int, str]:
    """Return the lots that a unit wants to sell on a side, and the rule's word; no word where it wants to sell all."""
    held = unit.lots_on(market.market_id, side)
    lots = held
    if rule["name"] == "share":
        lots = max(1, ceil_part(held, rule.get("share_ppb", BILLION), BILLION))
    elif rule["name"] == "tiers":
        lots = held - kept_by_tiers(market, held, rule.get("count", 2))
    elif rule["name"] == "smart":
        lots = held - kept_by_target(world, market, unit, held, rule.get("target_ppb", 1_200_000_000))
    else:
        assert rule["name"] == "slices"
        if most_lots := rule.get("most_lots", 0):
            lots = min(lots, most_lots)
        if most_notional := rule.get("most_notional_quanta", 0):
            lots = min(lots, most_notional // abs(market.lot_value))
        lots = max(1, lots)
    return lots, "" if lots == held else WORDS[rule["name"]]


def kept_by_tiers(market: Market, held: int, count: int) -> int:
    """Return the most lots of the tier that lies so many tiers lower; 0 if there is none."""
    value = abs(market.lot_value)
    starts = [tier["from_notional_quanta"] for tier in market.tiers if tier["from_notional_quanta"] <= held * value]
    number = len(starts) - 1
    return 0 if number < count else (starts[number - count + 1] - 1) // value


def kept_by_target(world: World, market: Market, unit: Unit, held: int, target: int) -> int:
    """Return the most lots with which the unit meets its target; 0 if there are none."""
    own = margin_balance(world, unit) * SCALE * BILLION
    others = maintenance(world, unit) - requirement(market, held, "maintenance")

    def meets(lots: int) -> bool:
        return own >= target * (others + requirement(market, lots, "maintenance"))

    if meets(held):
        return held
    value, highest = abs(market.lot_value), held - 1
    # Within one tier more lots never need less; between tiers they can.
    for tier in reversed(market.tiers):
        low, high = -(-tier["from_notional_quanta"] // value), highest
        if low <= high and meets(low):
            while low < high:
                middle = (low + high + 1) // 2
                low, high = (middle, high) if meets(middle) else (low, middle - 1)
            return low
        highest = min(highest, low - 1)
    return 0


def is_near(market: Market, side: int, price: int, band: int, rule: dict[str, Any]) -> bool:
    """Return whether a price is in the band around the mark and within the rule's slippage bound."""
    if band and abs(price - market.mark) * BILLION > band * market.mark:
        return False
    is_bounded = rule["name"] == "slices"
    worst = rule.get("max_slippage_ppb", BILLION) * market.mark
    return not is_bounded or side * (market.mark - price) * BILLION <= worst
