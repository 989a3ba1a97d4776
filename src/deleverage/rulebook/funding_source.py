"""Plug point *funding source*: what the insurance fund offers for shortfalls, and whether before or after stage 5.

Asked twice a round: before stage 5 for all shortfalls, and after it for those that have no lots any more. The offer is
then shared and capped as stage 4 says; the fund's own unit and the money that enters it are no question of this plug.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from deleverage.rulebook.plug import Registry


class Till(NamedTuple):
    """What the fund may look at: whether stage 5 is over, its pool, and what is owed now; quanta >= 0."""

    after_stage_5: bool
    pool_quanta: int
    owed_quanta: int


class FundingSource(ABC):
    """When the fund pays, and how much."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def offer(self, till: Till) -> int:
        """Return what the fund offers: quanta, at most the pool and what is owed."""


@dataclass(frozen=True, slots=True)
class FundFirst(FundingSource):
    """Let the fund pay what it can before candidates are asked for anything.

    Formula: before stage 5 min(pool, owed), after it 0.
    Who uses it: BitMEX, Binance, OKX, Deribit and most others.
    Assumes: the fund is there to be used up; candidates come last.
    """

    kind: ClassVar[str] = "fund-first"

    def offer(self, till: Till) -> int:
        """Return as much as is there, before stage 5."""
        return 0 if till.after_stage_5 else min(till.pool_quanta, till.owed_quanta)


@dataclass(frozen=True, slots=True)
class AllOrNothing(FundingSource):
    """Let the fund pay before candidates are asked, but only if it can pay everything.

    Formula: before stage 5 owed if pool >= owed, else 0; after it 0.
    Who uses it: Bybit's former rule; GTE, whose whole batch reverts where the fund is short.
    Assumes: a fund that cannot end the matter is better kept for the next one.
    """

    kind: ClassVar[str] = "all-or-nothing"

    def offer(self, till: Till) -> int:
        """Return everything or nothing, before stage 5."""
        return till.owed_quanta if not till.after_stage_5 and till.pool_quanta >= till.owed_quanta else 0


@dataclass(frozen=True, slots=True)
class DeleverageFirst(FundingSource):
    """Ask candidates first; the fund pays what they could not, and gains are cut only after that.

    Formula: before stage 5 0, after it min(pool, owed), owed being the shortfalls without lots.
    Who uses it: Lighter's pre-launch markets; Bybit's drawdown rule, which starts while its pool still has money.
    Assumes: the fund is to be spared. Lots that stage 5 leaves keep their shortfall: the fund does not pay for these.
    """

    kind: ClassVar[str] = "deleverage-first"

    def offer(self, till: Till) -> int:
        """Return as much as is there, after stage 5."""
        return min(till.pool_quanta, till.owed_quanta) if till.after_stage_5 else 0


FUNDING_SOURCES: Registry[FundingSource] = Registry(
    "funding source", FundingSource, (FundFirst, AllOrNothing, DeleverageFirst)
)
"""Every funding source by name."""
