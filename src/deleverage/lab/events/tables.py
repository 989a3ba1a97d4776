"""The tables that a careful publisher makes of a generated event: waves, claims of policies, clusters of coins."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deleverage.lab.events.crash import GAP_MS, Crash
from deleverage.lab.events.legs import Legs
from deleverage.lab.events.model import Claim, CoinGap, CoinTotal, Floats, Reaction, Shock, Texts, Wave, Whole
from deleverage.lab.events.truth import TrueWave

HORIZONS_MS = (0, 1_000, 5_000)
_NOTHING = 1e-9  # a remaining deficit below this part of the deficit is none
UNDEFINED = ("ptsr", "pmr", "rd_nse")


@dataclass(frozen=True)
class Book:
    """A crash with its winners' accounts: a cell a fill, just before it."""

    crash: Crash
    entry: Floats
    equity: Floats
    profit: Floats
    notional: Floats
    legs: list[Legs]
    held: Floats  # size of the leg that is closed

    @cached_property
    def winner_names(self) -> Texts:
        """Names of winners."""
        return np.array([f"w{at:04d}" for at in range(self.crash.settings.winners)], object)

    @cached_property
    def loser_names(self) -> Texts:
        """Names of losers."""
        return np.array([f"l{at:04d}" for at in range(self.crash.settings.losers)], object)

    @cached_property
    def closed_profit(self) -> Floats:
        """What each fill realised for its winner."""
        realised: Floats = self.crash.side * (self.crash.price - self.entry) * self.crash.size
        return realised


def true_waves(book: Book) -> tuple[TrueWave, ...]:
    """Return what is true of each wave."""
    crash = book.crash
    count = crash.settings.waves
    worse = np.bincount(crash.wave, np.maximum(crash.transfer, 0.0), count)
    better = np.bincount(crash.wave, np.maximum(-crash.transfer, 0.0), count)
    owed = np.bincount(crash.home, crash.deficit, count)
    notional = np.bincount(crash.wave, crash.size * crash.price, count)
    fills = np.bincount(crash.wave, minlength=count)
    return tuple(
        TrueWave(
            number=at + 1,
            deficit_usd=float(owed[at]),
            needed_usd=float(worse[at] + better[at]),
            one_sided_usd=float(worse[at]),
            subsidy_usd=float(better[at]),
            notional_usd=float(notional[at]),
            fills=int(fills[at]),
        )
        for at in range(count)
    )


def wave_rows(book: Book) -> tuple[Wave, ...]:
    """Return the waves as a source prints them: a deficit stands in the wave of its bankruptcy, once."""
    return tuple(_wave_row(book, true) for true in true_waves(book))


def _wave_row(book: Book, true: TrueWave) -> Wave:
    crash = book.crash
    mine = np.flatnonzero(crash.wave == true.number - 1)
    owed = crash.deficit[crash.home == true.number - 1]
    taken = {horizon: _taken(book, mine, horizon) for horizon in HORIZONS_MS}
    _, first = np.unique(crash.winner[mine], return_index=True)
    return Wave(
        number=true.number,
        start_ms=int(crash.time_ms[mine].min()),
        end_ms=int(crash.time_ms[mine].max()),
        fills=true.fills,
        losers=len(owed),
        deficit_usd=true.deficit_usd,
        max_loss_usd=float(owed.max()),
        needed_usd=true.needed_usd,
        taken_usd={horizon: float(usd.sum()) for horizon, usd in taken.items()},
        largest_taken_usd={horizon: float(usd.max()) for horizon, usd in taken.items()},
        winners_equity_usd=float(book.equity[mine][first].sum()),
        winners_profit_usd=float(np.maximum(book.profit[mine][first], 0.0).sum()),
        coins=_coin_gaps(book, mine),
    )


def _taken(book: Book, mine: Whole, horizon_ms: int) -> Floats:
    """Return what each winner lacks at the horizon because he was closed; who lacks nothing counts 0."""
    crash = book.crash
    end = np.full(len(mine), crash.time_ms[mine].max() + horizon_ms)
    lacking = crash.side[mine] * (crash.mark(crash.coin[mine], end) - crash.price[mine]) * crash.size[mine]
    usd: Floats = np.maximum(np.bincount(crash.winner[mine], lacking, crash.settings.winners), 0.0)
    return usd


def _coin_gaps(book: Book, mine: Whole) -> tuple[CoinGap, ...]:
    crash = book.crash
    rows = []
    for coin in np.unique(crash.coin[mine]):
        here = mine[crash.coin[mine] == coin]
        gap, units = float(np.abs(crash.transfer[here]).sum()), float(crash.size[here].sum())
        rows.append(CoinGap(crash.coin_names[coin], gap, units, gap / units))
    return tuple(rows)


