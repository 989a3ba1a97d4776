"""Plug point *trigger*: may stage 5 start for the bankrupt lots of one market and side?

It is asked after stage 4 and after bankrupts were netted among themselves (netting touches nobody solvent), once per
pool and round: some conditions lie on the pool (its notional), the others (the fund) are the same for all pools.
Where it says no, the lots stay bankrupt, the market is reduce-only, and the residual's reason is ``trigger``.

A plug sees a ``Situation`` and nothing else. ``a & b`` and ``a | b`` combine. What needs a memory - a drawdown from a
peak - is remembered by the fund's pool. Deliberately absent: an operator's decision, which needs a command of its own.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from deleverage.rulebook.plug import Registry, require_at_least, require_parts
from deleverage.rulebook.quantities import PPB


class Situation(NamedTuple):
    """One pool of bankrupt lots when stage 5 is about to start; every number can be recomputed from the book.

    ``lots`` > 0 are left after netting, ``notional_quanta`` is their value at the mark (magnitude). ``fund_quanta`` is
    the market's pool of the fund after stage 4, ``fund_notional_quanta`` the value of all lots that the fund's own unit
    holds (magnitudes). ``winners_pnl_quanta`` is the price PnL, signed, of all legs that are not bankrupt on the other
    side of this market. ``fund_paused``: by its drawdown that pool has stopped paying.
    """

    lots: int
    notional_quanta: int
    fund_quanta: int
    fund_notional_quanta: int
    winners_pnl_quanta: int
    fund_paused: bool = False


class Trigger(ABC):
    """A condition under which stage 5 may start."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def fires(self, found: Situation) -> bool:
        """Return whether stage 5 may start for this pool."""

    def __and__(self, other: "Trigger") -> "Trigger":
        """Return the trigger that fires where both do."""
        return AllOf((*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Trigger") -> "Trigger":
        """Return the trigger that fires where one of both does."""
        return AnyOf((*_parts(self, AnyOf), *_parts(other, AnyOf)))


@dataclass(frozen=True, slots=True)
class BankruptLots(Trigger):
    """Start wherever bankrupt lots are left: nobody else has taken them.

    Formula: always true (it is asked only where lots > 0).
    Who uses it: Hyperliquid and Bluefin (bankrupt), Aster (bankrupt and unfilled: what stages 2 and 3 left is here).
    Assumes: what the takers of stage 3 left has to be closed now, whatever the fund still holds.
    """

    kind: ClassVar[str] = "bankrupt-lots"

    def fires(self, found: Situation) -> bool:
        """Return true: this is asked only where lots are left."""
        return True


@dataclass(frozen=True, slots=True)
class Never(Trigger):
    """Start nowhere: bankrupt lots wait for takers, or for a settlement.

    Formula: always false.
    Who uses it: venues without auto-deleveraging (Drift v2, Mango v4), which socialise or settle.
    Assumes: something else ends the bankruptcies; until then nobody in the domain can withdraw past a shortfall.
    """

    kind: ClassVar[str] = "never"

    def fires(self, found: Situation) -> bool:
        """Return false."""
        return False


@dataclass(frozen=True, slots=True)
class FundExhausted(Trigger):
    """Start only when the insurance fund's pool is down to a threshold.

    Formula: fund_quanta <= threshold_quanta.
    Who uses it: "fund depleted" (0) at most venues; OKX, Bybit and HTX with a threshold per pool.
    Assumes: while there is money in the fund, bankrupt lots at equity 0 may stay open and the next mark is borne by it.
    """

    threshold_quanta: int = 0
    kind: ClassVar[str] = "fund-exhausted"

    def __post_init__(self) -> None:
        """Refuse a negative threshold."""
        require_at_least(self, 0, "threshold_quanta")

    def fires(self, found: Situation) -> bool:
        """Return whether the pool is at the threshold or below it."""
        return found.fund_quanta <= self.threshold_quanta


@dataclass(frozen=True, slots=True)
class FundFallen(Trigger):
    """Start only when the market's pool of the fund has fallen too far and not yet recovered.

    Formula: fund_paused, which the pool's ``Drawdown`` decides (fall, stop, window, peak or average, strictness).
    Who uses it: Bybit and OKX, together with an empty fund; HTX with a threshold per pair.
    Assumes: the pool has a drawdown; one without it never falls.
    """

    kind: ClassVar[str] = "fund-fallen"

    def fires(self, found: Situation) -> bool:
        """Return whether the pool is paused."""
        return found.fund_paused


@dataclass(frozen=True, slots=True)
class FundCannotAccept(Trigger):
    """Start only when the fund could not take the lots without holding more than its notional cap.

    Formula: fund_notional_quanta + notional_quanta > cap_quanta.
    Who uses it: Binance ("only when the Insurance Fund cannot accept", a maximum net notional); Lighter where its LLP
    cannot take.
    Assumes: below the cap the fund's takeover (stage 3) is on its way; the cap counts all markets together.
    """

    cap_quanta: int
    kind: ClassVar[str] = "fund-cannot-accept"

    def __post_init__(self) -> None:
        """Refuse a negative cap."""
        require_at_least(self, 0, "cap_quanta")

    def fires(self, found: Situation) -> bool:
        """Return whether the fund's notional with these lots would lie above the cap."""
        return found.fund_notional_quanta + found.notional_quanta > self.cap_quanta


@dataclass(frozen=True, slots=True)
class PoolFactor(Trigger):
    """Start only when the winners' profit is large against the fund's pool.

    Formula: winners_pnl_quanta x 10^9 > factor_ppb x fund_quanta (strictly).
    Who uses it: GMX v2 (side PnL over pool above MAX_PNL_FACTOR_FOR_ADL, strictly).
    Assumes: the pool stands behind the winners' profit; a net loss of theirs never starts anything.
    """

    factor_ppb: int
    kind: ClassVar[str] = "pool-factor"

    def __post_init__(self) -> None:
        """Refuse a negative factor."""
        require_at_least(self, 0, "factor_ppb")

    def fires(self, found: Situation) -> bool:
        """Return whether the winners' profit lies above the factor times the pool."""
        return found.winners_pnl_quanta * PPB > self.factor_ppb * found.fund_quanta


@dataclass(frozen=True, slots=True)
class AllOf(Trigger):
    """Start only where every part fires; written ``a & b``.

    Formula: all of the parts.
    Who uses it: Bybit (the pool is large enough, and it has fallen).
    Assumes: each part is asked on the same situation.
    """

    of: tuple[Trigger, ...]
    kind: ClassVar[str] = "all"

    def __post_init__(self) -> None:
        """Refuse anything but triggers."""
        require_parts(self, self.of, Trigger)

    def fires(self, found: Situation) -> bool:
        """Return whether all parts fire."""
        return all(part.fires(found) for part in self.of)


@dataclass(frozen=True, slots=True)
class AnyOf(Trigger):
    """Start where one part fires; written ``a | b``.

    Formula: any of the parts.
    Who uses it: Bybit and OKX (the fund is empty, or it has fallen).
    Assumes: each part is asked on the same situation.
    """

    of: tuple[Trigger, ...]
    kind: ClassVar[str] = "any"

    def __post_init__(self) -> None:
        """Refuse anything but triggers."""
        require_parts(self, self.of, Trigger)

    def fires(self, found: Situation) -> bool:
        """Return whether a part fires."""
        return any(part.fires(found) for part in self.of)


def _parts(trigger: Trigger, kind: type[AllOf] | type[AnyOf]) -> tuple[Trigger, ...]:
    return trigger.of if isinstance(trigger, kind) else (trigger,)


TRIGGERS: Registry[Trigger] = Registry(
    "trigger", Trigger, (BankruptLots, Never, FundExhausted, FundFallen, FundCannotAccept, PoolFactor, AllOf, AnyOf)
)
"""Every trigger by name."""
