"""Who trades, what a round takes and earns: a model to compare policies in, seeded, money in whole units.

A round: a deficit; the fund pays what it has; ``severity`` of the rest is laid on those present by a policy, what they
cannot or need not pay is the residual; who was cut may leave; who left may come back; those present pay fees on their
notional, a share of which goes to the fund. Equity is made up between rounds, confidence is not: as ``followers.play``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from deleverage.lab.metrics.fund import Step
from deleverage.lab.policies.followers import Follower, churn, taken_of
from deleverage.lab.policies.policy import Policy
from deleverage.scenarios.draws import Draws

_GRID = 10**9


class Leaving(Protocol):
    """Who leaves after a round."""

    def leaves(self, trader: Follower, taken: int, draws: Draws) -> bool:
        """Return whether a trader leaves of whom this was taken."""
        ...


@dataclass(frozen=True, slots=True)
class ByChance:
    """Leave with the published chance 1 - exp(-beta h); beta 0: nobody ever does."""

    beta: float

    def leaves(self, trader: Follower, taken: int, draws: Draws) -> bool:
        """Return whether a draw says so."""
        share = taken / trader.equity if trader.equity else 0.0
        return draws.below(_GRID) < churn(self.beta, share) * _GRID


@dataclass(frozen=True, slots=True)
class ByUtility:
    """Leave where what a round leaves of the utility is below the ``outside`` option."""

    outside: int = 0

    def leaves(self, trader: Follower, taken: int, draws: Draws) -> bool:
        """Return whether something else is worth more."""
        return trader.utility - taken < self.outside


@dataclass(frozen=True, slots=True)
class Venue:
    """What is fixed: the fund at the start, fees per notional and round, the fund's share of them, and behaviour.

    ``returns`` is the chance that one who left is back in a round (ours: printed is that revenue recovers, not how).
    """

    policy: Policy
    leaving: Leaving
    fund: int = 0
    fee: Fraction = Fraction(4, 10_000)
    to_fund: Fraction = Fraction(0)
    severity: Fraction = Fraction(1)
    returns: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Played:
    """A round: the fund's ``step``, what was taken of whom, who was there at its end, and the fees of each."""

    step: Step
    taken: dict[str, int]
    there: tuple[str, ...]
    fees: dict[str, int]

    @property
    def revenue(self) -> int:
        """All fees of the round, before the fund's share."""
        return sum(self.fees.values())

    @property
    def retained(self) -> int:
        """Fees that did not go to the fund."""
        return self.revenue - self.step.inflow


def fees_of(venue: Venue, traders: Sequence[Follower]) -> dict[str, int]:
    """Return what each pays in a round: fee x equity x leverage, rounded down."""
    return {one.name: int(venue.fee * one.equity * one.leverage) for one in traders}


def play(venue: Venue, traders: Sequence[Follower], deficits: Sequence[int], seed: int = 1) -> list[Played]:
    """Return the rounds; the same of the same seed."""
    draws, there, played, fund = Draws(seed, "rounds"), {one.name for one in traders}, [], venue.fund
    for deficit in deficits:
        present = [one for one in traders if one.name in there]
        paid = min(fund, deficit)
        parts = taken_of(venue.policy, present, int(venue.severity * (deficit - paid)))
        taken = {one.name: part for one, part in zip(present, parts, strict=True)}
        gone = {one.name for one in present if venue.leaving.leaves(one, taken[one.name], draws)}
        back = {one.name for one in traders if one.name not in there and _is_back(venue, draws)}
        there = (there - gone) | back
        fees = fees_of(venue, [one for one in traders if one.name in there])
        inflow, haircut = int(venue.to_fund * sum(fees.values())), sum(taken.values())
        step = Step(fund, inflow, deficit, paid, haircut, deficit - paid - haircut)
        fund = step.after
        played.append(Played(step, taken, tuple(one.name for one in traders if one.name in there), fees))
    return played


def _is_back(venue: Venue, draws: Draws) -> bool:
    return draws.below(_GRID) < venue.returns * _GRID


def pareto_deficits(count: int, seed: int, *, least: int, index: Fraction, chance: Fraction) -> list[int]:
    """Return deficits of rounds: with ``chance`` one of a Pareto law from ``least`` up, else 0; rounded down."""
    draws, found = Draws(seed, "deficits"), []
    for _ in range(count):
        hit, rank = draws.below(_GRID) < chance * _GRID, (draws.below(_GRID) + 1) / _GRID
        found.append(int(least * rank ** (-1 / float(index))) if hit else 0)
    return found
