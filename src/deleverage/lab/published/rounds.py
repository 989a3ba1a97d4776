"""What an event's tables say that policies took, wave by wave, and whom among them fairness is held against."""

from math import fsum, isnan

from deleverage.lab.events.model import Event
from deleverage.lab.metrics.against import Round

PRODUCTION = "production"
"""What the row is called where a source has no table of policies, only what production took."""


def rounds(event: Event) -> dict[str, list[Round]]:
    """Return each policy's waves in their order; production alone where no policies are claimed."""
    cells: dict[tuple[str, int], dict[str, float]] = {}
    for claim in event.claims:
        cells.setdefault((claim.policy, claim.wave), {})[claim.name] = claim.value
    needed = {wave.number: wave.needed_usd for wave in event.waves}
    found: dict[str, list[Round]] = {}
    for (policy, wave), cell in sorted(cells.items(), key=lambda item: item[0][1]):
        need = cell.get("needed", needed.get(wave, float("nan")))
        taken = cell.get("budget", need + cell.get("overshoot", float("nan")))
        found.setdefault(policy, []).append(Round(wave, need, taken, cell.get("max_pct", float("nan"))))
    if not found:
        for one in event.waves:
            if one.taken_usd:
                first = min(one.taken_usd)
                need = one.needed_at_usd.get(first, one.needed_usd)
                row = Round(one.number, need, one.taken_usd[first], float("nan"))
                found.setdefault(PRODUCTION, []).append(row)
    order = list(dict.fromkeys(claim.policy for claim in event.claims)) or list(found)
    return {policy: found[policy] for policy in order if policy in found}


def default_reference(by_policy: dict[str, list[Round]]) -> str:
    """Return whose hardest hit winner is hit least, weighted by what was needed; ties fall by name.

    The published reference is a minimiser of exactly that, a min-max ILP: its column is taken where one is named so.
    """
    for policy in by_policy:
        if "ilp" in policy.lower().split("_"):
            return policy
    burden = {
        policy: fsum(row.largest_share * row.needed for row in rows)
        for policy, rows in by_policy.items()
        if not any(isnan(row.largest_share) for row in rows)
    }
    return min(burden, key=lambda policy: (burden[policy], policy), default=next(iter(by_policy), ""))
