"""Commands and facts of a manual round: what a venue allows stage 5 to do in a market, and what became of it."""

from dataclasses import dataclass

from deleverage.rulebook.messages.commands import Command
from deleverage.rulebook.messages.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveEnvelope(Command):
    """Allow stage 5 to close bankrupt lots of a market and side: so many, worth so much at the mark, until a time.

    It replaces the envelope before it. ``rules_hash`` is ``Rules.hash()``: who approves has seen under which rules.
    Who does it: venues whose deleveraging or tear-up a committee releases (CCP default waterfalls).
    """

    market_id: str
    side: str
    most_lots: int
    most_notional_quanta: int
    expiry_ns: int
    rules_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortEnvelope(Command):
    """Take an approval back, for a reason."""

    market_id: str
    side: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeApproved(Fact):
    """What stage 5 may do in a market and side, and what whoever approved it saw: the lots to close, and the mark."""

    market_id: str
    side: str
    most_lots: int
    most_notional_quanta: int
    expiry_ns: int
    rules_hash: str
    policy: str
    price: str
    planned_lots: int
    planned_price_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeEnded(Fact):
    """An approval is over, with the lots that were closed under it.

    ``why``: ``expired`` (before the step in which it was met), ``used`` (a step closed lots under it), ``needless`` (no
    bankrupt lots are left), ``aborted`` (``reason`` says why; else it is empty).
    """

    market_id: str
    side: str
    why: str
    used_lots: int
    reason: str = ""
