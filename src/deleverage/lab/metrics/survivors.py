"""How much the richest survivor keeps against what is still missing: PTSR, PMR and RD-NSE, in both conventions.

The paper divides by what was socialised (H = theta D), the published code by what is left of the deficit (D - H):
opposite denominators under one name. Neither is defined everywhere, and an average over policies is one over different
waves unless all of them are (``lab.compare`` takes the common set).
"""

from dataclasses import dataclass
from math import isnan

import numpy as np

from deleverage.lab.metrics.catalogue import over, undefined, value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure

NOISE = 1e-12
"""A remaining deficit below this share of the deficit (or USD, if that is more) is none: the published code's bound."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What the ratios need of a wave, USD: collected, deficit and the largest loss of one account.

    ``unit`` is the smallest sum that can be taken: less of a deficit than that is none.
    """

    taken: float
    deficit: float
    largest_loss: float
    unit: float = 0.0

    @property
    def left(self) -> float:
        """What is left of the deficit; 0 where only float noise is, or less than a unit."""
        left = self.deficit - self.taken
        return 0.0 if abs(left) < max(self.unit, NOISE * max(1.0, self.deficit)) else left


def survivor(endowment: Floats, taken: Floats) -> Measure:
    """Return what the richest survivor keeps; undefined where nobody keeps anything."""
    kept = float((endowment - taken).max(initial=0.0))
    return value("survivor", kept) if kept > 0 else undefined("survivor", "nobody keeps anything: no survivors")


def ratios(kept: Measure, wave: Wave) -> list[Measure]:
    """Return PTSR and PMR of the paper and of the code, and RD-NSE."""
    names = ("ptsr_paper", "ptsr_code", "pmr_paper", "pmr_code", "rd_nse")
    if kept.value is None:
        return [undefined(name, kept.why) for name in names]
    if isnan(wave.deficit):
        paper = over(names[0], kept.value, wave.taken, "nothing was collected")
        return [paper, *(undefined(name, "the deficit is not known") for name in names[1:])]
    none_left = f"nothing is left: {wave.taken:.6g} USD collected, the deficit is {wave.deficit:.6g}"
    no_loss = (
        "the largest loss is not known"
        if isnan(wave.largest_loss)
        else f"the largest loss is {wave.largest_loss:.6g} USD and the deficit {wave.deficit:.6g}"
    )
    socialised = wave.taken / wave.deficit * wave.largest_loss if wave.deficit > 0 else 0.0
    remaining = min(1.0, max(0.0, wave.left / wave.deficit)) * wave.largest_loss if wave.deficit > 0 else 0.0
    return [
        over("ptsr_paper", kept.value, wave.taken, "nothing was collected"),
        over("ptsr_code", kept.value, wave.left, none_left),
        over("pmr_paper", kept.value, socialised, "nothing was collected" if wave.taken <= 0 else no_loss),
        over("pmr_code", kept.value, remaining, none_left if wave.left <= 0 else no_loss),
        _nse(kept.value, wave),
    ]


def _nse(kept: float, wave: Wave) -> Measure:
    """Return v / (v + D - H) where it is a share; a number outside 0..1 is no share, and the reason holds it."""
    below = kept + wave.left
    why = f"{wave.taken:.6g} USD were collected against a deficit of {wave.deficit:.6g}"
    if below <= 0:
        return undefined("rd_nse", f"out of range: the denominator is {below:.6g}, {why}")
    share = kept / below
    return value("rd_nse", share) if share <= 1 else undefined("rd_nse", f"out of range 0..1: {share:.6g}, {why}")


def inconsistencies(found: dict[str, float | None], wave: Wave) -> dict[str, float]:
    """Return by how much (relative) published ratios miss the identities that hold between them; NaN-free, may be {}.

    NSE = PTSR / (1 + PTSR), and PMR = PTSR D / max loss where 0 < D - H < D; both in the code's convention.
    """
    ptsr, pmr, nse = (found.get(name) for name in ("ptsr_code", "pmr_code", "rd_nse"))
    misses = {}
    if ptsr is not None and nse is not None and ptsr > -1:
        misses["nse_from_ptsr"] = _miss(nse, ptsr / (1 + ptsr))
    if ptsr is not None and pmr is not None and 0 < wave.left < wave.deficit and wave.largest_loss > 0:
        misses["pmr_from_ptsr"] = _miss(pmr, ptsr * wave.deficit / wave.largest_loss)
    return misses


def _miss(found: float, expected: float) -> float:
    return float(abs(found - expected) / max(abs(found), abs(expected), np.finfo(float).tiny))
