"""Rules that close lots of several coins: a share of everybody's, by leverage of the account, by exposure to a factor.

Each gives a row of lots an account and a column a leg, never more than is held: nobody's position is turned round. What
is required is met in every leg as far as there are lots.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import inf
from typing import Any, NamedTuple

import numpy as np

from deleverage.lab.cross.book import CrossBook, met
from deleverage.lab.cross.drain import highest_first
from deleverage.lab.policies.fill import fill

SWEEPS = 50
SETTLED = 1e-8
"""A sweep that lowers the sum of e u^2 by no more than this part of it is the last."""


class Closed(NamedTuple):
    """Lots of each account and leg, and how the rule ended."""

    lots: Any
    status: str = ""


def pro_rata(book: CrossBook, required: Sequence[int]) -> Closed:
    """Close the same share of everybody's lots in each leg: largest remainder, ties by id; blind to what else is held.

    Formula: k = R q / sum q. Who uses it: venues that share contracts, coin by coin.
    """
    lots = np.zeros_like(book.held)
    order = np.arange(len(book.ids), dtype=np.int32)
    for at, wanted in enumerate(met(book, required)):
        lots[:, at] = fill(wanted, book.held[:, at], book.held[:, at], order).parts
    return Closed(lots)


def by_leverage(book: CrossBook, required: Sequence[int]) -> Closed:
    """Drain every leg by itself, the account of the highest gross leverage first, as it was before anything was closed.

    Formula: lot by lot of whoever has the highest (sum |q| p - closed) / e. Who uses it: a cheap form of arXiv
    2603.15963 section 3. Its leverage adds hedges up: an account of two legs that cancel is drained as if it had two
    bets.
    """
    lots = np.zeros_like(book.held)
    for at, wanted in enumerate(met(book, required)):
        lots[:, at] = _drained(book, at, wanted, book.gross.tolist(), book.legs[at].value_quanta)
    return Closed(lots)


def by_factor(book: CrossBook, required: Sequence[int], sweeps: int = SWEEPS) -> Closed:
    """Drain every leg by the exposure to one factor over equity, signed the way in which closing the leg lowers it.

    Formula: lot by lot of whoever has the highest s sum(beta q p) / e, s the sign of the leg's side x beta; coin after
    coin by name, each on what the others left, again and again until it is no use. Who uses it: arXiv
    2603.15963 Theorem 3.8. A hedged account stands at 0 and comes after all whose exposure the leg adds to; one whose
    hedge the leg is comes last. A coin that does not follow the factor is drained by gross leverage.

    One leg is optimal for every law of the factor, as the drain of one coin is; several reach the optimum of all
    together up to lots, because every sweep solves one leg exactly and the sum of e u^2 never rises.
    """
    wanted = met(book, required)
    lots = np.zeros_like(book.held)
    net, steps, _ = book.net
    gross = book.gross
    asked = [at for at, count in enumerate(wanted) if count]
    risk = inf
    for turn in range(1, sweeps + 1):
        for at in asked:
            value, step, old = book.legs[at].value_quanta, steps[at], lots[:, at].astype(object)
            if step:
                amounts = (net + old * step) * (1 if step > 0 else -1)
                lots[:, at] = _drained(book, at, wanted[at], amounts.tolist(), abs(step))
            else:
                lots[:, at] = _drained(book, at, wanted[at], (gross + old * value).tolist(), value)
            moved = lots[:, at].astype(object) - old
            net, gross = net - moved * step, gross - moved * value
        if len(asked) <= 1:
            return Closed(lots)
        before, risk = risk, _risk(book, net)
        if before - risk <= SETTLED * risk:
            return Closed(lots, f"settled after {turn} sweeps")
    return Closed(lots, f"still moving after {sweeps} sweeps")


RULES: dict[str, Callable[[CrossBook, Sequence[int]], Closed]] = {
    "pro-rata": pro_rata,
    "gross-leverage": by_leverage,
    "factor": by_factor,
}
"""Every rule by its name."""


def leverages(book: CrossBook) -> tuple[list[Fraction], list[Fraction]]:
    """Return gross leverage and the magnitude of leverage to the factor of each account."""
    equity, (net, _, common) = book.equity.tolist(), book.net
    return (
        [Fraction(notional, own) for notional, own in zip(book.gross.tolist(), equity, strict=True)],
        [Fraction(abs(exposure), own * common) for exposure, own in zip(net.tolist(), equity, strict=True)],
    )


def _risk(book: CrossBook, net: Any) -> float:
    """Return the sum of e u^2 = net^2 / e, which no sweep raises but by rounding to lots."""
    return float((net.astype(float) ** 2 / book.equity.astype(float)).sum())


def _drained(book: CrossBook, at: int, wanted: int, amounts: list[int], step: int) -> Any:
    """Return the lots of one leg; only who holds it is looked at."""
    column = np.zeros(len(book.ids), np.int64)
    rows = np.flatnonzero(book.held[:, at])
    places = rows.tolist()
    weights, caps = book.equity[rows].tolist(), book.held[rows, at].tolist()
    column[rows] = highest_first(wanted, [amounts[row] for row in places], step, weights, caps)
    return column
