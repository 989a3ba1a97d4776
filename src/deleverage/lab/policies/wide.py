"""Parts of a level where a weight, or all together, is beyond 64 bits: binary64 first, integers where it cannot tell.

The level is exact, ``left / open``. A part's floor is taken in binary64 wherever the error bound leaves no doubt, and
divided in integers elsewhere; the same goes for the order of the fractions. So nearly all rows cost a few passes over
columns of numpy, and no answer hangs on a rounding of binary64.
"""

from typing import Any

import numpy as np

from deleverage.lab.policies.whole import Column, floats, narrow

ERROR = 2.0**-50
"""Relative error of a quotient in binary64: three roundings, and room."""

COARSE = 2.0**-20
"""An ideal whose error may be more is divided in integers."""


def wide_parts(weights: Column, caps: Column, order: Any, full: Any, left: int, open_weight: int) -> tuple[Column, int]:
    """Return the parts at level ``left / open_weight``, the ``full`` at their caps; and the units for fractions."""
    parts = np.where(full, caps, 0).astype(object)
    rows = np.flatnonzero(~full & (weights > 0))
    own, rank = weights[rows].astype(object), order[rows]
    floors, fractions, error = _ideals(own, left, open_weight)
    missing = left - int(floors.sum())
    if missing:
        floors[_largest(missing, own, rank, fractions, error, left, open_weight)] += 1
    parts[rows] = floors
    return narrow(parts), missing


def _ideals(own: Column, left: int, open_weight: int) -> tuple[Column, Any, float]:
    """Return floors and fractions of the ideals, and the largest error of a fraction."""
    ideal = floats(own) * (left / open_weight)
    guess = np.floor(ideal)
    fractions, error = ideal - guess, ideal * ERROR
    doubtful = np.flatnonzero((fractions <= error) | (fractions >= 1 - error) | (error > COARSE))
    sure = np.where(ideal < 2.0**62, guess, 0).astype(np.int64).astype(object)
    exact = own[doubtful] * left
    sure[doubtful] = exact // open_weight
    fractions[doubtful] = [number / open_weight for number in (exact % open_weight).tolist()]
    error[doubtful] = ERROR
    return sure, fractions, float(error.max(initial=ERROR))


def _largest(missing: int, own: Column, rank: Any, fractions: Any, error: float, left: int, open_weight: int) -> Any:
    """Return the rows of the ``missing`` largest fractions, ties by rank."""
    at = len(fractions) - missing
    border = np.partition(fractions, at)[at]
    surely = fractions > border + 2 * error
    close = np.flatnonzero(np.abs(fractions - border) <= 2 * error)
    exact = (own[close] * left % open_weight).tolist()
    ordered = sorted(zip((-number for number in exact), rank[close].tolist(), close.tolist(), strict=True))
    more = [row for _, _, row in ordered[: missing - int(surely.sum())]]
    return np.concatenate([np.flatnonzero(surely), np.array(more, np.int64)])
