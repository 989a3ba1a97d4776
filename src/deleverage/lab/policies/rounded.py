"""Published heuristics in lots: floors and single steps, and the scale that makes them reach the budget."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares, Unfit
from deleverage.lab.policies.whole import Column, floats, floors, narrow, total
from deleverage.lab.policies.winners import Winners

_SOURCE = "pluriholonomic/autodeleveraging-analysis, rounded_wealth_pro_rata_to_contracts"


@dataclass(frozen=True, slots=True)
class RoundedWealthProRata:
    """Round wealth pro rata to lots: floors, then one lot each to the largest residuals.

    Formula: target t = B x gain / sum of gains, k = min(floor(t / lot), floor(cap / lot)); then one lot more, once, to
    the largest (t - k lot) / lot above 0 that have room, until the sum is B or more. ``lots`` is the value of one lot.
    Who uses it: the code of arXiv 2512.01112.
    Assumes: that one lot each is enough.
    """

    kind: ClassVar[str] = "rounded-wealth-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        _SOURCE,
        ("Under-fills where caps bind, and over-fills by less than a lot (test_rounded_when_caps_bind).",),
        ("lots",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return whole lots; the rest may be above or below 0."""
        parts, raised = in_lots(winners, Fraction(budget), budget)
        whole = total(winners.gain)
        share = Fraction(budget, whole) if whole else None
        return Shares(parts, budget - total(parts), share, "share", raised)


@dataclass(frozen=True, slots=True)
class DustProRata:
    """Take the same share of everybody's gain, rounded down, and the dust one unit each in ascending id.

    Formula: x = floor of min(cap, h x gain), then a unit more for the first by id that have room.
    Who uses it: a published production specification (MetaFlux): pro rata by profit of the last minute, dust by id.
    Assumes: a unit does not matter. Who chooses an id early in the order pays it every time.
    """

    kind: ClassVar[str] = "dust-pro-rata"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "MetaFlux, public documentation; the severity there is online-gradient",
        ("The dust is not with the largest fractions: some pay a unit beyond their ideal's ceiling, if it is whole.",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return floors and the dust."""
        found = fill(budget, winners.gain, winners.cap, winners.order)
        if found.level is None or found.rest or budget == 0:
            return Shares(found.parts, found.rest, found.level, "share")
        parts = floors(winners.gain, found.level.numerator, found.level.denominator, winners.cap)
        dust = budget - total(parts)
        rows = np.argsort(winners.order)
        rows = rows[parts[rows] < winners.cap[rows]][:dust]
        parts[rows] += 1
        return Shares(parts, budget - total(parts), found.level, "share", dust)


@dataclass(frozen=True, slots=True)
class FixedPointScale:
    """Ask for a multiple of the budget until its rounding reaches the budget.

    Formula: the smallest scale s found with rounded(pro rata of s x B) >= B: 1, doubled up to 64, then 18 bisections.
    Who uses it: the fallback of the min-max ILP in the code of arXiv 2512.01112 (``fixed_point_ilp_scale``).
    Assumes: a larger target repairs a rounding. A scale far above 1 says that caps bind, not that it was fair.
    """

    kind: ClassVar[str] = "fixed-point-scale"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "pluriholonomic/autodeleveraging-analysis, fixed_point_ilp_scale",
        ("Published under the name of an ILP when the solver failed: a fallback nobody was told of.",),
        ("lots",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the lots at the least scale found, and that scale."""
        low, scale = Fraction(0), Fraction(1)
        parts, raised = in_lots(winners, scale * budget, budget)
        while total(parts) < budget and scale < 64:
            low, scale = scale, scale * 2
            parts, raised = in_lots(winners, scale * budget, budget)
        if total(parts) < budget:
            return Shares(parts, budget - total(parts), scale, "scale", raised, "not reached at scale 64")
        high = scale
        for _ in range(18 if scale > 1 else 0):
            middle = (low + high) / 2
            found, units = in_lots(winners, middle * budget, budget)
            if total(found) >= budget:
                high, parts, raised = middle, found, units
            else:
                low = middle
        return Shares(parts, budget - total(parts), high, "scale", raised, "reached")


def in_lots(winners: Winners, target: Fraction, budget: int) -> tuple[Column, int]:
    """Return pro rata of a target in whole lots, and how many lots were added to the floors."""
    lots = winners.extra["lots"]
    if len(lots) and (low := lots.min()) <= 0:
        raise Unfit(f"the least lot is worth {low} units, allowed is what is above 0")
    whole = total(winners.gain)
    if whole == 0 or target == 0:
        return np.zeros(len(winners), np.int64), 0
    lot, room = lots.astype(object), (winners.cap // lots).astype(object)
    under = target.denominator * whole
    # Targets never go beyond the cap: "min-capped pro rata".
    ideals = np.minimum(winners.gain.astype(object) * target.numerator, winners.cap.astype(object) * under)
    counts = np.minimum(ideals // (lot * under), room)
    missing = min(budget, _up(target)) - int((counts * lot).sum())
    rows = _by_residual(ideals - counts * lot * under, lot, counts < room, winners.order)
    before = np.concatenate([[0], np.cumsum(lot[rows])])[:-1]
    added = rows[before < missing]  # One lot each, as long as something is missing.
    counts[added] += 1
    return narrow(counts * lot), len(added)


def _up(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)


def _by_residual(residual: Column, lot: Column, open_rows: Any, order: Any) -> Any:
    """Return the rows that have room and a residual, the largest residual over lot first, ties by order.

    In binary64; neighbours that it cannot tell apart are ordered by exact fractions.
    """
    rows = np.flatnonzero(open_rows & (residual > 0))
    ratio = floats(residual[rows]) / floats(lot[rows])
    place = np.lexsort((order[rows], -ratio))
    rows, ratio = rows[place], ratio[place]
    close = np.flatnonzero(ratio[:-1] - ratio[1:] <= ratio[:-1] * 2.0**-44)
    for run in np.split(close, np.flatnonzero(np.diff(close) > 1) + 1) if len(close) else []:
        these = slice(int(run[0]), int(run[-1]) + 2)
        keys = [(-Fraction(int(residual[row]), int(lot[row])), int(order[row]), row) for row in rows[these].tolist()]
        rows[these] = [row for _, _, row in sorted(keys)]
    return rows
