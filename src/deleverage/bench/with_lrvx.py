"""The C++ rival: ``lrvx`` (floats, one market), driven through its Python bindings on the same one-market book.

It has to be imported before Numba, which otherwise takes the room in the static TLS block that it needs: ``engine``
is called before anything is compiled.
"""

from typing import Any

import numpy as np

from deleverage.bench.books import Book

QUANTA = 1_000_000
"""Quanta of a dollar: it computes in dollars."""

MARKET = 1


def engine() -> tuple[Any, str]:
    """Return the module, or None and why there is none."""
    try:
        import lrvx
    except ImportError as error:
        return None, f"{error}"
    return lrvx, ""


class LrvxBook:
    """A book of one market of linear contracts, each leg with the money of its unit behind it."""

    def __init__(self, module: Any, book: Book) -> None:
        """Open every position at its entry, with what its unit was given as its equity."""
        if len(book.markets.mark_ticks) != 1:
            raise ValueError("this engine knows one market")
        self.book = book
        self.engine = module.LiquidationEngine()
        self.engine.add_tier(0.0, float(book.markets.maintenance_rate_ppb[0]) / 1e9)
        self.engine.set_insurance_fund_capital(0.0)
        self.engine.set_adl_enabled(True)
        given = (book.quote + book.sums(book.cost)) / QUANTA
        entries = np.abs(book.cost / book.lots) / QUANTA
        columns = (book.owner.tolist(), book.lots.astype(float).tolist(), entries.tolist(), given.tolist())
        for unit, lots, entry, money in zip(*columns, strict=True):
            self.engine.open_position(unit, MARKET, lots, entry, money)
        self.mark(int(book.markets.mark_ticks[0]))

    def mark(self, mark_ticks: int) -> dict[str, Any]:
        """Move the mark; how many it liquidated and deleveraged."""
        value = mark_ticks * int(self.book.markets.quanta_per_tick_lot[0]) / QUANTA
        told: dict[str, Any] = self.engine.on_mark(MARKET, value)
        return told

    @property
    def open_positions(self) -> int:
        """How many positions are left."""
        return int(self.engine.position_count())
