"""How much worse a course of severities and allocations was than one chosen with hindsight, and where it comes from.

A loss is D |theta - theta*| with theta* = min(1, B / D), in USD. Waves without a deficit weigh nothing. The estimation
error is one-sided by definition: what one wave took too little is not made good by what another took too much.
"""

import numpy as np

from deleverage.lab.metrics.catalogue import value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.policies.online import bound_of


def wave_regret(taken: float, needed: float) -> float:
    """Return |H - B|, USD."""
    return abs(taken - needed)


def fairness_regret(largest_share: float, reference_share: float, needed: float) -> float:
    """Return |max h - max h of a reference policy| B, USD: also what is fairer than the reference is punished."""
    return abs(largest_share - reference_share) * needed


def needed_severity(needed: Floats, deficit: Floats) -> Floats:
    """Return theta* = min(1, B / D) of each wave; NaN where there is no deficit."""
    return _share(needed, deficit, np.nan)


def _share(amount: Floats, deficit: Floats, without: float) -> Floats:
    """Return the share of the deficit in 0..1 of each wave, ``without`` where there is none; no quotient overflows."""
    some = deficit > 0
    return np.where(some, np.clip(amount, 0.0, deficit) / np.where(some, deficit, 1.0), without)


def losses(severity: Floats, needed: Floats, deficit: Floats) -> Floats:
    """Return D |theta - theta*| of each wave, 0 where there is no deficit."""
    return np.nan_to_num(deficit * np.abs(severity - needed_severity(needed, deficit)))


def best_static(needed: Floats, deficit: Floats) -> float:
    """Return the one severity that loses least over all waves: the median of theta* weighted by D, the lower one."""
    wanted = needed_severity(needed, deficit)
    known = ~np.isnan(wanted)
    if not known.any():
        return 0.0
    order = np.argsort(wanted[known], kind="stable")
    mass = np.cumsum(deficit[known][order])
    return float(wanted[known][order][np.searchsorted(mass, mass[-1] / 2)])


def static_regret(severity: Floats, needed: Floats, deficit: Floats) -> Measure:
    """Return the losses beyond those of the best fixed severity."""
    fixed = np.full(len(deficit), best_static(needed, deficit))
    lost = losses(severity, needed, deficit).sum() - losses(fixed, needed, deficit).sum()
    return value("static_regret", lost)


def dynamic_regret(severity: Floats, needed: Floats, deficit: Floats) -> Measure:
    """Return the losses beyond those of the best severity of each wave (which loses nothing)."""
    return value("dynamic_regret", losses(severity, needed, deficit).sum())


def class_regret(lost: Floats, lost_by_others: Floats) -> float:
    """Return losses beyond those of the best of a class of policies: a row a policy, a column a wave."""
    return float(lost.sum() - lost_by_others.sum(axis=1).min(initial=np.inf))


def path_length(course: Floats) -> Measure:
    """Return P, the distance that theta* travels from wave to wave; waves without a deficit are passed over."""
    known = course[~np.isnan(course)]
    return value("path_length", np.abs(np.diff(known)).sum())


def allocation_path(shares: Floats) -> float:
    """Return the distance that the shares of the accounts travel: a row a wave, a column an account."""
    return float(np.abs(np.diff(shares, axis=0)).sum())


def track_regret(shares: Floats) -> Measure:
    """Return how far the shares stray from their own mean over the waves: a row a wave, a column an account."""
    return value("track_regret", np.abs(shares - shares.mean(axis=0)).sum() if len(shares) else 0.0)


def regret_bound(needed: Floats, deficit: Floats) -> Measure:
    """Return sqrt((1 + 2 P) sum D^2), which online gradient descent with its best step stays below."""
    length = path_length(needed_severity(needed, deficit)).value or 0.0
    return value("regret_bound", bound_of(length, float((deficit * deficit).sum())))


def estimation_error(taken: Floats, needed: Floats) -> Measure:
    """Return V = sum (B - H)+, USD."""
    return value("estimation_error", np.maximum(needed - taken, 0.0).sum())


def course(taken: Floats, needed: Floats, deficit: Floats) -> list[Measure]:
    """Return the regrets of a course of waves that need no reference policy, and the bound that hangs on the event."""
    wanted = needed_severity(needed, deficit)
    severity = _share(taken, deficit, 0.0)
    return [
        value("severity_regret", losses(severity, needed, deficit).sum()),
        estimation_error(taken, needed),
        static_regret(severity, needed, deficit),
        dynamic_regret(severity, needed, deficit),
        path_length(wanted),
        regret_bound(needed, deficit),
    ]


def decomposition(taken: Floats, needed: Floats, deficit: Floats, fair_gap: Floats) -> dict[str, float]:
    """Return the parts that together bound a policy's ``total`` regret, and the total itself, USD.

    * ``severity``: sum of D |theta - theta*|, both in 0..1;
    * ``allocation``: sum of B x ``fair_gap``, the distance of max h from the reference's (NaN is 0);
    * ``estimation``: V;
    * ``beyond_deficit``: what H and B exceed D by, which no severity in 0..1 can say. The published bound leaves this
      part out, and fails where it is not 0.
    """
    severity = _share(taken, deficit, 0.0)
    allocation = float((np.nan_to_num(fair_gap) * needed).sum())
    beyond = np.maximum(taken - deficit, 0.0) + np.maximum(needed - deficit, 0.0)
    return {
        "severity": float(losses(severity, needed, deficit).sum()),
        "allocation": allocation,
        "estimation": float(np.maximum(needed - taken, 0.0).sum()),
        "beyond_deficit": float(beyond.sum()),
        "total": float(np.abs(taken - needed).sum()) + allocation,
    }
