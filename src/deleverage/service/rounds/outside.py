"""A step in which an outside matching engine takes part: prepared, acknowledged, committed - or called off, whole.

1. *Prepare*: the step is planned on a fork. Nothing is written. Where it would force nothing, it is run at once (while
   it still forces nothing), and nobody is asked.
2. The plan - its facts, their hash, a deadline - is shown until the engine *acknowledges* it: it has locked the
   positions that the facts name. Or it refuses, with a reason.
3. *Commit*: the step, under the plan's hash. The journal takes it while it forces exactly that; where the book has
   moved so that it would force something else, nothing is done, the plan is called off, and the next one is prepared.

A plan lives in memory alone and writes nothing, so there is nothing to undo: whoever asks about one after a restart is
told what the journal has under ``round-ID`` - committed, or not done and never to be done, as no two plans share an id.
"""

import asyncio
import re
from collections import OrderedDict
from contextlib import suppress

from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.domain.planned import Moved
from deleverage.rulebook.messages import Rejection, RunStep
from deleverage.service.clock import Clock
from deleverage.service.desk import Desk
from deleverage.service.outcomes import document_of
from deleverage.service.problems import Code, Problem
from deleverage.service.questions.rounds import ForcedQuestion, ForcedView, KnownQuestion
from deleverage.service.rounds.gate import Gate
from deleverage.service.rounds.prepared import CalledOff, Prepared, PreparedView, State, Why

KEPT = 200
_ID = re.compile("[0-9a-f]{24}")


class Outside:
    """Runs steps with an outside engine; one plan at a time."""

    def __init__(self, desk: Desk, clock: Clock, gate: Gate, deadline_s: float) -> None:
        """Give the engine ``deadline_s`` for its answer."""
        self._desk, self._clock, self._gate, self._deadline_s = desk, clock, gate, deadline_s
        self._plans: OrderedDict[str, Prepared] = OrderedDict()
        self._news, self._ending = asyncio.Event(), False

    async def run(self, key: str) -> Outcome | Exception:
        """Prepare a step and wait for the engine; CalledOff where nothing was done."""
        asked = await self._desk.ask(ForcedQuestion(time_ns=str(self._clock.now_ns())))
        assert isinstance(asked, ForcedView)
        if not asked.facts:  # nothing that the engine would see, or a refusal, which is the law's to say
            outcome = await self._desk.submit_planned(key, RunStep(time_ns=0), asked.plan_hash)
            return CalledOff(Why.MOVED) if isinstance(outcome, Moved) else outcome
        if self._ending:
            return CalledOff(Why.ENDING)
        plan = Prepared(asked, self._clock.wall_ns() + int(self._deadline_s * 1e9))
        self._keep(plan)
        with suppress(TimeoutError):
            await asyncio.wait_for(plan.answered.wait(), self._deadline_s)
        if plan.state is State.PREPARED:
            self._end(plan, Why.DEADLINE)
        if plan.why is not None:
            return CalledOff(plan.why)
        return await self._commit(plan)

    async def _commit(self, plan: Prepared) -> Outcome | Exception:
        if not self._gate.is_open:
            self._end(plan, Why.CLOSED)
            return CalledOff(Why.CLOSED)
        outcome = await self._desk.submit_planned(f"round-{plan.id}", RunStep(time_ns=0), plan.plan.plan_hash)
        if isinstance(outcome, Moved):
            self._end(plan, Why.MOVED, outcome.found)
            return CalledOff(Why.MOVED)
        plan.result = document_of(f"round-{plan.id}", outcome)
        if isinstance(outcome, Acknowledged) and not isinstance(outcome.answer, Rejection):
            plan.state = State.COMMITTED
        elif isinstance(outcome, Exception) and plan.result["problem"]["code"] == Code.UNKNOWN_OUTCOME.name:
            plan.state = State.UNKNOWN
        else:
            plan.call_off(Why.FAILED, str(outcome)[:200])
        plan.ended.set()
        self._tell()
        return outcome

    # -- the engine's side --------------------------------------------------------------------------------------------

    async def acknowledge(self, round_id: str, plan_hash: str) -> PreparedView:
        """Return what became of a plan that the engine has prepared for; asked again it is told again."""
        plan = self._plans.get(round_id)
        if plan is None:
            return await self.look(round_id)
        if plan_hash != plan.plan.plan_hash:
            sentence = "this is not the plan that was prepared"
            raise Problem(Code.CONFLICT, sentence, plan_hash=plan_hash, prepared=plan.plan.plan_hash)
        if plan.state is State.PREPARED:
            plan.state = State.COMMITTING
            plan.answered.set()
        await plan.ended.wait()
        return plan.view()

    async def refuse(self, round_id: str, reason: str) -> PreparedView:
        """Call a plan off for the engine; Problem CONFLICT where it has acknowledged it."""
        plan = self._plans.get(round_id)
        if plan is None:
            return await self.look(round_id)
        if plan.state is State.PREPARED:
            self._end(plan, Why.REFUSED, reason)
        elif plan.state is not State.CALLED_OFF:
            raise Problem(Code.CONFLICT, "the plan was acknowledged", state=plan.state.value)
        return plan.view()

    async def look(self, round_id: str) -> PreparedView:
        """Return how a plan stands; of one that is not known any more, what the journal says."""
        plan = self._plans.get(round_id)
        if plan is not None:
            return plan.view()
        if _ID.fullmatch(round_id) is None:
            raise Problem(Code.NOT_FOUND, "there is no such round", round=round_id[:80])
        known = await self._desk.ask(KnownQuestion(key=f"round-{round_id}"))
        seq = known.seq  # type: ignore[attr-defined]
        if seq:
            return PreparedView(round=round_id, state=State.COMMITTED.value, seq=seq)
        return PreparedView(round=round_id, state=State.CALLED_OFF.value, why=Why.LOST.name)

    @property
    def news(self) -> asyncio.Event:
        """What is set when a plan has come, or has got on. Take it before looking."""
        return self._news

    async def wait(self, wait_s: float) -> list[PreparedView]:
        """Return the plans that wait for the engine, once there is one or the time is over."""
        if not self._waiting() and wait_s > 0 and not self._ending:
            news = self._news
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), wait_s)
        return self._waiting()

    def end(self) -> None:
        """Call off what waits for the engine, and prepare nothing more; whoever waits for a plan is told at once."""
        self._ending = True
        self._tell()
        for plan in self._plans.values():
            if plan.state is State.PREPARED:
                self._end(plan, Why.ENDING)

    def _waiting(self) -> list[PreparedView]:
        return [plan.view() for plan in self._plans.values() if plan.state is State.PREPARED]

    def _keep(self, plan: Prepared) -> None:
        self._plans[plan.id] = plan
        while len(self._plans) > KEPT:
            self._plans.popitem(last=False)
        self._tell()

    def _end(self, plan: Prepared, why: Why, reason: str = "") -> None:
        plan.call_off(why, reason)
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
