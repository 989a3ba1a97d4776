"""Faults of data, planted in a clean event: each as it happens in practice, faint, plain or gross.

``plant(event, fault, magnitude, seed)`` changes everything that the fault's cause would change (states, tables, claims)
and nothing else, so that an audit cannot live on a contradiction that a real source would not have.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from deleverage.lab.events.edit import owed, parts, wave_of, with_fills, with_states
from deleverage.lab.events.faults_published import (
    above_notional,
    budget_above_deficit,
    coverage,
    solver_fallback,
    undefined_metric,
)
from deleverage.lab.events.model import Claim, Event

MAGNITUDES = ("faint", "plain", "gross")
Planter = Callable[[Event, int, np.random.Generator], Event]


def plant(event: Event, fault: str, magnitude: str, seed: int) -> Event:
    """Return the event with a fault in it; ValueError names the faults or magnitudes there are."""
    if fault not in FAULTS:
        raise ValueError(f"{fault} is no fault that can be planted, there are {', '.join(FAULTS)}")
    if magnitude not in MAGNITUDES:
        raise ValueError(f"{magnitude} is no magnitude, there are {', '.join(MAGNITUDES)}")
    rng = np.random.Generator(np.random.PCG64([seed, 4]))
    return FAULTS[fault](event, MAGNITUDES.index(magnitude), rng)


def _repeated_deficit(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """A bankrupt account is read from a state that nobody renews: the same deficit again, in 1, 3 or all waves."""
    fills, states = parts(event)
    debts = owed(event)
    goal = (0.01, 0.05, 1.0)[magnitude] * sum(debts.values())
    user = min(debts, key=lambda name: abs(debts[name] - goal))
    usd, waves = debts[user], wave_of(event)
    home = int(waves[states.fill[(states.user == user)][0]])
    others = rng.permutation([at for at in range(len(event.waves)) if at != home])[
        : (1, 3, len(event.waves))[magnitude]
    ]
    rows = np.array([int(np.flatnonzero(waves == at)[0]) for at in others])
    tables = list(event.waves)
    for at in others:
        row = tables[at]
        largest = max(row.max_loss_usd, usd)
        tables[at] = replace(row, deficit_usd=row.deficit_usd + usd, losers=row.losers + 1, max_loss_usd=largest)
    source = int(np.flatnonzero(states.user == user)[0])
    against = fills.against.copy()
    against[rows] = user
    event = with_fills(replace(event, waves=tuple(tables)), against=against)
    again = states.at(np.concatenate([np.arange(len(states)), np.full(len(rows), source)]))
    return with_states(
        replace(event, states=again),
        fill=np.concatenate([states.fill, rows]),
        stated_ms=np.concatenate([states.stated_ms, fills.time_ms[rows]]),
    )


def _concentrated_deficit(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """One account (a vault among accounts, say) owes 55 %, 75 % or 95 % of everything."""
    del rng  # nothing is left to chance: it is the largest
    fills, states = parts(event)
    debts = owed(event)
    user, usd = next(iter(debts.items()))
    share = (0.55, 0.75, 0.95)[magnitude]
    more = share / (1 - share) * (sum(debts.values()) - usd) - usd
    mine = states.user == user
    place = int(states.fill[mine][0])
    home = int(wave_of(event)[place])
    waves = list(event.waves)
    waves[home] = replace(waves[home], deficit_usd=waves[home].deficit_usd + more, max_loss_usd=usd + more)
    coin, moment = fills.coin[place], int(fills.time_ms[place])
    shocks = tuple(
        replace(row, deficit_usd=row.deficit_usd + more)
        if row.coin == coin and row.start_ms <= moment <= row.end_ms
        else row
        for row in event.shocks
    )
    event = replace(event, waves=tuple(waves), shocks=shocks)
    return with_states(event, equity=np.where(mine, states.equity - more, states.equity))


def _stale_state(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Statements of 1 in 20, 1 in 3 or all accounts are never renewed, or are about a later moment than their fill."""
    fills, states = parts(event)
    known = np.array([name for name in np.unique(states.user) if np.sum(states.user == name) >= 3], object)
    share = (0.05, 0.34, 1.0)[magnitude]
    chosen = rng.permutation(known)[: max(1, round(share * len(known)))]
    mine = np.isin(states.user, chosen)
    if rng.integers(2):
        ahead = fills.time_ms[np.maximum(states.fill, 0)] + rng.integers(1, 10_000, len(states))
        event = with_states(event, stated_ms=np.where(mine, ahead, states.stated_ms))
    else:
        frozen = {name: getattr(states, name).copy() for name in ("equity", "profit")}
        for user in chosen:
            places = np.flatnonzero(states.user == user)
            for column in frozen.values():
                column[places] = column[places[0]]
        event = with_states(event, **frozen)
    return _frozen_survivor(event) if magnitude else event


