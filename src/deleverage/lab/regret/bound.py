"""The envelope that online gradient descent on the severity cannot exceed, calibrated on the event's own waves.

arXiv 2602.15182, Proposition 1: regret <= sqrt((1 + 2 P) sum D^2) for the step sqrt((1 + 2 P) / sum D^2), with P the
path length of theta = min(1, B / D). It needs P and sum D^2, which are known afterwards only; and a deficit that is
counted in every wave anew stands in it squared, as often.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import fsum, isnan

from deleverage.lab.events.model import Event
from deleverage.lab.policies.online import bound_of, step_of


@dataclass(frozen=True)
class Envelope:
    """The bound in USD and what it is made of; ``step`` is the step size that attains it, per USD."""

    waves: int
    path_length: float
    sum_squared_deficits: float  # USD^2

    @property
    def bound(self) -> float:
        """Return sqrt((1 + 2 P) sum D^2) in USD."""
        return bound_of(self.path_length, self.sum_squared_deficits)

    @property
    def step(self) -> float:
        """Return sqrt((1 + 2 P) / sum D^2), the step size that the bound is for."""
        return step_of(self.path_length, self.sum_squared_deficits)


def envelope(event: Event) -> Envelope | None:
    """Return the envelope over the waves with a deficit and a need, None where there are none."""
    pairs = [(wave.deficit_usd, wave.needed_usd) for wave in event.waves]
    pairs = [(deficit, needed) for deficit, needed in pairs if deficit > 0 and not isnan(needed)]
    if not pairs:
        return None
    path = [min(1.0, needed / deficit) for deficit, needed in pairs]
    steps = [abs(after - before) for before, after in pairwise(path)]
    return Envelope(len(pairs), fsum(steps), fsum(deficit * deficit for deficit, _ in pairs))
