"""A small book of some units, on which the law runs as on the whole one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.desk import Desk
from deleverage.rulebook.book import Book


def book_of(desk: Desk, numbers: Iterable[int]) -> Book:
    """Return a book of some units (numbers) and their accounts and orders; everything else is the desk's own."""
    columns = desk.columns
    units = {columns.names[number]: columns.unit(number) for number in numbers}
    accounts = {unit.account_id: desk.accounts[unit.account_id] for unit in units.values()}
    orders = {key: order for key, order in desk.orders.items() if order.unit_id in units}
    return replace(Book(), **_parts(desk) | {"units": units, "accounts": accounts, "orders": orders})


def holders(desk: Desk, market: int) -> NDArray[np.int64]:
    """Return the numbers of the units that have lots in a market, ascending."""
    columns = desk.columns
    code = columns.code[: columns.rows]
    first = columns.prices.first_code[market]
    end = first + 2 * columns.prices.markets["tiers"][market]
    here = (code >= first) & (code < end) & (columns.lots[: columns.rows] != 0)
    return np.unique(columns.owner[: columns.rows][here]).astype(np.int64)


def _parts(desk: Desk) -> dict[str, Any]:
    return {name: getattr(desk, name) for name in Book.__dataclass_fields__}
