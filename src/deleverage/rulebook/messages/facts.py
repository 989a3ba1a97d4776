"""Facts: what has happened, and how it came about.

Every fact of a trade or of the waterfall has the same anatomy (``Movement``): fills, payments, pots, orders. That is
what ``apply`` writes; the rest of the fact explains it, so that it can be audited without this code. Here stand the
anatomy and what a step tells; what an ordinary day tells stands in ``day``.
"""

from dataclasses import dataclass
from typing import NamedTuple

from deleverage.rulebook.book import leg_id_of
from deleverage.rulebook.messages.parts import Passed, Sale, Spared, Throttled
from deleverage.rulebook.pools import COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that has happened; ``seq`` is gapless within a domain."""

    seq: int
    time_ns: int


class Fill(NamedTuple):
    """One side of a trade: ``lots`` change of the leg, ``amount_quanta`` received (paid: negative), funding excluded.

    ``money_quanta`` is the amount less the value of the lots at the mark: what this side gained against the mark.
    ``leg_side`` names the leg in hedge mode.
    """

    unit_id: str
    market_id: str
    lots: int
    amount_quanta: int
    money_quanta: int
    part: str  # buyer, seller, maker, liquidated, taker, bankrupt, netted, candidate, settled, auctioned, bidder
    leg_side: str = ""

    @property
    def leg_id(self) -> str:
        """The leg that changes."""
        return leg_id_of(self.market_id, self.leg_side)


class Payment(NamedTuple):
    """Money into a unit's quote (out of it: negative) that is not the price of lots."""

    unit_id: str
    amount_quanta: int


class PotChange(NamedTuple):
    """Money into a named pot (out of it: negative)."""

    pot: str
    amount_quanta: int


