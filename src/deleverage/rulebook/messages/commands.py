"""Commands: what a user or the venue asks for. A wish, never a promise that it is lawful."""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.pools import COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something a user or the venue asks for at ``time_ns`` (nanoseconds, never before the book's time)."""

    time_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMarket(Command):
    """Open a market under these terms."""

    terms: MarketTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(Command):
    """Register an account; its cross unit gets the account's id."""

    account_id: str
    owner_group: str = ""
    role: str = "trader"
    backstop_capacity_lots: int = 0
    hedge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIsolated(Command):
    """Make an isolated unit ``account_id/market_id`` (in hedge mode ``.../side``) with a quote of its own."""

    account_id: str
    market_id: str
    side: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit(Command):
    """Bring money in from outside; quanta > 0."""

    unit_id: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(Command):
    """Take free money out; scaled to the money left where a residual is outstanding."""

    unit_id: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMargin(Command):
    """Move free money between two units of one account."""

    from_unit_id: str
    to_unit_id: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositToFund(Command):
    """Bring money into a pool of the insurance fund: its first, or a top-up."""

    amount_quanta: int
    pool_id: str = COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class RepayResidual(Command):
    """Bring in money that repays the named residual and the claims, pro rata."""

    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(Command):
    """A trade that the venue's matching engine has made: ``lots`` > 0 from seller to buyer.

    The sides name the legs of units in hedge mode, long or short; in one-way mode they are empty.
    """

    market_id: str
    buyer_unit_id: str
    seller_unit_id: str
    lots: int
    price_ticks: int
    buyer_side: str = ""
    seller_side: str = ""


class MarkUpdate(NamedTuple):
    """A proposed mark and how many sources stand behind it."""

    market_id: str
    price_ticks: int
    sources: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMarks(Command):
    """Propose marks as one set; ``confirmed``: an operator vouches for them, guards do not apply."""

    marks: tuple[MarkUpdate, ...]
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStep(Command):
    """Run the loss waterfall once, at the marks the book has."""
