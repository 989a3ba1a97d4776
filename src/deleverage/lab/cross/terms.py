"""The programme's data: which account owes how much in which scenario, as a function of the shares it is closed by.

The share f of a holding that is closed is the variable, 0 to 1. After it an account owes (b + sum g f)+ in a scenario,
b its loss beyond equity before, g what the closed legs would have gained. Where b + sum g f is below or above 0 for
every f, that is nothing or linear: only the rest, the *open* pairs of account and scenario, make the programme large.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deleverage.lab.cross.book import CrossBook, met
from deleverage.lab.policies.fill import fill

_NEAR = 1e-6
"""A solver's share that is so near to a whole lot is one."""


@dataclass(frozen=True)
class Terms:
    """Variables (account ``row`` and ``leg`` of each), their linear cost, and the open pairs, in money over ``scale``.

    ``asked`` are the legs with something to close, ``wanted`` how many lots; a variable's ``leg`` is a place among
    them, ``share`` what it is of the leg's lots. ``of`` is each open pair's account, ``base`` its b, ``slopes`` its g.
    """

    book: CrossBook
    wanted: tuple[int, ...]
    asked: tuple[int, ...]
    row: Any
    leg: Any
    share: Any
    cost: Any
    constant: float
    of: Any
    base: Any
    slopes: Any
    scenarios: int
    scale: float

    def dense(self, shares: Any) -> Any:
        """Return the variables as a row an account and a column a leg that is asked."""
        table = np.zeros((len(self.book.ids), len(self.asked)))
        table[self.row, self.leg] = shares
        return table

    def shares(self, lots: Any) -> Any:
        """Return lots by account and leg of the book as variables."""
        legs = np.array(self.asked, np.int64)[self.leg]
        return lots[self.row, legs] / self.book.held[self.row, legs]

    def owed(self, shares: Any) -> Any:
        """Return b + sum g f of the open pairs."""
        return self.base + (self.slopes * self.dense(shares)[self.of]).sum(axis=1)

    def value(self, shares: Any) -> float:
        """Return the expected shortfall, in money over the scale."""
        open_part = float(np.maximum(0.0, self.owed(shares)).sum()) / self.scenarios
        return self.constant + float(self.cost @ shares) + open_part


def terms_of(book: CrossBook, required: Sequence[int], gained: Any) -> Terms:
    """Return the programme of closing what is required as far as it can be met."""
    count, wanted = len(gained), np.array(met(book, required), np.int64)
    asked = np.flatnonzero(wanted)
    row, leg = np.nonzero(book.held[:, asked] > 0)
    scale = max(1.0, float(book.equity.astype(float).mean())) if len(book.ids) else 1.0
    held, closable = book.held.astype(float), book.held[:, asked].astype(float)
    base = -(book.equity.astype(float)[:, None] + held @ gained.T) / scale
    reach = gained[:, asked] / scale
    always = base + closable @ np.minimum(0.0, reach).T >= 0.0
    never = base + closable @ np.maximum(0.0, reach).T <= 0.0
    linear = always & ~never
    of, scenario = np.nonzero(~always & ~never)
    return Terms(
        book,
        tuple(wanted[asked].tolist()),
        tuple(asked.tolist()),
        row,
        leg,
        closable[row, leg] / wanted[asked][leg],
        (linear.astype(float) @ reach)[row, leg] * closable[row, leg] / count,
        float(base[linear].sum()) / count,
        of,
        base[of, scenario],
        reach[scenario] * closable[of],
        count,
        scale,
    )


def whole_lots(terms: Terms, shares: Any) -> Any:
    """Return lots by account and leg of the book: the floors, then a lot for the largest fractions, ties by id."""
    lots = np.zeros_like(terms.book.held)
    ideals = terms.dense(shares)
    for place, (at, wanted) in enumerate(zip(terms.asked, terms.wanted, strict=True)):
        held = terms.book.held[:, at]
        ideal = ideals[:, place] * held
        floors = np.minimum(held, np.floor(ideal + _NEAR).astype(np.int64))
        missing = wanted - int(floors.sum())
        sign = 1 if missing > 0 else -1
        room = held - floors if missing > 0 else floors
        if abs(missing) > np.count_nonzero(room):  # Lots finer than the solver's shares: its error is everybody's.
            floors = floors + sign * fill(abs(missing), room, room, np.arange(len(held), dtype=np.int32)).parts
        else:
            order = np.argsort(floors - ideal, kind="stable")
            rows = order[room[order] > 0][::sign]
            floors[rows[: abs(missing)]] += sign
        lots[:, at] = floors
    return lots