class OrderChange(NamedTuple):
    """What is left of a resting order; 0 lots: it is gone."""

    order_id: str
    lots_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement(Fact):
    """The common anatomy of every fact that moves lots or money; all parts together sum to zero."""

    fills: tuple[Fill, ...] = ()
    payments: tuple[Payment, ...] = ()
    pots: tuple[PotChange, ...] = ()
    orders: tuple[OrderChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginMoved(Fact):
    """Money moved between two units of one account; ``released``: the rest of a flat isolated unit.

    ``profit_quanta`` of the source's period profit (signed) goes along, so that a clawback finds profit where money is.
    """

    from_unit_id: str
    to_unit_id: str
    amount_quanta: int
    released: bool
    profit_quanta: int


class UnitEquity(NamedTuple):
    """A unit and its equity when the fact was decided."""

    unit_id: str
    equity_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BankruptcyDeclared(Fact):
    """These units' equity lies below zero; they are bankrupt until they hold neither lots nor shortfall."""

    rules_hash: str
    units: tuple[UnitEquity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankruptcyEnded(Fact):
    """These units hold neither lots nor shortfall any more."""

    rules_hash: str
    units: tuple[UnitEquity, ...]


class DebtPaid(NamedTuple):
    """A pool's money for one debt: a leg's share of a shortfall, or (leg id "") its part of a flat unit's."""

    unit_id: str
    leg_id: str
    debt_quanta: int
    paid_quanta: int
    owner_group: str
    pool_id: str = COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPaid(Movement):
    """Stage 4: fees and surpluses entered their pools, the pools lifted the fund's own unit, then paid shortfalls.

    ``after_stage_5``: the funding source lets candidates go first; these are shortfalls that have no lots any more.
    """

    rules_hash: str
    after_stage_5: bool
    entered_quanta: int
    own_unit_quanta: int
    own_debts: tuple[DebtPaid, ...] = ()  # of the fund's own unit
    debts: tuple[DebtPaid, ...]
    cut_by_caps_quanta: int


class Pool(NamedTuple):
    """The bankrupt lots of one market and side in stage 5, and what became of them and of their shortfall.

    ``asked_quanta`` is the money the price rule asks of candidates, ``collected_quanta`` what they could pay; the
    shortfall of netted lots and whatever was not collected is debt without lots and goes to stage 6. ``stopped`` says
    why lots were left that candidates could have taken: ``trigger``, ``approval``, ``pace``, ``throttle``, or empty.
    """

    market_id: str
    side: str  # of the bankrupts: long or short
    lots: int
    netted_lots: int
    closed_lots: int
    shortfall_quanta: int  # of the closed lots
    asked_quanta: int
    collected_quanta: int
    stopped: str
    removed: tuple[str, ...]  # candidates taken out by a declared removal


class Closing(NamedTuple):
    """One candidate's leg as stage 5 found and left it; ``rank`` starts at 1 within its pool.

    ``score`` is the exact text of the ordering number, empty where the policy has none. ``result_entry_quanta`` is what
    the closed lots made against their cost and funding, ``money_quanta`` (>= 0) what the candidate gave up against the
    mark, ``naked_lots`` what the unit still holds on other legs: they may have lost their hedge.
    """

    unit_id: str
    market_id: str
    side: str  # of the bankrupts it was closed against
    rank: int
    tier: int
    score: str
    lots_before: int
    closed_lots: int
    equity_before_quanta: int
    money_quanta: int
    result_entry_quanta: int
    naked_lots: int
    leg_side: str = ""

    @property
    def would_realise_loss(self) -> bool:
        """Whether the closed lots made less than they cost: a winner is not asked to lose, but this one does."""
        return self.result_entry_quanta < 0


class Freed(NamedTuple):
    """Debt of a bankrupt unit that no lots carry any more, quanta > 0, and the pool in which they were closed."""

    unit_id: str
    market_id: str
    side: str
    amount_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleveraged(Movement):
    """Stage 5: every market and side of the round as one fact, on one set of marks and under one set of rules."""

    step: int
    round: int
    rules_hash: str
    marks: tuple[tuple[str, int], ...]  # market -> mark in ticks, of every pool
    trigger: str
    policy: str
    price: str
    may_bankrupt: bool
    pools: tuple[Pool, ...]
    closings: tuple[Closing, ...]
    freed: tuple[Freed, ...]  # debt without lots
    reduce_only: tuple[str, ...]  # markets left with bankrupt lots


class Haircut(NamedTuple):
    """Money taken from one unit, and where it is booked: the same gain is never cut twice.

    Of a flat unit it is booked nowhere; only rules on equity or profit may name one, the default rule never does.

    ``base_quanta`` is the most that the rule lets it bear, ``weight`` what the loss was split by: the same quanta for
    most rules, a profit or lots for others. ``claim_quanta`` of what was taken is owed back from later repayments.
    """

    unit_id: str
    base_quanta: int
    taken_quanta: int
    legs: tuple[tuple[str, int], ...]
    weight: int
    claim_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Socialised(Movement):
    """Stage 6: debts without lots spread by one loss rule, pro rata under caps.

    ``market_id`` and ``side`` name the pool that the rule was asked about; empty: all debts together.
    """

    rules_hash: str
    rule: str
    market_id: str
    side: str
    debt_quanta: int
    base_quanta: int
    haircuts: tuple[Haircut, ...]


class Residual(NamedTuple):
    """What stays uncovered of one unit, in lots and in money; ``named_quanta`` of it moved to K."""

    unit_id: str
    lots: tuple[tuple[str, int], ...]
    shortfall_quanta: int
    named_quanta: int
    reason: str  # capacity, guard, trigger, removal, pace


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualNamed(Movement):
    """Stage 7: the residual is a named, published number; with money in it the domain is halted."""

    rules_hash: str
    residuals: tuple[Residual, ...]
    named_quanta: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnded(Fact):
    """The step is over: rounds run, why it stopped, whom a grace spared, and what its throttles said.

    ``stopped`` is ``quiet`` (nothing left to do) or ``pace`` (pace or the throttle of stage 5 left lots or rounds).
    """

    rules_hash: str
    step: int
    rounds: int
    stopped: str
    guarded: tuple[str, ...]
    waiting: bool  # a shortfall without lots is left that a guarded gain or another round may still carry
    unsold: tuple[Sale, ...]  # legs of the unhealthy of which the last round sold nothing
    passed: tuple[Passed, ...]  # backstops that left lots to others, as each market and side was asked last
    spared: tuple[Spared, ...] = ()
    throttles: tuple[Throttled, ...] = ()
