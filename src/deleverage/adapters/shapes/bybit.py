"""Bybit v5 ``position/list``: size in the coin, side apart; the whole answer, its list, or the objects alone.

Says: mark, entry, maintenance, the money of an isolated position of a classic account (balance and profit). Lacks:
whose they are, the equity of a unified account (``totalMarginBalance`` of the wallet endpoint), and whether such an
account is isolated as a whole.
"""

import re

from deleverage.adapters.decimals import plus
from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Item
from deleverage.adapters.supplied import Supplied

KEYS = frozenset({"symbol", "size", "side", "avgPrice"})
NAMES = {
    "market": "symbol",
    "entry": "avgPrice",
    "mark": "markPrice",
    "maintenance": "positionMM",
}
_INVERSE = re.compile(r"USD([FGHJKMNQUVXZ][0-9]{2})?")


def read(item: Item, supplied: Supplied) -> list[Holding]:
    """Return the position, nothing if it is flat; an inverse contract is refused."""
    size = item.decimal("size")
    if size.strip("-0.") == "":
        return []
    symbol = item.text("symbol")
    tail = symbol[symbol.find("USD") :] if "USD" in symbol else ""
    if item.outer.get("category") == "inverse" or _INVERSE.fullmatch(tail):
        item.fault("symbol", f"{symbol} settles in its own coin: inverse contracts are not read")
        return []
    side = item.one_of("side", ("Buy", "Sell"))
    isolated = item.cells.get("tradeMode") == "1"
    balance, profit = item.maybe("positionBalance"), item.maybe("unrealisedPnl")
    return [
        Holding(
            item,
            item.account,
            symbol,
            f"-{size}" if side == "Sell" else size,
            item.decimal("avgPrice"),
            item.maybe("markPrice"),
            equity=plus(balance, profit) if isolated and balance and profit else None,
            maintenance=item.maybe("positionMM"),
            mode=ISOLATED if isolated else CROSS,
            keys={**NAMES, "equity": "positionBalance"} if isolated else NAMES,
        )
    ]
