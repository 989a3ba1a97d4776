"""Which policy lays the same sum more equally, whatever index is chosen: Lorenz dominance between allocations.

Exact, on whole units: sums of the k largest parts, for every k. Only allocations of the same sum are compared (who
takes less is no fairer for it), and a policy is the fairer one only if no wave says otherwise.
"""

from itertools import combinations

import numpy as np

from deleverage.lab.compare.run import Comparison
from deleverage.lab.metrics.fairness import A_IS_FAIRER, B_IS_FAIRER, CROSSING, EQUAL
from deleverage.lab.policies.winners import Units

OTHER_SUMS = "other sums"


def fairer_than(comparison: Comparison) -> dict[str, list[str]]:
    """Return by policy those whose burden its own is majorised by, in all common waves and strictly in one."""
    verdicts: dict[tuple[str, str], set[str]] = {}
    for number in comparison.crowds:
        tops = {}
        for line in comparison.lines:
            for cell in line.cells:
                if cell.wave == number and cell.shares is not None:
                    tops[line.name] = np.cumsum(np.sort(cell.shares.parts)[::-1])
        for pair in combinations(tops, 2):
            verdicts.setdefault(pair, set()).add(_verdict(*(tops[name] for name in pair)))
    found: dict[str, list[str]] = {line.name: [] for line in comparison.lines}
    for (first, second), seen in verdicts.items():
        if seen <= {A_IS_FAIRER, EQUAL} and A_IS_FAIRER in seen:
            found[first].append(second)
        if seen <= {B_IS_FAIRER, EQUAL} and B_IS_FAIRER in seen:
            found[second].append(first)
    return found


def _verdict(a: Units, b: Units) -> str:
    """Return whose sums of the largest parts are never the larger ones."""
    if len(a) and a[-1] != b[-1]:
        return OTHER_SUMS
    less, more = bool((a < b).any()), bool((a > b).any())
    if less and more:
        return CROSSING
    return A_IS_FAIRER if less else B_IS_FAIRER if more else EQUAL