def coin_totals(book: Book) -> tuple[CoinTotal, ...]:
    """Return each coin over the whole event; the price is the average that was paid."""
    crash = book.crash
    rows = []
    for coin in np.unique(crash.coin):
        here = crash.coin == coin
        units, usd = float(crash.size[here].sum()), float((crash.size * crash.price)[here].sum())
        rows.append(CoinTotal(crash.coin_names[coin], units, usd / units, usd, int(here.sum())))
    return tuple(rows)


def shocks(book: Book) -> tuple[Shock, ...]:
    """Return clusters of fills of one coin; a deficit is split over its loser's coins, by notional in his wave."""
    crash = book.crash
    at_home = crash.wave == crash.home[crash.loser]
    value = np.where(at_home, crash.size * crash.mark(crash.coin, crash.time_ms), 0.0)
    part = crash.deficit[crash.loser] * value / np.bincount(crash.loser, value)[crash.loser]
    profit = np.maximum(book.closed_profit, 0.0)
    rows = []
    for coin in np.unique(crash.coin):
        here = np.flatnonzero(crash.coin == coin)
        cuts = np.flatnonzero(np.diff(crash.time_ms[here]) > GAP_MS) + 1
        for number, fills in enumerate(np.split(here, cuts), 1):
            times = crash.time_ms[fills]
            name = crash.coin_names[coin]
            missing, capacity = float(part[fills].sum()), float(profit[fills].sum())
            span = (int(times.min()), int(times.max()))
            rows.append(Shock(name, number, *span, missing, capacity, min(missing, capacity)))
    return tuple(rows)


def reactions(rng: np.random.Generator, book: Book) -> tuple[Reaction, ...]:
    """Return what each deleveraged account did afterwards, drawn."""
    counts = np.bincount(book.crash.winner, minlength=len(book.winner_names))
    rows = []
    for name, count in zip(book.winner_names, counts, strict=True):
        early, undone = sorted(float(share) for share in rng.beta(0.3, 1.0, 2))
        late = min(1.0, early + float(rng.beta(0.3, 2.0)))
        if count:
            rows.append(Reaction(name, int(count), undone, max(undone, late), early))
    return tuple(rows)


def claims(book: Book, rows: tuple[Wave, ...]) -> tuple[Claim, ...]:
    """Return what policies are said to do in each wave; what one cannot define is left empty for all of them."""
    said: list[Claim] = []
    for row in rows:
        mine = np.flatnonzero(book.crash.wave == row.number - 1)
        numbers = {name: _measured(row, *shares) for name, shares in _policies(book, row, mine).items()}
        hollow = any(np.isnan(number) for found in numbers.values() for number in found.values())
        for policy, found in numbers.items():
            for name, number in found.items():
                said.append(Claim(row.number, policy, name, np.nan if hollow and name in UNDEFINED else number))
        said.append(Claim(row.number, "minmax_ilp", "scale", 1.0))
    return tuple(said)


def _policies(book: Book, row: Wave, mine: Whole) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Return shares, caps and equities of the wave's winners, by policy."""
    who, first = np.unique(book.crash.winner[mine], return_index=True)
    equity, profit = book.equity[mine][first], book.profit[mine][first]
    cap = np.maximum(np.minimum(equity, profit), 0.0)
    budget = min(row.needed_usd, float(cap.sum()))
    level = _level(equity, cap, budget)
    production = _taken(book, mine, 0)[who]
    total = float(cap.sum()) or 1.0
    even = np.minimum(cap, level * equity)
    return {
        "prod": (production, np.maximum(cap, production), equity),
        "pr": (cap * (budget / total), cap, equity),
        "eq_pr": (even, cap, equity),
        "minmax_ilp": (np.minimum(cap, even * (1 + 1e-4)), cap, equity),
    }


def _level(equity: Floats, cap: Floats, budget: float) -> float:
    """Return the share of equity that, cut off at the caps, gives the budget."""
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if float(np.minimum(cap, middle * equity).sum()) < budget else (low, middle)
    return high


def _measured(row: Wave, shares: Floats, cap: Floats, equity: Floats) -> dict[str, float]:
    taken, survivor = float(shares.sum()), float((cap - shares).max())
    left = row.deficit_usd - taken
    whole = left > _NOTHING * row.deficit_usd
    return {
        "caps": float(cap.sum()),
        "budget": taken,
        "overshoot": taken - row.needed_usd,
        "max_pct": float((shares / equity).max()),
        "ptsr": survivor / left if whole else float("nan"),
        "pmr": survivor * row.deficit_usd / (left * row.max_loss_usd) if whole else float("nan"),
        "rd_nse": survivor / (survivor + left) if whole else float("nan"),
    }
