"""Mirror descent under inequality constraints on a vector: a step down the loss, a price on each constraint.

Formula (arXiv 2512.01112 section 7.3, MDIC): x(t+1) = argmin over the domain of <g + sum price grad c, x> +
D(x, x(t)) / eta(t), price <- [price + gamma(t) c]+, eta(t) = eta / sqrt(t), gamma(t) = gamma / sqrt(t). g is a
subgradient of the loss of round t at x(t), c what its constraints are exceeded by there (c <= 0 is kept). D belongs to
the domain: relative entropy on the simplex, half the squared distance on a box.

Who uses it: nobody known; the severity alone is ``constrained-descent``. Assumes: convex losses and constraints,
bounded slopes, and a point at which every constraint is kept with room to spare. Then mean regret and mean excess fall
like 1 / sqrt(t); no single round is promised to be feasible.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Protocol

import numpy as np

Vector = Any
"""A numpy column of binary64."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round shows of the point that was published: loss, its slope, excesses, and a row of slopes for each."""

    loss: float
    slope: Vector
    excess: Vector
    slopes: Vector


Round = Callable[[Vector], Seen | None]
"""A round answers a point with what is seen; None where there is nothing to learn from, then no step is taken."""


class Domain(Protocol):
    """Where a point may lie, and the mirror step in it."""

    def moved(self, point: Vector, slope: Vector, eta: float) -> Vector:
        """Return argmin of <slope, x> + D(x, point) / eta."""
        ...


@dataclass(frozen=True, slots=True)
class Simplex:
    """Shares of a whole, 0 and more; the step multiplies each by exp(-eta x slope) and makes them sum to ``mass``."""

    mass: float = 1.0

    def moved(self, point: Vector, slope: Vector, eta: float) -> Vector:
        """Return the shares after a step; by logarithms above the least slope, so that no finite one is too large.

        A share below what binary64 holds is 0, and can grow again: a step begins at the least positive number.
        """
        with np.errstate(over="ignore"):  # What is infinitely far above the least slope keeps nothing.
            above = eta * (slope - np.min(slope))
        raised = np.log(np.maximum(point, np.finfo(float).tiny)) - above
        shares = np.exp(raised - raised.max())
        return self.mass * shares / shares.sum()


@dataclass(frozen=True, slots=True)
class Box:
    """Columns between ``low`` and ``high``, haircuts say; the step is a projected subgradient step."""

    low: Vector
    high: Vector

    def moved(self, point: Vector, slope: Vector, eta: float) -> Vector:
        """Return the point after a step, clipped."""
        return np.clip(point - eta * slope, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Course:
    """What was published, prices after each round, losses, and a row of excesses a round (0 where none was seen)."""

    points: tuple[Vector, ...]
    prices: tuple[Vector, ...]
    losses: tuple[float, ...]
    excesses: tuple[Vector, ...]

    def mean_regret(self, best: Sequence[float]) -> float:
        """Return the mean loss above that of another course: below 0 where it was bought by excess."""
        return float(np.mean(np.array(self.losses) - np.array(best)))

    def mean_excess(self) -> float:
        """Return the largest over constraints of the mean excess, at least 0: a round may pay for another here."""
        return float(np.maximum(0.0, np.mean(self.excesses, axis=0)).max(initial=0.0))


def descend(
    domain: Domain,
    start: Vector,
    rounds: Sequence[Round],
    constraints: int,
    *,
    eta: float,
    gamma: float,
    price_first: bool = False,
) -> Course:
    """Return the course from ``start`` at prices of 0.

    ``price_first``: a step is taken at prices that already hold the round's excess, as ``constrained-descent`` does;
    printed is the other order.
    """
    point, prices = np.array(start, float), np.zeros(constraints)
    points, after, losses, excesses = [], [], [], []
    for turn, answer in enumerate(rounds, start=1):
        points.append(point)
        seen = answer(point)
        if seen is not None:
            raised = np.maximum(0.0, prices + gamma / sqrt(turn) * np.asarray(seen.excess))
            at = raised if price_first else prices
            slope = np.asarray(seen.slope) + at @ np.reshape(seen.slopes, (constraints, len(point)))
            point, prices = domain.moved(point, slope, eta / sqrt(turn)), raised
        after.append(prices)
        losses.append(0.0 if seen is None else seen.loss)
        excesses.append(np.zeros(constraints) if seen is None else np.asarray(seen.excess, float))
    return Course(tuple(points), tuple(after), tuple(losses), tuple(excesses))
