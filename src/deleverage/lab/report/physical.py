"""What cannot be, or need not be believed, in the waves of an event: found by comparing its own numbers."""

from dataclasses import dataclass
from math import isnan

import numpy as np

from deleverage.lab.events.model import Event
from deleverage.lab.published.others import notional_at_marks

SAME = 1e-9
"""Two losses that differ by less than this share are one loss, told twice."""


def repeated_losses(event: Event) -> list[tuple[float, tuple[int, ...]]]:
    """Return the largest losses that stand in more than one wave, with those waves; the most often repeated first."""
    groups: list[tuple[float, list[int]]] = []
    for wave in event.waves:
        loss = wave.max_loss_usd
        if not loss > 0:
            continue
        for value, numbers in groups:
            if abs(value - loss) <= SAME * loss:
                numbers.append(wave.number)
                break
        else:
            groups.append((loss, [wave.number]))
    found = [(value, tuple(numbers)) for value, numbers in groups if len(numbers) > 1]
    return sorted(found, key=lambda group: (-len(group[1]), -group[0]))


def shares_of_notional(event: Event) -> list[tuple[int, int, float]]:
    """Return wave, horizon and what was taken as a share of the notional, wherever both are known."""
    found = []
    for wave in event.waves:
        whole = notional_at_marks(event, wave)
        if whole > 0:
            found += [(wave.number, horizon, taken / whole) for horizon, taken in sorted(wave.taken_usd.items())]
    return found


def above_notional(event: Event) -> list[tuple[int, int, float]]:
    """Return those of the shares that are above 1: more was taken than was closed."""
    return [found for found in shares_of_notional(event) if found[2] > 1]


def above_deficit(event: Event) -> list[int]:
    """Return the waves in which more is needed than the losers lack."""
    return [wave.number for wave in event.waves if wave.needed_usd > wave.deficit_usd]


def out_of_range(event: Event) -> dict[str, int]:
    """Return by policy in how many waves the normalised survivor endowment lies outside 0 to 1."""
    found: dict[str, int] = {}
    for claim in event.claims:
        if claim.name == "rd_nse" and not isnan(claim.value) and not 0 <= claim.value <= 1:
            found[claim.policy] = found.get(claim.policy, 0) + 1
    return found


@dataclass(frozen=True)
class Freshness:
    """How old statements of accounts are: how many speak of after their fill, and how many users never change."""

    statements: int
    late: int
    users_seen_twice: int
    frozen: int


def freshness(event: Event) -> Freshness | None:
    """Return how fresh the statements are, None where there are none that go with fills."""
    states, fills = event.states, event.fills
    if states is None or fills is None:
        return None
    with_fill = np.flatnonzero(states.fill >= 0)
    times = fills.time_ms[states.fill[with_fill]]
    equity: dict[str, set[float]] = {}
    moments: dict[str, set[int]] = {}
    for place, time in zip(with_fill, times, strict=True):
        equity.setdefault(states.user[place], set()).add(float(states.equity[place]))
        moments.setdefault(states.user[place], set()).add(int(time))
    twice = [user for user, found in moments.items() if len(found) > 1]
    return Freshness(
        len(with_fill),
        late=int((states.stated_ms[with_fill] > times).sum()),
        users_seen_twice=len(twice),
        frozen=sum(len(equity[user]) == 1 for user in twice),
    )
