"""The winners of a wave as the event's own states have them: what each had when it was closed for the first time.

No statement about a later moment is used where an earlier one exists (the maximum within a wave, as one published code
takes it, is a look-ahead), and losers are nobody's winners.
"""

import numpy as np

from deleverage.lab.events.model import Event, Fills, Floats, States, Wave
from deleverage.lab.policies.policy import total
from deleverage.lab.policies.winners import Ratio, Units, Winners
from deleverage.lab.population.crowd import (
    STATED,
    UNITS_A_USD,
    Crowd,
    NoCrowd,
    budget_of,
    locked,
    units_of,
    whole_units,
)
from deleverage.lab.population.holdings import holdings_of


def has_accounts(event: Event) -> bool:
    """Return whether the event says what at least one closed account had."""
    return event.fills is not None and event.states is not None and bool((event.states.fill >= 0).any())


def stated(event: Event, wave: Wave) -> Crowd:
    """Return those who were closed in the wave; NoCrowd where nothing is known of any of them."""
    fills, states = event.fills, event.states
    if fills is None or states is None:
        raise NoCrowd("the event has no states of accounts")
    budget, basis = budget_of(event, wave)
    rows, notes = _first_statements(fills, states, wave)
    if not len(rows):
        raise NoCrowd("no winner of this wave has a known profit")
    gain = _units(np.maximum(states.profit[rows], 0.0))
    equity = None if np.isnan(states.equity[rows]).any() else _units(states.equity[rows])
    cap = gain if equity is None else np.minimum(gain, np.maximum(equity, 0))
    leverage = score = None
    if equity is not None and not np.isnan(states.notional[rows]).any():
        leverage = Ratio(_units(np.maximum(states.notional[rows], 0.0)), np.maximum(equity, 1))
        score = np.where(equity > 0, gain / leverage.under * (leverage.over / leverage.under), 0.0)
    winners = Winners(tuple(str(user) for user in states.user[rows]), gain, cap, equity, leverage, score)
    cut = float(np.maximum(states.profit[rows], 0.0).sum()) - total(gain) / UNITS_A_USD
    held = None if states.positions is None else holdings_of(states.positions[rows].tolist())
    return Crowd(wave.number, STATED, locked(winners), budget, basis, max(0.0, cut), tuple(notes), held)


def _first_statements(fills: Fills, states: States, wave: Wave) -> tuple[np.ndarray, list[str]]:
    """Return the places of what is said of each closed winner with his first fill in the wave; how many have none."""
    with_fill = np.flatnonzero((states.fill >= 0) & ~states.is_loser)
    times = fills.time_ms[states.fill[with_fill]]
    inside = (times >= wave.start_ms) & (times <= wave.end_ms)
    rows = with_fill[inside & (states.user[with_fill] == fills.user[states.fill[with_fill]])]
    late = states.stated_ms[rows] > fills.time_ms[states.fill[rows]]
    order = np.lexsort((states.stated_ms[rows], states.fill[rows], fills.time_ms[states.fill[rows]], late))
    rows = rows[order]
    known = rows[~np.isnan(states.profit[rows])]
    _, first = np.unique(states.user[known].astype(str), return_index=True)
    chosen = known[np.sort(first)]
    closed = (fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms)
    missing = len(set(fills.user[closed].tolist()) - set(states.user[chosen].tolist()))
    notes = [f"{missing} closed accounts have no known profit: left out"] if missing else []
    ahead = int((states.stated_ms[chosen] > fills.time_ms[states.fill[chosen]]).sum())
    if ahead:
        notes.append(f"{ahead} accounts are only stated later than their fill: look-ahead")
    return chosen, notes


def _units(usd: Floats) -> Units:
    """Return whole units, rounded down; NoCrowd beyond 2^62."""
    units_of(float(np.abs(usd).max(initial=0.0)))
    return whole_units(usd)
