"""What a closing does to the hedges of a wave's winners: of the event's own fills, of a rule in contracts, of money.

A rule that takes money closes nothing by itself. What it would close is a convention: of each account the same share of
all of its legs that the wave closed, so that at the wave's mean gaps they give what it pays. What an account's legs do
not give at those gaps is ``unraised``.

Legs are worth what the statement says. Whose legs are not listed, or less of them than is closed, is left out and not
counted in ``legs_known``.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.compare.contracts import Closing
from deleverage.lab.events.model import Event, Fills, Floats, Wave
from deleverage.lab.metrics.catalogue import CATALOGUE, undefined, value
from deleverage.lab.metrics.hedges import exposures
from deleverage.lab.metrics.measure import Measure
from deleverage.lab.policies.winners import Units
from deleverage.lab.population.crowd import UNITS_A_USD, Crowd
from deleverage.lab.population.holdings import NOT_LISTED, Holdings, Leg

HEDGES = tuple(name for name, row in CATALOGUE.items() if row.group == "hedges")
NO_GAPS = "legs are listed, but a fill of the wave has no side or no mark: what a closing gives is not known"
_ALL = 1e-9  # relative: a closing of more than a leg by less is one of all of it


def as_closed(event: Event, crowds: Mapping[int, Crowd]) -> dict[int, list[Measure]]:
    """Return, by wave with winners, the hedges that the event's own fills broke."""
    waves = [wave for wave in event.waves if wave.number in crowds]
    return {wave.number: _of_fills(crowds[wave.number], event.fills, wave) for wave in waves}


def _of_fills(crowd: Crowd, fills: Fills | None, wave: Wave) -> list[Measure]:
    if crowd.holdings is None or fills is None:
        return _none(NOT_LISTED)
    place = {name: at for at, name in enumerate(crowd.winners.ids)}
    inside = np.flatnonzero((fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms))
    if bool((fills.side[inside] == 0).any()):
        return _none(NO_GAPS)
    closed: dict[Leg, float] = {}
    for at in inside.tolist():
        if (name := str(fills.user[at])) in place:
            leg = (place[name], str(fills.coin[at]), int(fills.side[at]))
            closed[leg] = closed.get(leg, 0.0) + float(fills.size[at])
    return _measured(crowd.holdings, *_by_leg(crowd.holdings, closed))


def of_closings(crowd: Crowd, made: list[Closing]) -> list[Measure]:
    """Return the hedges that a rule in contracts would break."""
    if crowd.holdings is None:
        return _none(NOT_LISTED)
    closed = {
        leg: lots * one.market.lot
        for one in made
        for leg, lots in zip(one.market.legs, one.shares.parts.tolist(), strict=True)
    }
    return _measured(crowd.holdings, *_by_leg(crowd.holdings, closed))


def of_money(crowd: Crowd, parts: Units, fills: Fills | None, wave: Wave) -> list[Measure]:
    """Return the hedges that raising a policy's parts would break, by the convention above."""
    held = crowd.holdings
    if held is None or fills is None:
        return _none(NOT_LISTED)
    gaps = _gaps(fills, wave)
    if gaps is None:
        return _none(NO_GAPS)
    sides = np.sign(held.size).astype(int).tolist()
    gap = np.array([gaps.get(key, 0.0) for key in zip(held.coin.tolist(), sides, strict=True)], np.float64)
    gives = np.bincount(held.place, gap * np.abs(held.size), len(crowd.winners))
    asked = parts / UNITS_A_USD
    share = np.where(gives > asked, asked / np.where(gives > 0, gives, 1.0), 1.0) * (asked > 0)
    sizes = np.where(gap > 0, np.abs(held.size) * share[held.place], 0.0)
    short = np.maximum(asked - gives, 0.0)[held.known].sum()
    return _measured(held, sizes, held.known, float(short))


def _gaps(fills: Fills, wave: Wave) -> dict[tuple[str, int], float] | None:
    """Return the mean gap of a unit of each coin and side of a wave; None where one is not known."""
    inside = np.flatnonzero((fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms))
    gap = np.abs(fills.mark[inside] - fills.price[inside]) * fills.size[inside]
    if bool((fills.side[inside] == 0).any()) or bool(np.isnan(gap).any()):
        return None
    usd: dict[tuple[str, int], float] = {}
    units: dict[tuple[str, int], float] = {}
    columns = (fills.coin[inside].tolist(), fills.side[inside].tolist(), gap.tolist(), fills.size[inside].tolist())
    for coin, side, amount, size in zip(*columns, strict=True):
        usd[coin, side] = usd.get((coin, side), 0.0) + amount
        units[coin, side] = units.get((coin, side), 0.0) + size
    return {key: usd[key] / units[key] for key in usd}


def _by_leg(held: Holdings, closed: Mapping[Leg, float]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what is closed of each leg, in base units, and of which winners all of that is there to be closed."""
    known, units = held.known.copy(), np.zeros(len(held.size))
    for leg, size in closed.items():
        at = held.rows.get(leg)
        if size > 0 and (at is None or size > abs(held.size[at]) * (1 + _ALL)):
            known[leg[0]] = False
        elif at is not None:
            units[at] = size
    return units, known


def _measured(held: Holdings, units: Floats, known: NDArray[np.bool_], unraised: float = 0.0) -> list[Measure]:
    """Return the measures of closing so many base units of each leg."""
    if not known.any():
        return _none("of no winner all legs are listed, and at least as large as what is closed of them")
    mine = known[held.place]
    share = np.minimum(units / np.abs(held.size), 1.0)[mine]
    notional: Floats = (np.sign(held.size) * held.value_usd)[mine]
    found = exposures(held.place[mine], notional, np.abs(notional) * share)
    return [*found.measures(), value("legs_known", int(known.sum())), value("unraised", unraised)]


def _none(why: str) -> list[Measure]:
    return [undefined(name, why) for name in HEDGES]
