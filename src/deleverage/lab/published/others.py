"""Totals beside the waves: the stylised queue, how accounts reacted, what the waves cover."""

from dataclasses import dataclass
from math import fsum, isnan

import numpy as np

from deleverage.lab.events.model import Event, Reaction, Wave

LEAST_FILLS = 5
"""Accounts with fewer deleveraging fills are in neither class."""

STRATEGIC_SHARE, STRATEGIC_UNDONE, PASSIVE_SHARE = 0.5, 0.25, 0.05
"""Strategic: traded again within 60 s of at least half of its fills, undoing a quarter; passive: within 300 s of at
most one in twenty. Thresholds of pluriholonomic/autodeleveraging-analysis, ``two_time``."""


@dataclass(frozen=True)
class Queue:
    """The stylised queue, cluster by cluster; USD."""

    clusters: int
    coins: int
    deficit: float
    taken: float
    over: float
    residual: float


def queue(event: Event) -> Queue | None:
    """Return the totals of the clusters, None where there are none."""
    shocks = event.shocks
    if not shocks:
        return None
    return Queue(
        len(shocks),
        len({shock.coin for shock in shocks}),
        deficit=fsum(shock.deficit_usd for shock in shocks),
        taken=fsum(shock.taken_usd for shock in shocks),
        over=fsum(max(0.0, shock.taken_usd - shock.deficit_usd) for shock in shocks),
        residual=fsum(max(0.0, shock.deficit_usd - shock.taken_usd) for shock in shocks),
    )


def is_strategic(reaction: Reaction) -> bool:
    """Return whether an account is in the strategic class."""
    often = reaction.fills >= LEAST_FILLS and reaction.share_60s >= STRATEGIC_SHARE
    return often and reaction.undone_60s >= STRATEGIC_UNDONE


def is_passive(reaction: Reaction) -> bool:
    """Return whether an account is in the passive class."""
    return reaction.fills >= LEAST_FILLS and reaction.share_300s <= PASSIVE_SHARE


@dataclass(frozen=True)
class Coverage:
    """How much of the event the waves hold; None where the source does not say.

    Notional is quantity x the coin's average price over the event, for waves and event alike.
    """

    fills: int
    fills_in_all: int | None
    notional: float | None
    notional_in_all: float | None


def coverage(event: Event) -> Coverage:
    """Return the fills and the notional of the waves, and of the event where its coins are known."""
    priced = [(gap.quantity, event.marks.get(gap.coin)) for wave in event.waves for gap in wave.coins]
    known = bool(priced) and all(price is not None for _, price in priced)
    totals = [coin.notional_usd for coin in event.coins]
    return Coverage(
        fills=sum(wave.fills for wave in event.waves),
        fills_in_all=sum(coin.fills for coin in event.coins) or (len(event.fills) if event.fills is not None else None),
        notional=fsum(quantity * (price or 0.0) for quantity, price in priced) if known else None,
        notional_in_all=fsum(totals) if totals and not any(map(isnan, totals)) else None,
    )


def notional_at_marks(event: Event, wave: Wave) -> float:
    """Return a wave's notional at the coins' reference marks, NaN where one is missing or there are no coins."""
    if not wave.coins:
        return float("nan")
    return fsum(gap.quantity * event.marks.get(gap.coin, float("nan")) for gap in wave.coins)


def wave_notional(event: Event, wave: Wave) -> float:
    """Return what was closed in a wave: at the prices of its fills, without fills at the coins' reference marks."""
    if event.fills is None:
        return notional_at_marks(event, wave)
    inside = (event.fills.time_ms >= wave.start_ms) & (event.fills.time_ms <= wave.end_ms)
    return float((event.fills.size * event.fills.price)[inside].sum())


@dataclass(frozen=True)
class Transfer:
    """What winners were closed worse and better than the mark of each fill, apart; USD, of ``fills`` of them."""

    fills: int
    worse: float
    better: float

    @property
    def net(self) -> float:
        """Return what all of them together were closed worse."""
        return self.worse - self.better


def transfer(event: Event) -> Transfer | None:
    """Return sum (b (mark - price) q)+ and sum (b (price - mark) q)+ over fills, b the closed side; None unknown.

    What is needed is published as sum |mark - price| q, in which a winner who was closed better counts as one who paid.
    """
    fills = event.fills
    if fills is None:
        return None
    known = (fills.side != 0) & ~np.isnan(fills.mark)
    if not known.any():
        return None
    taken = (fills.side * (fills.mark - fills.price) * fills.size)[known]
    return Transfer(int(known.sum()), fsum(np.maximum(taken, 0)), fsum(np.maximum(-taken, 0)))


TRIMMED = 0.03
"""What is cut from each end of all accounts for a trimmed mean."""


def equity_over_profit(event: Event) -> dict[str, float]:
    """Return how equity over open profit is spread over winners, at the first statement of each that has a profit.

    Nothing where the source states no accounts. Its mean is decided by accounts whose profit is next to nothing.
    """
    states = event.states
    if states is None:
        return {}
    said = np.flatnonzero(~states.is_loser & (states.fill >= 0))
    first = said[np.sort(np.unique(states.user[said].astype(str), return_index=True)[1])]
    ratios = states.equity[first] / np.where(states.profit[first] > 0, states.profit[first], np.nan)
    known = np.sort(ratios[~np.isnan(ratios)])
    if not len(known):
        return {}
    cut = int(TRIMMED * len(known))
    low, middle, high = (float(at) for at in np.quantile(known, (0.1, 0.5, 0.9)))
    spread = {"n_users": float(len(known)), "mean": float(known.mean()), "median": middle, "p10": low, "p90": high}
    return {**spread, "trimmed_mean": float(known[cut : len(known) - cut].mean())}


def deficit(event: Event) -> tuple[float | None, float | None, float | None]:
    """Return the losers' deficit of all waves, the largest of a wave and the largest loss of one loser; USD."""
    amounts = [wave.deficit_usd for wave in event.waves if not isnan(wave.deficit_usd)]
    losses = [wave.max_loss_usd for wave in event.waves if not isnan(wave.max_loss_usd)]
    return (fsum(amounts) if amounts else None, max(amounts, default=None), max(losses, default=None))
