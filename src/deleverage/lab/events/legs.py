"""Legs of an account: what it holds of each coin, as a source states it."""

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Position(NamedTuple):
    """One leg: ``size`` in base units, long above 0, short below; ``value_usd`` its notional, 0 and more."""

    coin: str
    size: float
    value_usd: float


Legs = tuple[Position, ...]


def wrong_leg(legs: Legs) -> str:
    """Return what is wrong with an account's legs, "" where nothing is: an account has one leg a coin and side."""
    seen: set[tuple[str, bool]] = set()
    for coin, size, value in legs:
        if not size or not isfinite(size) or not isfinite(value) or value < 0:
            return f"{coin} has a leg of size {size:g} and value {value:g}"
        if (coin, size > 0) in seen:
            return f"{coin} is listed twice on one side"
        seen.add((coin, size > 0))
    return ""


def column_of(cells: Iterable[Legs | None]) -> NDArray[np.object_]:
    """Return a column of legs, a cell a statement; None where a statement lists none."""
    return np.fromiter(cells, object)
