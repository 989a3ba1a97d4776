"""An event as checks look at it: what several of them need, computed once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, isnan

import numpy as np
from numpy.typing import NDArray

from deleverage.lab.events.model import CoinTotal, Event, Fills, Floats, States, Wave, Whole


@dataclass(frozen=True)
class View:
    """An event, and what follows from its parts."""

    event: Event

    @cached_property
    def repeats(self) -> NDArray[np.bool_]:
        """Which fills are there a second time under one key; the first of them is none."""
        fills = self.event.fills
        if fills is None:
            return np.zeros(0, bool)
        again, seen = np.zeros(len(fills), bool), set()
        columns = (fills.key, fills.time_ms.tolist(), fills.user, fills.coin)
        for at, (key, moment, user, coin) in enumerate(zip(*columns, strict=True)):
            if key != "":
                row = (key, moment, user, coin)
                again[at] = row in seen
                seen.add(row)
        return again

    @cached_property
    def unique(self) -> Fills | None:
        """The fills, each once."""
        fills = self.event.fills
        if fills is None or not self.repeats.any():
            return fills
        return fills.at(~self.repeats)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the waves."""
        return tuple(row.number for row in self.event.waves)

    def wave_of(self, time_ms: Whole) -> Whole:
        """Return the place in ``event.waves`` of moments, -1 in none."""
        order = np.argsort(time_ms, kind="stable")
        places = np.full(len(time_ms), -1)
        for at, (first, end) in enumerate(zip(*self._bounds(time_ms[order]), strict=True)):
            places[first:end] = at
        found = np.empty_like(places)
        found[order] = places
        return found

    def _bounds(self, rising_ms: Whole) -> tuple[list[int], list[int]]:
        """Return where each wave begins and ends among ascending moments: waves may be as many as fills."""
        starts = np.array([row.start_ms for row in self.event.waves], np.int64)
        ends = np.array([row.end_ms for row in self.event.waves], np.int64)
        first, end = np.searchsorted(rising_ms, starts), np.searchsorted(rising_ms, ends, side="right")
        return first.tolist(), end.tolist()

    @cached_property
    def losing(self) -> tuple[States, Whole] | None:
        """Statements of losers below zero in the order of their fills, and the place of the wave of each."""
        states, fills = self.event.states, self.event.fills
        if states is None or fills is None:
            return None
        rows = np.flatnonzero(states.is_loser & (states.equity < 0) & (states.fill >= 0))
        rows = rows[np.lexsort((states.fill[rows], fills.time_ms[states.fill[rows]]))]
        kept = states.at(rows)
        return kept, self.wave_of(fills.time_ms[kept.fill])

    @cached_property
    def bankruptcies(self) -> Mapping[str, tuple[float, int]] | None:
        """What each loser lacked when first stated to lack anything, and the place of that wave; None where unknown."""
        if self.losing is None:
            return None
        states, waves = self.losing
        first: dict[str, tuple[float, int]] = {}
        for user, equity, place in zip(states.user, states.equity.tolist(), waves.tolist(), strict=True):
            first.setdefault(str(user), (-equity, place))
        return first

    @cached_property
    def owed(self) -> Mapping[str, float] | None:
        """What each loser lacked when he was first stated to lack anything; None where nobody says."""
        return {user: usd for user, (usd, _) in (self.bankruptcies or {}).items()} or None

    def against_old_bankrupts(self, row: Wave) -> float | None:
        """Return the gaps of a wave's fills against accounts that went bankrupt in an earlier wave; None unknown."""
        fills, first = self.event.fills, self.bankruptcies
        if fills is None or first is None:
            return None
        mine = np.flatnonzero((fills.time_ms >= row.start_ms) & (fills.time_ms <= row.end_ms))
        gaps = np.abs(fills.mark[mine] - fills.price[mine]) * fills.size[mine]
        at = self.numbers.index(row.number)
        old = [0 <= first.get(str(user), (0.0, at))[1] < at for user in fills.against[mine]]
        return float(np.nansum(gaps[old]))

    @cached_property
    def deficit(self) -> float:
        """The deficit as the tables add it up; NaN where they do not say."""
        return float(sum(row.deficit_usd for row in self.event.waves)) if self.event.waves else float("nan")

    @cached_property
    def repeated_losses(self) -> tuple[tuple[float, tuple[int, ...]], ...]:
        """Largest losses that stand in more than one wave to the last digit, and in which (by number)."""
        known = [(row.max_loss_usd, row.number) for row in self.event.waves if row.max_loss_usd > 0]
        return groups_of(known, 1e-9)

    @cached_property
    def repeated_surplus(self) -> float:
        """What largest losses add to the deficit of the tables by standing in it again."""
        return float(sum(value * (len(waves) - 1) for value, waves in self.repeated_losses))

    @cached_property
    def deficit_once(self) -> float:
        """The deficit with each largest loss counted once, or each loser's where states say; NaN where unknown."""
        if self.owed is not None:
            return float(sum(self.owed.values()))
        return self.deficit - self.repeated_surplus

    def notional(self, row: Wave) -> float:
        """Return what was traded in a wave: of its fills, else of its coins at ``worth``; NaN if unknown."""
        if self._traded is not None:
            times, usd = self._traded
            first = np.searchsorted(times, row.start_ms)
            return float(usd[first : np.searchsorted(times, row.end_ms, side="right")].sum())
        if not row.coins:
            return float("nan")
        return float(sum(gap.quantity * self.worth(gap.coin) for gap in row.coins))

    @cached_property
    def _traded(self) -> tuple[Whole, Floats] | None:
        """Moments and notionals of the fills, each once, in the order of time; None without fills."""
        fills = self.unique
        if fills is None:
            return None
        order = np.argsort(fills.time_ms, kind="stable")
        return fills.time_ms[order], (fills.size * fills.price)[order]

    @cached_property
    def notional_at(self) -> str:
        """At which prices notionals are."""
        if self.unique is not None:
            return "fills"
        return "volume-weighted averages of coins" if self.event.coins else "reference marks"

    def worth(self, coin: str) -> float:
        """Return what a unit of a coin was sold for on average, else its reference mark; NaN where neither is known.

        The average is notional / quantity, so that units add up to the notional of the coin.
        """
        total = self.total_of(coin)
        if total is not None and total.quantity > 0:
            return total.notional_usd / total.quantity
        return self.event.marks.get(coin, float("nan"))

    def total_of(self, coin: str) -> CoinTotal | None:
        """Return the totals of a coin; tables differ in how they write a name (kPEPE, KPEPE)."""
        return self._totals.get(coin) or self._totals.get(coin.upper())

    @cached_property
    def _totals(self) -> Mapping[str, CoinTotal]:
        return {row.coin: row for row in self.event.coins}

    def headline_taken(self, horizon_ms: int) -> tuple[str, float]:
        """Return what is said of production: its overshoot at a horizon, or its haircut where no need is known."""
        rows = [row for row in self.event.waves if horizon_ms in row.taken_usd]
        over = sum(row.taken_usd[horizon_ms] - row.needed_usd for row in rows)
        if known(over):
            return f"overshoot_at_{horizon_ms}_ms_usd", over
        return f"total_taken_at_{horizon_ms}_ms_usd", sum(row.taken_usd[horizon_ms] for row in rows)

    @cached_property
    def transfer(self) -> Floats:
        """What each fill takes from its winner against the mark, NaN where something of it is unknown."""
        fills = self.event.fills
        if fills is None:
            return np.zeros(0)
        taken: Floats = np.where(fills.side == 0, np.nan, fills.side * (fills.mark - fills.price) * fills.size)
        return taken

    @cached_property
    def claimed(self) -> Mapping[str, Mapping[str, Mapping[int, float]]]:
        """Claims by name, policy and wave; of one that is there twice, the first."""
        found: dict[str, dict[str, dict[int, float]]] = {}
        for claim in self.event.claims:
            found.setdefault(claim.name, {}).setdefault(claim.policy, {}).setdefault(claim.wave, claim.value)
        return found


def groups_of(values: list[tuple[float, int]], same: float) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """Return values that occur under more than one label, within ``same`` of each other, and those labels."""
    groups: list[tuple[float, set[int]]] = []
    for value, label in sorted(values):
        if groups and abs(value - groups[-1][0]) <= same * abs(value):
            groups[-1][1].add(label)
        else:
            groups.append((value, {label}))
    return tuple((value, tuple(sorted(labels))) for value, labels in groups if len(labels) > 1)


def digits(value: float) -> int:
    """Return how many significant digits a number was written with, as far as binary64 tells."""
    mantissa = f"{value!r}".partition("e")[0]
    return len(mantissa.replace("-", "").replace(".", "").strip("0"))


def number(value: float) -> float | None:
    """Return a number that JSON can hold: None where it is none."""
    return float(value) if isfinite(value) else None


def ratio(over: float, under: float) -> float | None:
    """Return over / under; None where that is no number."""
    return number(over / under) if under else None


def known(value: float) -> bool:
    """Return whether a source gave the number."""
    return not isnan(value)
