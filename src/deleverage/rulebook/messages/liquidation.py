"""Stages 1 to 3: opposite legs netted, lots sold into the book, and lots taken over by backstops and the fund."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import DebtPaid, Fact, Movement
from deleverage.rulebook.messages.parts import Sale
from deleverage.rulebook.programmes import Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProgramme(Command):
    """Publish what a backstop takes over: lots per market and step, and the terms of ``Programme``.

    It replaces what was published before; a window and a cool-down that are running go on under the new terms.
    """

    account_id: str
    capacity_lots: int
    window_ns: int = 0
    window_notional_quanta: int = 0
    cool_down_ns: int = 0
    minimum_edge_ppb: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeSet(Fact):
    """A backstop's capacity (lots per market and step) and programme are these from now on."""

    account_id: str
    capacity_lots: int
    programme: Programme


@dataclass(frozen=True, slots=True, kw_only=True)
class Netted(Movement):
    """Stage 1: opposite legs of one distressed unit closed against each other at the mark; no equity moves."""

    rules_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced(Movement):
    """Stage 2: lots of unhealthy units sold into the resting orders of one market and side."""

    rules_hash: str
    round: int
    market_id: str
    side: str
    sales: tuple[Sale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver(Movement):
    """Stage 3: backstops and the fund took lots at the bankruptcy amount, the payment in the same fact.

    ``surplus_quanta`` moved with the lots; ``edge_quanta`` of it is the takers' (the fund's goes to the surplus pot).
    """

    rules_hash: str
    market_id: str
    side: str
    shortfall_quanta: int
    surplus_quanta: int
    edge_quanta: int
    fund_debts: tuple[DebtPaid, ...]  # what the pool paid for, if it was the fund that took
