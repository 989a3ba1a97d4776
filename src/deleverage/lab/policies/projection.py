"""Projections: the step that published "vector mirror descent" takes, and the descent as its first version has it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares
from deleverage.lab.policies.pro_rata import fraction_of, shares_of
from deleverage.lab.policies.whole import column_of, floats, product, total
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import require_at_least

GRID = 1 << 20
"""An ideal of binary64 is kept in so many parts of a unit before it is rounded to units that sum exactly."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Project zero on the budget: everybody's share is proportional to the gain, the amount to its square.

    Formula: h = clip(t x gain, 0, 1), x = min(cap, t x gain^2): one projection step, start and gradient zero.
    Who uses it: the "vector mirror descent" of arXiv 2512.01112 v3 and its code, where nothing is learned.
    Assumes: large gains should pay a larger share; why is not said.
    """

    kind: ClassVar[str] = "projection"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 v3, code of vector mirror descent (gradient 0, start 0, one step)",
        (
            "Is no descent: with a gradient of zero the step size does not matter.",
            "Who splits a gain in two halves what it pays (test_projection_when_the_largest_splits).",
        ),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return parts by the square of the gain, under the caps."""
        squares = product(winners.gain, winners.gain)
        return shares_of(fill(budget, squares, winners.cap, winners.order), "scale", power=-1)


@dataclass(frozen=True, slots=True)
class MirrorDescent:
    """Descend the published objective over shares, projected on the budget after each step.

    Formula: h = 0; ``steps`` times h = project(h - step / sqrt(turn) x gradient) onto sum w h = B, 0 <= h <= cap / w;
    w = gain over the mean gain; L = -survival sum w (1 - exp(-churn h)) + ridge |h|^2 + tether |h - B / U|^2.
    The weights are parameters (binary64): the paper's are "shipped with the release" and are not there.
    Who uses it: arXiv 2512.01112 v1, appendix on strategies. The terms in w h - D vanish on the budget.
    Assumes: the weights. Amounts are rounded to units by largest remainder; they sum exactly.
    """

    steps: int = 50
    step: str = "0.15"
    survival: str = "0"
    churn: str = "5"
    ridge: str = "1"
    tether: str = "1"
    kind: ClassVar[str] = "mirror-descent"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 v1, appendix strategies",
        (
            "Its weights were never published; what it gives hangs on them.",
            "Ideals are binary64: exact are only the sum, the caps and the rounding.",
        ),
    )

    def __post_init__(self) -> None:
        """Refuse weights and steps that are none."""
        require_at_least(self, 1, "steps")
        for name in ("step", "survival", "churn", "ridge", "tether"):
            fraction_of(self, name, 0)

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the shares after the last step."""
        rows = np.argsort(winners.order)  # By id, so that sums of binary64 do not hang on the order of rows.
        rows = rows[(winners.gain[rows] > 0) & (winners.cap[rows] > 0)]
        reach = total(winners.cap[rows]) if len(rows) else 0
        if budget >= reach or budget == 0:
            caps = np.where(winners.gain > 0, winners.cap, 0)
            parts = caps if budget else np.zeros(len(winners), np.int64)
            return Shares(parts, budget - total(parts), notes=("every cap is reached" if budget else "nothing asked",))
        gain, cap = floats(winners.gain[rows]), floats(winners.cap[rows])
        ideals = self._descended(gain / gain.mean(), np.minimum(1.0, cap / gain), float(budget) / gain.mean()) * gain
        weights = column_of([0] * len(winners))
        grid = np.maximum(1, np.rint(ideals * GRID)).tolist()
        weights = weights.astype(object)
        weights[rows] = [int(number) for number in grid]
        found = fill(budget, weights, winners.cap, winners.order)
        return Shares(found.parts, found.rest, None, "", found.raised, notes=(f"{self.steps} steps, binary64",))

    def _descended(self, weight: Any, most: Any, budget: float) -> Any:
        """Return shares; weights have mean 1, the budget is in the same unit."""
        names = ("step", "survival", "churn", "ridge", "tether")
        step, survival, churn, ridge, tether = (float(fraction_of(self, name, 0)) for name in names)
        mean = min(1.0, budget / float(weight.sum()))
        share = np.zeros(len(weight))
        for turn in range(1, self.steps + 1):
            slope = 2 * ridge * share + 2 * tether * (share - mean)
            if survival:
                slope -= survival * churn * weight * np.exp(-churn * share)
            share = projected(share - step / turn**0.5 * slope, weight, most, budget)
        return share


def projected(point: Any, weight: Any, most: Any, budget: float) -> Any:
    """Return the nearest shares with ``sum weight x share = budget``, 0 <= share <= most: clip(point - t x weight).

    By bisection of t, with a step of Newton's wherever that stays inside.
    """
    low, high = float(((point - most) / weight).min()), float((point / weight).max())
    turn = min(high, max(low, (float((weight * point).sum()) - budget) / float((weight * weight).sum())))
    for _ in range(100):
        moved = point - turn * weight
        share = np.clip(moved, 0.0, most)
        above = float((weight * share).sum()) - budget
        low, high = (turn, high) if above > 0 else (low, turn)
        if abs(above) <= 1e-12 * budget or low >= high:
            break
        inside = weight[(moved > 0.0) & (moved < most)]
        slope = float((inside * inside).sum())
        newton = turn + above / slope if slope > 0.0 else low
        turn = newton if low < newton < high else (low + high) / 2
    return share
