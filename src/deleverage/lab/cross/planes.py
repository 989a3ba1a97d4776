"""Cutting planes: each account's shortfall is bounded from below by tangents, and the bounds are a small programme.

Its shares give what they really cost, an upper bound, and more tangents; its own value is a lower bound.
"""

from time import monotonic
from typing import Any

import numpy as np

from deleverage.lab.cross.lp import Reference, add_rows, answer, model_of, places, prices
from deleverage.lab.cross.terms import Terms

TOLERANCE = 1e-7
ROUNDS = 100


def by_planes(terms: Terms, start: Any, seconds: int) -> Reference:
    """Return the best shares found by cutting planes, an account's tangents each."""
    accounts, place = np.unique(terms.of, return_inverse=True)
    count, extra = len(terms.row), len(accounts)
    model = model_of(terms, seconds, extra, 1.0)
    best = (terms.value(start), start)
    for point in (np.zeros(count), np.ones(count), start):
        _add_tangents(model, terms, point, place)
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
        if best[0] - bound <= TOLERANCE * max(abs(best[0]), 1e-9):
            break
        _add_tangents(model, terms, shares, place)
    is_met = best[0] - bound <= TOLERANCE * max(abs(best[0]), 1e-9)
    status = f"{told if is_met or not told.startswith('optimal') else 'gap open, ' + told}, {turn} rounds of tangents"
    value, shares = best
    method, pairs = "cutting planes", len(terms.of)
    return Reference(shares, value * terms.scale, bound * terms.scale, shadow, method, status, pairs)


def _add_tangents(model: Any, terms: Terms, shares: Any, place: Any) -> None:
    """Add what each account's shortfall is at least, by its tangent at these shares."""
    owed = terms.owed(shares)
    owes = (owed > 0.0).astype(float) / terms.scenarios
    accounts = int(place.max()) + 1
    base = np.bincount(place, owes * terms.base, accounts)
    table = np.stack(
        [np.bincount(place, owes * terms.slopes[:, at], accounts) for at in range(terms.slopes.shape[1])], axis=1
    )
    columns = places(terms)[np.unique(terms.of)]
    account, leg = np.nonzero((columns >= 0) & (table != 0.0))
    rows = np.r_[account, np.arange(accounts)]
    entries = np.r_[columns[account, leg], len(terms.row) + np.arange(accounts)]
    values = np.r_[-table[account, leg], np.ones(accounts)]
    order = np.argsort(rows, kind="stable")
    add_rows(model, base, rows[order], entries[order], values[order])
