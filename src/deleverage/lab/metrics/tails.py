"""Scales of heavy tails and of leverage, and how much of a closing was traded back.

Statements of the literature about these are asymptotic: a figure of one sample says nothing about a limit.
"""

from math import log

import numpy as np

from deleverage.lab.metrics.catalogue import over, undefined, value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure


def pareto_scale(index: float, n: int, least: float = 1.0) -> float:
    """Return b_n of a Pareto law with this index: what one of n accounts exceeds on average."""
    return float(least * n ** (1 / index))


def sample_scale(sample: Floats) -> Measure:
    """Return b_n of a sample: its largest member."""
    return value("tail_scale", sample.max()) if len(sample) else undefined("tail_scale", "the sample is empty")


def hill(sample: Floats, count: int) -> Measure:
    """Return the Hill estimate of the tail index from the ``count`` largest; it hangs on the count."""
    falling = np.sort(sample)[::-1]
    if not 0 < count < len(falling) or falling[count] <= 0:
        return undefined("tail_index", f"needs more than {count} members above 0, there are {int((sample > 0).sum())}")
    mean = float(np.log(falling[:count] / falling[count]).mean())
    return over("tail_index", 1.0, mean, "the largest are all equal")


def order_parameter(severity: float, n: int, scale: float) -> Measure:
    """Return kappa_n = theta n / b_n."""
    return over("kappa_n", severity * n, scale, "the scale of the tail is 0")


def leverage_mass(notional: Floats, equity: Floats) -> Measure:
    """Return the sum of |notional| / |equity|; accounts without equity have no leverage and are left out."""
    known = equity != 0
    return value("leverage_mass", np.abs(notional[known] / equity[known]).sum())


def over_collateralisation(equity: Floats, profit: Floats) -> Floats:
    """Return E / U of each account with U > 0; read its quantiles, a mean hangs on the smallest U."""
    return equity[profit > 0] / profit[profit > 0]


def trimmed_mean(column: Floats, share: float) -> float | None:
    """Return the mean without this share of the members on each side; None where nobody is left."""
    rising = np.sort(column)
    cut = int(len(rising) * share)
    kept = rising[cut : len(rising) - cut]
    return float(kept.mean()) if len(kept) else None


def half_life_rate(half_life: float) -> float:
    """Return lambda = ln 2 / half-life."""
    return log(2) / half_life


def undone(closed: float, later: Floats, net: bool = False) -> Measure:
    """Return which share of a closing was traded back by later fills of the same account and coin.

    ``closed`` and ``later`` are signed changes of the position. Gross: all later fills of the opposite sign count; net:
    their signed sum.
    """
    back = -np.sign(closed) * later
    traded = max(0.0, float(back.sum())) if net else float(back[back > 0].sum())
    return over("undone", min(abs(closed), traded), abs(closed), "nothing was closed")
