"""The winners of one wave as policies take them, where they come from, and what the wave needed of them."""

from dataclasses import dataclass
from fractions import Fraction
from math import isnan

import numpy as np

from deleverage.lab.events.model import Event, Wave
from deleverage.lab.metrics.collection import Floats, sides, transfers
from deleverage.lab.policies.winners import Units, Winners
from deleverage.lab.population.holdings import Holdings
from deleverage.rulebook.quantities import Scale

UNIT = Scale(1, 2)
UNITS_A_USD = 100
"""Policies take units of 0.01 USD."""

LARGEST_UNITS = 1 << 62

DRAWN, STATED = "synthetic", "event"


class NoCrowd(ValueError):
    """A wave that no policy can be tried on; the sentence says what is missing."""


@dataclass(frozen=True)
class Crowd:
    """The winners of a wave; ``kind`` says whether they are the event's own or drawn, ``notes`` what was left out.

    ``holdings`` are the winners' legs, None where no source lists them.
    """

    wave: int
    kind: str
    winners: Winners
    budget: int  # units: what was needed, halves to even
    budget_basis: str
    cut_usd: float = 0.0  # profit that was rounded away, in all
    notes: tuple[str, ...] = ()
    holdings: Holdings | None = None


def locked(winners: Winners) -> Winners:
    """Return the winners with columns that nobody can write to: several policies read them, a stranger's among them."""
    columns = [winners.gain, winners.cap, winners.equity, winners.score, *winners.extra.values()]
    if winners.leverage is not None:
        columns += [winners.leverage.over, winners.leverage.under]
    for column in columns:
        if column is not None:
            column.flags.writeable = False
    return winners


def units_of(usd: float) -> int:
    """Return whole units, rounded down; NoCrowd beyond 2^62."""
    if not abs(usd) < LARGEST_UNITS / UNITS_A_USD:
        raise NoCrowd(f"{usd:.6g} USD are beyond {LARGEST_UNITS} units of 0.01 USD")
    return int(whole_units(np.array([usd]))[0])


def whole_units(usd: Floats) -> Units:
    """Return whole units, rounded down: but a float that means a whole number of them (0.29 USD is 29) is that number.

    What lies within four steps of binary64 of a whole number is that number: nobody can be asked for a unit more.
    """
    exact = usd * UNITS_A_USD
    near = np.rint(exact)
    return np.where(np.abs(exact - near) <= 4 * np.spacing(np.abs(exact)), near, np.floor(exact)).astype(np.int64)


def budget_of(event: Event, wave: Wave) -> tuple[int, str]:
    """Return what the wave needed, in units rounded half to even, and where that number is from."""
    needed, basis = wave.needed_usd, "sum of absolute gaps to the mark"
    if isnan(needed) and event.fills is not None:
        fills = event.fills
        inside = (fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms)
        column = transfers(fills.side[inside], fills.mark[inside], fills.price[inside], fills.size[inside])
        found = sides(column)
        if found.unknown == len(column):
            raise NoCrowd("what was needed is not known: no fill has a side and a mark")
        needed = found.above
        basis = f"haircuts of the fills; winners were also given {found.below:.2f} USD, {found.unknown} fills unknown"
    if isnan(needed):
        raise NoCrowd("what was needed is not known: the wave has no total and the event no fills")
    units_of(needed)
    return round(Fraction(needed) * UNITS_A_USD), basis
