"""Plug point *auction*: at which discount lots of a solvent unit are on offer before anybody takes them over.

A rule is handed the time since an auction began and says the discount to the mark; how long it lasts is its own number.
Who buys pays the mark less the discount, so the owner loses what the least patient buyer asks for, and no more than the
equity that lies on the lots. Only the solvent are auctioned: a bankrupt has nothing to give away.
Who does it: Maker's clipper (a price that falls by steps, and a reset after the last one); Derive (Lyra), whose solvent
auctions sell positions at a discount that grows with time.

Deliberately absent: units, legs and money (the ladder of ``Bid`` clips the discount to what the unit has), rules of a
user's own: the schedule must be known to everybody who bids.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from deleverage.rulebook.plug import Registry, Trouble, at_least, refuse, shares
from deleverage.rulebook.quantities import PPB, div_ceil, div_floor

MOST_NS = 86_400 * 10**9
"""The longest auction, a day: so long at most a schedule keeps a unit from its takeover."""


class AuctionRule(ABC):
    """An auction rule."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def lasts_ns(self) -> int:
        """Return how long an auction lasts; 0: none is ever opened."""

    @abstractmethod
    def discount_ppb(self, elapsed_ns: int) -> int:
        """Return the discount to the mark so long after the start, a share in ppb."""


@dataclass(frozen=True, slots=True)
class NoAuction(AuctionRule):
    """No auction: who is below close-out is taken over at once.

    Formula: none.
    Who uses it: everybody but the venues named above.
    Assumes: backstops and fund stand ready at any moment.
    """

    kind: ClassVar[str] = "none"

    def lasts_ns(self) -> int:
        """Return 0."""
        return 0

    def discount_ppb(self, elapsed_ns: int) -> int:
        """Return 0."""
        return 0


@dataclass(frozen=True, slots=True)
class Dutch(AuctionRule):
    """A discount that grows by steps, up to a largest one that is on offer for one step's time.

    Formula: min(most, start + step x floor(elapsed / every)).
    Who uses it: Maker (clipper, by a factor per step); Derive (Lyra), linearly up to a largest discount.
    Assumes: bidders watch, and one of them comes before the mark has eaten what is left of the equity.
    """

    start_ppb: int
    step_ppb: int
    every_ns: int
    most_ppb: int
    kind: ClassVar[str] = "dutch"

    def __post_init__(self) -> None:
        """Refuse what is no share, a discount that does not grow, and a largest one below the first."""
        troubles = [*shares(self, PPB, "start_ppb", "most_ppb"), *at_least(self, 1, "step_ppb", "every_ns")]
        compared = (self.most_ppb, self.start_ppb)
        if all(type(share) is int for share in compared) and self.most_ppb < self.start_ppb:
            troubles.append(Trouble("most_ppb", "is {}, the discount starts at {}", compared, ("start_ppb",)))
        refuse(self, troubles)
        if self.lasts_ns() > MOST_NS:
            words = "makes an auction of {}, allowed are at most {}"
            refuse(self, [Trouble("every_ns", words, (self.lasts_ns(), MOST_NS), ("step_ppb",))])

    def lasts_ns(self) -> int:
        """Return the time of all steps up to the largest discount, and one more."""
        return (div_ceil(self.most_ppb - self.start_ppb, self.step_ppb) + 1) * self.every_ns

    def discount_ppb(self, elapsed_ns: int) -> int:
        """Return the discount after so many whole steps."""
        return min(self.most_ppb, self.start_ppb + self.step_ppb * div_floor(elapsed_ns, self.every_ns))


AUCTIONS: Registry[AuctionRule] = Registry("auction", AuctionRule, (NoAuction, Dutch))
"""Every auction rule by name."""


@dataclass(frozen=True, slots=True)
class Auction:
    """Since when a unit is auctioned, for how long, and how long it has been on offer, all in ns.

    ``expired``: it ran out, and is remembered while the distress lasts, until initial margin. The bound on the age of
    marks is that of the rules when it was opened.
    """

    start_ns: int
    length_ns: int
    max_mark_age_ns: int = 0
    offered_ns: int = 0
    expired: bool = False
