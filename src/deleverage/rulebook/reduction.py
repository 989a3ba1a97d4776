"""Plug point *reduction*: how much of a leg an unhealthy unit sells per round, and into which part of the book.

A rule is handed a ``Holding`` - one leg, the market's tiers, the unit's margin balance and requirement - and answers
with lots and the word that says what held it back. ``bounds`` says into which orders the lots may go. Rounds repeat, so
a rule need not cure a unit at once: who is still unhealthy is asked again.

Deliberately absent: fees and slippage (what they cost is known only order by order; the stage sells no more than the
unit's equity pays for, whatever a rule wants), and other units (depth is shared by the stage, never first come).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from deleverage.rulebook.plug import (
    PlugFault,
    Registry,
    Trouble,
    at_least,
    refuse,
    require_at_least,
    require_share,
    shares,
)
from deleverage.rulebook.quantities import PPB, div_ceil, div_floor, share_ceil


class Holding(NamedTuple):
    """One leg of an unhealthy unit, as it stands when its market and side are asked.

    ``lots`` and ``value_quanta`` (of one lot, at the mark) are magnitudes, both > 0. ``tier_starts_quanta`` are the
    notionals from which the market's tiers apply, ascending, the first 0. The margin ``balance`` and ``maintenance`` of
    the whole unit are numerators on one scale; ``requirement`` gives the leg's part of the maintenance with so many
    lots, on the same scale. Within a tier it never falls with lots; from one tier to the next it may.
    """

    lots: int
    value_quanta: int
    tier_starts_quanta: tuple[int, ...]
    balance: int
    maintenance: int
    requirement: Callable[[int], int]


class Want(NamedTuple):
    """The lots that a unit is to sell of a leg, and what kept the rule from selling all of it (empty: nothing)."""

    lots: int
    why: str = ""


class Bounds(NamedTuple):
    """Which orders a sale may go into: how far from the mark, and how much of their lots; ``None``: no bound.

    ``max_slippage_ppb`` of the mark bounds how much worse than the mark an order may be. ``depth_share_ppb`` of the
    lots that rest within all bands is the most that all sellers of a market and side together sell per round.
    """

    max_slippage_ppb: int | None = None
    depth_share_ppb: int | None = None


class Reduction(ABC):
    """A reduction rule."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def want(self, holding: Holding) -> Want:
        """Return the lots to sell: 1 to all of them, or 0 with the reason."""

    def bounds(self) -> Bounds:
        """Return which orders the lots may go into; without a rule's own bounds, all that the order band leaves."""
        return Bounds()


def wanted(rule: Reduction, holding: Holding) -> Want:
    """Return what a rule wants if it is lawful; its code is never trusted, whatever it does is a PlugFault."""
    try:
        lots, why = rule.want(holding)
    except Exception as error:
        raise PlugFault(f"the reduction rule failed: {type(error).__name__}") from None
    if type(lots) is not int or not 0 <= lots <= holding.lots:
        raise PlugFault(f"the reduction rule wants {lots!r} lots of {holding.lots}")
    if type(why) is not str or (not why and lots == 0):
        raise PlugFault(f"the reduction rule wants {lots} lots and gives the reason {why!r}")
    return Want(lots, why if lots < holding.lots else "")


@dataclass(frozen=True, slots=True)
class Share(Reduction):
    """Sell a share of the leg, at least one lot.

    Formula: max(1, ceil(lots x share)).
    Who uses it: dYdX v4 (all); FTX (a tenth at a time); Hyperliquid (a fifth of large positions).
    Assumes: the share fits every size; how far the unit is from health does not matter.
    """

    share_ppb: int = PPB
    kind: ClassVar[str] = "share"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self, "share_ppb", PPB)

    def want(self, holding: Holding) -> Want:
        """Return the share of the lots, rounded up."""
        return Want(max(1, share_ceil(holding.lots, self.share_ppb, PPB)), "share")


@dataclass(frozen=True, slots=True)
class Tiers(Reduction):
    """Sell down to the largest notional of the tier that lies ``count`` tiers below; all where there is none so low.

    Formula: keep floor((start of the tier above the target - 1) / value) lots.
    Who uses it: OKX, Bitget (two tiers at a time, all in the two lowest); BitMEX, Bybit (to a lower risk limit).
    Assumes: lower tiers ask for less, so a step down is relief; how far the unit is from health does not matter.
    """

    count: int = 2
    kind: ClassVar[str] = "tiers"

    def __post_init__(self) -> None:
        """Refuse less than one tier."""
        require_at_least(self, 1, "count")

    def want(self, holding: Holding) -> Want:
        """Return the lots above the target tier."""
        starts = holding.tier_starts_quanta
        target = sum(start <= holding.lots * holding.value_quanta for start in starts) - 1 - self.count
        kept = div_floor(starts[target + 1] - 1, holding.value_quanta) if target >= 0 else 0
        return Want(holding.lots - kept, "tiers")


