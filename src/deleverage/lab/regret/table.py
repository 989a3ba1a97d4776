"""Regret of policies over waves: too much, too little, and how far the hardest hit is from a reference policy's.

With H what a policy took in a wave, B what was needed and m the largest share taken of one winner:

* overshoot regret = sum |H - B| (tracking error); over = sum (H - B)+, under = sum (B - H)+, net = over - under;
* fairness regret = sum |m - m of the reference| x B; the bars punish a policy that is fairer, so both sides are kept;
* total = both. A wave in which m or the reference's has no value is left out of fairness, and named.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, isnan

from deleverage.lab.events.model import Event

PRODUCTION = "production"
"""What the row is called where a source has no table of policies, only what production took."""

NORMALISED = ("ptsr", "pmr", "rd_nse")
"""Ratios that have no value where nothing of the deficit is left."""


@dataclass(frozen=True)
class Round:
    """One wave under one policy; NaN: the source has no such number."""

    wave: int
    needed: float
    taken: float
    largest_share: float


@dataclass(frozen=True)
class Regret:
    """A policy's regret over its waves; USD. ``fairness`` and ``total`` are None where no wave has a value."""

    policy: str
    waves: int
    over: float
    under: float
    net: float  # over - under: in it they hide each other
    fairness: float | None
    harder: float  # the part of fairness in which the policy's largest share is above the reference's
    milder: float
    without_fairness: tuple[int, ...]
    clipped: tuple[int, ...]  # waves whose largest share is 1 or more: everything was taken of somebody
    undefined: dict[str, tuple[int, ...]]

    @property
    def overshoot(self) -> float:
        """Return the tracking error, sum |H - B|."""
        return self.over + self.under

    @property
    def total(self) -> float | None:
        """Return overshoot and fairness regret together."""
        return None if self.fairness is None else self.overshoot + self.fairness


class NoReference(ValueError):
    """A reference that is none of the policies; the sentence names them."""


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


def regrets(event: Event, reference: str | None = None) -> tuple[str, tuple[Regret, ...]]:
    """Return the reference and every policy's regret against it, or raise NoReference."""
    by_policy = rounds(event)
    if reference is not None and reference not in by_policy:
        raise NoReference(f"{reference!a} is none of the event's policies: {', '.join(by_policy) or 'it has none'}")
    chosen = default_reference(by_policy) if reference is None else reference
    shares = {row.wave: row.largest_share for row in by_policy.get(chosen, [])}
    undefined = _undefined(event)
    return chosen, tuple(_regret(policy, rows, shares, undefined.get(policy, {})) for policy, rows in by_policy.items())


def _regret(
    policy: str, rows: list[Round], reference: dict[int, float], undefined: dict[str, tuple[int, ...]]
) -> Regret:
    excess = [row.taken - row.needed for row in rows if not isnan(row.taken - row.needed)]
    gaps = [(row, (row.largest_share - reference.get(row.wave, float("nan"))) * row.needed) for row in rows]
    known = [gap for _, gap in gaps if not isnan(gap)]
    return Regret(
        policy,
        waves=len(excess),
        over=_above(excess),
        under=_above(-one for one in excess),
        net=fsum(excess),
        fairness=fsum(map(abs, known)) if known else None,
        harder=_above(known),
        milder=_above(-gap for gap in known),
        without_fairness=tuple(row.wave for row, gap in gaps if isnan(gap)),
        clipped=tuple(row.wave for row in rows if row.largest_share >= 1),
        undefined=undefined,
    )


def _above(numbers: Iterable[float]) -> float:
    return fsum(max(0.0, one) for one in numbers)


def _undefined(event: Event) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return by policy and ratio the waves in which the source leaves the ratio empty."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for claim in event.claims:
        if claim.name in NORMALISED and isnan(claim.value):
            of_policy = found.setdefault(claim.policy, {})
            of_policy[claim.name] = (*of_policy.get(claim.name, ()), claim.wave)
    return found
