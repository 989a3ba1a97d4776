"""Totals of production at each horizon, and their discounted mean over the horizons that there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import exp, fsum, isnan, log

from deleverage.lab.events.model import Event


@dataclass(frozen=True)
class Horizon:
    """Production against what was needed, when equity is looked at ``horizon_ms`` after each wave; all in USD.

    ``over`` and ``under`` are the one-sided sums, ``net`` their difference: what is published as overshoot.
    """

    horizon_ms: int
    waves: int
    deficit: float | None
    needed: float
    taken: float
    over: float
    under: float
    net: float


@dataclass(frozen=True)
class Discounted:
    """The mean of the net over time after the wave, weighted by a decay that halves in ``half_life_ms``."""

    half_life_ms: int
    net: float
    above_first: float  # what the shortest horizon alone does not show


def horizons(event: Event) -> tuple[Horizon, ...]:
    """Return a row for each horizon that any wave was looked at; sums are of that horizon's own table."""
    rows = []
    for horizon in sorted({horizon for wave in event.waves for horizon in wave.taken_usd}):
        waves = [wave for wave in event.waves if horizon in wave.taken_usd]
        needed = [wave.needed_at_usd.get(horizon, wave.needed_usd) for wave in waves]
        taken = [wave.taken_usd[horizon] for wave in waves]
        excess = [took - need for took, need in zip(taken, needed, strict=True)]
        deficits = [wave.deficit_at_usd.get(horizon, wave.deficit_usd) for wave in waves]
        rows.append(
            Horizon(
                horizon,
                len(waves),
                deficit=None if any(map(isnan, deficits)) else fsum(deficits),
                needed=fsum(needed),
                taken=fsum(taken),
                over=fsum(max(0.0, one) for one in excess),
                under=fsum(max(0.0, -one) for one in excess),
                net=fsum(excess),
            )
        )
    return tuple(row for row in rows if not isnan(row.needed))


def discounted(rows: Iterable[Horizon]) -> tuple[Discounted, ...]:
    """Return the discounted net for each horizon above 0 as half-life; nothing where there are fewer than two.

    The integral of net(t) w(t) over that of w(t), w(t) = lambda exp(-lambda t), lambda = ln 2 / half-life, both by the
    trapezoid rule on the horizons there are: with five of them the grid decides more than the half-life does.
    """
    points = [(float(row.horizon_ms), row.net) for row in rows]
    if len(points) < 2:
        return ()
    result = []
    for half_life in (int(time) for time, _ in points if time > 0):
        rate = log(2) / half_life
        weights = [rate * exp(-rate * time) for time, _ in points]
        mean = _trapezoid(points, weights) / _trapezoid([(time, 1.0) for time, _ in points], weights)
        result.append(Discounted(half_life, mean, mean - points[0][1]))
    return tuple(result)


def _trapezoid(points: list[tuple[float, float]], weights: list[float]) -> float:
    heights = [value * weight for (_, value), weight in zip(points, weights, strict=True)]
    widths = [after[0] - before[0] for before, after in pairwise(points)]
    return fsum(width * (a + b) / 2 for width, (a, b) in zip(widths, pairwise(heights), strict=True))
