"""Acts of an outside matching engine, and of whoever watches the rounds."""

from typing import Annotated, Any

import msgspec

from deleverage.service.acts.base import Act
from deleverage.service.outcomes import document_of
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.questions.base import View
from deleverage.service.rounds.office import Office, RoundsView
from deleverage.service.rounds.prepared import PreparedView

MOST_WAIT_S = 30
LONGEST_REASON = 200


class PreparedRoundsView(View, frozen=True, kw_only=True):
    """The plans that wait for the engine: none or one."""

    prepared: list[PreparedView]


class WaitForRounds(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plans wait for the engine? The answer comes when there is one, or after ``wait_s``."""

    wait_s: int = 0

    async def do(self, principal: Principal, office: Office) -> PreparedRoundsView:
        """Return them."""
        if not 0 <= self.wait_s <= MOST_WAIT_S:
            raise Problem(Code.BAD_PARAMETER, "wait_s: 0 to 30", wait_s=self.wait_s, most=MOST_WAIT_S)
        return PreparedRoundsView(prepared=await office.outside.wait(self.wait_s))


class LookAtRound(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a plan?"""

    round: str

    async def do(self, principal: Principal, office: Office) -> PreparedView:
        """Return it."""
        return await office.outside.look(self.round)


class Acknowledge(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The engine has locked what the plan of this hash names."""

    round: str
    plan_hash: str

    async def do(self, principal: Principal, office: Office) -> PreparedView:
        """Commit it, and return what became of it."""
        return await office.outside.acknowledge(self.round, self.plan_hash)


class Refuse(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The engine will not take part in this plan."""

    round: str
    reason: str

    async def do(self, principal: Principal, office: Office) -> PreparedView:
        """Call it off."""
        if not (1 <= len(self.reason) <= LONGEST_REASON and self.reason.isprintable()):
            sentence = "reason: printable text is expected"
            raise Problem(Code.BAD_BODY, sentence, characters=len(self.reason), most=LONGEST_REASON)
        return await office.outside.refuse(self.round, self.reason)


class LookAtRounds(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is the gate open, and do steps run?"""

    async def do(self, principal: Principal, office: Office) -> RoundsView:
        """Return how things stand."""
        return office.view()


class SteppedView(View, frozen=True, kw_only=True):
    """What became of a step that was asked for."""

    result: Any


class StepNow(Act, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Run a step now, whether or not one is due. ``key`` is the asker's idempotency key."""

    key: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]{1,44}\Z")]

    async def do(self, principal: Principal, office: Office) -> SteppedView:
        """Run it as steps are run here; where an engine takes part, it is asked."""
        outcome = await office.stepper.step(f"{principal.key_id}:{self.key}")
        return SteppedView(result=document_of(self.key, outcome))
