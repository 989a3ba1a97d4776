"""Scenarios of price moves, drawn from a seed: one factor that all coins follow by their beta, and moves of their own.

Student's t with four degrees of freedom, by its quantile in closed form: heavy tails, the same on every machine. No
coin falls by more than all it is worth. Where the scale of the own moves is 0, one factor is all there is.
"""

from collections.abc import Sequence
from math import acos, cos, sqrt
from typing import Any

import numpy as np

from deleverage.lab.cross.book import CrossBook, Leg
from deleverage.scenarios.draws import Draws

_GRID = 1 << 32


def moves(legs: Sequence[Leg], count: int, seed: int, *, factor: float, own: float) -> Any:
    """Return ``count`` relative price moves for each leg: a row a scenario, the legs of one coin alike.

    ``factor`` and ``own`` are scales, not deviations: half of all draws are within 0.741 of them.
    """
    draws = Draws(seed, "cross-margin moves")
    coins = list(dict.fromkeys(leg.coin for leg in legs))
    place = {coin: at for at, coin in enumerate(coins)}
    common = np.array([_student(draws) for _ in range(count)])
    alone = np.array([[_student(draws) for _ in coins] for _ in range(count)]).reshape(count, len(coins))
    rows = [
        np.maximum(-1.0, factor * float(leg.beta) * common + own * alone[:, place[leg.coin]]) for leg in legs
    ]  # fmt: skip
    return np.stack(rows, axis=1) if rows else np.zeros((count, 0))


def gains(book: CrossBook, drawn: Any) -> Any:
    """Return what one lot of each leg gains in each scenario: a row a scenario."""
    worth = np.array([leg.side * leg.value_quanta for leg in book.legs], float)
    return drawn * worth


def shortfall(book: CrossBook, closed: Any, gained: Any) -> float:
    """Return the expected shortfall: the mean over scenarios of what all accounts together owe beyond their equity.

    Not the tail mean that goes by the same name.
    """
    after = book.equity.astype(float)[:, None] + (book.held - closed).astype(float) @ gained.T
    return float(np.maximum(0.0, -after).sum(axis=0).mean())


def _student(draws: Draws) -> float:
    """Return one draw of Student's t with four degrees of freedom."""
    rank = (draws.below(_GRID) + 0.5) / _GRID
    root = sqrt(4 * rank * (1 - rank))
    size = 2 * sqrt(max(0.0, cos(acos(root) / 3) / root - 1))
    return size if rank > 0.5 else -size
