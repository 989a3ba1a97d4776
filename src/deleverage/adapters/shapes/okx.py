"""OKX ``account/positions``: contracts, signed in net mode, side apart in long/short mode.

Says: mark, entry, maintenance, the money of an isolated position (margin and profit), the currency. Lacks: whose they
are, the equity of a cross account (``adjEq`` or ``eq`` of the balance endpoint), and what a contract is (``ctVal`` of
the instrument). Options and spot margin are left out, and that is said: nobody deleverages them here.
"""

from deleverage.adapters.decimals import plus, times
from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Item
from deleverage.adapters.supplied import Supplied

KEYS = frozenset({"instId", "pos"})
NAMES = {"market": "instId", "size": "pos", "entry": "avgPx", "mark": "markPx", "maintenance": "mmr"}
FUTURES = ("SWAP", "FUTURES")


def read(item: Item, supplied: Supplied) -> list[Holding]:
    """Return the position, nothing if it is flat; a contract that settles in its own coin is refused."""
    symbol = item.text("instId")
    if item.has("instType") and item.cells["instType"] not in FUTURES:
        item.source.notes.append(f"left out: {item.path}, {symbol} is no future")
        return []
    pos = item.decimal("pos")
    if pos.strip("-0.") == "":
        return []
    if symbol.split("-")[1:2] == ["USD"]:
        item.fault("instId", f"{symbol} settles in its own coin: inverse contracts are not read")
        return []
    if symbol not in supplied.contract_size:
        item.fault("instId", f"what a contract of {symbol} is, the file does not say: --contract-size {symbol}=SIZE")
    side = item.one_of("posSide", ("long", "short", "net"))
    isolated = item.cells.get("mgnMode") == ISOLATED
    margin, profit = item.maybe("margin"), item.maybe("upl")
    signed = f"-{pos.removeprefix('-')}" if side == "short" else pos
    return [
        Holding(
            item,
            item.account,
            symbol,
            times(signed, supplied.contract_size.get(symbol, "1")),
            item.decimal("avgPx"),
            item.maybe("markPx"),
            equity=plus(margin, profit) if isolated and margin and profit else None,
            maintenance=item.maybe("mmr"),
            mode=ISOLATED if isolated else CROSS,
            settle=item.text("ccy") if item.has("ccy") else "",
            keys={**NAMES, "equity": "margin"} if isolated else NAMES,
        )
    ]