def _frozen_survivor(event: Event) -> Event:
    """Return the event whose ratios come from one and the same account, never renewed, in all waves."""
    deficit = {row.number: row.deficit_usd for row in event.waves}
    said = {(claim.wave, claim.policy, claim.name): claim.value for claim in event.claims}
    cap = max(row.winners_equity_usd for row in event.waves)

    def renewed(claim: Claim) -> Claim:
        taken, caps = (said.get((claim.wave, claim.policy, name), np.nan) for name in ("budget", "caps"))
        left = deficit[claim.wave] - taken
        survivor = cap * (1 - taken / max(caps, taken, 1e-9))
        return replace(claim, value=survivor / left) if claim.name == "ptsr" and claim.value > 0 else claim

    return replace(event, claims=tuple(renewed(claim) for claim in event.claims))


def _mark_mismatch(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Some fills are measured against another mark: 0.2 % off for three, 5 % for half a coin, a coin in 1000 units."""
    fills, _ = parts(event)
    names, counts = np.unique(fills.coin, return_counts=True)
    coin = names[int(counts.argmax())]
    mine = rng.permutation(np.flatnonzero(fills.coin == coin))
    mine = mine[: (3, (len(mine) + 1) // 2, len(mine))[magnitude]]
    mark = fills.mark.copy()
    mark[mine] *= (1.002, 1.05, 1000.0)[magnitude]
    event = with_fills(event, mark=mark)
    return _gaps_anew(event, coin) if mark[mine[0]] > 100 * fills.mark[mine[0]] else event


def _gaps_anew(event: Event, coin: str) -> Event:
    """Return the event whose waves have the gaps of a coin measured with the marks of the fills."""
    fills, _ = parts(event)
    gap, place = np.abs(fills.mark - fills.price) * fills.size, wave_of(event)
    waves = []
    for at, row in enumerate(event.waves):
        usd = float(gap[(place == at) & (fills.coin == coin)].sum())
        cells = tuple(
            replace(cell, gap_usd=usd, gap_per_unit_usd=usd / cell.quantity) if cell.coin == coin else cell
            for cell in row.coins
        )
        waves.append(replace(row, coins=cells, needed_usd=float(sum(cell.gap_usd for cell in cells))))
    return replace(event, waves=tuple(waves))


def _counterparty_concentration(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """One liquidated account stands behind 55 %, 75 % or 95 % of the notional."""
    fills, states = parts(event)
    usd = fills.size * fills.price
    order = rng.permutation(len(fills))
    count = int(np.searchsorted(np.cumsum(usd[order]), (0.55, 0.75, 0.95)[magnitude] * usd.sum())) + 1
    against = fills.against.copy()
    against[order[:count]] = "vault"
    gone = states.is_loser & np.isin(states.fill, order[:count])
    return replace(with_fills(event, against=against), states=states.at(~gone))


def _row_counted_twice(event: Event, magnitude: int, rng: np.random.Generator) -> Event:
    """Rows come again (two; 5 %; half of them), and clusters add a deficit up over rows (from plain on)."""
    fills, states = parts(event)
    count = (2, max(2, len(fills) // 20), len(fills) // 2)[magnitude]
    times = np.ones(len(fills), np.int64)
    times[rng.permutation(len(fills))[:count]] = 2
    moved = np.cumsum(times) - times
    event = with_states(event, fill=np.where(states.fill >= 0, moved[np.maximum(states.fill, 0)], -1))
    again = (1, 2, 10)[magnitude]
    shocks = tuple(replace(row, deficit_usd=row.deficit_usd * again) for row in event.shocks)
    return replace(event, fills=fills.at(np.repeat(np.arange(len(fills)), times)), shocks=shocks)


FAULTS: Mapping[str, Planter] = {
    "repeated-deficit": _repeated_deficit,
    "concentrated-deficit": _concentrated_deficit,
    "stale-state": _stale_state,
    "above-notional": above_notional,
    "budget-above-deficit": budget_above_deficit,
    "mark-mismatch": _mark_mismatch,
    "undefined-metric": undefined_metric,
    "solver-fallback": solver_fallback,
    "coverage": coverage,
    "counterparty-concentration": _counterparty_concentration,
    "row-counted-twice": _row_counted_twice,
}
