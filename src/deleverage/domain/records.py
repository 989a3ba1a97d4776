"""What a player writes down while a scenario runs: steps, their stages, and every round of deleveraging.

All numbers are in the units of the law. Records are what people are told; they feed nothing back.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from deleverage.rulebook.messages import Command, Deleveraged, Fill, Rejection, Residual, Spared, Throttled
from deleverage.rulebook.places import Place

STAGES = ("guard", "relieve", "reduce", "take over", "fund", "deleverage", "socialise", "halt")
"""The names of stages 0 to 7."""


class Owed(NamedTuple):
    """The two debts of all bankrupt units at one moment: lots that must be taken over, and quanta of shortfall."""

    units: int
    lots: int
    shortfall_quanta: int


@dataclass(slots=True)
class StageRecord:
    """What one stage took in one round, and what was left after it."""

    round: int
    stage: int
    taken_lots: int = 0
    taken_quanta: int = 0
    told: list[str] = field(default_factory=list)
    left: Owed = Owed(0, 0, 0)
    next: str = ""


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One side of a forced trade with its result against the entry, in quanta; ``loss``: it would realise a loss."""

    fill: Fill
    result_entry_quanta: int
    loss: bool


@dataclass(frozen=True, slots=True)
class NakedLeg:
    """A leg that a closed candidate still holds beside the closed one: it may have lost its hedge."""

    unit_id: str
    closed_leg_id: str
    leg_id: str
    lots: int


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """The queue of one pool as the policy saw it: every place, next one first."""

    market_id: str
    side: str  # of the candidates
    places: tuple[Place, ...]


@dataclass(slots=True)
class RoundRecord:
    """One round of stage 5, and what stage 6 did for it."""

    fact: Deleveraged
    queues: tuple[QueueRecord, ...]
    fills: tuple[FillRecord, ...]
    before: Owed
    naked: tuple[NakedLeg, ...] = ()
    socialised_quanta: int = 0
    after: Owed = Owed(0, 0, 0)


@dataclass(slots=True)
class StepRecord:
    """One step of the waterfall."""

    frame: int
    label: str
    step: int
    time_ns: int
    marks: dict[str, int]
    fund_before_quanta: int
    fund_after_quanta: int = 0
    stopped: str = ""
    news: tuple[str, ...] = ()  # what came about before the step: bids, approvals, halts
    guarded: tuple[str, ...] = ()
    spared: tuple[Spared, ...] = ()
    throttles: tuple[Throttled, ...] = ()
    on_offer: tuple[str, ...] = ()  # units whose auction goes on behind the step
    stages: list[StageRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    residuals: tuple[Residual, ...] = ()
    residual_quanta: int = 0
    factors_ppb: dict[str, int] = field(default_factory=dict)  # of the requirements, per market


class UnitState(NamedTuple):
    """A unit as people see it: cash without accrued funding, equity at the marks, lots per market."""

    unit_id: str
    role: str
    cash_quanta: int
    equity_quanta: int
    lots: tuple[tuple[str, int], ...]
    assets: tuple[tuple[str, int], ...]  # grains of collateral


class Refused(NamedTuple):
    """A command of the path that the law refused, and in which frame."""

    frame: int
    command: Command
    rejection: Rejection
