"""What the theory of online severities promises, and budgets that are published a round too early."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import sqrt

from deleverage.lab.policies.gradient import OnlineGradient
from deleverage.lab.policies.severity import Round


def lagged_budgets(rounds: Sequence[Round], theta: float) -> list[float]:
    """Return budgets published before the deficit is known: theta x the deficit before; nothing in the first round."""
    return [theta * deficit for deficit in [0.0, *(one.deficit for one in rounds[:-1])]][: len(rounds)]


def lagged_budgets_as_printed(rounds: Sequence[Round], theta: float) -> list[float]:
    """Return the same with the printed fallback: the first round uses its own deficit, which nobody knows yet."""
    return [theta * one.deficit for one in rounds[:1]] + lagged_budgets(rounds, theta)[1:]


def path_length(rounds: Sequence[Round]) -> float:
    """Return how far the right severity moves: the sum of |target - target before|."""
    targets = [one.target for one in rounds]
    return sum(abs(one - before) for before, one in pairwise(targets))


def step_of(path: float, squares: float) -> float:
    """Return sqrt((1 + 2 P) / sum D^2), the step per unit of money, of the bound (arXiv 2602.15182, Prop. 1)."""
    return sqrt((1 + 2 * path) / squares)


def bound_of(path: float, squares: float) -> float:
    """Return sqrt((1 + 2 P) sum D^2), in the deficits' money; ``path`` is P, ``squares`` the sum of D^2."""
    return sqrt((1 + 2 * path) * squares)


def best_rate(rounds: Sequence[Round]) -> float:
    """Return the rate of the bound: an oracle, it needs the whole course."""
    return step_of(path_length(rounds), sum(one.deficit**2 for one in rounds))


def regret_bound(rounds: Sequence[Round]) -> float:
    """Return what the online gradient's regret does not exceed with the best rate."""
    return bound_of(path_length(rounds), sum(one.deficit**2 for one in rounds))


def regret(rounds: Sequence[Round], chosen: Sequence[float]) -> float:
    """Return the sum of D x |theta - target|: the best course pays nothing."""
    return sum(one.deficit * abs(theta - one.target) for one, theta in zip(rounds, chosen, strict=True))


def with_best_rate(rounds: Sequence[Round], start: str = "1") -> OnlineGradient:
    """Return the online gradient with the oracle's rate."""
    return replace(OnlineGradient(start=start), rate=repr(best_rate(rounds)))
