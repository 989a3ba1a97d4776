"""Records one by one, and the columns that an event keeps of them, in the order of time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from deleverage.lab.events.model import Fills, States


class OneFill(NamedTuple):
    """One fill, its cells named and meant as in ``Fills``."""

    time_ms: int
    coin: str
    user: str
    side: int
    size: float
    price: float
    mark: float
    closed_profit: float
    against: str
    key: str
    held: float = float("nan")


class OneState(NamedTuple):
    """One statement, its cells named and meant as in ``States``."""

    user: str
    fill: int
    stated_ms: int
    equity: float
    profit: float
    notional: float
    is_loser: bool


def in_time(fills: Sequence[OneFill]) -> list[int]:
    """Return the places of the fills by time; those of one moment keep their order."""
    return sorted(range(len(fills)), key=lambda at: fills[at].time_ms)


def fills_of(fills: Sequence[OneFill]) -> Fills:
    """Return the columns of fills that are in the order of time."""
    held = np.array([fill.held for fill in fills], np.float64)
    return Fills(
        time_ms=np.array([fill.time_ms for fill in fills], np.int64),
        coin=np.array([fill.coin for fill in fills], dtype=object),
        user=np.array([fill.user for fill in fills], dtype=object),
        side=np.array([fill.side for fill in fills], np.int8),
        size=np.array([fill.size for fill in fills], np.float64),
        price=np.array([fill.price for fill in fills], np.float64),
        mark=np.array([fill.mark for fill in fills], np.float64),
        closed_profit=np.array([fill.closed_profit for fill in fills], np.float64),
        against=np.array([fill.against for fill in fills], dtype=object),
        key=np.array([fill.key for fill in fills], dtype=object),
        held=None if np.isnan(held).all() else held,
    )


def states_of(states: Sequence[OneState]) -> States | None:
    """Return the columns of statements, None where nothing is said."""
    if not states:
        return None
    return States(
        user=np.array([state.user for state in states], dtype=object),
        fill=np.array([state.fill for state in states], np.int64),
        stated_ms=np.array([state.stated_ms for state in states], np.int64),
        equity=np.array([state.equity for state in states], np.float64),
        profit=np.array([state.profit for state in states], np.float64),
        notional=np.array([state.notional for state in states], np.float64),
        is_loser=np.array([state.is_loser for state in states], np.bool_),
    )
