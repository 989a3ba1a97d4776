"""Pro rata by risk: weights rise with effective leverage, caps stay where they are."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares
from deleverage.lab.policies.pro_rata import fraction_of, shares_of
from deleverage.lab.policies.whole import product, scaled
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import Trouble, at_least, one_of, refuse

MOST_POWER = 6
"""Beyond it the powers of a leverage are wider than what binary64 can compare."""


@dataclass(frozen=True, slots=True)
class LeveredProRata:
    """Take by gain times leverage.

    Formula: x = min(cap, tau x leverage x gain), tau from the budget.
    Who uses it: arXiv 2512.01112 eq. lev-pro-rata, repaired.
    Assumes: leverage is what made the loss; the unlevered pay less for the same profit.
    """

    kind: ClassVar[str] = "levered-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 eq. lev-pro-rata; as printed not budget-balanced",
        ("The printed haircut collects 0.961 of 7.5 (test_levered_when_computed_as_printed).",),
        ("leverage",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return parts by leverage x gain."""
        assert winners.leverage is not None, "checked by ask"
        leverage, scale, note = scaled(winners.leverage, 1)
        found = fill(budget, product(winners.gain, leverage), winners.cap, winners.order)
        return shares_of(found, "scale", scale=scale, note=note)


@dataclass(frozen=True, slots=True)
class RiskAwareProRata:
    """Take by gain times a convex function of leverage: the riskier the account, the larger its share of the gain.

    Formula: x = min(cap, tau x gain x L x g(L)), L leverage; ``linear`` g = L, ``power`` g = L^``power``, ``cvar``
    g = (L - ``cutoff``)+.
    Who uses it: arXiv 2512.01112 section 6 (eq. glpr, Alg. 2).
    Assumes: what counts is the next deficit, and leverage tells who makes it.
    """

    g: str = "linear"
    power: int = 2
    cutoff: str = "1"
    kind: ClassVar[str] = "risk-aware-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2512.01112 section 6, Alg. 2",
        (
            "Not optimal for its own objective, a greedy knapsack is (test_risk_aware_when_the_deficit_is_measured).",
            "Who has no weight pays nothing, even where a residual is left (test_risk_aware_when_nobody_else_can_pay).",
        ),
        ("leverage",),
    )

    def __post_init__(self) -> None:
        """Refuse a function that is none of the three, or a parameter out of its range."""
        trouble = one_of(self, "g", ("linear", "power", "cvar")) + at_least(self, 1, "power")
        if not trouble and self.power > MOST_POWER:
            trouble = [Trouble("power", "is {}, allowed are {} to {}", (self.power, 1, MOST_POWER))]
        refuse(self, trouble)
        fraction_of(self, "cutoff", 0)

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return parts by gain x leverage x g(leverage)."""
        assert winners.leverage is not None, "checked by ask"
        times = self.power if self.g == "power" else 1
        leverage, scale, note = scaled(winners.leverage, times + 1)
        if self.g == "cvar":
            cutoff = fraction_of(self, "cutoff", 0)
            above = leverage.astype(object) * cutoff.denominator - cutoff.numerator * scale
            weights = product(winners.gain.astype(object), leverage.astype(object), np.maximum(above, 0))
            whole = Fraction(scale * scale * cutoff.denominator)
        else:
            weights = product(winners.gain, *[leverage] * (times + 1))
            whole = Fraction(scale ** (times + 1))
        found = fill(budget, weights, winners.cap, winners.order)
        return shares_of(found, "scale", scale=whole, note=note)
