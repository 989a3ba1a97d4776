"""A drawn crash: coins with price paths, accounts that go bankrupt, and who is closed against them. Nothing published.

All draws come from numpy's PCG64 under one seed. Everybody who goes bankrupt does so once, at a known time, by a known
amount; closings in his own wave carry ``socialised`` of it (the fund has the rest), closings in the wave after it
happen at the mark and carry nothing.
"""

from dataclasses import dataclass

import numpy as np

from deleverage.lab.events.model import Floats, Whole

STEP_MS = 100  # marks move in steps of this length
GAP_MS = 5_000  # fills further apart than this belong to different waves
_START_MS = 1_700_000_000_000
_TAIL_MS = 20_000  # the paths go on after the last fill, for marks at a horizon
_LATE = 0.2  # what is closed after a loser's own wave, to what is closed in it, at most
_LARGEST_COUNTERPARTY = 0.6  # one account's notional, to that of all others


@dataclass(frozen=True, slots=True)
class Settings:
    """What a drawn event is like; the defaults are a small, quiet one."""

    waves: int = 8
    coins: int = 6
    losers: int = 24
    winners: int = 60
    fills_a_loser: int = 12  # on average
    volatility: float = 0.0004  # standard deviation of a mark's move in a step, relative
    drift: float = -0.0001  # mean move in a step, relative
    largest_deficit: float = 0.30  # the largest deficit is at most this part of all
    socialised: float = 0.7  # part of a deficit that closings carry, on average
    subsidised: float = 0.05  # part of the fills that are closed better than the mark
    split: float = 0.02  # part of the fills that come as two equal halves
    cents: bool = False  # statements and deficits are rounded to cents
    full_wave: bool = False  # in the first wave closings carry the deficits in full

    def __post_init__(self) -> None:
        """Refuse a world that cannot be drawn: nobody, or a wave in which nobody goes bankrupt."""
        for name in ("waves", "coins", "winners", "fills_a_loser"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, allowed are 1 and more")
        if self.losers < self.waves:
            raise ValueError(f"losers are {self.losers}, waves {self.waves}: somebody goes bankrupt in each wave")


@dataclass(frozen=True)
class Crash:
    """Columns of the fills in the order of the event, and what is true of coins and losers."""

    settings: Settings
    coin_names: tuple[str, ...]
    path: Floats  # mark by coin and step
    wave: Whole  # of a fill, from 0
    time_ms: Whole
    coin: Whole  # place in ``coin_names``
    loser: Whole
    winner: Whole
    side: Whole  # of the winner's position
    size: Floats
    price: Floats
    deficit: Floats  # by loser
    home: Whole  # the wave in which a loser goes bankrupt
    waves_ms: Whole  # start and end of each wave

    def mark(self, coin: Whole, time_ms: Whole) -> Floats:
        """Return the mark of coins at times."""
        steps = np.minimum((time_ms - _START_MS) // STEP_MS, self.path.shape[1] - 1)
        found: Floats = self.path[coin, steps]
        return found

    @property
    def opening(self) -> Floats:
        """The marks before anything happened, by coin."""
        first: Floats = self.path[:, 0]
        return first

    @property
    def transfer(self) -> Floats:
        """What each closing takes from its winner against the mark: below 0 where he was closed better."""
        taken: Floats = self.side * (self.mark(self.coin, self.time_ms) - self.price) * self.size
        return taken


def drawn(seed: int) -> Settings:
    """Return settings as various as real events are: all of them are clean."""
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    return Settings(
        waves=int(rng.integers(4, 13)),
        coins=int(rng.integers(2, 12)),
        losers=int(rng.integers(16, 50)),
        winners=int(rng.integers(20, 120)),
        fills_a_loser=int(rng.integers(4, 16)),
        volatility=float(rng.choice([0.0001, 0.0004, 0.0012])),
        drift=float(rng.choice([0.0, -0.0001, -0.0003])),
        largest_deficit=float(rng.choice([0.15, 0.30, 0.40])),
        socialised=float(rng.uniform(0.3, 0.9)),
        subsidised=float(rng.choice([0.0, 0.05, 0.2])),
        split=float(rng.choice([0.0, 0.02, 0.1])),
        cents=bool(rng.integers(2)),
        full_wave=bool(rng.integers(5) == 0),
    )


def crash(seed: int, settings: Settings) -> Crash:
    """Return the crash of a seed."""
    rng = np.random.Generator(np.random.PCG64([seed, 2]))
    waves_ms = _waves(rng, settings)
    path = _path(rng, settings, int(waves_ms[-1, 1]))
    deficit = _deficits(rng, settings)
    losers = settings.losers
    home = np.concatenate([np.arange(settings.waves), rng.integers(0, settings.waves, losers)])[:losers]
    fraction = np.clip(rng.normal(settings.socialised, 0.1, losers), 0.05, 0.98)
    fraction[home == 0] = 1.0 if settings.full_wave else fraction[home == 0]
    gap, notional = _gaps(rng, deficit * fraction)

    counts = 2 + rng.poisson(max(settings.fills_a_loser - 2, 0), losers)
    loser = np.repeat(np.arange(losers), counts)
    late = (rng.random(len(loser)) < 0.15) & (home[loser] + 1 < settings.waves)
    late[np.concatenate([[0], np.cumsum(counts)[:-1]])] = False  # his first closing is in his own wave
    wave = home[loser] + late
    start, end = waves_ms[wave, 0], waves_ms[wave, 1]
    time_ms = start + (rng.random(len(loser)) * (end - start + 1)).astype(np.int64)
    coin = _books(rng, settings, loser)
    weight = rng.gamma(1.0, 1.0, len(loser)) + 0.05
    weight /= np.where(
        late, np.bincount(loser, weight)[loser] / _LATE, np.bincount(loser, np.where(late, 0.0, weight))[loser]
    )
    side = np.where(rng.random((losers, settings.coins)) < 0.8, -1, 1)[loser, coin]
    better = np.where(rng.random(len(loser)) < settings.subsidised, -1, 1)
    mark = path[coin, (time_ms - _START_MS) // STEP_MS]
    size = notional[loser] * weight / mark
    price = mark * (1 - side * np.where(late, 0.0, better * gap[loser]))
    halves = 1 + (rng.random(len(loser)) < settings.split).astype(np.int64)
    order = np.repeat(np.argsort(time_ms, kind="stable"), halves[np.argsort(time_ms, kind="stable")])
    winner = _winners(rng, settings, len(loser))
    return Crash(
        settings=settings,
        coin_names=tuple(f"C{at:02d}" for at in range(settings.coins)),
        path=path,
        wave=wave[order],
        time_ms=time_ms[order],
        coin=coin[order],
        loser=loser[order],
        winner=winner[order],
        side=side[order],
        size=(size / halves)[order],
        price=price[order],
        deficit=deficit,
        home=home,
        waves_ms=waves_ms,
    )


def _waves(rng: np.random.Generator, settings: Settings) -> Whole:
    """Return start and end of each wave: some last no time, none as long as what separates two of them."""
    length = np.where(rng.random(settings.waves) < 0.3, 0, rng.integers(0, GAP_MS - 500, settings.waves))
    pause = rng.integers(GAP_MS + 500, 8 * GAP_MS, settings.waves)
    start = _START_MS + 1_000 + np.cumsum(pause) + np.cumsum(length) - length
    both: Whole = np.stack([start, start + length], axis=1)
    return both


def _path(rng: np.random.Generator, settings: Settings, last_ms: int) -> Floats:
    """Return marks by coin and step; the first coin of a few stands still."""
    steps = (last_ms - _START_MS + _TAIL_MS) // STEP_MS
    first = 10 ** rng.uniform(-3, 5, settings.coins)
    moves = rng.normal(settings.drift, settings.volatility, (settings.coins, steps))
    if rng.integers(4) == 0:
        moves[0] = 0.0
    path: Floats = first[:, None] * np.exp(np.cumsum(moves, axis=1))
    return path


def _deficits(rng: np.random.Generator, settings: Settings) -> Floats:
    """Return what losers owe: many small ones, and a largest that is at most its part of all."""
    owed = rng.lognormal(7.0, 2.0, settings.losers)
    top = int(owed.argmax())
    for _ in range(settings.losers):  # the second largest may stand out once the first is cut
        top = int(owed.argmax())
        others = float(owed.sum() - owed[top]) if len(owed) > 1 else float("inf")
        most = others * settings.largest_deficit / (1 - settings.largest_deficit)
        owed[top] = min(float(owed[top]), most * float(rng.uniform(0.9, 1.0)))  # nobody owes what another owes
    owed = np.maximum(owed, 0.5)
    rounded: Floats = np.round(owed, 2) if settings.cents else owed
    return rounded


def _gaps(rng: np.random.Generator, carried: Floats) -> tuple[Floats, Floats]:
    """Return how far from the mark losers are closed, relative, and the notional that is closed against each."""
    gap = rng.uniform(0.005, 0.05, len(carried))
    notional = carried / gap
    top = int(notional.argmax())
    if len(carried) > 1:
        notional[top] = min(notional[top], _LARGEST_COUNTERPARTY * (notional.sum() - notional[top]))
    gap[top] = carried[top] / notional[top]
    return gap, notional


def _books(rng: np.random.Generator, settings: Settings, loser: Whole) -> Whole:
    """Return the coin of each fill: a loser has one to three."""
    held = rng.integers(0, settings.coins, (settings.losers, 3))
    coin: Whole = held[loser, rng.integers(0, 3, len(loser))]
    return coin


def _winners(rng: np.random.Generator, settings: Settings, fills: int) -> Whole:
    """Return who is closed: a few are busy, most are met once or twice."""
    weight = np.minimum(rng.pareto(1.2, settings.winners) + 0.1, 10.0)
    who: Whole = rng.choice(settings.winners, fills, p=weight / weight.sum())
    return who
