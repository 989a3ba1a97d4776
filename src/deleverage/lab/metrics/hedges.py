"""What deleveraging does to hedges: an account that loses one of two legs that offset each other carries more risk.

A leg is one account's position in one coin, as signed notional in USD (long +, short -). Closing takes a part of it.
Gross exposure can only shrink; net exposure may grow, and where it does a hedge was broken. With ``factor`` (a coin's
sensitivity to the one market factor) the net is that of factor exposure instead of dollars.
"""

from dataclasses import dataclass

import numpy as np

from deleverage.lab.metrics.catalogue import value
from deleverage.lab.metrics.collection import Floats
from deleverage.lab.metrics.measure import Measure

NOISE = 1e-12
"""Relative to gross: sums of legs in binary64 differ by less, and a net that grows by less has not grown."""


@dataclass(frozen=True, slots=True)
class Exposures:
    """Gross and net exposure of each account before and after, USD; ``users`` names the rows."""

    users: list[str]
    gross_before: Floats
    gross_after: Floats
    net_before: Floats
    net_after: Floats

    @property
    def growth(self) -> Floats:
        """By how much the net exposure grew; below 0 it shrank."""
        return self.net_after - self.net_before

    def measures(self) -> list[Measure]:
        """Return the sums before the closing, how many hedges broke, and by how much."""
        grown = self.growth[self.growth > NOISE * self.gross_before]
        return [
            value("gross", self.gross_before.sum()),
            value("net", self.net_before.sum()),
            value("broken", len(grown)),
            value("broken_usd", grown.sum()),
        ]


def exposures(users: np.ndarray, notional: Floats, closed: Floats, factor: Floats | None = None) -> Exposures:
    """Return exposures of all accounts, named or numbered; ``closed`` is what was taken of each leg, 0 to its size.

    Raises ValueError where more is closed than a leg has: deleveraging reduces and never turns a position.
    """
    if bool((closed < 0).any() or (closed > np.abs(notional)).any()):
        at = int(np.argmax((closed < 0) | (closed > np.abs(notional))))
        raise ValueError(f"{users[at]} loses {closed[at]} USD of a leg of {abs(notional[at])} USD")
    names, rows = np.unique(users if users.dtype.kind == "i" else users.astype(str), return_inverse=True)
    weight = np.ones(len(notional)) if factor is None else factor
    after = notional - np.sign(notional) * closed

    def added(column: Floats) -> Floats:
        return np.bincount(rows, column, minlength=len(names)).astype(np.float64)

    return Exposures(
        names.astype(str).tolist(),
        added(np.abs(notional * weight)),
        added(np.abs(after * weight)),
        np.abs(added(notional * weight)),
        np.abs(added(after * weight)),
    )
