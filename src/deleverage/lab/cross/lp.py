"""What both ways of solving the programme share: the model of shares, rows for it, its answer, and shadow prices."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from deleverage.lab.cross.terms import Terms
from deleverage.lab.policies.highs import silent_model

_SMALLEST = 1e-9
"""The solver takes a smaller coefficient for 0: such a part of a leg is nobody's, and less has to be met by others."""

_LARGEST = 1e9
"""It refuses much larger ones: a leg of which less than this part is closed is measured by its largest holding."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Shares of each variable; what they cost and the lower bound, in money; the shadow price of a lot of each leg."""

    shares: Any
    value: float
    bound: float
    prices: dict[int, float]
    method: str
    status: str
    pairs: int

    @property
    def gap(self) -> float:
        """How far the value may be above the optimum."""
        return max(0.0, self.value - self.bound)


def model_of(terms: Terms, seconds: float, extra: int, cost: float) -> Any:
    """Return a programme with the shares, ``extra`` variables of this cost, and a row a leg: all of it is closed."""
    import highspy

    options = {"threads": 1, "random_seed": 1, "time_limit": float(seconds)}
    model = silent_model({**options, "primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9})
    count = len(terms.row)
    model.addVars(count + extra, np.zeros(count + extra), np.r_[np.ones(count), np.full(extra, highspy.kHighsInf)])
    costs = np.r_[terms.cost, np.full(extra, cost)]
    model.changeColsCost(count + extra, np.arange(count + extra, dtype=np.int32), costs)
    for at in range(len(terms.asked)):
        share, most = terms.share / (unit := _unit(terms, at)), 1.0 / unit
        columns = np.flatnonzero((terms.leg == at) & (share >= _SMALLEST)).astype(np.int32)
        model.addRow(min(most, share[columns].sum()), most, len(columns), columns, share[columns])
    return model


def _unit(terms: Terms, at: int) -> float:
    """Return by what the row of a leg is divided."""
    largest = float(terms.share[terms.leg == at].max())
    return largest if largest > _LARGEST else 1.0


def add_rows(model: Any, lower: Any, rows: Any, columns: Any, values: Any) -> None:
    """Add rows ``sum values x columns >= lower``; entries in the order of their rows."""
    import highspy

    starts = np.searchsorted(rows, np.arange(len(lower))).astype(np.int32)
    upper = np.full(len(lower), highspy.kHighsInf)
    model.addRows(len(lower), lower, upper, len(columns), starts, columns.astype(np.int32), values)


def answer(model: Any, terms: Terms) -> tuple[Any, float, str]:
    """Return the shares, the objective and how the solver ended."""
    name = model.modelStatusToString(model.getModelStatus()).lower()
    shares = np.clip(np.array(model.getSolution().col_value[: len(terms.row)]), 0.0, 1.0)
    return shares, float(model.getInfo().objective_function_value), f"{name}, HiGHS {model.version()}"


def places(terms: Terms) -> Any:
    """Return the place of each account's variable for each leg that is asked, -1 where it holds nothing."""
    places = np.full((len(terms.book.ids), len(terms.asked)), -1)
    places[terms.row, terms.leg] = np.arange(len(terms.row))
    return places


def prices(model: Any, terms: Terms) -> dict[int, float]:
    """Return for each leg what one lot more to close adds to the expected shortfall; below 0 where it lowers it."""
    duals = model.getSolution().row_dual[: len(terms.asked)]
    found = enumerate(zip(terms.asked, duals, terms.wanted, strict=True))
    return {leg: float(dual) * terms.scale / lots / _unit(terms, at) for at, (leg, dual, lots) in found}
