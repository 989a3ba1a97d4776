"""Positions as ccxt gives them (``fetch_positions``): contracts times contract size, side apart, prices as numbers.

Says: entry, mark and maintenance on most exchanges, the money of an isolated position (``collateral``, which ccxt
defines as what can be lost, profit and loss in it). Lacks: whose they are, the equity of a cross account - ccxt's
``collateral`` of a cross position differs from exchange to exchange, so it is not taken for one.
"""

from deleverage.adapters.decimals import times
from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Item
from deleverage.adapters.supplied import Supplied

KEYS = frozenset({"symbol", "contracts", "side"})
NAMES = {
    "market": "symbol",
    "size": "contracts",
    "entry": "entryPrice",
    "mark": "markPrice",
    "maintenance": "maintenanceMargin",
}


def read(item: Item, supplied: Supplied) -> list[Holding]:
    """Return the position, nothing if it is flat; an inverse contract is refused."""
    contracts = item.decimal("contracts")
    if contracts.strip("-0.") == "":
        return []
    symbol = item.text("symbol")
    settle = symbol.partition(":")[2].partition("-")[0]
    if settle and settle == symbol.partition("/")[0]:
        item.fault("symbol", f"{symbol} settles in its own coin: inverse contracts are not read")
        return []
    side = item.one_of("side", ("long", "short"))
    size = contracts.removeprefix("-")
    if item.has("contractSize") or symbol in supplied.contract_size:
        unit = item.decimal("contractSize") if item.has("contractSize") else supplied.contract_size[symbol]
        size = times(size, unit or "1")
    else:
        item.fault("contractSize", f"is missing: --contract-size {symbol}=SIZE")
    isolated = item.cells.get("marginMode") == ISOLATED
    return [
        Holding(
            item,
            item.account,
            symbol,
            f"-{size}" if side == "short" else size,
            item.decimal("entryPrice"),
            item.maybe("markPrice"),
            equity=item.maybe("collateral") if isolated else None,
            maintenance=item.maybe("maintenanceMargin"),
            mode=ISOLATED if isolated else CROSS,
            settle=settle,
            keys={**NAMES, "equity": "collateral"} if isolated else NAMES,
        )
    ]
