"""The straightforward pandas version: tables joined, grouped and sorted, as one writes them in a notebook."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from deleverage.bench.books import Book, Ints
from deleverage.bench.with_objects import ORDINARY, UNHEALTHY, WITHOUT_EQUITY

PPB = 1_000_000_000


class Revaluation(NamedTuple):
    """Each unit's equity in quanta, and the unhealthy ones, ascending."""

    equities: Ints
    unhealthy: Ints


class PandasBook:
    """A book as tables of positions, units and markets, one margin tier each."""

    def __init__(self, book: Book) -> None:
        """Turn the columns into tables."""
        if book.markets.has_tiers:
            raise ValueError("the pandas version knows one margin tier a market")
        self.markets = book.markets
        self.positions = pd.DataFrame(
            {"unit": book.owner, "market": book.market, "lots": book.lots, "cost": book.cost, "side": book.lots > 0}
        )
        self.units = pd.DataFrame({"quote": book.quote, "credit": book.credit})

    def revalue(self, mark_ticks: Ints) -> Revaluation:
        """Return equities and unhealthy units at these marks."""
        value = self.markets.values(mark_ticks)
        marks = pd.DataFrame({"market": np.arange(len(value), dtype=np.uint16), "value": value})
        marks["rate"] = self.markets.maintenance_rate_ppb
        rows = self.positions.merge(marks, on="market")
        rows["worth"] = rows["lots"] * rows["value"]
        rows["required"] = _ceil_ppb(rows["worth"].abs(), rows["rate"])
        total = rows.groupby("unit")[["worth", "required"]].sum()
        equity = self.units["quote"] + total["worth"]
        unhealthy = equity + self.units["credit"] < total["required"]
        return Revaluation(equity.to_numpy(), np.flatnonzero(unhealthy.to_numpy()))

    def select(self, equities: Ints, unhealthy: Ints, market: int, sign: int, lots: int) -> tuple[Ints, Ints]:
        """Return who closes so many lots of the side ``sign``, in the order of the queue, and lots of each."""
        rows = self.positions
        rows = rows[(rows["market"] == market) & (rows["lots"] * sign < 0)].copy()
        rows["score"], rows["tier"] = self._scores(rows, equities), _tiers(rows, equities, unhealthy)
        rows = rows.sort_values(["tier", "score", "unit"], ascending=[True, False, True])
        size = rows["lots"].abs()
        before = size.cumsum() - size
        chosen = rows[before < lots]
        taken = np.minimum(size, lots - before)[: len(chosen)]
        return chosen["unit"].to_numpy(), taken.to_numpy()

    def lights(self, equities: Ints, unhealthy: Ints) -> Ints:
        """Return the lights of every row, by quantity: of the lots on its side of its market, how many stand ahead."""
        rows = self.positions.copy()
        rows["score"], rows["tier"] = self._scores(rows, equities), _tiers(rows, equities, unhealthy)
        rows["size"] = rows["lots"].abs()
        rows = rows.sort_values(["tier", "score", "unit"], ascending=[True, False, True])
        groups = rows.groupby(["market", "side"])["size"]
        through, whole = groups.cumsum(), groups.transform("sum")
        lights: Ints = (6 + (-5 * through) // whole).sort_index().to_numpy(np.int64)
        return lights

    def _scores(self, rows: Any, equities: Ints) -> Any:
        """Return the common score of rows; without equity nobody has one."""
        value = self.markets.values(self.markets.mark_ticks)[rows["market"]] * rows["lots"]
        pnl = value - rows["cost"]
        equity = pd.Series(equities).loc[rows["unit"]].to_numpy().astype(float)
        base, size = np.maximum(1, rows["cost"].abs()).astype(float), value.abs().astype(float)
        profit = pnl >= 0
        above = pnl.astype(float) * np.where(profit, size, equity)
        score = above / (base * np.where(profit, equity, size))
        return score.where(equity > 0, 0.0)


def _tiers(rows: Any, equities: Ints, unhealthy: Ints) -> Any:
    """Return the tier of each row: the unhealthy are asked late, who has no equity last."""
    tiers = np.full(len(equities), ORDINARY)
    tiers[unhealthy] = UNHEALTHY
    tiers[equities <= 0] = WITHOUT_EQUITY
    return tiers[rows["unit"]]


def _ceil_ppb(quanta: Any, rate_ppb: Any) -> Any:
    """Return quanta times rate, rounded up to a quantum; split, because the product does not fit."""
    whole, part = quanta // PPB, quanta % PPB
    return whole * rate_ppb - (-(part * rate_ppb) // PPB)
