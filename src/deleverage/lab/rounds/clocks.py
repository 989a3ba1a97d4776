"""What a course of rounds amounts to: value to the venue, clocks of solvency and revenue, scales.

Printed in arXiv 2512.01112 (section 7, appendix on the trilemma): the value is the discounted sum of what each account
earns the venue while it stays; net of what goes to the fund it is the trilemma's; the clocks run from the first default
to the round in which the fund holds a safe level, and revenue is back at a share of what it was. Ours: revenue of a
round stands where an expected value is printed, ``mean_clock`` averages over seeds; and the two breaches, which nobody
has printed: the first round that is not covered, the first below the share.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from deleverage.lab.metrics.catalogue import undefined, value
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.metrics.tails import leverage_mass, order_parameter, sample_scale
from deleverage.lab.policies.followers import Follower
from deleverage.lab.rounds.world import Played

Clock = Callable[[Sequence[Played]], Measure]


def values(played: Sequence[Played], discount: Fraction = Fraction(1)) -> dict[str, Fraction]:
    """Return what each account earns the venue, discounted and exact: its long-term value."""
    found: dict[str, Fraction] = {}
    for turn, one in enumerate(played):
        for name, fee in one.fees.items():
            found[name] = found.get(name, Fraction(0)) + discount**turn * fee
    return found


def long_term_value(played: Sequence[Played], discount: Fraction = Fraction(1), *, net: bool = False) -> Fraction:
    """Return the sum over accounts; ``net``: less what went to the fund."""
    amounts = (one.retained if net else one.revenue for one in played)
    return sum((discount**turn * amount for turn, amount in enumerate(amounts)), Fraction(0))


def default_round(played: Sequence[Played]) -> int | None:
    """Return the first round with a deficit, from 0."""
    return next((turn for turn, one in enumerate(played) if one.step.deficit > 0), None)


def tau_solv(played: Sequence[Played], safe: int) -> Measure:
    """Return how many rounds after the first default the fund holds ``safe`` units at the end of a round."""
    return _clock("tau_solv", played, lambda one: one.step.after >= safe, f"the fund never holds {safe} again")


def tau_rev(played: Sequence[Played], before: int, share: Fraction) -> Measure:
    """Return how many rounds after the first default revenue is at least this share of what it was ``before``."""
    told = f"revenue never is {share} of {before} again"
    return _clock("tau_rev", played, lambda one: one.revenue >= share * before, told)


def first_uncovered(played: Sequence[Played]) -> Measure:
    """Return how many rounds after the first default a deficit is not covered: ours, a breach and no recovery."""
    return _clock("first_uncovered", played, lambda one: one.step.residual > 0, "every deficit is covered")


def first_below(played: Sequence[Played], before: int, share: Fraction) -> Measure:
    """Return how many rounds after the first default revenue is below this share: ours, a breach and no recovery."""
    told = f"revenue is never below {share} of {before}"
    return _clock("first_below", played, lambda one: one.revenue < share * before, told)


def _clock(name: str, played: Sequence[Played], is_there: Callable[[Played], bool], never: str) -> Measure:
    """Return the first such round, counted from the default; undefined without a default, or where none is."""
    start = default_round(played)
    if start is None:
        return undefined(name, "no round has a deficit")
    found = next((turn for turn, one in enumerate(played[start:]) if is_there(one)), None)
    return undefined(name, never) if found is None else value(name, found)


@dataclass(frozen=True, slots=True)
class MeanClock:
    """The mean of a clock over the courses in which it stopped, and how many of all those are."""

    mean: float | None
    stopped: int
    courses: int


def mean_clock(courses: Sequence[Sequence[Played]], clock: Clock) -> MeanClock:
    """Return the mean over courses, of several seeds say; one that never stopped is counted, not averaged."""
    found = [rounds for course in courses if (rounds := clock(course).value) is not None]
    return MeanClock(float(np.mean(found)) if found else None, len(found), len(courses))


def scales(traders: Sequence[Follower], there: Sequence[str], severity: Fraction) -> tuple[Measure, Measure, Measure]:
    """Return b_n, kappa_n and the winners' leverage mass of those who are there; losers are only a deficit here."""
    present = [one for one in traders if one.name in set(there)]
    equity = np.array([one.equity for one in present], float)
    scale = sample_scale(equity)
    kappa = order_parameter(float(severity), len(present), scale.value or 0.0)
    return scale, kappa, leverage_mass(equity * np.array([float(one.leverage) for one in present]), equity)
