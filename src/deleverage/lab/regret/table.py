"""Regret of the policies that an event's tables speak of, against one of them."""

from math import isnan

from deleverage.lab.events.model import Event
from deleverage.lab.metrics.against import Regret, regret_against
from deleverage.lab.published.rounds import default_reference, rounds

NORMALISED = ("ptsr", "pmr", "rd_nse")
"""Ratios that have no value where nothing of the deficit is left."""


class NoReference(ValueError):
    """A reference that is none of the policies; the sentence names them."""


def regrets(event: Event, reference: str | None = None) -> tuple[str, tuple[Regret, ...]]:
    """Return the reference and every policy's regret against it, or raise NoReference."""
    by_policy = rounds(event)
    if reference is not None and reference not in by_policy:
        raise NoReference(f"{reference!a} is none of the event's policies: {', '.join(by_policy) or 'it has none'}")
    chosen = default_reference(by_policy) if reference is None else reference
    shares = {row.wave: row.largest_share for row in by_policy.get(chosen, [])}
    undefined = _undefined(event)
    return chosen, tuple(
        regret_against(policy, rows, shares, undefined.get(policy)) for policy, rows in by_policy.items()
    )


def _undefined(event: Event) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return by policy and ratio the waves in which the source leaves the ratio empty."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for claim in event.claims:
        if claim.name in NORMALISED and isnan(claim.value):
            of_policy = found.setdefault(claim.policy, {})
            of_policy[claim.name] = (*of_policy.get(claim.name, ()), claim.wave)
    return found
