"""How large a fund the waves' deficits ask for, and what such a fund would have carried of them, wave by wave.

arXiv 2512.01112, "optimal capital structure": K* minimises r K + kappa E(D - K)+, the quantile 1 - r / kappa of D. The
sample is the event's own waves, each as likely as any other: a deficit that is counted in several waves stands in it as
often. Money is whole units of 0.01 USD, halves to even.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isnan
from typing import Any

from deleverage.lab.events.model import Event, Wave
from deleverage.lab.metrics.fund import Step, breach_frequency, newsvendor, recursion
from deleverage.lab.published.others import wave_notional

UNITS_A_USD = 100
RULE = (
    "K* is the smallest deficit of a wave with at least the share 1 - r / k of all waves' deficits at or below it: "
    "of n, smallest first, the one of rank ceil((1 - r / k) n), no interpolation; 0 where r >= k"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fund costs and is given: ``rate`` r of keeping a dollar, ``penalty`` k of lacking one.

    ``start`` is what is in it before the first wave, in units, None for K*; ``fee_share`` of a wave's notional comes in
    after it.
    """

    rate: Fraction = Fraction(1, 20)
    penalty: Fraction = Fraction(1, 2)
    start: int | None = None
    fee_share: Fraction = Fraction(0)


@dataclass(frozen=True)
class Fund:
    """K* in units, the rank it has among the deficits (0 where r >= k), and the fund's course over the waves."""

    plan: Plan
    size: int
    rank: int
    breach: Fraction
    waves: tuple[int, ...]
    steps: tuple[Step, ...]
    left_out: tuple[int, ...]  # waves whose deficit is not known
    without_notional: tuple[int, ...]  # waves that bring in nothing because it is not known how much was closed

    @property
    def quantile(self) -> Fraction:
        """Return 1 - r / k, at least 0."""
        return max(Fraction(0), 1 - self.plan.rate / self.plan.penalty)

    def total(self, name: str) -> int:
        """Return the sum over waves of one of their amounts, in units."""
        return sum(getattr(step, name) for step in self.steps)


def fund_of(event: Event, plan: Plan) -> Fund | None:
    """Return an event's fund; None where no wave has a known deficit. Raises ValueError for a plan that is none."""
    waves = sorted(event.waves, key=lambda wave: (wave.start_ms, wave.number))
    known = [wave for wave in waves if not isnan(wave.deficit_usd)]
    if not known:
        return None
    deficits = [_units(wave.deficit_usd) for wave in known]
    size = newsvendor(plan.rate, plan.penalty, deficits)
    rank = 0 if plan.rate >= plan.penalty else ceil((1 - plan.rate / plan.penalty) * len(deficits))
    inflows, unknown = _inflows(event, known, plan.fee_share)
    start = size if plan.start is None else plan.start
    steps = recursion(start, inflows, deficits, deficits)
    return Fund(
        plan,
        size,
        rank,
        breach_frequency(size, deficits),
        tuple(wave.number for wave in known),
        tuple(steps),
        tuple(wave.number for wave in waves if isnan(wave.deficit_usd)),
        unknown,
    )


def _inflows(event: Event, waves: Sequence[Wave], share: Fraction) -> tuple[list[int], tuple[int, ...]]:
    """Return what each wave brings in, and the waves of which that is not known."""
    closed = {wave.number: wave_notional(event, wave) for wave in waves} if share else {}
    inflows = [
        0 if isnan(usd := closed.get(wave.number, 0.0)) else round(share * Fraction(usd) * UNITS_A_USD)
        for wave in waves
    ]
    return inflows, tuple(number for number, usd in closed.items() if isnan(usd))


def _units(usd: float) -> int:
    return round(Fraction(usd) * UNITS_A_USD)


def as_json(found: Fund) -> dict[str, Any]:
    """Return a fund for a document: amounts in USD, rates as exact fractions."""
    plan = found.plan
    return {
        "rule": RULE,
        "rate": str(plan.rate),
        "penalty": str(plan.penalty),
        "quantile": str(found.quantile),
        "rank": found.rank,
        "sample": len(found.steps),
        "size_usd": found.size / UNITS_A_USD,
        "breach_frequency": float(found.breach),
        "start_usd": found.steps[0].before / UNITS_A_USD,
        "start_is": "K*" if plan.start is None else "given",
        "fee_share": str(plan.fee_share),
        "carried_usd": found.total("paid") / UNITS_A_USD,
        "remaining_usd": found.total("haircut") / UNITS_A_USD,
        "inflow_usd": found.total("inflow") / UNITS_A_USD,
        "left_usd": found.steps[-1].after / UNITS_A_USD,
        "waves": [
            {
                "wave": wave,
                "before_usd": step.before / UNITS_A_USD,
                "deficit_usd": step.deficit / UNITS_A_USD,
                "carried_usd": step.paid / UNITS_A_USD,
                "remaining_usd": step.haircut / UNITS_A_USD,
                "inflow_usd": step.inflow / UNITS_A_USD,
                "after_usd": step.after / UNITS_A_USD,
            }
            for wave, step in zip(found.waves, found.steps, strict=True)
        ],
        "waves_left_out": list(found.left_out),
        "waves_without_notional": list(found.without_notional),
    }
