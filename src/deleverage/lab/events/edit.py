"""Changes to an event that leave the rest of it alone: a wave, a claim, a column."""

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np

from deleverage.lab.events.model import Claim, Event, Fills, States, Whole

Change = Callable[[float], float]


def parts(event: Event) -> tuple[Fills, States]:
    """Return the fills and states; raises ValueError where the event has none: nothing can be planted in it."""
    if event.fills is None or event.states is None:
        raise ValueError(f"{event.name} has no fills or no states to plant a fault in")
    return event.fills, event.states


def owed(event: Event) -> dict[str, float]:
    """Return what each losing account lacked when it was first stated to lack anything, largest first."""
    _, states = parts(event)
    first: dict[str, float] = {}
    for at in np.flatnonzero(states.is_loser & (states.equity < 0)):
        first.setdefault(str(states.user[at]), -float(states.equity[at]))
    return dict(sorted(first.items(), key=lambda item: (-item[1], item[0])))


def wave_of(event: Event) -> Whole:
    """Return the wave of each fill, as a place in ``event.waves``; -1 in none."""
    fills, _ = parts(event)
    found = np.full(len(fills), -1)
    for at, wave in enumerate(event.waves):
        found[(fills.time_ms >= wave.start_ms) & (fills.time_ms <= wave.end_ms)] = at
    return found


def with_states(event: Event, **columns: np.ndarray) -> Event:
    """Return the event with other columns of its states."""
    _, states = parts(event)
    return replace(event, states=replace(states, **columns))


def with_fills(event: Event, **columns: np.ndarray) -> Event:
    """Return the event with other columns of its fills."""
    fills, _ = parts(event)
    return replace(event, fills=replace(fills, **columns))


def with_claims(event: Event, change: Change, waves: Collection[int], policy: str, names: Collection[str]) -> Event:
    """Return the event with a policy's numbers changed in some waves (by their numbers)."""

    def changed(claim: Claim) -> Claim:
        meant = claim.wave in waves and claim.policy == policy and claim.name in names
        return replace(claim, value=change(claim.value)) if meant else claim

    return replace(event, claims=tuple(changed(claim) for claim in event.claims))
