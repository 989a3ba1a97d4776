"""Events with a known truth, from a seed: fills, fresh states of both sides, and tables that are consistent with them.

``generate(seed)`` draws its settings too, so that clean events are as various as real ones (``crash.drawn``);
``generate(seed, Settings())`` keeps them. Faults are put in by ``lab.events.faults.plant``.
"""

from dataclasses import dataclass

import numpy as np

from deleverage.lab.events.crash import Crash, Settings, crash, drawn
from deleverage.lab.events.drawn_legs import legs_of_losers, legs_of_winners
from deleverage.lab.events.legs import column_of
from deleverage.lab.events.model import Event, Fills, Floats, States, Whole
from deleverage.lab.events.tables import Book, claims, coin_totals, reactions, shocks, true_waves, wave_rows
from deleverage.lab.events.truth import Truth


@dataclass(frozen=True)
class Generated:
    """An event, and what is true of it."""

    event: Event
    truth: Truth


def generate(seed: int, settings: Settings | None = None) -> Generated:
    """Return the event of a seed and its truth; without settings they are drawn as well."""
    drawn_crash = crash(seed, drawn(seed) if settings is None else settings)
    rng = np.random.Generator(np.random.PCG64([seed, 3]))
    book = _book(rng, drawn_crash)
    losing = _losing(drawn_crash)
    rows = wave_rows(book)
    fills = _fills(book)
    event = Event(
        name=f"generated-{seed}",
        waves=rows,
        fills=fills,
        states=_states(rng, book, losing),
        marks={total.coin: total.price_usd for total in coin_totals(book)},
        claims=claims(book, rows),
        shocks=shocks(book),
        reactions=reactions(rng, book),
        coins=coin_totals(book),
        notes=(f"generated from seed {seed}: no real event",),
    )
    return Generated(event, _truth(book))


def _book(rng: np.random.Generator, crash: Crash) -> Book:
    """Return winners' accounts around the fills: entry prices, positions left over, and money."""
    people = crash.settings.winners
    opening = crash.opening[crash.coin]
    entry = opening * (1 - crash.side * rng.uniform(0.02, 0.3, people)[crash.winner])
    notional = np.bincount(crash.winner, crash.size * opening, people)
    rest_coin = rng.integers(0, crash.settings.coins, people)
    rest_units = notional * rng.uniform(0.0, 2.0, people) / crash.opening[rest_coin]
    rest_side = np.where(rng.random(people) < 0.8, 1, -1)
    collateral = notional * rng.uniform(0.3, 3.0, people) * 10 ** rng.uniform(0, 1, people) + 10.0
    equity, profit, left = _over_time(crash, entry, collateral, rest_coin, rest_units * rest_side)
    lowest = np.full(people, np.inf)
    np.minimum.at(lowest, crash.winner, equity)
    equity = equity + np.maximum(0.05 * notional - lowest, 0.0)[crash.winner]  # winners stay solvent
    legs, held = legs_of_winners(crash, rest_coin, rest_units * rest_side)
    return Book(crash, entry, equity, profit, left, legs, held)


