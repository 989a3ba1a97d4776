"""Drawn books as plain columns: who has what, before any engine has seen it.

A population like those of large venues: 1 to 4 positions an account (1.9 on average), few markets with most of the
positions (Zipf), sizes with a heavy tail (lognormal times Pareto), leverage from 1 to 40, lots of every market zero
in sum. The same seed draws the same book. Quanta are millionths of a dollar; an entry is a price that moved away since.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from deleverage.bench.terms import Markets, drawn_markets

Ints = npt.NDArray[np.int64]
Random = np.random.Generator

LEGS = (0.45, 0.30, 0.15, 0.10)
"""How many accounts have 1, 2, 3, 4 positions: 1.9 on average."""

MOVED = 0.4
"""How far a mark is from the entry, as a share of the margin: 1 of 250 units is below zero, 1 of 100 unhealthy."""

TYPICAL_QUANTA, LARGEST_QUANTA = 2_000_000_000, 2**48
HEDGED, ISOLATED, COLLATERAL = 0.05, 0.20, 0.10
"""The full mix: units with both legs of one market, isolated units, units whose margin is collateral in part."""


@dataclass(frozen=True, slots=True)
class Book:
    """Units and legs as columns. ``isolated``: the market of an isolated unit, -1: cross; ``side`` 0: one-way mode."""

    markets: Markets
    quote: Ints
    credit: Ints  # quanta that a unit's collateral counts as margin
    account: Ints
    hedge: npt.NDArray[np.bool_]
    isolated: npt.NDArray[np.int16]
    owner: npt.NDArray[np.uint32]  # a row's unit, ascending
    market: npt.NDArray[np.uint16]
    side: npt.NDArray[np.int8]
    lots: Ints
    cost: Ints

    @property
    def positions(self) -> int:
        """How many rows there are."""
        return len(self.lots)

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.quote)

    def sums(self, of_rows: Ints) -> Ints:
        """Return a column of rows summed over each unit."""
        return summed(self.owner, of_rows, self.units)

    def equities(self, mark_ticks: Ints) -> Ints:
        """Return each unit's equity in quanta at the marks, straight from its definition."""
        worth = self.markets.values(mark_ticks) - self.markets.funding_quanta
        return self.quote + self.sums(self.lots * worth[self.market])


def draw(
    positions: int,
    *,
    markets: int = 50,
    seed: int = 1,
    tiers: bool = False,
    mix: bool = False,
    leverage: tuple[float, float] = (1, 40),
    moved: float = MOVED,
) -> Book:
    """Return a book with so many positions; ``mix``: every kind of unit and contract, tiers included.

    ``moved``: how far a typical mark is from the entry, as a share of the margin that the leverage leaves.
    """
    if positions < 200 * markets:
        raise ValueError(f"{positions} positions are too few for {markets} markets: at least 200 for each")
    random = np.random.default_rng(seed)
    owner, market = _rows(random, positions, markets)
    units = int(owner[-1]) + 1
    first = np.searchsorted(owner, np.arange(units))
    legs = np.diff(np.append(first, positions))
    hedge = np.zeros(units, np.bool_)
    if mix:
        hedge = (legs == 2) & (random.random(units) < 2 * HEDGED)
        market[first[hedge] + 1] = market[first[hedge]]
    terms = drawn_markets(random, markets, tiers or mix, mix)
    return _filled(random, terms, owner, market, hedge, leverage, mix, moved)


def quiet(positions: int, *, markets: int = 50, seed: int = 1) -> Book:
    """Return a book on which an ordinary day brings nobody near a margin: leverage 1 to 2, entries near the marks."""
    return draw(positions, markets=markets, seed=seed, leverage=(1, 2), moved=0.1)


def one_market(longs: int, shorts: int, *, seed: int = 1, leverage: tuple[float, float] = (1, 40)) -> Book:
    """Return a book of one market and one leg a unit: so many longs, then so many shorts, in drawn order."""
    random = np.random.default_rng(seed)
    sign = random.permutation(np.repeat(np.array([1, -1], np.int64), [longs, shorts]))
    owner = np.arange(longs + shorts, dtype=np.uint32)
    market, hedge = np.zeros(longs + shorts, np.uint16), np.zeros(longs + shorts, np.bool_)
    return _filled(random, drawn_markets(random, 1, False, False), owner, market, hedge, leverage, False, MOVED, sign)


def summed(place: npt.NDArray[Any], column: Ints, places: int) -> Ints:
    """Return a column summed by place, as integers."""
    total = np.zeros(places, np.int64)
    np.add.at(total, place, column)
    return total


