"""Min-max in lots of different value: a mixed-integer programme, solved by HiGHS, its answer checked in integers.

A lot of one coin is worth more than one of another, and one owner may hold several: then no heap is exact. What the
solver says about its end - optimal, out of time, nothing found - comes back with the shares; nothing replaces it.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.highs import silent_model
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares, Unfit
from deleverage.lab.policies.pro_rata import held
from deleverage.lab.policies.whole import BOUND, total
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import require_at_least


@dataclass(frozen=True, slots=True)
class MinMaxLots:
    """Make the largest share of anybody's equity as small as possible, in lots of different value.

    Formula: min M: sum k x lot >= B, k whole, k <= floor(cap / lot), and for each owner sum k x lot <= M x equity; M at
    most 1. ``lots`` is the value of one lot; rows with the same ``owner`` share one equity (that of the first by id).
    Who uses it: the min-max ILP of arXiv 2512.01112's code, there with CBC, 30 s, and a silent fallback.
    Assumes: a lot too much is better than a lot too few: up to one lot is taken beyond the budget.
    """

    time_limit_s: int = 30
    kind: ClassVar[str] = "min-max-lots"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "arXiv 2602.15182 (8); pluriholonomic/autodeleveraging-analysis, min-max ILP",
        ("May end by its time limit: the status and the gap then say so (test_min_max_lots_when_time_is_up).",),
        ("equity", "lots"),
    )

    def __post_init__(self) -> None:
        """Refuse a time limit below a second."""
        require_at_least(self, 1, "time_limit_s")

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the solver's lots, the bound of the relaxed problem, and how it ended."""
        lots, equity = winners.extra["lots"], held(winners)
        if len(lots) and (low := lots.min()) <= 0:
            raise Unfit(f"the least lot is worth {low} units, allowed is what is above 0")
        if max(total(winners.cap), total(equity), budget) >= BOUND:
            raise Unfit("a programme of lots takes money below 2^62 units in all: choose a larger unit")
        owners = _owners(winners)
        rows = np.argsort(
            winners.order
        )  # By id: which of two best answers is found must not hang on the order of rows.
        rows = rows[(equity[owners[rows]] > 0) & (winners.cap[rows] >= lots[rows])]
        most = winners.cap[rows] // lots[rows]
        reach = total(most * lots[rows]) if len(rows) else 0
        parts = np.zeros(len(winners), np.int64)
        if budget == 0 or not len(rows):
            return Shares(parts, budget, Fraction(0), "M", 0, "optimal", Fraction(0))
        counts, status, bound = _solved(min(budget, reach), lots[rows], most, owners[rows], equity, self.time_limit_s)
        parts[rows] = counts * lots[rows]
        rest = budget - total(parts)
        if total(parts) < min(budget, reach):
            status = f"{status}; the lots found do not reach the budget"
        return Shares(parts, rest, _share(parts, owners, equity), "M", 0, status, bound)


def _owners(winners: Winners) -> Any:
    """Return for each row the row of its owner with the first id."""
    names = winners.extra.get("owner")
    if names is None:
        return np.arange(len(winners))
    first: dict[str, int] = {}
    for row in np.argsort(winners.order).tolist():
        first.setdefault(str(names[row]), row)
    return np.array([first[str(name)] for name in names.tolist()], np.int64)


def _share(parts: Any, owners: Any, equity: Any) -> Fraction:
    """Return the largest share of an owner's equity that is taken, exactly."""
    taken: dict[int, int] = {}
    for row in np.flatnonzero(parts).tolist():
        owner = int(owners[row])
        taken[owner] = taken.get(owner, 0) + int(parts[row])
    return max((Fraction(units, int(equity[owner])) for owner, units in taken.items()), default=Fraction(0))


def _solved(
    budget: int, lots: Any, most: Any, owners: Any, equity: Any, seconds: int
) -> tuple[Any, str, Fraction | None]:
    """Return counts of lots, how the solver ended, and the bound of the relaxed problem."""
    import highspy

    scale = float(budget)
    groups = {int(owner): at for at, owner in enumerate(dict.fromkeys(owners.tolist()))}
    relaxed = _model(highspy, budget, lots, most, owners, equity, groups, scale, whole=False, seconds=seconds)
    relaxed.run()
    bound = None
    if relaxed.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        bound = Fraction(relaxed.getInfo().objective_function_value)
    model = _model(highspy, budget, lots, most, owners, equity, groups, scale, whole=True, seconds=seconds)
    model.run()
    info, name = model.getInfo(), model.modelStatusToString(model.getModelStatus())
    status = f"{name.lower()}, gap {info.mip_gap:.3g}, time limit {seconds} s, HiGHS {model.version()}"
    if info.primal_solution_status != 2:
        return np.zeros(len(lots), np.int64), f"{status}; no solution was found", bound
    values = np.array(model.getSolution().col_value[: len(lots)])
    return _given_back(np.clip(np.rint(values).astype(np.int64), 0, most), lots, budget), status, bound


def _given_back(counts: Any, lots: Any, budget: int) -> Any:
    """Return the lots without those that the budget does not need: the programme bounds shares and not the sum.

    All in proportion, rounded up; then whole lots, the dearest first. Nobody's share rises.
    """
    whole = total(counts * lots)
    if whole <= budget:
        return counts
    kept = (-(-counts.astype(object) * budget // whole)).astype(np.int64)
    over = total(kept * lots) - budget
    for row in np.argsort(-lots, kind="stable").tolist():
        back = min(int(kept[row]), over // int(lots[row]))
        kept[row] -= back
        over -= back * int(lots[row])
    return kept


def _model(
    highspy: Any,
    budget: int,
    lots: Any,
    most: Any,
    owners: Any,
    equity: Any,
    groups: dict[int, int],
    scale: float,
    *,
    whole: bool,
    seconds: int,
) -> Any:
    """Return the programme; money is divided by the budget, so that its size does not matter to tolerances."""
    exact = {"mip_rel_gap": 0.0, "mip_abs_gap": 0.0, "mip_feasibility_tolerance": 1e-9}
    one_course = {"threads": 1, "random_seed": 1, "time_limit": float(seconds), "primal_feasibility_tolerance": 1e-9}
    model = silent_model({**exact, **one_course})
    count = len(lots)
    for at in range(count):
        model.addVar(0.0, float(most[at]))
        if whole:
            model.changeColIntegrality(at, highspy.HighsVarType.kInteger)
    model.addVar(0.0, 1.0)
    model.changeColCost(count, 1.0)
    value = lots / scale
    model.addRow(1.0, highspy.kHighsInf, count, np.arange(count, dtype=np.int32), value)
    members: list[list[int]] = [[] for _ in groups]
    for at, owner in enumerate(owners.tolist()):
        members[groups[int(owner)]].append(at)
    for owner, group in groups.items():
        columns = np.array([*members[group], count], np.int32)
        weights = np.array([*value[members[group]], -float(equity[owner]) / scale])
        model.addRow(-highspy.kHighsInf, 0.0, len(columns), columns, weights)
    return model
