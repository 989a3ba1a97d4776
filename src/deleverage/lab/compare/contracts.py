"""Rules that close contracts, told in money: coin by coin and side by side in lots, then what a lot costs.

Who holds how much of a coin is what the source says of him before his first fill there in the wave. What has to be
closed is what was closed (of another budget than was needed the same share of each coin); a lot costs the coin's mean
gap to the mark. What the lots cost an account beyond its cap is
nobody's: it stands as under-collection, as in the published code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from deleverage.lab.events.model import Fills, Floats, Wave
from deleverage.lab.policies.policy import Policy, Shares, Unfit, ask, total
from deleverage.lab.policies.winners import Ratio, Units, Winners
from deleverage.lab.population.crowd import LARGEST_UNITS, UNITS_A_USD, Crowd
from deleverage.lab.population.holdings import Holdings, Leg

NO_HOLDINGS = "it closes contracts, and what each winner held of each coin is not known of this event"
FINEST = 8
"""A lot is no smaller than 10^-8 of a coin; sizes beyond it are rounded down."""


@dataclass(frozen=True)
class Market:
    """One coin and side in one wave: places in the crowd, lots held, lots to close, and the cost of a lot in units."""

    coin: str
    side: int
    places: Units
    lots: Units
    to_close: int
    cost: float
    lot: float  # in base units

    @property
    def legs(self) -> list[Leg]:
        """The legs that the lots are of."""
        return [(place, self.coin, self.side) for place in self.places.tolist()]


@dataclass(frozen=True)
class Closing:
    """What a rule closes in one market, in lots of its holders."""

    market: Market
    shares: Shares


def closings(policy: Policy, fills: Fills | None, wave: Wave, crowd: Crowd, asked: int) -> list[Closing]:
    """Return what a rule in contracts closes, market by market; Unfit where holdings are unknown."""
    if fills is None:
        raise Unfit(NO_HOLDINGS)
    share = Fraction(asked, crowd.budget) if crowd.budget else Fraction(0)
    return [
        Closing(market, ask(policy, _holders(crowd.winners, market), round(market.to_close * share)))
        for market in _markets(fills, wave, crowd)
    ]


def in_money(made: list[Closing], crowd: Crowd, asked: int) -> Shares:
    """Return what closings cost every winner, in units of money."""
    costs = np.zeros(len(crowd.winners))
    for closing in made:
        np.add.at(costs, closing.market.places, closing.shares.parts * closing.market.cost)
    parts = np.minimum(_whole(costs, crowd.winners), crowd.winners.cap)
    return Shares(parts, asked - total(parts), notes=(f"{len(made)} coins and sides, each in lots of its own",))


def _markets(fills: Fills, wave: Wave, crowd: Crowd) -> Iterator[Market]:
    """Yield coins and sides in order of name; Unfit where a side, a mark or a holding is unknown.

    A holding is what the fill says of it, else the leg of the winner's statement. Of several fills of one moment the
    largest counts: their order is not always known, and deleveraging only makes a position smaller.
    """
    inside = np.flatnonzero((fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms))
    place = {name: at for at, name in enumerate(crowd.winners.ids)}
    held = _held(fills, inside, place, crowd.holdings)
    if bool((fills.side[inside] == 0).any()) or bool(np.isnan(fills.mark[inside] + held).any()):
        raise Unfit(NO_HOLDINGS)
    found: dict[tuple[str, int], list[int]] = {}
    for at, key in enumerate(zip(fills.coin[inside].tolist(), fills.side[inside].tolist(), strict=True)):
        found.setdefault(key, []).append(at)
    for coin, side in sorted(found):
        chosen = np.array(found[coin, side], np.int64)
        rows = inside[chosen]
        first: dict[int, tuple[int, float]] = {}
        columns = (fills.user[rows].tolist(), fills.time_ms[rows].tolist(), held[chosen].tolist())
        for user, moment, size in zip(*columns, strict=True):
            if str(user) in place:
                since, most = first.setdefault(place[str(user)], (moment, size))
                first[place[str(user)]] = (since, max(most, size) if moment == since else most)
        decimals = _decimals(np.concatenate((fills.size[rows], held[chosen])))
        lots = _lots(np.array([size for _, size in first.values()], np.float64), decimals)
        to_close = int(_lots(fills.size[rows], decimals).sum())
        gap = float((np.abs(fills.mark[rows] - fills.price[rows]) * fills.size[rows]).sum())
        if to_close:
            cost = gap * UNITS_A_USD / to_close
            yield Market(coin, side, np.array(list(first), np.int64), lots, to_close, cost, 10.0**-decimals)


def _held(fills: Fills, inside: Units, place: Mapping[str, int], holdings: Holdings | None) -> Floats:
    """Return what the winner of each fill held before it: as the fill says, else as his statement lists it."""
    held = np.full(len(inside), np.nan) if fills.held is None else fills.held[inside]
    if holdings is None:
        return held
    columns = (fills.user[inside].tolist(), fills.coin[inside].tolist(), fills.side[inside].tolist(), held.tolist())
    listed = [
        holdings.held(place[str(user)], coin, side) if size != size and str(user) in place else size
        for user, coin, side, size in zip(*columns, strict=True)
    ]
    return np.array(listed, np.float64)


def _decimals(sizes: Floats) -> int:
    """Return the decimals of the coarsest lot that all sizes are multiples of, up to float noise."""
    for decimals in range(FINEST):
        scaled = sizes * 10**decimals
        if bool((np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(1.0, scaled)).all()):
            return decimals
    return FINEST


def _lots(sizes: Floats, decimals: int) -> Units:
    """Return whole lots, rounded down but for float noise; Unfit beyond 2^62 in all."""
    scaled = sizes * 10**decimals
    if float(scaled.sum()) >= LARGEST_UNITS:
        raise Unfit(f"{scaled.sum():.6g} lots of 10^-{decimals} are beyond {LARGEST_UNITS}")
    near = np.rint(scaled)
    close = np.abs(scaled - near) <= 1e-9 * np.maximum(1.0, scaled)
    lots: Units = np.where(close, near, np.floor(scaled)).astype(np.int64)
    return lots


def _holders(winners: Winners, market: Market) -> Winners:
    """Return those who hold the coin, with lots for gains; the rest of what is known of them stays."""
    at, leverage = market.places, winners.leverage
    return Winners(
        tuple(winners.ids[place] for place in at.tolist()),
        market.lots,
        market.lots,
        None if winners.equity is None else winners.equity[at],
        None if leverage is None else Ratio(leverage.over[at], leverage.under[at]),
        None if winners.score is None else winners.score[at],
        {name: column[at] for name, column in winners.extra.items()},
    )


def _whole(costs: Floats, winners: Winners) -> Units:
    """Return whole units that sum to the rounded sum: floors, then one more for the largest fractions, ties by id."""
    floors = np.floor(costs)
    missing = int(np.rint(costs.sum() - floors.sum()))
    most = np.lexsort((winners.order, floors - costs))[: max(0, missing)]
    floors[most] += 1
    return floors.astype(np.int64)
