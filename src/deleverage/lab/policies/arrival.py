"""Random arrival: a queue in every order, averaged; exact for few, a seeded sample for many."""

from dataclasses import dataclass
from math import factorial
from typing import Any, ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.policy import ONLINE, PROFIT, About, Shares
from deleverage.lab.policies.whole import Column, column_of, total
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import require_at_least

FEW = 12
"""Up to so many winners all orders are averaged: by the sets of who stands in front."""

ROWS = 20_000_000
"""So many rows are walked in a sample where the number of orders is left open."""


@dataclass(frozen=True, slots=True)
class RandomArrival:
    """Average the queue over all orders: what everybody pays if nobody knows who stands where.

    Formula: x = the mean over orders of min(rest, cap); exact up to 12 winners with a gain, beyond a sample of
    ``orders`` (0: as many as 20 million rows allow, at most 1,000) drawn from ``seed``; rounded by largest remainder.
    Who uses it: no venue; O'Neill 1982 (the Shapley value of the bankruptcy game).
    Assumes: an order is as good as any other.
    """

    seed: int = 1
    orders: int = 0
    kind: ClassVar[str] = "random-arrival"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "O'Neill 1982, A problem of rights arbitration from the Talmud",
        ("For many winners it is a sample: the seed and the number of orders belong to the result.",),
    )

    def __post_init__(self) -> None:
        """Refuse a negative seed or number of orders."""
        require_at_least(self, 0, "seed", "orders")

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the average over orders, in units."""
        rows = np.argsort(winners.order)
        rows = rows[winners.cap[rows] > 0]
        caps = winners.cap[rows]
        take = min(budget, total(caps)) if len(rows) else 0
        if take == 0:
            return Shares(np.zeros(len(winners), np.int64), budget, status="exact")
        if len(rows) <= FEW and not self.orders:
            sums, status = _every_order(take, caps.tolist()), f"exact, {factorial(len(rows))} orders"
        else:
            count = self.orders or max(1, min(1_000, ROWS // len(rows)))
            sums = _sampled(take, caps, count, self.seed)
            status = f"sample of {count} orders, seed {self.seed}"
        weights = np.zeros(len(winners), object)
        weights[rows] = sums
        found = fill(take, weights, winners.cap, winners.order)
        return Shares(found.parts, budget - take, None, "", found.raised, status)


def _every_order(take: int, caps: list[int]) -> list[int]:
    """Return what each pays, summed over all orders: a set in front comes in |S|! (n - |S| - 1)! of them."""
    count = len(caps)
    sums = [0] * count
    for front in range(1 << count):
        members = [row for row in range(count) if front >> row & 1]
        left = take - sum(caps[row] for row in members)
        if left > 0:
            times = factorial(len(members)) * factorial(count - len(members) - 1) if len(members) < count else 0
            for row in range(count):
                if not front >> row & 1:
                    sums[row] += times * min(left, caps[row])
    return sums


def _sampled(take: int, caps: Column, count: int, seed: int) -> Any:
    """Return what each pays, summed over drawn orders; rows are in the order of ids."""
    from deleverage.lab.policies.queues import walked

    words = np.random.PCG64(seed)  # The stream of a bit generator does not change between versions of numpy.
    sums = caps.astype(object) * 0
    wide = column_of([take * count]).dtype == object
    narrow = np.zeros(len(caps), object if wide else np.int64)
    for _ in range(count):
        narrow = narrow + walked(take, caps, np.argsort(words.random_raw(len(caps)), kind="stable"))
    return sums + narrow
