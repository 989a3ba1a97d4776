"""The sums that must hold, added up over columns: the state invariants of ``INVARIANTS``, at the speed of memory.

The law's own checks (``rulebook.invariants``) recompute every fact besides; whoever wants them runs the rulebook.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.columns import Columns
from deleverage.engine.desk import Desk
from deleverage.rulebook.book import market_of
from deleverage.rulebook.checks.pools import check_pools
from deleverage.rulebook.checks.view import require


def check(desk: Desk) -> None:
    """Raise InvariantBroken where money, lots, a ledger or what the columns repeat does not add up; quanta and lots."""
    columns = desk.columns
    _check_money(desk, columns)
    _check_lots(desk, columns)
    _check_rows(columns)
    grains: dict[str, int] = {}
    for special in columns.special.values():
        for asset_id, held in special.assets.items():
            grains[asset_id] = grains.get(asset_id, 0) + held
    for asset_id, asset in desk.assets.items():
        held, expected = grains.pop(asset_id, 0), asset.net_deposits_grains
        require("INV-1", held == expected, f"units hold {held} grains of {asset_id}, net deposits are {expected}")
    require("INV-1", not grains, f"units hold grains of {sorted(grains)}, which are no assets")


def _check_money(desk: Desk, columns: Columns) -> None:
    units, memos = columns.units[: columns.size], columns.memos[: columns.rows]
    found = total(units["quote"]) + sum(desk.pots.values()) - desk.residual_quanta
    expected = desk.net_deposits_quanta
    require("INV-1", found == expected, f"units, pots and residual hold {found}, net deposits are {expected} quanta")
    require("INV-1", expected >= 0 <= desk.residual_quanta, f"deposits {expected}, residual {desk.residual_quanta}")
    check_pools(desk)
    for pot, amount in desk.pots.items():
        require("INV-5", amount >= 0 or pot == "rounding", f"pot {pot} holds {amount} quanta")
    ledger = units["deposits"] + units["realised"] + units["transfers"]
    used = memos["lots"] != 0
    np.add.at(ledger, columns.owner[: columns.rows][used], (memos["entry_funding"] - memos["cost"])[used])
    wrong = np.flatnonzero(ledger != units["quote"])
    require("INV-3", not len(wrong), f"{len(wrong)} ledgers differ from their quotes, {_names(columns, wrong)}")


def _check_lots(desk: Desk, columns: Columns) -> None:
    lots = columns.lots[: columns.rows]
    market = columns.prices.code_market[columns.code[: columns.rows]]
    for number, name in enumerate(columns.prices.names):
        mine = lots[(market == number) & (lots != 0)] if len(lots) else lots
        longs, all_lots = total(np.maximum(mine, 0)), total(mine)
        require("INV-2", all_lots == 0, f"{name}: longs and shorts differ by {all_lots} lots")
        interest = desk.markets[name].open_interest_lots
        require("INV-2", longs == interest, f"{market_of(name)}: open interest {interest}, {longs} long")


def _check_rows(columns: Columns) -> None:
    """Check that the columns repeat what the records say."""
    rows, size = columns.rows, columns.size
    memos = columns.memos[:rows]
    used = columns.lots[:rows] != 0
    same = (columns.lots[:rows] == memos["lots"]) & (columns.code[:rows] == memos["code"])
    same &= columns.cost[:rows] == memos["cost"]
    same &= columns.narrow[:rows] == memos["lots"].astype(np.int32)
    wrong = np.flatnonzero(columns.quote[:size] != columns.units["quote"][:size])
    require(
        "COLUMNS", bool(same[used].all()) and not len(wrong), f"columns and records differ, {_names(columns, wrong)}"
    )
    legs = np.bincount(columns.owner[:rows][used], minlength=size)[:size]
    wrong = np.flatnonzero(legs != columns.units["legs"][:size])
    require("COLUMNS", not len(wrong), f"rows without a chain or twice in one, {_names(columns, wrong)}")


def _names(columns: Columns, numbers: NDArray[Any]) -> str:
    return "first " + ", ".join(columns.names[number] for number in numbers[:3]) if len(numbers) else "none by name"


def total(column: NDArray[Any]) -> int:
    """Return the exact sum of int64, in two halves that cannot wrap."""
    return (int((column >> 32).sum()) << 32) + int((column & 0xFFFFFFFF).sum())
