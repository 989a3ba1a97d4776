"""Regret of policies over waves: too much, too little, and how far the hardest hit is from a reference policy's.

With H what a policy took in a wave, B what was needed and m the largest share taken of one winner:

* overshoot regret = sum |H - B| (tracking error); over = sum (H - B)+, under = sum (B - H)+, net = over - under;
* fairness regret = sum |m - m of the reference| x B; the bars punish a policy that is fairer, so both sides are kept;
* total = both. A wave in which m or the reference's has no value is left out of fairness, and named.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum, isnan


@dataclass(frozen=True)
class Round:
    """One wave under one policy, USD; NaN: there is no such number."""

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
    undefined: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def overshoot(self) -> float:
        """Return the tracking error, sum |H - B|."""
        return self.over + self.under

    @property
    def total(self) -> float | None:
        """Return overshoot and fairness regret together."""
        return None if self.fairness is None else self.overshoot + self.fairness


def regret_against(
    policy: str,
    rows: Sequence[Round],
    reference: Mapping[int, float],
    undefined: Mapping[str, tuple[int, ...]] | None = None,
) -> Regret:
    """Return a policy's regret; ``reference`` is the reference policy's largest share by wave."""
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
        undefined=undefined or {},
    )


def _above(numbers: Iterable[float]) -> float:
    return fsum(max(0.0, one) for one in numbers)
