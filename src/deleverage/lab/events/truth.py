"""What is true of a generated event, which no table of it has to say.

Money in USD. A *transfer* is ``side * (mark - price) * size`` of one fill: above 0 the winner was closed worse than the
mark (a haircut), below 0 better (a subsidy). ``one_sided`` sums the first, ``subsidy`` the second (as a number >= 0),
``net = one_sided - subsidy``, ``needed = one_sided + subsidy`` (what sources print as the needed budget).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrueWave:
    """One wave: the deficits of those who went bankrupt in it, and what its closings took."""

    number: int
    deficit_usd: float
    needed_usd: float
    one_sided_usd: float
    subsidy_usd: float
    notional_usd: float
    fills: int

    @property
    def net_usd(self) -> float:
        """What winners gave, net of what they were given."""
        return self.one_sided_usd - self.subsidy_usd


@dataclass(frozen=True, slots=True)
class Truth:
    """The whole event. ``owed`` and ``bankrupt_ms`` are by loser, ``paid`` (net) and ``paid_one_sided`` by winner.

    ``by_fund_usd`` is what winners did not carry. Every fill lies in a wave: ``covered`` is 1.
    """

    deficit_usd: float
    needed_usd: float
    one_sided_usd: float
    subsidy_usd: float
    by_fund_usd: float
    notional_usd: float
    covered: float
    owed: Mapping[str, float]
    bankrupt_ms: Mapping[str, int]
    paid: Mapping[str, float]
    paid_one_sided: Mapping[str, float]
    waves: tuple[TrueWave, ...]

    @property
    def net_usd(self) -> float:
        """What winners gave, net of what they were given."""
        return self.one_sided_usd - self.subsidy_usd
