"""Records one by one, and the columns that an event keeps of them, in an order that the file's rows do not decide.

Fills of one moment come by the number that the source gave them in its own order (``sequence``), then by what they are.
A trade id is no such number: Hyperliquid's is a hash of two orders. Of one bankrupt's fills the one before which he
lacks more is the earlier one, and of one winner's in one coin the one with the larger position before it: deleveraging
relieves the one and closes the other.
"""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from deleverage.lab.events.legs import Legs, column_of
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
    sequence: str = ""  # the source's own number of it, "" unknown
    lacking: float = float("nan")  # equity of the bankrupt before the fill


class OneState(NamedTuple):
    """One statement, its cells named and meant as in ``States``."""

    user: str
    fill: int
    stated_ms: int
    equity: float
    profit: float
    notional: float
    is_loser: bool
    positions: Legs | None = None


SEQUENCE = ("index", "seq", "oid", "")
"""What sources call the number of a fill in their own order, "" as pandas writes it; the first that is there counts."""

_LONGEST = 30  # digits of such a number; more is none


def sequence_of(cells: Mapping[str, str]) -> str:
    """Return the number that a source gave a fill in its own order, "" where it gave none."""
    return next((cells[name] for name in SEQUENCE if cells.get(name)), "")


def in_time(fills: Sequence[OneFill], rest: Sequence[Any] = ()) -> list[int]:
    """Return the places of the fills in the order of the event, whatever order they are given in.

    ``rest`` holds what else the rows say: it decides between fills that are alike in everything that is kept of them.
    """
    keys = [(rank(fill), rest[at] if rest else ()) for at, fill in enumerate(fills)]
    return sorted(range(len(fills)), key=keys.__getitem__)


def rank(fill: OneFill) -> tuple[Any, ...]:
    """Return what the order goes by: the moment, the source's own number, then the fill itself."""
    text = fill.sequence
    numbered = (0, int(text)) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else (1, 0)
    numbers = (-fill.held, fill.size, fill.price, fill.mark, fill.closed_profit)
    of_bankrupt = (fill.against, ordered(fill.lacking))
    return (fill.time_ms, numbered, *of_bankrupt, fill.coin, fill.user, fill.side, *map(ordered, numbers), fill.key)


def ordered(number: float) -> tuple[bool, float]:
    """Return what a number is sorted by; an unknown one comes last."""
    return isnan(number), 0.0 if isnan(number) else number


def by_moment(states: Sequence[OneState]) -> list[OneState]:
    """Return statements in the order of their moments, unknown ones last.

    Of one moment the one with the larger notional is the earlier: deleveraging only ever makes it smaller.
    """

    def key(one: OneState) -> tuple[Any, ...]:
        numbers = map(ordered, (-one.notional, one.equity, one.profit))
        return (one.stated_ms == 0, one.stated_ms, one.user, *numbers, one.positions or ())

    return sorted(states, key=key)


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
    positions = column_of(state.positions for state in states)
    return States(
        user=np.array([state.user for state in states], dtype=object),
        fill=np.array([state.fill for state in states], np.int64),
        stated_ms=np.array([state.stated_ms for state in states], np.int64),
        equity=np.array([state.equity for state in states], np.float64),
        profit=np.array([state.profit for state in states], np.float64),
        notional=np.array([state.notional for state in states], np.float64),
        is_loser=np.array([state.is_loser for state in states], np.bool_),
        positions=None if all(legs is None for legs in positions) else positions,
    )
