"""Hyperliquid ``clearinghouseState``: one user's cross account and isolated positions; several users as a list or map.

Says: equity (``crossMarginSummary.accountValue``; of an isolated position its raw money and its value), and the mark,
as far as value over size divides without a rest. Lacks: the user in a single state, and the maintenance of a single
position (only that of the whole cross account is stated).
"""

from deleverage.adapters.decimals import over, plus
from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Item
from deleverage.adapters.supplied import Supplied

KEYS = frozenset({"assetPositions"})
NAMES = {"market": "coin", "size": "szi", "entry": "entryPx", "mark": "positionValue"}
PRICE_DECIMALS = 8
"""More than any of its prices has."""


def read(item: Item, supplied: Supplied) -> list[Holding]:
    """Return the positions of one user."""
    found = item.cells.get("assetPositions")
    if not isinstance(found, list):
        item.fault("assetPositions", "must be a list" if "assetPositions" in item.cells else "is missing")
        return []
    holdings: list[Holding] = []
    for number, part in enumerate(found):
        path = ".".join(name for name in (item.path, f"assetPositions[{number}]") if name)
        cells = part if isinstance(part, dict) else {}
        position = Item(item.source, path, cells, item.account).inner("position")
        if position.cells:
            holdings += _position(item, position)
    return holdings


def _position(state: Item, position: Item) -> list[Holding]:
    size = position.decimal("szi")
    if size.strip("-0.") == "":
        return []
    value = position.maybe("positionValue")
    leverage = position.inner("leverage")
    isolated = leverage.one_of("type", (CROSS, ISOLATED)) == ISOLATED
    equity = None
    if isolated and value and leverage.has("rawUsd"):
        equity = plus(leverage.decimal("rawUsd") or "0", f"-{value}" if size.startswith("-") else value)
    elif not isolated:
        equity = state.inner("crossMarginSummary").maybe("accountValue")
    return [
        Holding(
            position,
            position.account,
            position.text("coin"),
            size,
            position.decimal("entryPx"),
            over(value, size.removeprefix("-"), PRICE_DECIMALS) if value else value,
            equity=equity,
            mode=ISOLATED if isolated else CROSS,
            keys=NAMES,
        )
    ]
