"""Who paid, as far as a source says it: by coin, by wave, by account."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from deleverage.lab.events.model import Event, Fills


@dataclass(frozen=True)
class Amounts:
    """A named amount for each of some; ``unit`` is its numeraire."""

    title: str
    unit: str
    rows: tuple[tuple[str, float], ...]

    @property
    def values(self) -> Sequence[float]:
        """Return the amounts alone."""
        return [amount for _, amount in self.rows]


def amounts(event: Event) -> list[Amounts]:
    """Return every way in which the source says who paid, the most direct first; none below zero, none all zero."""
    found = [*_by_account(event), *_by_coin(event), *_by_wave(event)]
    return [one for one in found if len(one.rows) > 1 and sum(one.values) > 0 and min(one.values) >= 0]


def _by_account(event: Event) -> list[Amounts]:
    if event.fills is not None:
        fills = event.fills
        closed = np.maximum(np.nan_to_num(fills.closed_profit), 0)
        transfer = np.maximum(np.nan_to_num(fills.side * (fills.mark - fills.price) * fills.size), 0)
        return [
            Amounts("closed worse than the mark, by account", "profit-USD", _summed(fills, transfer)),
            Amounts("profit realised by being closed, by account", "profit-paid-USD", _summed(fills, closed)),
            Amounts("notional closed, by account", "notional-USD", _summed(fills, fills.size * fills.price)),
        ]
    if event.reactions:
        rows = tuple((reaction.user, float(reaction.fills)) for reaction in event.reactions)
        return [Amounts("deleveraging fills, by account", "fills", rows)]
    return []


def _summed(fills: Fills, column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[tuple[str, float], ...]:
    users, places = np.unique(fills.user.astype(str), return_inverse=True)
    return tuple(zip(users.tolist(), np.bincount(places, column).tolist(), strict=True))


def _by_coin(event: Event) -> list[Amounts]:
    gaps: dict[str, float] = {}
    closed: dict[str, float] = {}
    for wave in event.waves:
        for gap in wave.coins:
            gaps[gap.coin] = gaps.get(gap.coin, 0.0) + gap.gap_usd
            price = event.marks.get(gap.coin, float("nan"))
            closed[gap.coin] = closed.get(gap.coin, 0.0) + gap.quantity * price
    found = [
        Amounts("gap between mark and price, by coin", "profit-USD", tuple(gaps.items())),
        Amounts("closed in the waves at average prices, by coin", "notional-USD", tuple(closed.items())),
    ]
    return [one for one in found if not any(isnan(value) for value in one.values)]


def _by_wave(event: Event) -> list[Amounts]:
    first = min((horizon for wave in event.waves for horizon in wave.taken_usd), default=None)
    if first is None:
        return []
    rows = tuple((f"wave {wave.number}", wave.taken_usd[first]) for wave in event.waves if first in wave.taken_usd)
    return [Amounts("taken by production, by wave", "profit-USD", rows)]
