"""What winners do next: leave, churn, or lose again; small models to recompute printed examples with, no forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp

from deleverage.lab.policies.policy import Policy, ask
from deleverage.lab.policies.whole import column_of
from deleverage.lab.policies.winners import Ratio, Winners


@dataclass(frozen=True, slots=True)
class Follower:
    """A trader: ``equity`` is the endowment, ``utility`` what trading is worth to it in a round; in whole units."""

    name: str
    equity: int
    leverage: Fraction = Fraction(1)
    utility: int = 0


@dataclass(frozen=True, slots=True)
class RoundOfFollowers:
    """Who was there, what was taken of each, and what it left of the utility."""

    names: tuple[str, ...]
    taken: tuple[int, ...]
    utilities: tuple[int, ...]
    leave: tuple[str, ...]


def play(policy: Policy, followers: Sequence[Follower], deficits: Sequence[int]) -> list[RoundOfFollowers]:
    """Return rounds in which every deficit is laid on those still there; whose utility it exceeds leaves.

    The endowment is the equity, the same in every round: deposits are made up, confidence is not.
    """
    there, rounds = list(followers), []
    for deficit in deficits:
        names = [one.name for one in there]
        taken = taken_of(policy, there, deficit)
        utilities = tuple(one.utility - part for one, part in zip(there, taken, strict=True))
        leave = tuple(one.name for one, left in zip(there, utilities, strict=True) if left < 0)
        rounds.append(RoundOfFollowers(tuple(names), taken, utilities, leave))
        there = [one for one in there if one.name not in leave]
    return rounds


def taken_of(policy: Policy, there: Sequence[Follower], budget: int) -> tuple[int, ...]:
    """Return what a policy takes of each follower; equity is endowment, cap and score."""
    equity = column_of([one.equity for one in there])
    leverage = Ratio(
        column_of([one.leverage.numerator for one in there]), column_of([one.leverage.denominator for one in there])
    )
    winners = Winners([one.name for one in there], equity, equity, equity, leverage, equity)
    return tuple(int(part) for part in ask(policy, winners, budget).parts.tolist())


def churn(beta: float, haircut: float) -> float:
    """Return the published chance that a winner leaves: 1 - exp(-beta x haircut); no data support the beta."""
    return 1 - exp(-beta * haircut)


def revenue_loss(
    gains: Sequence[float], haircuts: Sequence[float], *, beta: float, funding: float = 1.5e-5, days: int = 730
) -> float:
    """Return the published revenue lost to churn: days x (24 x funding + 1 x 4 bp) x the gains of those who leave."""
    daily = 24 * abs(funding) + 4e-4
    return days * daily * sum(gain * churn(beta, haircut) for gain, haircut in zip(gains, haircuts, strict=True))


def shock(alpha: float, leverages: Sequence[float]) -> float:
    """Return the size of the next shock of the papers: alpha times the mean leverage of the winners."""
    return alpha * sum(leverages) / len(leverages)


def next_deficit(size: float, equities: Sequence[float], leverages: Sequence[float]) -> float:
    """Return the expected deficit where the price moves by ``size`` up or down, equally likely.

    Who stands on the losing side loses leverage x size of the equity, and owes what is beyond it.
    """
    return sum(
        equity * max(0.0, leverage * size - 1) for equity, leverage in zip(equities, leverages, strict=True)
    ) / 2  # fmt: skip
