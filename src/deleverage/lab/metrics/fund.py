"""How large an insurance fund should be, what it pays, and that fund, haircuts and residual add up to the deficit.

Money is whole units here, or any exact numbers: the identities hold to the unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

INSURANCE_FIRST, DELEVERAGING_FIRST = "insurance first", "deleveraging first"


def newsvendor(carry: Fraction, shortage: Fraction, deficits: Sequence[int]) -> int:
    """Return K* that minimises r K + kappa E(D - K)+ over a sample: its quantile 1 - r / kappa; 0 where r >= kappa.

    The quantile is the smallest member of the sample with at least that share at or below it: exact, no interpolation.
    Raises ValueError for a negative r, a kappa not above 0 or an empty sample.
    """
    if carry < 0 or shortage <= 0:
        raise ValueError(f"r is {carry} and kappa {shortage}, r is at least 0 and kappa above 0")
    if not deficits:
        raise ValueError("an empty sample has no quantile")
    if carry >= shortage:
        return 0
    quantile = 1 - carry / shortage
    place = -(-quantile.numerator * len(deficits) // quantile.denominator)  # the ceiling: the rank from 1
    return max(0, sorted(deficits)[place - 1])


def expected_cost(carry: Fraction, shortage: Fraction, size: int, deficits: Sequence[int]) -> Fraction:
    """Return r K + kappa E(D - K)+ over a sample, exactly."""
    short = sum(max(0, deficit - size) for deficit in deficits)
    return carry * size + shortage * Fraction(short, len(deficits))


def breach_frequency(size: int, deficits: Sequence[int]) -> Fraction:
    """Return which share of the deficits a fund of this size could not pay."""
    return Fraction(sum(deficit > size for deficit in deficits), len(deficits))


@dataclass(frozen=True, slots=True)
class Step:
    """One wave of the recursion: the fund before and after, what it paid, what winners gave, and what nobody paid."""

    before: int
    inflow: int
    deficit: int
    paid: int
    haircut: int
    residual: int

    @property
    def after(self) -> int:
        """The fund after the wave: never below 0."""
        return self.before + self.inflow - self.paid


def recursion(
    start: int, inflows: Sequence[int], deficits: Sequence[int], capacities: Sequence[int], order: str = INSURANCE_FIRST
) -> list[Step]:
    """Return the waves of F' = F + inflow - min(F, D); inflow comes in after the wave has been paid.

    The order says who is asked first; together fund and winners cover min(D, U + F) in both.
    """
    steps, fund = [], start
    for inflow, deficit, capacity in zip(inflows, deficits, capacities, strict=True):
        if order == INSURANCE_FIRST:
            paid = min(fund, deficit)
            haircut = min(capacity, deficit - paid)
        else:
            haircut = min(capacity, deficit)
            paid = min(fund, deficit - haircut)
        steps.append(Step(fund, inflow, deficit, paid, haircut, deficit - paid - haircut))
        fund = steps[-1].after
    return steps


def inflow(rates: Sequence[Fraction], bases: Sequence[Fraction]) -> Fraction:
    """Return what a wave brings in: alpha x fees of liquidations + eta x volume + beta x |funding| on open notional."""
    return sum((rate * base for rate, base in zip(rates, bases, strict=True)), Fraction(0))


def solvency_gap(steps: Sequence[Step]) -> int:
    """Return cumulative residual - (deficit - what the fund paid - haircuts), what it paid taken from its balance.

    0 by the solvency identity: R = D - (F_0 + inflows - F_T) - H.
    """
    if not steps:
        return 0
    from_balance = steps[0].before + sum(step.inflow for step in steps) - steps[-1].after
    owed = sum(step.deficit - step.haircut for step in steps) - from_balance
    return sum(step.residual for step in steps) - owed
