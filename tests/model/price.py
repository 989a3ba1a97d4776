"""The price of stage 5: the money asked of candidates, beyond the mark, for closed lots and their shortfall."""

from typing import Any

from tests.model.numbers import BILLION, floor_part
from tests.model.state import Market


def money_asked(market: Market, side: int, closed: int, shortfall: int, price: dict[str, Any]) -> int:
    """Return what a price asks for some closed lots: never less than nothing, never more than they owe."""
    return min(max(0, before_clipping(market, side, closed, shortfall, price)), shortfall)


def before_clipping(market: Market, side: int, closed: int, shortfall: int, price: dict[str, Any]) -> int:
    """Return what a price says of some closed lots of bankrupts of one side."""
    name, notional = price["name"], closed * abs(market.lot_value)
    if name == "bankruptcy":
        return shortfall
    if name == "previous-mark":
        return side * closed * (market.value_at(market.previous) - market.lot_value)
    if name == "spread":
        return floor_part(notional, price["spread_ppb"], BILLION)
    if name == "blend":
        return floor_part(shortfall, price["share_ppb"], BILLION)
    if name == "capped":
        inner = before_clipping(market, side, closed, shortfall, price["price"])
        return min(inner, floor_part(notional, price["most_ppb"], BILLION))
    assert name == "mark"
    return 0
