"""What comes by the calendar: funding, the settlement of a market, and the end of a period of profit."""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact, Movement


@dataclass(frozen=True, slots=True, kw_only=True)
class AccrueFunding(Command):
    """Charge one funding interval; a positive rate is paid by longs."""

    market_id: str
    rate_ppb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleMarket(Command):
    """Close a market for good at its settlement price: a dated contract after its expiry, or a delisting."""

    market_id: str
    price_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingAccrued(Fact):
    """Each long lot has paid ``per_lot_quanta`` more, each short lot received it."""

    market_id: str
    rate_ppb: int
    per_lot_quanta: int
    carry_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettled(Movement):
    """Every leg of a market was closed at the settlement price, its orders cancelled; equities are what they were."""

    market_id: str
    price_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePeriod(Command):
    """End the period over which profit is counted for a clawback, and begin the next one: a settlement instant."""


class UnitResult(NamedTuple):
    """A unit and what it had made (equity less deposits, signed) when a period ended."""

    unit_id: str
    result_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodClosed(Fact):
    """A period has ended for every unit, in id order: its profit is counted from this result on."""

    units: tuple[UnitResult, ...]
