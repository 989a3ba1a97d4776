"""The mirror of the fill: what lies above ``level x weight`` is taken, which is a fill of what survives."""

from fractions import Fraction
from typing import Any

import numpy as np

from deleverage.lab.policies.between import clipped
from deleverage.lab.policies.fill import Fill, fill
from deleverage.lab.policies.whole import Column, narrow, total


def drain(budget: int, amounts: Column, weights: Column, caps: Column, order: Any) -> Fill:
    """Return what of amounts lies above ``level x weight``, at most the cap, ``budget`` in all as far as there is.

    Weights are above 0 where amounts are. The survivors are filled, ties the other way round, so that of equal
    fractions the first in order is asked for the unit more.
    """
    asked = np.minimum(amounts, caps)
    take = min(budget, total(asked))
    mirrored = (len(order) - 1 - order).astype(order.dtype)
    spare = total(amounts) - take
    if (asked < amounts).any():
        kept = clipped(spare, amounts - asked, amounts, weights, mirrored)
    else:
        kept = fill(spare, weights, amounts, mirrored)
    parts = narrow(amounts - kept.parts)
    return Fill(parts, budget - take, kept.level, take - total(_floors(amounts, asked, weights, kept.level)))


def _floors(amounts: Column, asked: Column, weights: Column, level: Fraction | None) -> Column:
    """Return what is taken of each before any unit goes to a fraction: what is kept of it is rounded up."""
    if level is None:
        return np.where(weights > 0, asked, 0)
    wide = weights.astype(object)
    kept = -((wide * -level.numerator) // level.denominator)
    return np.maximum(0, np.minimum(asked, amounts - kept))
