"""The reference value: the least expected shortfall on the drawn scenarios, over shares of lots; a linear programme.

Small books are one programme of all accounts and scenarios, large ones are solved by cutting planes. Both say a shadow
price a leg - at these prices every account's part is a problem of its own - and the gap that is left. What the solver
says about its end comes back; nothing replaces it.
"""

from typing import Any

import numpy as np

from deleverage.lab.cross.lp import Reference, add_rows, answer, model_of, places, prices
from deleverage.lab.cross.planes import by_planes
from deleverage.lab.cross.terms import Terms

MOST_PAIRS = 20_000
"""Up to so many open pairs of account and scenario are one programme."""


def solve(terms: Terms, start: Any, *, most_pairs: int = MOST_PAIRS, seconds: int = 60) -> Reference:
    """Return the least expected shortfall; ``start`` are shares that meet what is required, by any rule."""
    if not len(terms.row):
        value = terms.value(np.zeros(0)) * terms.scale
        return Reference(np.zeros(0), value, value, {}, "nothing to close", "optimal", len(terms.of))
    if len(terms.of) <= most_pairs:
        return _whole(terms, start, seconds)
    return by_planes(terms, start, seconds)


def _whole(terms: Terms, start: Any, seconds: int) -> Reference:
    """Return the optimum of one programme: a variable an open pair, at least what the pair owes."""
    pairs, count = len(terms.of), len(terms.row)
    model = model_of(terms, seconds, pairs, 1.0 / terms.scenarios)
    columns = places(terms)[terms.of]
    pair, leg = np.nonzero((columns >= 0) & (terms.slopes != 0.0))
    rows = np.r_[pair, np.arange(pairs)]
    entries = np.r_[columns[pair, leg], count + np.arange(pairs)]
    values = np.r_[-terms.slopes[pair, leg], np.ones(pairs)]
    order = np.argsort(rows, kind="stable")
    add_rows(model, terms.base, rows[order], entries[order], values[order])
    model.run()
    shares, bound, status = answer(model, terms)
    if not status.startswith("optimal"):  # What it holds need not meet what is required: what is known is the start.
        shares, bound, status = start, -terms.constant, f"{status}; no shares but those it began with, bound 0"
    value = terms.value(shares)
    return Reference(
        shares,
        value * terms.scale,
        min(value, terms.constant + bound) * terms.scale,  # Binary64 can leave a bound above what is attained.
        prices(model, terms) if status.startswith("optimal") else {},
        "one programme",
        status,
        pairs,
    )
