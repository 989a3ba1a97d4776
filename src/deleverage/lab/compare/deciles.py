"""Who pays by rank: what each tenth of the winners has, and gives, the poorest tenth first."""

import numpy as np

from deleverage.lab.policies.policy import total
from deleverage.lab.policies.winners import Units
from deleverage.lab.population.crowd import UNIT
from deleverage.rulebook.quantities import format_units

TENTHS = 10


def by_endowment(gain: Units) -> Units:
    """Return the places of the winners in the order of what they have, the least first; equals keep their order."""
    return np.argsort(gain, kind="stable")


def in_tenths(units: Units, order: Units) -> list[str] | None:
    """Return the exact sums of units of each tenth of an order; None for fewer winners than tenths.

    Tenth k of n winners holds the ranks from n (k - 1) / 10 to n k / 10, rounded down.
    """
    count = len(order)
    if count < TENTHS:
        return None
    ranked = units[order]
    ends = [count * tenth // TENTHS for tenth in range(TENTHS + 1)]
    return [format_units(total(ranked[ends[at] : ends[at + 1]]), UNIT) for at in range(TENTHS)]
