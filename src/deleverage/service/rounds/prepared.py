"""A step that is prepared for an outside engine: the plan, where it stands, and why it was called off."""

import asyncio
from enum import Enum
from secrets import token_hex
from typing import Any

import msgspec

from deleverage.service.questions.base import View
from deleverage.service.questions.rounds import ForcedView


class State(Enum):
    """Where a plan stands."""

    PREPARED = "prepared"
    COMMITTING = "committing"
    COMMITTED = "committed"
    CALLED_OFF = "called-off"
    UNKNOWN = "unknown"


class Why(Enum):
    """Why a plan was called off."""

    REFUSED = "the engine refused"
    DEADLINE = "the engine did not answer in time"
    MOVED = "the book has moved: the step would force something else"
    CLOSED = "the gate has closed"
    ENDING = "the service is ending"
    FAILED = "the journal did not take it"
    LOST = "the service was started again before it was committed"


class CalledOff(Exception):
    """A plan was called off: nothing was done."""

    def __init__(self, why: Why) -> None:
        """Keep why."""
        super().__init__(f"{why.name}: {why.value}")
        self.why = why


class PreparedView(View, frozen=True, kw_only=True):
    """A plan. ``why`` and ``reason`` say why it was called off; ``result`` is what became of the step."""

    round: str
    state: str
    plan_hash: str = ""
    rules_hash: str = ""
    seq: str = ""
    time_ns: str = ""
    deadline_ns: str = ""
    facts: list[Any] = msgspec.field(default_factory=list)
    why: str = ""
    reason: str = ""
    result: Any = None


class Prepared:
    """One plan on its way."""

    def __init__(self, plan: ForcedView, deadline_ns: int) -> None:
        """Give it an id that no other has."""
        self.id, self.plan, self.deadline_ns = token_hex(12), plan, deadline_ns
        self.state = State.PREPARED
        self.result: dict[str, Any] = {}
        self.why: Why | None = None
        self.reason = ""
        self.answered, self.ended = asyncio.Event(), asyncio.Event()

    def call_off(self, why: Why, reason: str = "") -> None:
        """End it without having done anything."""
        self.state, self.why, self.reason = State.CALLED_OFF, why, reason
        self.answered.set()
        self.ended.set()

    def view(self) -> PreparedView:
        """Return it as it stands."""
        return PreparedView(
            round=self.id,
            state=self.state.value,
            plan_hash=self.plan.plan_hash,
            rules_hash=self.plan.rules_hash,
            seq=self.plan.seq,
            time_ns=self.plan.time_ns,
            deadline_ns=str(self.deadline_ns),
            facts=self.plan.facts,
            why="" if self.why is None else self.why.name,
            reason=self.reason,
            result=self.result or None,
        )
