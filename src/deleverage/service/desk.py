"""Where commands are done and questions answered: here (``LocalDesk``), or wherever the state lies."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Protocol

from deleverage.domain.outcomes import Outcome
from deleverage.domain.runner import Runner
from deleverage.rulebook.messages import Command
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question, View
from deleverage.service.questions.table import Table, TableQuestion, table_of

Keyed = tuple[str, Command]


class Desk(Protocol):
    """What the service asks of a domain."""

    async def submit(self, asked: Sequence[Keyed]) -> list[Outcome | Exception]:
        """Return what became of each command, once that is durable: an outcome, or why there is none."""
        ...

    async def submit_planned(self, key: str, command: Command, plan_hash: str) -> Outcome | Exception:
        """Do as ``submit`` while what a command forces has this hash (``domain.planned``); else Moved, and nothing."""
        ...

    async def ask(self, question: Question) -> View:
        """Return the answer of the state as it is behind everything that was acknowledged before; raises Problem."""
        ...

    async def tick(self, tick_ns: int) -> None:
        """Note everybody's standing as that of a tick: from then on questions about it are answered so."""
        ...

    @property
    def waiting(self) -> int:
        """How many commands stand in line."""
        ...

    @property
    def trouble(self) -> str:
        """Why no command is taken any more; empty: they are."""
        ...


class LocalDesk:
    """A runner in this process."""

    def __init__(self, runner: Runner) -> None:
        """Work with a runner; whoever made it closes it."""
        self._runner = runner
        self._table: Table | None = None

    async def submit(self, asked: Sequence[Keyed]) -> list[Outcome | Exception]:
        """Hand commands in together, and wait for the last: one wake-up for all of them."""
        found: list[Outcome | Exception | None] = [None] * len(asked)
        waiting: list[tuple[int, Future[Outcome]]] = []
        for at, (key, command) in enumerate(asked):
            try:
                waiting.append((at, self._runner.submit(key, command)))
            except Exception as error:
                found[at] = error
        if waiting:
            await _all_done([future for _, future in waiting])
        for at, future in waiting:
            found[at] = future.exception() or future.result()  # type: ignore[assignment]
        return found  # type: ignore[return-value]

    async def submit_planned(self, key: str, command: Command, plan_hash: str) -> Outcome | Exception:
        """Hand a command in that stands under a plan."""
        try:
            return await asyncio.wrap_future(self._runner.submit(key, command, plan_hash=plan_hash))
        except Exception as error:
            return error

    async def ask(self, question: Question) -> View:
        """Ask between two batches; what the table answers is not asked of the state at all."""
        if isinstance(question, TableQuestion):
            if self._table is None:
                raise Problem(Code.NOT_READY, "there was no tick yet", retry_s=1)
            return question.read(self._table)
        return await asyncio.wrap_future(self._runner.ask(question.answer))

    async def tick(self, tick_ns: int) -> None:
        """Note it in the runner's thread; the table is complete before anybody can read it."""
        self._table = await asyncio.wrap_future(self._runner.ask(partial(table_of, tick_ns)))

    @property
    def waiting(self) -> int:
        """How many commands stand in line."""
        return self._runner.waiting

    @property
    def trouble(self) -> str:
        """Why no command is taken any more; empty: they are."""
        reason = self._runner.read_only
        return "" if reason is None else str(reason)


async def _all_done(futures: Sequence[Future[Outcome]]) -> None:
    """Return once every future is done; callbacks come from this thread and the runner's, in any order."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    left, counting = len(futures), Lock()

    def count(_: Future[Outcome]) -> None:
        nonlocal left
        with counting:
            left -= 1
            last = left == 0
        if last:
            loop.call_soon_threadsafe(done.set)

    for future in futures:
        future.add_done_callback(count)
    await done.wait()
