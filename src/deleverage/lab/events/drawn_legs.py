"""Legs of the accounts of a generated event: what each still holds just before each of his fills.

A winner holds what is closed of him from this fill on, and the leg that is left over; a bankrupt what is closed against
him from this fill on. What an account has on one side of a coin is one leg.
"""

from collections.abc import Iterable

import numpy as np

from deleverage.lab.events.crash import Crash
from deleverage.lab.events.legs import Legs, Position
from deleverage.lab.events.model import Floats, Whole


def legs_of_winners(crash: Crash, rest_coin: Whole, rest_units: Floats) -> tuple[list[Legs], Floats]:
    """Return the legs of each fill's winner before it, and the size of the leg that the fill is of."""
    legs: list[Legs] = [()] * len(crash.time_ms)
    held = np.zeros(len(crash.time_ms))
    for who in np.unique(crash.winner):
        rest = [(int(rest_coin[who]), float(rest_units[who]))]
        for at, left in _backwards(crash, np.flatnonzero(crash.winner == who), 1.0, rest):
            legs[at] = _legs(crash, at, left)
            held[at] = abs(left[int(crash.coin[at]), bool(crash.side[at] > 0)])
    return legs, held


def legs_of_losers(crash: Crash) -> list[Legs]:
    """Return the legs of each fill's bankrupt before it."""
    legs: list[Legs] = [()] * len(crash.time_ms)
    for who in np.unique(crash.loser):
        for at, left in _backwards(crash, np.flatnonzero(crash.loser == who), -1.0, []):
            legs[at] = _legs(crash, at, left)
    return legs


Left = dict[tuple[int, bool], float]


def _backwards(crash: Crash, mine: Whole, sign: float, rest: Iterable[tuple[int, float]]) -> Iterable[tuple[int, Left]]:
    """Yield an account's fills, the last first, each with what is open before it by coin and side (long is True)."""
    left: Left = {(coin, units > 0): units for coin, units in rest if units}
    for at in mine[::-1].tolist():
        units = sign * float(crash.side[at] * crash.size[at])
        key = (int(crash.coin[at]), units > 0)
        left[key] = left.get(key, 0.0) + units
        yield at, left


def _legs(crash: Crash, at: int, left: Left) -> Legs:
    """Return legs at the marks of a fill's moment."""
    coins = np.array([coin for coin, _ in sorted(left)])
    prices = crash.mark(coins, np.full(len(coins), crash.time_ms[at]))
    return tuple(
        Position(crash.coin_names[key[0]], left[key], abs(left[key]) * float(price))
        for key, price in zip(sorted(left), prices, strict=True)
    )
