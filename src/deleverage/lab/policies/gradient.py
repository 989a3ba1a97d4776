"""Controllers that learn from the last round: a step against the error, or down a loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from deleverage.lab.policies.policy import EX_ANTE
from deleverage.lab.policies.pro_rata import fraction_of
from deleverage.lab.policies.severity import P1, P2, AboutSeverity, Present, Round, clipped


@dataclass(frozen=True, slots=True)
class OnlineGradient:
    """Follow the severity that would have been right, one step against the sign of each error.

    Formula: theta <- clip(theta - rate x D x sign(theta - target), 0, 1), sign(0) = 0, no step without a deficit; loss
    D x |theta - target|. ``rate`` is per unit of deficit; ``best_rate`` is the one that the bound is proved for.
    Who uses it: arXiv 2602.15182 Prop. 1; a published production specification with 0.01 and then the best rate.
    Assumes: what was needed is known after each round.
    """

    rate: str = "0.01"
    start: str = "1"
    kind: ClassVar[str] = "online-gradient"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        EX_ANTE,
        f"{P2} Prop. 1",
        ("The best rate needs all deficits and the path beforehand; one phantom deficit dictates it.",),
    )

    def __post_init__(self) -> None:
        """Refuse a start that is no share, and a negative rate."""
        fraction_of(self, "start", 0, 1)
        fraction_of(self, "rate", 0)

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the last severity, moved by the last error."""
        if not past:
            return float(fraction_of(self, "start", 0, 1))
        last, before = past[-1], severities[-1]
        if last.deficit <= 0:
            return before
        error = before - last.target
        return clipped(before - float(fraction_of(self, "rate", 0)) * last.deficit * ((error > 0) - (error < 0)))


@dataclass(frozen=True, slots=True)
class ScalarMirrorDescent:
    """Descend a loss of socialising too little, beyond what winners have, or beyond the deficit.

    Formula: f = -gain theta D + short (M - theta D)+ + over (theta D - D)+^2; theta <- theta - eta / sqrt(t) x g in
    [0, ceiling], g as printed a subgradient of f; halved while it raises f (backtracking). D, M of the last round.
    Who uses it: arXiv 2512.01112 section 4. Assumes: three weights that are not published.
    """

    eta: str = "0.15"
    gain: str = "0"
    short: str = "1"
    over: str = "1"
    start: str = "1/2"
    ceiling: str = "1"
    kind: ClassVar[str] = "scalar-mirror-descent"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        EX_ANTE, f"{P1} section 4", ("Not scale-free: deficits in cents move it a hundred times as far.",)
    )

    def __post_init__(self) -> None:
        """Refuse weights that are none."""
        for name in ("eta", "gain", "short", "over"):
            fraction_of(self, name, 0)
        for name in ("start", "ceiling"):
            fraction_of(self, name, 0, 1)

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the last severity, moved by the subgradient of the last round's loss."""
        ceiling = float(fraction_of(self, "ceiling", 0, 1))
        if not past:
            return min(ceiling, float(fraction_of(self, "start", 0, 1)))
        last, before = past[-1], severities[-1]
        slope = self.slope(before, last)
        step = float(fraction_of(self, "eta", 0)) / sqrt(len(past))
        for _ in range(60):
            moved = min(ceiling, clipped(before - step * slope))
            if self.loss(moved, last) <= self.loss(before, last):
                return moved
            step /= 2
        return before

    def loss(self, theta: float, of: Round) -> float:
        """Return f."""
        gain, short, over = (float(fraction_of(self, name, 0)) for name in ("gain", "short", "over"))
        taken = theta * of.deficit
        return -gain * taken + short * max(0.0, of.capacity - taken) + over * max(0.0, taken - of.deficit) ** 2

    def slope(self, theta: float, of: Round) -> float:
        """Return the printed subgradient of f."""
        gain, short, over = (float(fraction_of(self, name, 0)) for name in ("gain", "short", "over"))
        taken = theta * of.deficit
        pulled = of.deficit if of.capacity > taken else 0.0
        return -gain * of.deficit - short * pulled + 2 * over * max(0.0, taken - of.deficit) * of.deficit
