"""What a policy of the lab is, what it gives back, and the check of an answer as if it came from a stranger.

A policy is a frozen dataclass whose ``kind`` and fields rebuild it, as a plug of the law (``rulebook.plug``). It says
about itself what a reader has to know before comparing numbers: in which numeraire it takes, what it has to know and
when, where it was published, and how it is known to fail.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Protocol

import numpy as np

from deleverage.engine.audit import total as exact_sum
from deleverage.lab.policies.winners import Units, Winners

PROFIT, EQUITY, CONTRACTS = "profit-USD", "equity-USD", "contracts"
"""Numeraires: what a unit that is taken is a unit of."""

EX_ANTE, ONLINE, EX_POST = "ex ante", "online", "ex post"
"""Information sets: known before the event; known by the wave at hand; only known afterwards."""


@dataclass(frozen=True, slots=True)
class About:
    """What a policy says about itself: ``failures`` are known ones, each in a sentence that names its test."""

    numeraire: str
    information: str
    source: str
    failures: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # columns of ``Winners`` besides ids, gain and cap


@dataclass(frozen=True, slots=True)
class Shares:
    """What is taken of each winner, in their order, and what nobody could give.

    ``parameter`` is the exact number that the rule turns on and ``meaning`` its name: the ``share`` of everybody's
    endowment, the ``scale`` of everybody's weight, the ``level`` that is left or taken; None where a rule has none.
    ``remainder_units`` went to the largest fractions. ``status`` says how an optimiser ended, "" where none ran.
    ``power``: the parameter is a number of units to this power, money for a level of money, 0 for a share. ``notes``
    say what was rounded or drawn on the way. A ``rest`` below 0 is what whole lots took beyond the budget.
    """

    parts: Units
    rest: int
    parameter: Fraction | None = None
    meaning: str = ""
    remainder_units: int = 0
    status: str = ""
    bound: Fraction | None = None  # what the continuous problem would reach
    power: int = 0
    notes: tuple[str, ...] = ()


class Policy(Protocol):
    """Who pays how much of a budget."""

    kind: ClassVar[str]
    about: ClassVar[About]

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the shares of a budget in units (>= 0); their sum and the rest are the budget, or an Unfit."""
        ...


class Unfit(ValueError):
    """Winners that a policy cannot work with: a column is missing or out of its range; the sentence says which."""


class BadShares(ValueError):
    """An answer that no policy may give; the sentence holds the compared numbers."""


def ask(policy: Policy, winners: Winners, budget: int) -> Shares:
    """Return a policy's answer after having checked it: nobody beyond the cap, nothing negative, all units there.

    Raises Unfit for winners it cannot work with or a negative budget, BadShares for an answer that is none.
    """
    if budget < 0:
        raise Unfit(f"the budget is {budget} units, allowed are 0 and more")
    for name in policy.about.needs:
        if getattr(winners, name, None) is None and name not in winners.extra:
            raise Unfit(f"{policy.kind} needs the column {name}")
    shares = policy.split(winners, budget)
    parts = shares.parts
    if len(parts) != len(winners):
        raise BadShares(f"{policy.kind} gave {len(parts)} parts for {len(winners)} winners")
    if parts.dtype.kind != "i" and winners.gain.dtype != object:
        raise BadShares(f"{policy.kind} gave parts of type {parts.dtype}, units are whole numbers")
    most, bound = limits(policy, winners)
    for wrong, told in (
        (np.flatnonzero(parts < 0), "less than 0"),
        (np.flatnonzero(parts > most), f"more than the {bound}"),
    ):
        if len(wrong):
            at = int(wrong[0])
            sentence = f"{policy.kind} takes {told} of {winners.ids[at]}: {int(parts[at])} units"
            raise BadShares(f"{sentence}, {bound} {int(most[at])}; {len(wrong)} such winners")
    taken = total(parts)
    if taken + shares.rest != budget:
        raise BadShares(f"{policy.kind} takes {taken} units and leaves {shares.rest}, the budget is {budget}")
    return shares


def limits(policy: Policy, winners: Winners) -> tuple[Units, str]:
    """Return the most that may be taken of each winner, and its name: the equity where equity is what is taken."""
    if policy.about.numeraire == EQUITY and winners.equity is not None:
        return np.maximum(winners.equity, 0), "equity"
    return winners.cap, "cap"


def total(column: Units) -> int:
    """Return the exact sum of whole numbers, int64 or Python's."""
    if column.dtype == object:
        return int(column.sum()) if len(column) else 0
    return exact_sum(column)
