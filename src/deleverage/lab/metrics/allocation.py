"""Every measure of one allocation: who pays what of one wave's budget, in whole units, against what the wave needed."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from deleverage.lab.metrics.catalogue import value
from deleverage.lab.metrics.collection import Floats, collection
from deleverage.lab.metrics.fairness import fairness
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.metrics.ranks import stability
from deleverage.lab.metrics.regret import wave_regret
from deleverage.lab.metrics.survivors import Wave, ratios, survivor
from deleverage.lab.policies.policy import total
from deleverage.lab.policies.winners import Units, Winners

GROUPS = ("collection", "survivors", "fairness", "ranks", "regret")
"""Groups of the catalogue that one allocation has a value in."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What a wave needed and who lost it, USD; so many units of the allocation make a USD."""

    needed: float
    deficit: float
    largest_loss: float
    units_a_usd: int


def measures(winners: Winners, parts: Units, wave: Needed, groups: Collection[str] = GROUPS) -> list[Measure]:
    """Return the measures of the named groups; endowments are the winners' gains."""
    taken, endowment = _usd(parts, wave), _usd(winners.gain, wave)
    collected = total(parts) / wave.units_a_usd
    found: list[Measure] = []
    if "collection" in groups:
        found += collection(collected, wave.needed, wave.deficit, total(winners.cap) / wave.units_a_usd)
    if "survivors" in groups:
        kept = survivor(endowment, taken)
        found += [kept, *ratios(kept, Wave(collected, wave.deficit, wave.largest_loss, 1 / wave.units_a_usd))]
    if "fairness" in groups:
        equity = None if winners.equity is None else _usd(winners.equity, wave)
        found += fairness(taken, endowment, equity)
    if "ranks" in groups:
        found += stability(endowment, endowment - taken)
    if "regret" in groups:
        found.append(value("overshoot_regret", wave_regret(collected, wave.needed)))
    return found


def _usd(units: Units, wave: Needed) -> Floats:
    return units.astype(np.float64) / wave.units_a_usd
