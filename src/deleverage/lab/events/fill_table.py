"""A table of deleveraging fills, a row a fill: HyperReplay's canonical table, its raw extract, or our own columns.

Which of them it is, its columns say. A table may hold what accounts had at each fill, winners' and bankrupts'. A row of
the bankrupt himself is the other half of a trade that his counterparty's row is of, and no fill. ``leverage_realtime``
of HyperReplay is that of the row's one position, so it says nothing of an account's notional; and no column of it lists
the account's other positions: legs are not known of such tables.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deleverage.adapters.parquet import read_parquet
from deleverage.adapters.tables import Fault, Row, Source
from deleverage.lab.events import cells
from deleverage.lab.events.gather import OneFill, OneState, fills_of, in_time, sequence_of, states_of
from deleverage.lab.events.model import Fills, States


@dataclass(frozen=True)
class Columns:
    """What a table calls its columns; "" is one that it does not have. Those in ``needed`` make it this table.

    ``side`` holds long or short; ``position`` the signed position before the fill, which says the same.
    """

    kind: str
    time: str
    price: str
    size: str
    side: str = ""
    position: str = ""
    mark: str = "mark"
    closed: str = "closed_pnl"
    against: str = "liquidated_user"
    key: str = "tid"
    equity: str = ""
    profit: str = ""
    notional: str = ""
    loser_equity: str = ""
    loser_profit: str = ""

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the columns without which it is another table."""
        return ("user", "coin", self.time, self.price, self.size)


REPLAY = Columns(
    "replay table",
    "time",
    "adl_price",
    "adl_size",
    position="position_size",
    equity="total_equity",
    profit="total_unrealized_pnl",
    loser_equity="liquidated_total_equity",
    loser_profit="liquidated_total_unrealized_pnl",
)
RAW = Columns("raw extract", "block_time", "price", "size", position="start_position")
OWN = Columns(
    "table of fills",
    "time_ms",
    "price",
    "size",
    side="side",
    position="position",
    closed="closed_profit",
    against="against",
    key="key",
    equity="equity",
    profit="profit",
    notional="notional",
    loser_equity="against_equity",
    loser_profit="against_profit",
)
SHAPES = (REPLAY, RAW, OWN)
OWN_HALF = "the bankrupt's own side of a deleveraging: the winner's side counts"
SIDES = {"long": 1, "short": -1, "": 0}


def shape_of(columns: list[str]) -> Columns | None:
    """Return the shape whose columns are all there, None if none's are."""
    return next((shape for shape in SHAPES if set(shape.needed) <= set(columns)), None)


def header_of(path: Path) -> list[str]:
    """Return the columns of a CSV or Parquet table, nothing where it cannot be read: whoever reads it tells why."""
    if path.suffix.lower() == ".parquet":
        rows = read_parquet(path, (), [])
        return list(rows[0].cells) if rows else []
    try:
        with path.open(encoding="utf-8-sig") as file:
            return [name.strip('"') for name in file.readline(10_000).strip("\r\n").split(",")]
    except (OSError, ValueError):
        return []


def rows_of(root: Path, path: Path, columns: tuple[str, ...], faults: list[Fault]) -> tuple[Source, list[Row]]:
    """Return source and rows of a CSV or Parquet table."""
    if path.suffix.lower() != ".parquet":
        return cells.read(root, path, columns, faults)
    return cells.source_of(root, path), read_parquet(path, columns, faults)


def read_fills(
    root: Path, path: Path, shape: Columns, faults: list[Fault], notes: list[str]
) -> tuple[Source, Fills, States | None]:
    """Return a table's fills in the order of the event, and what it says that accounts had; faults are added.

    ``notes`` tells how many rows are the bankrupt's own half of a trade.
    """
    source, every = rows_of(root, path, shape.needed, faults)
    rows = [row for row in every if not shape.against or row.cells.get(shape.against, "") != row.cells["user"]]
    if own := len(every) - len(rows):
        notes.append(f"{own} rows are {OWN_HALF}")
    found = [_fill(row, shape) for row in rows]
    order = in_time(found, [sorted(row.cells.items()) for row in rows])
    found = [found[at] for at in order]
    return source, fills_of(found), states_of(_states([rows[at] for at in order], found, shape))


def _fill(row: Row, shape: Columns) -> OneFill:
    return OneFill(
        time_ms=cells.moment_ms(row, shape.time),
        coin=cells.label(row, "coin"),
        user=cells.label(row, "user"),
        side=_side(row, shape),
        size=cells.above_zero(row, shape.size),
        price=cells.above_zero(row, shape.price),
        mark=cells.maybe(row, shape.mark),
        closed_profit=cells.maybe(row, shape.closed),
        against=cells.optional(row, shape.against),
        key=cells.optional(row, shape.key),
        held=abs(_maybe(row, shape.position)),
        sequence=sequence_of(row.cells),
        lacking=_maybe(row, shape.loser_equity),
    )


def _maybe(row: Row, column: str) -> float:
    """Return a number, NaN where a table of this shape has no such column."""
    return cells.maybe(row, column) if column else float("nan")


def _side(row: Row, shape: Columns) -> int:
    if shape.position and row.cells.get(shape.position, "") not in cells.UNDEFINED:
        return int(np.sign(cells.number(row, shape.position)))
    text = row.cells.get(shape.side, "").lower() if shape.side else ""
    if text not in SIDES:
        row.fault(shape.side, f"{text[:40]!a} is neither long nor short")
    return SIDES.get(text, 0)


def _states(rows: list[Row], fills: list[OneFill], shape: Columns) -> list[OneState]:
    """Return what the rows say of accounts: first all winners, then all bankrupts who are named with an equity."""
    there = rows[0].cells if rows else {}
    said: list[OneState] = []
    for user, equity, profit, is_loser in (
        ("user", shape.equity, shape.profit, False),
        (shape.against, shape.loser_equity, shape.loser_profit, True),
    ):
        if equity not in there and profit not in there:
            continue
        for at, row in enumerate(rows):
            if name := row.cells.get(user, ""):
                said.append(
                    OneState(
                        user=name,
                        fill=at,
                        stated_ms=fills[at].time_ms,
                        equity=_maybe(row, equity),
                        profit=_maybe(row, profit),
                        notional=_maybe(row, "" if is_loser else shape.notional),
                        is_loser=is_loser,
                    )
                )
    return said
