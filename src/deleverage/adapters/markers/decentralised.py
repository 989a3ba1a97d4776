"""Markers of decentralised venues."""

from deleverage.adapters.holding import Item
from deleverage.adapters.markers.marker import (
    ADL,
    LIQUIDATION,
    TAKEOVER,
    UNKNOWN,
    Marker,
    closed,
    first,
    number,
    time_of,
    told,
)
from deleverage.rulebook.book import LONG, SHORT

AUTO_DELEVERAGING = "Auto-Deleveraging"


def hyperliquid(item: Item) -> Marker | None:
    """Return the marker of a fill: its ``dir``, or a ``liquidation`` of this very user.

    Both sides of a deleveraging have the same ``dir``: who is the liquidated user is the bankrupt. A fill against
    somebody else's liquidation is an ordinary trade; where the file does not say whose fills these are, nobody knows.
    """
    inner = item.cells.get("liquidation")
    liquidation = inner if isinstance(inner, dict) else {}
    loser = liquidation.get("liquidatedUser")
    method = liquidation.get("method")
    found = told(item, "dir", {AUTO_DELEVERAGING: ADL})
    if found is not None and item.account and loser == item.account:
        found = LIQUIDATION, found[1]
    elif found is None and isinstance(loser, str) and loser in ("", item.account):
        found = (TAKEOVER if method == "backstop" else LIQUIDATION), f"liquidation.method={ascii(method)[1:-1][:40]}"
    elif found is None and loser is not None and not item.account:
        found = UNKNOWN, f"liquidation.method={ascii(method)[1:-1][:40]}"
    if found is None:
        return None
    start = item.maybe("startPosition") or ""
    held = "" if start.strip("-0.") == "" else SHORT if start.startswith("-") else LONG
    size, price, when = number(item, "sz"), number(item, "px"), time_of(item, "time")
    market, side, ids = first(item, ["coin"]), held or closed(item, "side"), first(item, ["tid", "hash"])
    return Marker("hyperliquid", found[0], market, side, size, price, when, item.account, found[1], ids)


def dydx(item: Item) -> Marker | None:
    """Return the marker of a fill: OFFSETTING closes a counterparty, DELEVERAGED and LIQUIDATED the bankrupt."""
    kinds = {"OFFSETTING": ADL, "DELEVERAGED": LIQUIDATION, "LIQUIDATED": LIQUIDATION}
    found = told(item, "type", kinds)
    if found is None:
        return None
    market, side, when = first(item, ["market", "ticker"]), closed(item, "side"), time_of(item, "createdAt")
    whose = item.account or first(item, ["subaccountId"])
    size, price = number(item, "size"), number(item, "price")
    return Marker("dydx", found[0], market, side, size, price, when, whose, found[1], first(item, ["id"]))