@dataclass(frozen=True, slots=True)
class Smart(Reduction):
    """Sell the fewest lots after which, at the mark, the unit has a target multiple of its maintenance.

    Formula: keep the most lots with margin balance >= target x maintenance; all are sold where no part is enough, none
    where the unit has the target already (an earlier market of the round has brought it there). A target above 1 is
    hysteresis: the unit does not stand at the threshold again with the next tick. Fees and slippage are not counted:
    they come out of what the target leaves above 1; where they eat it up, the next round sells more.
    Who uses it: partial liquidation at Coinbase INTX and Kraken, who do not publish how far it goes.
    Assumes: a unit that keeps most of its position is worth more to everybody than one that is sold out.
    """

    target_ppb: int = 1_200_000_000
    kind: ClassVar[str] = "smart"

    def __post_init__(self) -> None:
        """Refuse a target below the threshold: a sale would leave the unit unhealthy."""
        require_at_least(self, PPB, "target_ppb")

    def want(self, holding: Holding) -> Want:
        """Return the fewest lots; exact, also where a tier asks for less than the one below it."""
        if self._met(holding, holding.lots):
            return Want(0, "target")
        return Want(holding.lots - self._most_kept(holding), "target")

    def _met(self, holding: Holding, kept: int) -> bool:
        needed = holding.maintenance - holding.requirement(holding.lots) + holding.requirement(kept)
        return holding.balance * PPB >= needed * self.target_ppb

    def _most_kept(self, holding: Holding) -> int:
        """Return the most lots, fewer than all, with which the target is met; 0 where none are.

        Tier by tier from the top: within one the requirement rises with lots, so the last good one is found by
        bisection; across tiers it need not, so no tier is skipped.
        """
        above = holding.lots
        for start in reversed(holding.tier_starts_quanta):
            low, high = div_ceil(start, holding.value_quanta), above - 1
            above = min(above, low)
            if low > high or not self._met(holding, low):
                continue
            while low < high:
                middle = div_ceil(low + high, 2)
                low, high = (middle, high) if self._met(holding, middle) else (low, middle - 1)
            return low
        return 0


@dataclass(frozen=True, slots=True)
class Slices(Reduction):
    """Sell at most a slice per round and leg, near the mark, and at most a share of what rests there.

    Formula: min(lots, most_lots, most_notional / value), at least one lot (0: not bounded by this one); only into
    orders at most ``max_slippage`` of the mark worse than it; all sellers of a market and side together at most
    floor(depth in the bands x ``max_depth_share``), shared by lots wanted.
    Who uses it: FTX (a tenth every 6 s, 1-5 bp into the book, capped by volume); Vega (disposal slices).
    Assumes: depth comes back between rounds or steps; a lot is the least that can be sold, whatever the slice.
    """

    most_lots: int = 0
    most_notional_quanta: int = 0
    max_slippage_ppb: int = PPB
    max_depth_share_ppb: int = PPB
    kind: ClassVar[str] = "slices"

    def __post_init__(self) -> None:
        """Refuse negative numbers, a slice without a bound, and a share of depth above all of it."""
        troubles = at_least(self, 0, "most_lots", "most_notional_quanta", "max_slippage_ppb")
        troubles += shares(self, PPB, "max_depth_share_ppb")
        if not (self.most_lots or self.most_notional_quanta):
            both = "is 0, and so is the most notional: one of them bounds a slice"
            troubles.append(Trouble("most_lots", both, others=("most_notional_quanta",)))
        refuse(self, troubles)

    def want(self, holding: Holding) -> Want:
        """Return the slice."""
        lots = [holding.lots]
        if self.most_lots:
            lots.append(self.most_lots)
        if self.most_notional_quanta:
            lots.append(div_floor(self.most_notional_quanta, holding.value_quanta))
        return Want(max(1, min(lots)), "slice")

    def bounds(self) -> Bounds:
        """Return the band and the share of depth."""
        return Bounds(self.max_slippage_ppb, self.max_depth_share_ppb)


REDUCTIONS: Registry[Reduction] = Registry("reduction", Reduction, (Share, Tiers, Smart, Slices))
"""Every reduction rule by name."""
