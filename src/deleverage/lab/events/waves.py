"""Waves out of fills: who was closed together, how much of the event that covers, and what the deficits are.

A new wave begins iff the gap to the fill before is longer than ``gap_ms``, strictly; a fill is as long as its moment.
The rule chains: nothing bounds the length of a wave. So every total that hangs on it is shown for several gaps.
"""

from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.events.model import CoinGap, Event, Fills, States, Wave, Whole

GAPS_MS = (250, 500, 1000, 2000, 5000, 10_000)
"""The gaps over which a total is swept."""

GAP_MS = 5000
"""The gap that published tables of this kind use, where nothing else is asked for."""


def by_time(fills: Fills) -> Whole:
    """Return the places of the fills in the order of time; fills of one moment keep theirs."""
    return np.argsort(fills.time_ms, kind="stable").astype(np.int64)


def labels(time_ms: Whole, gap_ms: int) -> Whole:
    """Return for each fill the number of its wave, from 1, whatever the order of the fills."""
    if gap_ms < 0:
        raise ValueError(f"the gap is {gap_ms} ms, allowed are 0 and more")
    order = np.argsort(time_ms, kind="stable")
    numbers = np.empty(len(time_ms), np.int64)
    numbers[order] = 1 + np.cumsum(np.diff(time_ms[order], prepend=time_ms[order[:1]]) > gap_ms)
    return numbers


def labels_by_coin(fills: Fills, gap_ms: int) -> Whole:
    """Return for each fill the number of its cluster among those of its coin, from 1."""
    numbers = np.empty(len(fills), np.int64)
    for coin in sorted(set(fills.coin)):
        places = np.flatnonzero(fills.coin == coin)
        numbers[places] = labels(fills.time_ms[places], gap_ms)
    return numbers


@dataclass(frozen=True)
class Deficits:
    """Negative equity of the losers by wave, in USD, counted in two ways.

    ``repeated``: of each loser the least statement in each wave, so that an account that stays below zero counts in
    every wave anew. ``once``: of each loser the first statement below zero of the event, in the wave it falls into.
    """

    repeated: dict[int, float]
    once: dict[int, float]
    largest: dict[int, float]  # of one loser, each once
    losers: dict[int, int]


def deficits(fills: Fills, states: States | None, numbers: Whole) -> Deficits:
    """Return the deficits of waves; ``numbers`` says for each fill which it belongs to."""
    result = Deficits({}, {}, {}, {})
    if states is None:
        return result
    places = np.flatnonzero(states.is_loser & (states.fill >= 0))
    places = places[np.argsort(states.stated_ms[places], kind="stable")]
    least: dict[int, dict[str, float]] = {}
    bankrupt: set[str] = set()
    for place in places:
        wave, user, equity = int(numbers[states.fill[place]]), states.user[place], float(states.equity[place])
        of_wave = least.setdefault(wave, {})
        of_wave[user] = min(of_wave.get(user, float("inf")), float("inf") if isnan(equity) else equity)
        if equity < 0 and user not in bankrupt:
            bankrupt.add(user)
            result.once[wave] = result.once.get(wave, 0.0) - equity
            result.largest[wave] = max(result.largest.get(wave, 0.0), -equity)
    for wave, of_wave in least.items():
        below = [-equity for equity in of_wave.values() if equity < 0]
        result.repeated[wave] = float(np.sum(below))
        result.losers[wave] = len(of_wave)
    return result


def gaps_usd(fills: Fills) -> NDArray[np.float64]:
    """Return |mark - price| x size of each fill, NaN where the source gives no mark."""
    return np.asarray(np.abs(fills.mark - fills.price) * fills.size)


def waves_of(event: Event, gap_ms: int) -> tuple[Wave, ...]:
    """Return the waves of an event's fills, all of them, also those without a deficit.

    A bankruptcy is a deficit once, in the wave in which its account is first stated to be below zero: who stays there
    lacks nothing anew. What published tables add up instead is in the sweep.
    """
    fills = event.fills
    if fills is None or not len(fills):
        return ()
    numbers = labels(fills.time_ms, gap_ms)
    found = deficits(fills, event.states, numbers)
    gaps = gaps_usd(fills)
    waves = []
    order = np.argsort(numbers, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        number, times = int(numbers[places[0]]), fills.time_ms[places]
        known = event.states is not None and number in found.repeated
        waves.append(
            Wave(
                number=number,
                start_ms=int(times.min()),
                end_ms=int(times.max()),
                fills=len(places),
                losers=found.losers.get(number, len({name for name in fills.against[places] if name})),
                deficit_usd=found.once.get(number, 0.0) if known else float("nan"),
                max_loss_usd=found.largest.get(number, 0.0) if known else float("nan"),
                needed_usd=float(gaps[places].sum()),
                coins=_coins(fills, gaps, places),
            )
        )
    return tuple(waves)


def _coins(fills: Fills, gaps: NDArray[np.float64], places: Whole) -> tuple[CoinGap, ...]:
    rows = []
    for coin in sorted(set(fills.coin[places])):
        of_coin = places[fills.coin[places] == coin]
        gap, quantity = float(gaps[of_coin].sum()), float(fills.size[of_coin].sum())
        rows.append(CoinGap(coin, gap, quantity, gap / quantity if quantity > 0 else float("nan")))
    return tuple(rows)


@dataclass(frozen=True)
class Swept:
    """What hangs on the gap; shares are of all fills and of all notional, lengths in ms, money in USD.

    ``covered_*``: in waves with a deficit, which are the ones that published tables keep. None: not known.
    """

    gap_ms: int
    waves: int
    waves_with_deficit: int | None
    covered_fills: float | None
    covered_notional: float | None
    deficit_usd: float | None
    deficit_once_usd: float | None
    longest_ms: int
    largest_fills: int
    clusters_by_coin: int


def sweep(event: Event, gaps_ms: tuple[int, ...] = GAPS_MS) -> tuple[Swept, ...]:
    """Return the event under each gap; nothing for an event without fills."""
    fills = event.fills
    if fills is None or not len(fills):
        return ()
    notional = fills.size * fills.price
    rows = []
    for gap_ms in gaps_ms:
        numbers = labels(fills.time_ms, gap_ms)
        found = deficits(fills, event.states, numbers)
        kept = {wave for wave, amount in found.repeated.items() if amount > 0}
        inside = np.isin(numbers, sorted(kept))
        known = bool(found.repeated)
        by_coin = labels_by_coin(fills, gap_ms)
        times = np.sort(fills.time_ms)
        cuts = np.flatnonzero(np.diff(times) > gap_ms)
        lengths = times[np.append(cuts, len(times) - 1)] - times[np.insert(cuts + 1, 0, 0)]
        rows.append(
            Swept(
                gap_ms,
                waves=int(numbers.max()),
                waves_with_deficit=len(kept) if known else None,
                covered_fills=float(inside.mean()) if known else None,
                covered_notional=float(notional[inside].sum() / notional.sum()) if known else None,
                deficit_usd=float(sum(found.repeated.values())) if known else None,
                deficit_once_usd=float(sum(found.once.values())) if known else None,
                longest_ms=int(lengths.max()),
                largest_fills=int(np.bincount(numbers).max()),
                clusters_by_coin=len(set(zip(fills.coin, by_coin, strict=True))),
            )
        )
    return tuple(rows)
