"""How far the policies of a comparison are from a reference policy: overshoot, fairness and total regret.

Fairness is of what one winner gives of his equity at most, as in the published measure; where nobody's equity is known
it has no value. Published rows are of other winners: their shares are held against those of the published reference.
"""

from deleverage.lab.compare.run import Comparison, Line
from deleverage.lab.metrics.against import Regret, Round, regret_against
from deleverage.lab.metrics.catalogue import undefined, value
from deleverage.lab.metrics.measure import Measure

NO_FAIRNESS = "no wave has a largest share of an equity, or none of the reference"


def regret_of(comparison: Comparison, line: Line) -> Regret:
    """Return a policy's regret against the comparison's reference."""
    rows = [
        Round(cell.wave, _known(cell.needed), _known(cell.taken), cell.largest_share)
        for cell in line.cells
        if not cell.why
    ]
    reference = comparison.reference_of_published if line.chosen is None else comparison.reference
    return regret_against(line.name, rows, reference.shares)


def fairness_and_total(comparison: Comparison, line: Line) -> list[Measure]:
    """Return fairness and total regret; undefined where no wave has a share of both."""
    found = regret_of(comparison, line)
    numbers = {"fairness_regret": found.fairness, "total_regret": found.total}
    return [undefined(name, NO_FAIRNESS) if number is None else value(name, number) for name, number in numbers.items()]


def _known(number: float | None) -> float:
    return float("nan") if number is None else number
