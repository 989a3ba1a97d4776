"""How unequally a burden lies: Gini, Jain, HHI, top shares, Lorenz curves and their dominance, envy, who was wiped out.

Every index is read on three denominators - dollars, share of the endowment, share of the equity - because the same
allocation is equal in one and unequal in another. One sort a vector; nothing here loops over accounts.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.metrics.catalogue import CATALOGUE, undefined, value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure

FRACTIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
"""Where a Lorenz curve is read: finer at the end, where nearly everything lies."""

A_IS_FAIRER, B_IS_FAIRER, EQUAL, CROSSING = "a", "b", "equal", "crossing"


def indices(column: Floats, vector: str) -> list[Measure]:
    """Return every index of a column of amounts >= 0, named by its ``vector``: x, h or e."""
    names = [f"{name}_{vector}" for name in ("gini", "jain", "hhi", "top_1", "top_10", "top_100")]
    counted = value(f"counted_{vector}", len(column))
    if not len(column):
        ends = [f"largest_{vector}", f"smallest_{vector}"]
        return [*(undefined(name, "no account has this denominator") for name in [*names, *ends]), counted]
    rising = np.sort(column)
    ends_too = [value(f"largest_{vector}", rising[-1]), value(f"smallest_{vector}", rising[0]), counted]
    if rising[-1] <= 0:
        return [*(undefined(name, "nobody pays anything") for name in names), *ends_too]
    shares = rising / rising[-1]  # scaled by the largest, so that no square can leave the range
    total, squares = float(shares.sum()), float((shares * shares).sum())
    found = [
        gini_of_sorted(shares),
        total * total / (len(shares) * squares),
        squares / (total * total),
        *(float(shares[-count:].sum()) / total for count in (1, 10, 100)),
    ]
    return [*(value(name, number) for name, number in zip(names, found, strict=True)), *ends_too]


def gini_of_sorted(rising: Floats) -> float:
    """Return the population Gini of ascending amounts >= 0 whose sum is above 0."""
    n = len(rising)
    weights = 2.0 * np.arange(1, n + 1) - n - 1
    return float((weights * rising).sum() / (n * rising.sum()))


def gini(column: Floats) -> float | None:
    """Return the population Gini of amounts >= 0; None where their sum is not above 0."""
    return gini_of_sorted(np.sort(column)) if len(column) and column.max() > 0 else None


def lorenz(column: Floats, fractions: tuple[float, ...] = FRACTIONS) -> list[float] | None:
    """Return which share of the whole the poorest fractions hold together, between accounts on a straight line."""
    if not len(column) or column.max() <= 0:
        return None
    summed = np.concatenate(([0.0], np.cumsum(np.sort(column))))
    places = np.array(fractions) * len(column)
    return [float(share) for share in np.interp(places, np.arange(len(summed)), summed) / summed[-1]]


def dominance(a: NDArray[Any], b: NDArray[Any]) -> str:
    """Return whose burden is majorised by the other's: ``a`` or ``b`` is the more equal one, ``equal``, ``crossing``.

    Weak majorisation: a is the fairer where the k largest of a never take more than the k largest of b, for every k.
    Whole numbers are compared exactly (sums below 2^63). Columns of different lengths are filled up with zeros.
    """
    width = max(len(a), len(b))
    sums = []
    for column in (a, b):
        falling = np.zeros(width, column.dtype)
        falling[: len(column)] = np.sort(column)[::-1]
        sums.append(np.cumsum(falling))
    less, more = bool((sums[0] < sums[1]).any()), bool((sums[0] > sums[1]).any())
    return {(False, False): EQUAL, (True, False): A_IS_FAIRER, (False, True): B_IS_FAIRER}.get((less, more), CROSSING)


def fairness(taken: Floats, endowment: Floats, equity: Floats | None = None) -> list[Measure]:
    """Return all indices on three denominators, who pays, who is wiped out, and the envy between comparable ones."""
    owned = endowment > 0
    shares = taken[owned] / endowment[owned]
    found = [*indices(taken, "x"), *indices(shares, "h")]
    if equity is None:
        names = [name for name in CATALOGUE if name.endswith("_e") and CATALOGUE[name].group == "fairness"]
        found += [undefined(name, "the equity of the winners is not known") for name in names]
    else:
        solvent = equity > 0
        found += indices(taken[solvent] / equity[solvent], "e")
    wiped = int((taken[owned] >= endowment[owned]).sum())
    return [*found, value("wiped", wiped), value("payers", int((taken > 0).sum())), envy(shares, endowment[owned])]


def envy(shares: Floats, endowment: Floats) -> Measure:
    """Return the largest max h / min h among accounts whose endowments lie within one factor of two."""
    if not len(shares):
        return undefined("envy_ratio", "nobody has an endowment")
    _, bracket = np.frexp(endowment)
    order = np.argsort(bracket.astype(np.int16), kind="stable")
    starts = np.flatnonzero(np.diff(bracket[order], prepend=bracket[order[0]] - 1))
    high, low = np.maximum.reduceat(shares[order], starts), np.minimum.reduceat(shares[order], starts)
    paying = high > 0
    if not paying.any():
        return undefined("envy_ratio", "nobody pays anything")
    spared = int((low[paying] <= 0).sum())
    if spared:
        why = f"in {spared} of {len(starts)} brackets of comparable accounts one pays nothing and another pays"
        return undefined("envy_ratio", why)
    return value("envy_ratio", float((high[paying] / low[paying]).max()))
