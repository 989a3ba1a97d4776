"""Levels: everybody pays equally much, or is left with equally much; the rules of the bankruptcy literature."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from deleverage.lab.policies.fill import fill
from deleverage.lab.policies.min_max import evened
from deleverage.lab.policies.mirror import drain
from deleverage.lab.policies.policy import CONTRACTS, ONLINE, PROFIT, About, Shares
from deleverage.lab.policies.pro_rata import held, shares_of
from deleverage.lab.policies.whole import narrow, total
from deleverage.lab.policies.winners import Winners
from deleverage.rulebook.plug import require_at_least


@dataclass(frozen=True, slots=True)
class PerCapita:
    """Take equally much of everybody, of a smaller one all there is: equal haircuts.

    Formula: x = min(cap, level) with one level for all. As losses: constrained equal losses.
    Who uses it: no venue; Aumann and Maschler 1985, Thomson 2003.
    Assumes: every account is one voice.
    """

    kind: ClassVar[str] = "per-capita"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "bankruptcy problems: Aumann and Maschler 1985; Thomson 2003",
        ("Many small accounts of one owner pay more than one large one; small ones are wiped out first.",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return equal parts under the caps."""
        ones = (winners.gain > 0).astype(np.int64)
        return shares_of(fill(budget, ones, winners.cap, winners.order), "level", power=1)


@dataclass(frozen=True, slots=True)
class TopLevelling:
    """Take from the largest gains down to a common level: equal awards, the least possible largest survivor.

    Formula: x = min(cap, (gain - level)+).
    Who uses it: no venue; constrained equal awards, what is left being the award (Aumann and Maschler 1985).
    Assumes: concentration is the danger.
    """

    kind: ClassVar[str] = "top-levelling"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "bankruptcy problems: Aumann and Maschler 1985; minimises the largest survivor",
        ("Who splits the largest account escapes (test_top_levelling_when_the_first_splits).",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what lies above the level."""
        ones = (winners.gain > 0).astype(np.int64)
        return shares_of(drain(budget, winners.gain, ones, winners.cap, winners.order), "level", power=1)


@dataclass(frozen=True, slots=True)
class LeverageDrain:
    """Drain the highest effective leverage first, down to a common one.

    Formula: x = min(cap, (q - L x equity / price)+), q the gain column: lots held, or their notional with ``price`` 1.
    Whole lots: one after the other of whoever has the highest leverage, ties by id (under caps: largest remainder).
    Who uses it: arXiv 2603.15963 (Theorem 2.4): optimal for every monotone risk measure, single asset, isolated margin.
    Assumes: leverage at the mark is what makes the next bankruptcy. Who has no equity is no candidate.
    """

    price: int = 1
    kind: ClassVar[str] = "leverage-drain"
    about: ClassVar[About] = About(
        CONTRACTS,
        ONLINE,
        "arXiv 2603.15963 v2, Theorem 2.4 (risk-neutral, unique), Theorem 2.9 (CVaR, not unique)",
        (
            "Gross leverage is misleading where positions hedge each other (its section 3).",
            "Says nothing about profit: a loser with high leverage is closed.",
        ),
        ("equity",),
    )

    def __post_init__(self) -> None:
        """Refuse a price below 1."""
        require_at_least(self, 1, "price")

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return what lies above the leverage that all are left with."""
        equity = held(winners)
        lots = np.where(equity > 0, winners.gain, 0)
        if (winners.cap < lots).any():
            found = drain(budget, lots, equity, winners.cap, winners.order)
            return shares_of(found, "leverage", scale=self.price)
        spare = max(0, total(lots) - budget)
        mirrored = (len(winners) - 1 - winners.order).astype(winners.order.dtype)
        kept, ideal, units = evened(spare, equity, lots, mirrored)
        level = None if ideal.level is None else ideal.level * self.price
        return Shares(narrow(lots - kept), budget - (total(lots) - spare), level, "leverage", units)


@dataclass(frozen=True, slots=True)
class Talmud:
    """Half of every gain is shared equally, then the other half by equal remains: the Talmud rule.

    Formula: B at most half of all: x = min(gain / 2, level); above: x = gain - min(gain / 2, level'). Self-dual: the
    same rule for losses and for awards. Caps below the gain do not bind it: the rule is about claims.
    Who uses it: no venue; Aumann and Maschler 1985.
    Assumes: nobody should lose more than half before everybody has.
    """

    kind: ClassVar[str] = "talmud"
    about: ClassVar[About] = About(
        PROFIT,
        ONLINE,
        "Aumann and Maschler 1985, Game theoretic analysis of a bankruptcy problem from the Talmud",
        ("Many small accounts of one owner pay another sum than one large one.",),
    )

    def split(self, winners: Winners, budget: int) -> Shares:
        """Return the shares in whole units; the claims are what can be taken, so that no cap is broken."""
        claims = winners.cap
        whole = total(claims)
        if budget >= whole:
            return Shares(claims, budget - whole, Fraction(0), "level", power=1)
        ones = (claims > 0).astype(np.int64)
        below = 2 * budget <= whole
        # In half-units every half is whole: a claim is its own half.
        half = fill(2 * budget if below else 2 * (whole - budget), ones, claims, winners.order)
        level = (half.level or Fraction(0)) / 2
        wide = claims.astype(object) * level.denominator
        ideals = np.minimum(wide, ones.astype(object) * (2 * level.numerator))
        if not below:
            ideals = 2 * wide - ideals
        found = fill(budget, ideals, claims, winners.order)
        return Shares(found.parts, 0, level, "level", found.raised, power=1)
