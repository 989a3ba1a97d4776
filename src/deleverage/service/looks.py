"""Questions on their way to the state, few at a time: a halt, or a mark, waits behind no more of them than that.

Questions and commands stand in one line, because an answer belongs between two batches. Whoever asks a lot would fill
it with looks, and a budget for each key does not help against many keys. So they wait here, and the line stays short.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext

from deleverage.service.acts import Act
from deleverage.service.desk import Desk
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question, View
from deleverage.service.questions.table import TableQuestion
from deleverage.service.rates import WEIGHTS, WEIGHTS_OF_ACTS

CHEAP, DEAR = 32, 2
"""So many are in line at once: of those that weigh 1, and of all others."""

MOST_WAITING = 1_000


class Looks:
    """Asks a desk; what the table of a tick answers waits for nothing."""

    def __init__(self, desk: Desk, most_waiting: int = MOST_WAITING) -> None:
        """Let at most so many wait."""
        self._desk, self._most_waiting = desk, most_waiting
        self._cheap, self._dear = asyncio.Semaphore(CHEAP), asyncio.Semaphore(DEAR)
        self.waiting = 0

    async def ask(self, question: Question) -> View:
        """Return the answer, asked behind those who came before; Problem BUSY where too many did."""
        if isinstance(question, TableQuestion):
            return await self._desk.ask(question)
        if self.waiting >= self._most_waiting:
            sentence = "too many questions wait"
            raise Problem(Code.BUSY, sentence, retry_s=1, waiting=self.waiting, most=self._most_waiting)
        self.waiting += 1
        try:
            async with self._cheap if WEIGHTS.get(type(question), 1) == 1 else self._dear:
                return await self._desk.ask(question)
        finally:
            self.waiting -= 1

    def around(self, act: Act) -> AbstractAsyncContextManager[object]:
        """Return what an act is done in: one that shows a preview is a dear question, all others wait for nothing."""
        return self._dear if WEIGHTS_OF_ACTS.get(type(act), 1) > 1 else nullcontext()
