"""Our own shape: what anybody can write down, in a table or as objects with the columns as keys."""

from typing import Protocol

from deleverage.adapters.holding import CROSS, ISOLATED, Holding, Place

COLUMNS = ("market", "size", "entry", "mark")


class Cells(Place, Protocol):
    """A line of a table, or an object, with every cell as text."""

    @property
    def cells(self) -> dict[str, str]:
        """The cells by column."""
        ...


def read(row: Cells, account: str, supplied_equity: bool) -> list[Holding]:
    """Return the position of one line; ``account`` holds where the line names none. What it lacks is noted."""
    cells = row.cells
    names = [key for key in ("account", "id") if cells.get(key, "") != ""]
    moneys = [key for key in ("equity", "collateral") if cells.get(key, "") != ""]
    if len(names) > 1 or not (names or account):
        row.fault("account", "a position has an account (or an id), one of the two; or --account NAME")
    if len(moneys) > 1 or not (moneys or supplied_equity):
        row.fault("equity", "a position has an equity or a collateral, one of the two; or --equity NAME=AMOUNT")
    mode = cells.get("margin", "") or CROSS
    if mode not in (CROSS, ISOLATED):
        row.fault("margin", f"{mode[:40]!a} is unknown, a position has cross or isolated margin")
    return [
        Holding(
            row,
            cells[names[0]] if names else account,
            cells["market"],
            cells["size"],
            cells["entry"],
            cells["mark"],
            cells.get("equity") or None,
            cells.get("collateral") or None,
            cells.get("maintenance") or None,
            ISOLATED if mode == ISOLATED else CROSS,
            cells.get("settle", ""),
            {"account": names[0] if names else "account"},
        )
    ]
