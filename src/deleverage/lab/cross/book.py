"""A book of cross accounts as columns: equity, lots held on each side of each coin, and what has to be closed.

Lots and money are whole numbers. A leg is one side of one coin: an account in hedge mode may hold both sides, and what
is required is required of one side. Accounts without equity are not among those that are asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from deleverage.lab.policies.policy import Unfit, total
from deleverage.lab.policies.whole import BOUND, column_of

LONG, SHORT = 1, -1
SIDES = {LONG: "long", SHORT: "short"}


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a coin: ``value_quanta`` is what one lot is worth, ``beta`` how far the coin follows the factor."""

    coin: str
    side: int
    value_quanta: int
    beta: Fraction = Fraction(1)

    @property
    def step(self) -> Fraction:
        """By how much closing one lot lowers the exposure to the factor: below 0 where it raises it."""
        return self.side * self.beta * self.value_quanta


@dataclass(frozen=True)
class CrossBook:
    """Accounts in the order of their ids: ``equity`` above 0, ``held`` lots as magnitudes, a row an account."""

    ids: tuple[str, ...]
    equity: Any
    legs: tuple[Leg, ...]
    held: Any

    @property
    def gross(self) -> Any:
        """The notional of each account, both sides of all coins added."""
        return self.held.astype(object) @ np.array([leg.value_quanta for leg in self.legs], object)

    @property
    def net(self) -> tuple[Any, list[int], int]:
        """The signed exposure of each account to the factor, that of a lot of each leg, and by what both are divided.

        Legs of opposite sign cancel out.
        """
        steps = [leg.step for leg in self.legs]
        common = lcm(*(step.denominator for step in steps))
        whole = [int(step * common) for step in steps]
        return self.held.astype(object) @ np.array(whole, object), whole, common

    def without(self, closed: Any) -> "CrossBook":
        """Return the book after reductions."""
        return CrossBook(self.ids, self.equity, self.legs, self.held - closed)


def book_of(
    ids: Sequence[str], equity: Sequence[int], legs: Sequence[Leg], held: Sequence[Sequence[int]]
) -> tuple[CrossBook, tuple[str, ...]]:
    """Return the accounts with equity above 0, by id, and the ids of the others: those are liquidated, not asked.

    Raises Unfit for ids that repeat, legs that do, negative lots, and lots beyond 2^62 in all.
    """
    for name, many in (("id", ids), ("leg", [(leg.coin, leg.side) for leg in legs])):
        if len(set(many)) != len(many):
            raise Unfit(f"{len(many)} {name}s, of which {len(set(many))} are different")
    if len(ids) != len(equity) or len(ids) != len(held) or any(len(row) != len(legs) for row in held):
        raise Unfit(f"{len(ids)} ids need {len(ids)} equities and as many rows of {len(legs)} lots")
    if (low := min((lots for row in held for lots in row), default=0)) < 0:
        raise Unfit(f"the least holding is {low} lots, a side is said by its leg and lots are 0 and more")
    if (low := min((leg.value_quanta for leg in legs), default=1)) <= 0:
        raise Unfit(f"a lot is worth {low}, allowed is what is above 0")
    if (most := sum(map(sum, held))) >= BOUND:
        raise Unfit(f"{most} lots are held, below 2^62 in all are allowed: write sizes with fewer decimals")
    order = sorted(range(len(ids)), key=ids.__getitem__)
    asked = [at for at in order if equity[at] > 0]
    lots = np.array([held[at] for at in asked], np.int64).reshape(len(asked), len(legs))
    book = CrossBook(tuple(ids[at] for at in asked), column_of([equity[at] for at in asked]), tuple(legs), lots)
    return book, tuple(ids[at] for at in order if equity[at] <= 0)


def met(book: CrossBook, required: Sequence[int]) -> list[int]:
    """Return how many lots of each leg can be closed: what is required, as far as somebody holds it."""
    if len(required) != len(book.legs) or min(required, default=0) < 0:
        raise Unfit(f"{list(required)[:9]} lots are required of {len(book.legs)} legs, 0 and more of each")
    return [min(lots, total(book.held[:, at])) for at, lots in enumerate(required)]
