"""When a step is run: the one loop that asks the waterfall.

A step is run right behind marks, and else every so often where it is due (``questions.rounds.DueQuestion``): where
something was written since the last one, or where the law says that it would force something by now. So an idle domain
writes nothing for years, and nothing that the law waits for is forgotten. While the gate is closed no step is run.
"""

import asyncio
from contextlib import suppress
from secrets import token_hex
from typing import Protocol

from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.rulebook.messages import RunStep
from deleverage.service.clock import Clock
from deleverage.service.desk import Desk
from deleverage.service.questions.rounds import DueQuestion
from deleverage.service.rounds.gate import Gate
from deleverage.service.rounds.prepared import CalledOff, Why


class Way(Protocol):
    """How a step is run: at once, or with an outside engine that takes part."""

    async def run(self, key: str) -> Outcome | Exception:
        """Run one, and return what became of it."""
        ...


class AtOnce:
    """A step is a command like any."""

    def __init__(self, desk: Desk) -> None:
        """Work with a domain."""
        self._desk = desk

    async def run(self, key: str) -> Outcome | Exception:
        """Hand it in."""
        (outcome,) = await self._desk.submit([(key, RunStep(time_ns=0))])
        return outcome


class Stepper:
    """Runs steps while the service is up. ``trouble`` says why the last one was not run; empty: nothing hinders it."""

    def __init__(self, desk: Desk, clock: Clock, gate: Gate, way: Way, every_s: float) -> None:
        """Begin to run steps with ``work``."""
        self._desk, self._clock, self._gate, self._way, self._every_s = desk, clock, gate, way, every_s
        self._stepped_seq = 0
        self._wanted, self._ending, self._one_at_a_time = asyncio.Event(), False, asyncio.Lock()
        self.steps = 0
        self.trouble = ""

    def wake(self) -> None:
        """Ask for a step now."""
        self._wanted.set()

    async def work(self) -> None:
        """Run steps until ``end``; whatever goes wrong with one, the next is tried."""
        while not self._ending:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), self._every_s)
            self._wanted.clear()
            try:
                await self._look()
            except Exception as error:
                self.trouble = f"{type(error).__name__}: {error}"

    async def _look(self) -> None:
        if not self._ending and await self._gate.look(self._desk):
            await self.step_if_due()

    def end(self) -> None:
        """End behind the step that is being run."""
        self._ending = True
        self._wanted.set()

    async def step_if_due(self) -> None:
        """Run one step where one is due."""
        question = DueQuestion(time_ns=str(self._clock.now_ns()), stepped_seq=str(self._stepped_seq))
        due = await self._desk.ask(question)
        if due.due:  # type: ignore[attr-defined]
            await self.step(f"step-{token_hex(12)}")
        else:
            self.trouble = ""

    async def step(self, key: str) -> Outcome | Exception:
        """Run one step, due or not; one at a time."""
        async with self._one_at_a_time:
            if not self._gate.is_open:
                return self._gate.problem("RunStep")
            outcome = await self._way.run(key)
        self.trouble = str(outcome) if isinstance(outcome, Exception) else ""
        if isinstance(outcome, CalledOff) and outcome.why is Why.MOVED:
            self.wake()
        if isinstance(outcome, Acknowledged):
            self._stepped_seq = max(self._stepped_seq, outcome.seq)
            self.steps += not outcome.again
        return outcome
