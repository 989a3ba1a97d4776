"""A controller with a price on what is left uncovered: descent on the severity, ascent on the price."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from deleverage.lab.policies.policy import EX_ANTE
from deleverage.lab.policies.pro_rata import fraction_of
from deleverage.lab.policies.severity import P1, AboutSeverity, Present, Round, clipped


@dataclass(frozen=True, slots=True)
class ConstrainedDescent:
    """Descend the distance to the right severity, and a price of what was left uncovered, which rises while it is.

    Formula: theta <- clip(theta - eta / sqrt(t) x (sign(theta - target) - price)), price <- [price + gamma / sqrt(t) x
    (target - theta)]+; in shares of the deficit, so that the size of a deficit does not matter; Euclidean divergence.
    Who uses it: arXiv 2512.01112 section 7.3 (MDIC), here on the severity alone and with the
    price stepped before the severity, not after it; on a vector: ``descent``. Assumes: steps of order 1 / sqrt(t).
    """

    eta: str = "0.15"
    gamma: str = "0.15"
    start: str = "1/2"
    kind: ClassVar[str] = "constrained-descent"
    about: ClassVar[AboutSeverity] = AboutSeverity(
        EX_ANTE, f"{P1} section 7.3", ("A price that has risen keeps taking after calm has come back.",)
    )

    def __post_init__(self) -> None:
        """Refuse steps and shares that are none."""
        fraction_of(self, "start", 0, 1)
        for name in ("eta", "gamma"):
            fraction_of(self, name, 0)

    def act(self, past: Sequence[Round], severities: Sequence[float], now: Present | None) -> float:
        """Return the last severity, moved by the last error and by the price."""
        if not past:
            return float(fraction_of(self, "start", 0, 1))
        last, before = past[-1], severities[-1]
        if last.deficit <= 0:
            return before
        error = before - last.target
        slope = (error > 0) - (error < 0) - self.price(past, severities)
        return clipped(before - float(fraction_of(self, "eta", 0)) / sqrt(len(past)) * slope)

    def price(self, past: Sequence[Round], severities: Sequence[float]) -> float:
        """Return the price after all rounds so far, >= 0."""
        gamma, price = float(fraction_of(self, "gamma", 0)), 0.0
        for turn, (one, theta) in enumerate(zip(past, severities, strict=True), start=1):
            if one.deficit > 0:
                price = max(0.0, price + gamma / sqrt(turn) * (one.target - theta))
        return price
