"""Binance USD-M ``positionRisk`` (v2, v3): signed amount in the coin, one object per symbol and side.

Says: mark, entry, maintenance (v3), the money of an isolated position (its wallet and its profit). Lacks: whose they
are, the equity of a cross account (``totalMarginBalance`` of the account endpoint). Aster answers in the same shape.
"""

import re

from deleverage.adapters.decimals import plus
from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Item
from deleverage.adapters.supplied import Supplied

KEYS = frozenset({"symbol", "positionAmt"})
NAMES = {
    "market": "symbol",
    "size": "positionAmt",
    "entry": "entryPrice",
    "mark": "markPrice",
    "maintenance": "maintMargin",
}
_INVERSE = re.compile(r"USD_(PERP|[0-9]{6})")


def read(item: Item, supplied: Supplied) -> list[Holding]:
    """Return the position, nothing if it is flat; a coin-margined contract is refused."""
    size = item.decimal("positionAmt")
    if size.strip("-0.") == "":
        return []
    symbol = item.text("symbol")
    if _INVERSE.search(symbol):
        item.fault("symbol", f"{symbol} settles in its own coin: inverse contracts are not read")
        return []
    wallet = item.maybe("isolatedWallet")
    isolated = item.cells.get("marginType") == ISOLATED if item.has("marginType") else bool((wallet or "").strip("0."))
    profit = item.maybe("unRealizedProfit")
    return [
        Holding(
            item,
            item.account,
            symbol,
            size,
            item.decimal("entryPrice"),
            item.maybe("markPrice"),
            equity=plus(wallet, profit) if isolated and wallet and profit else None,
            maintenance=item.maybe("maintMargin"),
            mode=ISOLATED if isolated else CROSS,
            settle=item.text("marginAsset") if item.has("marginAsset") else "",
            keys={**NAMES, "equity": "isolatedWallet"} if isolated else NAMES,
        )
    ]
