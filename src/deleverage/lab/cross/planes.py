"""Cutting planes: each account's shortfall is bounded from below by tangents, and the bounds are a small programme.

Its shares give what they really cost, an upper bound, and more tangents; its own value is a lower bound.
"""

from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np

from deleverage.lab.cross.lp import Reference, add_rows, answer, model_of, places, prices
from deleverage.lab.cross.terms import Terms

_NEAR = 1e-12
"""A tangent that is violated by less adds nothing, in money over the mean equity."""

TOLERANCE = 1e-6
"""A gap of this share of the value is the end."""

ROUNDS = 100


def by_planes(terms: Terms, start: Any, seconds: int) -> Reference:
    """Return the best shares found; a tangent is added where the last one lies below what an account really owes."""
    count = len(terms.row)
    accounts, place = np.unique(terms.of, return_inverse=True)
    model = model_of(terms, seconds, len(accounts), 1.0)
    model.setOptionValue("presolve", "off")  # Each programme begins where the last one ended.
    tangents = _Tangents(model, terms, place, places(terms)[accounts])
    for point in (np.zeros(count), np.ones(count), start):
        tangents.add(point, np.full(len(accounts), -np.inf))
    best = (terms.value(start), start)
    bound, shadow, told, turn = 0.0, {}, "", 0
    until = monotonic() + seconds
    while turn < ROUNDS and monotonic() < until:
        turn += 1
        model.setOptionValue("time_limit", max(1.0, until - monotonic()) + model.getRunTime())
        model.run()
        shares, lower, told = answer(model, terms)
        if not told.startswith("optimal"):
            break
        bound, shadow = max(bound, terms.constant + lower), prices(model, terms)
        value = terms.value(shares)
        if value < best[0]:
            best = (value, shares)
        if _is_closed(best[0], bound):
            break
        tangents.add(shares, np.array(model.getSolution().col_value[count:]))
    if not told:
        told = "no time"
    elif told.startswith("optimal") and not _is_closed(best[0], bound):
        told = f"gap open, {told}"
    bound = min(bound, best[0])  # Binary64 can leave a bound above what is attained.
    value, shares = best[0] * terms.scale, best[1]
    status = f"{told}, {turn} rounds of tangents"
    return Reference(shares, value, bound * terms.scale, shadow, "cutting planes", status, len(terms.of))


def _is_closed(value: float, bound: float) -> bool:
    return value - bound <= TOLERANCE * max(abs(value), 1e-9)


@dataclass(frozen=True, slots=True)
class _Tangents:
    """What tangents are made of: each open pair's place among the accounts, and each account's variables."""

    model: Any
    terms: Terms
    place: Any
    columns: Any

    def add(self, shares: Any, below: Any) -> None:
        """Add an account's tangent at these shares where what it owes there is above ``below``."""
        terms, accounts = self.terms, len(self.columns)
        owed = terms.owed(shares)
        owes = (owed > 0.0).astype(float) / terms.scenarios
        rows = np.flatnonzero(np.bincount(self.place, owes * owed, accounts) > below + _NEAR)
        base = np.bincount(self.place, owes * terms.base, accounts)[rows]
        by_leg = [np.bincount(self.place, owes * slope, accounts)[rows] for slope in terms.slopes.T]
        table, columns = np.stack(by_leg, axis=1), self.columns[rows]
        account, leg = np.nonzero((columns >= 0) & (table != 0.0))
        lines = np.r_[account, np.arange(len(rows))]
        entries = np.r_[columns[account, leg], len(terms.row) + rows]
        values = np.r_[-table[account, leg], np.ones(len(rows))]
        order = np.argsort(lines, kind="stable")
        add_rows(self.model, base, lines[order], entries[order], values[order])
