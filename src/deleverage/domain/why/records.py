"""What is found out about one account in one step: numbers of the law, no words.

``Why`` is the answer; it holds a round for each ``Deleveraged`` that was asked about, and in it the place of each unit.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from deleverage.domain.records import UnitState
from deleverage.journal.papers import Head
from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.messages import Closing, Fact, Fill, Haircut, Pool
from deleverage.rulebook.places import Place
from deleverage.rulebook.ranking import Candidate


class Standing(Enum):
    """Where a unit stood when a pool of bankrupt lots was closed."""

    CLOSED = "closed"
    NOT_REACHED = "not-reached"  # a candidate, of whom nothing was asked
    REMOVED = "removed"  # taken out of the candidates by a rule of the preset
    SAME_SIDE = "same-side"
    BANKRUPT = "bankrupt"
    BANKRUPT_ELSEWHERE = "bankrupt-elsewhere"  # bankrupt itself, and so no candidate
    ABSENT = "absent"


class Debtor(NamedTuple):
    """A bankrupt of a pool: its lots there, and what it was below zero before the round."""

    unit_id: str
    lots: int
    shortfall_quanta: int


class Asked(NamedTuple):
    """One closing of a unit, and the queue as it stood when it was asked.

    ``needed_lots`` is what was still needed when its turn came; of policies without a queue, what all share.
    """

    closing: Closing
    fill: Fill
    place: Place
    inputs: Candidate
    candidates: int
    candidate_lots: int
    needed_lots: int


@dataclass(frozen=True, slots=True)
class InPool:
    """A unit and the bankrupt lots of one market and side.

    ``place`` and ``inputs`` are those of a candidate of whom nothing was asked; ``fills`` those of a bankrupt.
    """

    unit_id: str
    pool: Pool
    standing: Standing
    asked: tuple[Asked, ...] = ()
    place: Place | None = None
    inputs: Candidate | None = None
    reason: str = ""
    fills: tuple[Fill, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolWhy:
    """Why there was something to close in one market and side, and who was asked.

    ``ranks`` is how many stood in the queue, ``reached`` the last rank that was asked; money and lots of all of them.
    """

    pool: Pool
    mark_ticks: int
    debtors: tuple[Debtor, ...]
    ranks: int
    rank_lots: int
    reached: int
    closed_units: int


@dataclass(frozen=True, slots=True)
class RoundWhy:
    """One round of stage 5: why it was, under which rules, and where the account's units stood."""

    round: int
    trigger: str
    policy: str
    price: str
    may_bankrupt: bool
    one_by_one: bool  # the queue is asked again before each fill
    pools: tuple[PoolWhy, ...]
    units: tuple[InPool, ...]


class Event(NamedTuple):
    """What one fact did to a unit: a fill, money, or a state (bankrupt, released), and in which stage and round."""

    unit_id: str
    stage: int | None
    round: int
    fact: Fact
    fill: Fill | None = None
    money_quanta: int = 0
    haircut: Haircut | None = None


@dataclass(slots=True)
class Why:
    """One account in one step."""

    head: Head
    account_id: str
    unit_ids: tuple[str, ...]
    step: int
    seq: int
    key: str
    time_ns: int
    terms: dict[str, MarketTerms]
    marks: dict[str, int]
    fund_before_quanta: int
    fund_paid_quanta: int = 0
    fund_after_quanta: int = 0
    before: tuple[UnitState, ...] = ()
    after: tuple[UnitState, ...] = ()
    rounds: list[RoundWhy] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