def _rows(random: Random, positions: int, markets: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
    """Return owner and market of each row; no unit is twice in a market."""
    most = min(len(LEGS), markets)
    chances = np.array(LEGS[:most]) / sum(LEGS[:most])
    legs = 1 + np.searchsorted(np.cumsum(chances)[:-1], random.random(positions))
    units = int(np.searchsorted(np.cumsum(legs), positions)) + 1
    legs = legs[:units]
    legs[-1] -= int(legs.sum()) - positions
    popularity = np.cumsum(1 / np.arange(1, markets + 1))
    wide = np.empty((units, most), np.uint16)
    again = np.ones(units, np.bool_)
    while again.any():
        drawn = random.random((int(again.sum()), most)) * popularity[-1]
        wide[again] = np.searchsorted(popularity, drawn)
        in_order = np.sort(wide[again], axis=1)
        again[again] = (np.diff(in_order, axis=1) == 0).any(axis=1)
    owner = np.repeat(np.arange(units, dtype=np.uint32), legs)
    return owner, wide[np.arange(most)[None, :] < legs[:, None]]


def _filled(
    random: Random,
    terms: Markets,
    owner: npt.NDArray[np.uint32],
    market: npt.NDArray[np.uint16],
    hedge: npt.NDArray[np.bool_],
    leverage: tuple[float, float],
    mix: bool,
    moved: float,
    sign: Ints | None = None,
) -> Book:
    """Return the book on these rows: signs, sizes, entries, and the money that goes with the leverage."""
    units, positions = len(hedge), len(owner)
    if sign is None:
        sign = _signs(random, owner, market, hedge)
    value = terms.values(terms.mark_ticks)[market]
    quanta = TYPICAL_QUANTA * random.lognormal(0, 1.2, positions) * (1 + random.pareto(1.6, positions))
    lots = np.maximum(1, np.minimum(quanta, LARGEST_QUANTA) / np.abs(value)).astype(np.int64)
    lots = sign * _balanced(lots, sign, market, len(terms.mark_ticks))
    times = np.exp(random.uniform(np.log(leverage[0]), np.log(leverage[1]), units))
    move = random.standard_normal(positions) * np.minimum(0.15, moved / times[owner])
    cost = _paid(lots, lots * np.rint(value * np.clip(1 + move, 0.5, 2)).astype(np.int64), market)
    money = np.ceil(summed(owner, np.abs(cost), units) / times).astype(np.int64)
    quote = money - summed(owner, cost, units)
    credit, isolated = np.zeros(units, np.int64), np.full(units, -1, np.int16)
    account = np.arange(units)
    if mix:
        credit = np.where(random.random(units) < COLLATERAL, money // 3, 0)
        quote = quote - credit
        alone = _isolated(random, owner, hedge)
        isolated[alone] = market[np.searchsorted(owner, np.flatnonzero(alone))]
        credit[alone] = 0
        account = np.cumsum(~alone) - 1
    side = np.where(hedge[owner], sign, 0).astype(np.int8)
    return Book(terms, quote, credit, account, hedge, isolated, owner, market, side, lots, cost)


def _signs(random: Random, owner: Any, market: Any, hedge: Any) -> Ints:
    """Return 1 or -1 for each row: every other one of a market; the legs of a hedge are a long and a short."""
    order = np.argsort(market, kind="stable")
    sign = np.empty(len(owner), np.int64)
    sign[order] = 1 - 2 * (np.arange(len(owner)) % 2)
    sign *= (1 - 2 * random.integers(0, 2, int(market.max()) + 1))[market]
    first = np.searchsorted(owner, np.flatnonzero(hedge))
    sign[first + 1] = -sign[first]
    return sign


def _balanced(lots: Ints, sign: Ints, market: Any, markets: int) -> Ints:
    """Return lots of which longs and shorts are equal in every market: the smaller side grows to the larger one."""
    place = 2 * market.astype(np.int64) + (sign < 0)
    held = summed(place, lots, 2 * markets).reshape(-1, 2)
    if (held == 0).any():
        raise ValueError("a market was drawn with one side only")
    most = held.max(axis=1, keepdims=True)
    grown = np.floor(lots * (most / held).ravel()[place] * (1 - 1e-12)).astype(np.int64)
    lots = np.maximum(np.where(np.broadcast_to(held == most, held.shape).ravel()[place], lots, grown), 1)
    missing = np.broadcast_to(most, held.shape).ravel() - summed(place, lots, 2 * markets)
    largest = np.zeros(2 * markets, np.int64)
    order = np.argsort(lots, kind="stable")
    largest[place[order]] = order
    lots[largest] += missing
    return lots


def _paid(lots: Ints, cost: Ints, market: Any) -> Ints:
    """Return costs that sum to zero in every market, what one side has paid the other had: all entries move alike."""
    markets = int(market.max()) + 1
    held, left = summed(market, np.abs(lots), markets), summed(market, cost, markets)
    cost = cost - np.abs(lots) * (left // held)[market]
    largest = np.zeros(markets, np.int64)
    order = np.argsort(np.abs(lots), kind="stable")
    largest[market[order]] = order
    cost[largest] -= summed(market, cost, markets)
    return cost


def _isolated(random: Random, owner: Any, hedge: Any) -> npt.NDArray[np.bool_]:
    """Return which units are isolated: some of those with one leg, each behind the cross unit of its account."""
    units = len(hedge)
    single = np.bincount(owner, minlength=units) == 1
    drawn = single & (random.random(units) < 2 * ISOLATED)
    behind_cross = np.append(False, ~drawn[:-1] & ~hedge[:-1])
    alone: npt.NDArray[np.bool_] = drawn & behind_cross
    return alone
