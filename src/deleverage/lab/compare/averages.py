"""Means over waves that may be compared: only of waves in which every policy that ever has the measure has it.

A blank cell makes a mean one over other waves than its neighbour's. So the waves of a mean are common to all policies
that define the measure anywhere, and are listed with it; who never does is listed, too.
"""

from dataclasses import dataclass
from math import isnan

import numpy as np

from deleverage.lab.compare.chosen import COURSE
from deleverage.lab.compare.reference import fairness_and_total
from deleverage.lab.compare.run import Comparison, Line
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.metrics.regret import course


@dataclass(frozen=True, slots=True)
class Common:
    """One measure: the waves that all share, who has no value anywhere, and the mean of every other policy."""

    name: str
    waves: tuple[int, ...]
    never: tuple[str, ...]
    means: dict[str, float]


def common(comparison: Comparison) -> list[Common]:
    """Return each measure's common waves and means, in the order of the metrics."""
    values = {line.name: _values(line) for line in comparison.lines}
    found = []
    for name in (name for name in comparison.metrics if name not in COURSE):
        rows = {policy: by_name.get(name, {}) for policy, by_name in values.items()}
        having = {policy: row for policy, row in rows.items() if row}
        shared = set.intersection(*(set(row) for row in having.values())) if having else set()
        waves = tuple(wave.number for wave in comparison.event.waves if wave.number in shared)
        means = {policy: sum(row[number] for number in waves) / len(waves) for policy, row in having.items() if waves}
        found.append(Common(name, waves, tuple(policy for policy, row in rows.items() if not row), means))
    return found


def _values(line: Line) -> dict[str, dict[int, float]]:
    """Return a policy's defined values, by measure and wave."""
    found: dict[str, dict[int, float]] = {}
    for cell in line.cells:
        for item in cell.measures:
            if item.value is not None:
                found.setdefault(item.name, {})[cell.wave] = item.value
    return found


def over_waves(comparison: Comparison, line: Line) -> list[Measure]:
    """Return what a policy's waves have together, of those with a known sum, need and deficit."""
    deficit = {wave.number: wave.deficit_usd for wave in comparison.event.waves}
    rows = [(cell.taken, cell.needed, deficit[cell.wave]) for cell in line.cells]
    known = [row for row in rows if None not in row and not isnan(row[2])]
    found = fairness_and_total(comparison, line)
    if known:
        found += course(*np.array(known, np.float64).T)
    return [item for item in found if item.name in comparison.metrics]


def sums(line: Line) -> dict[str, float | None]:
    """Return the one-sided sums over all waves with a known sum and need; never their difference."""
    gaps = [cell.taken - cell.needed for cell in line.cells if cell.taken is not None and cell.needed is not None]
    return {
        "over_collection": sum(max(0.0, gap) for gap in gaps) if gaps else None,
        "under_collection": sum(max(0.0, -gap) for gap in gaps) if gaps else None,
    }