def _over_time(
    crash: Crash, entry: Floats, collateral: Floats, rest_coin: Whole, rest_units: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return each winner's equity, open profit and notional just before each of his fills."""
    equity, profit, notional = (np.zeros(len(crash.time_ms)) for _ in range(3))
    signed = crash.side * crash.size
    for who in np.unique(crash.winner):
        mine = np.flatnonzero(crash.winner == who)
        now = crash.mark(crash.coin[mine][None, :], crash.time_ms[mine][:, None])  # row: moment, column: position
        rest = crash.mark(np.full(len(mine), rest_coin[who]), crash.time_ms[mine])
        of_rest = rest_units[who] * (rest - crash.opening[rest_coin[who]])
        ahead = np.arange(len(mine))[None, :] >= np.arange(len(mine))[:, None]
        open_profit = np.where(ahead, signed[mine] * (now - entry[mine]), 0.0).sum(axis=1) + of_rest
        realised = np.where(ahead, 0.0, signed[mine] * (crash.price[mine] - entry[mine])).sum(axis=1)
        equity[mine] = collateral[who] + open_profit + realised
        profit[mine] = open_profit
        notional[mine] = np.where(ahead, crash.size[mine] * now, 0.0).sum(axis=1) + abs(rest_units[who]) * rest
    return equity, profit, notional


def _losing(crash: Crash) -> tuple[Floats, Floats]:
    """Return each loser's equity and notional just before each of his closings."""
    equity, notional = np.zeros(len(crash.time_ms)), np.zeros(len(crash.time_ms))
    for who in np.unique(crash.loser):
        mine = np.flatnonzero(crash.loser == who)
        now = crash.mark(crash.coin[mine][None, :], crash.time_ms[mine][:, None])
        ahead = np.arange(len(mine))[None, :] >= np.arange(len(mine))[:, None]
        signed = -crash.side[mine] * crash.size[mine]
        moved = np.where(ahead, now, crash.mark(crash.coin[mine], crash.time_ms[mine])[None, :]) - now[0][None, :]
        relieved = np.where(ahead, 0.0, crash.transfer[mine]).sum(axis=1)
        equity[mine] = -crash.deficit[who] + (signed * moved).sum(axis=1) + relieved
        notional[mine] = np.where(ahead, crash.size[mine] * now, 0.0).sum(axis=1)
    return equity, notional


def _fills(book: Book) -> Fills:
    crash = book.crash
    count = len(crash.time_ms)
    return Fills(
        time_ms=crash.time_ms,
        coin=np.array(crash.coin_names, object)[crash.coin],
        user=book.winner_names[crash.winner],
        side=crash.side.astype(np.int8),
        size=crash.size,
        price=crash.price,
        mark=crash.mark(crash.coin, crash.time_ms),
        closed_profit=book.closed_profit,
        against=book.loser_names[crash.loser],
        key=np.array([f"t{at:06d}" for at in range(count)], object),
        held=book.held,
    )


def _states(rng: np.random.Generator, book: Book, losing: tuple[Floats, Floats]) -> States:
    """Return two statements a fill, winner and loser, each about a moment at most two seconds before it."""
    crash = book.crash
    count = len(crash.time_ms)
    digits = 2 if crash.settings.cents else 12
    stated = np.tile(crash.time_ms - rng.integers(0, 2_000, count), 2)
    empty = np.full(count, np.nan)
    return States(
        user=np.concatenate([book.winner_names[crash.winner], book.loser_names[crash.loser]]),
        fill=np.tile(np.arange(count), 2),
        stated_ms=stated,
        equity=np.round(np.concatenate([book.equity, losing[0]]), digits),
        profit=np.round(np.concatenate([book.profit, empty]), digits),
        notional=np.concatenate([book.notional, losing[1]]),
        is_loser=np.repeat([False, True], count),
        positions=column_of([*book.legs, *legs_of_losers(crash)]),
    )


def _truth(book: Book) -> Truth:
    crash = book.crash
    waves = true_waves(book)
    worse, better = np.maximum(crash.transfer, 0.0), np.maximum(-crash.transfer, 0.0)
    names = tuple(book.winner_names)
    first = {name: int(crash.time_ms[crash.loser == who].min()) for who, name in enumerate(book.loser_names)}
    net = np.bincount(crash.winner, crash.transfer, len(names))
    gross = np.bincount(crash.winner, worse, len(names))
    return Truth(
        deficit_usd=float(crash.deficit.sum()),
        needed_usd=float(worse.sum() + better.sum()),
        one_sided_usd=float(worse.sum()),
        subsidy_usd=float(better.sum()),
        by_fund_usd=float(crash.deficit.sum() - worse.sum() + better.sum()),
        notional_usd=float((crash.size * crash.price).sum()),
        covered=1.0,
        owed={name: float(owed) for name, owed in zip(book.loser_names, crash.deficit, strict=True)},
        bankrupt_ms=first,
        paid={name: float(usd) for name, usd in zip(names, net, strict=True)},
        paid_one_sided={name: float(usd) for name, usd in zip(names, gross, strict=True)},
        waves=waves,
    )
