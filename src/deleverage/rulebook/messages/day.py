"""What opens, comes in and is traded on an ordinary day: the facts behind the commands that no loss is part of."""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.book import Account, MarketTerms
from deleverage.rulebook.messages.facts import Fact, Movement, Payment
from deleverage.rulebook.messages.parts import Breaker
from deleverage.rulebook.pools import COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketListed(Fact):
    """A market is open."""

    terms: MarketTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Fact):
    """An account and its cross unit exist."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOpened(Fact):
    """An isolated unit exists."""

    unit_id: str
    account_id: str
    market_id: str
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyIn(Fact):
    """Money came in from outside: into units, the fund, or against the residual and its claims; all quanta >= 0.

    A claim's repayment is paid straight out to its holder: it has left the domain already and is not scaled again.
    """

    to_units: tuple[Payment, ...] = ()
    to_fund_quanta: int = 0
    pool_id: str = COMMON  # of the fund
    to_residual_quanta: int = 0
    claims_repaid: tuple[Payment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyOut(Fact):
    """Money left: ``debited = paid + claim + rounding``; the claim is held against later repayment."""

    unit_id: str
    debited_quanta: int
    paid_quanta: int
    claim_quanta: int
    rounding_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded(Movement):
    """A voluntary trade."""

    market_id: str
    price_ticks: int


class MarkSet(NamedTuple):
    """One accepted (``guard`` empty) or guarded mark, with the mark before it."""

    market_id: str
    price_ticks: int
    before_ticks: int
    guard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarksSet(Fact):
    """One mark set, accepted and guarded marks together; ``breakers``: of the accepted ones, where there are any."""

    marks: tuple[MarkSet, ...]
    breakers: tuple[Breaker, ...] = ()
