"""What was before a client came: out of memory as long as it is there, and before that by the cursor questions."""

import asyncio
from typing import NamedTuple

import msgspec

from deleverage.service.counter import Counter
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question, TapeQuestion
from deleverage.service.questions.facts import FactsView, OwnFactsView
from deleverage.service.questions.tape import TapeView
from deleverage.service.streams.frames import Line
from deleverage.service.streams.hub import Hub
from deleverage.service.streams.tape import tape_lines

_AS_JSON = msgspec.json.Encoder()
WAITS = (Code.TOO_MANY, Code.BUSY)


class Page(NamedTuple):
    """Lines of the past, and the first command that was not looked at."""

    lines: list[Line]
    next_from: int


class Past:
    """Reads the past of one channel for one principal; ``account``: None is everybody's."""

    def __init__(self, hub: Hub, counter: Counter, principal: Principal, kind: type[Question], account: str) -> None:
        """Read as the question of a kind does."""
        self._hub, self._counter, self._principal, self._kind, self._account = hub, counter, principal, kind, account

    async def page(self, first: int, until: int) -> Page:
        """Return what lies from one command to another, as far as one page goes."""
        last = min(until, first + self._hub.limits.page - 1)
        if self._kind is not TapeQuestion:  # what is public waits for its time, which the question knows
            own = frozenset({self._account} - {""})
            lines = await self._hub.encoded(first - 1, last, own, whole=not own)
            if lines is not None:
                return Page(lines.own.get(self._account, []) if own else lines.whole, last + 1)
        return await self._asked(first, until)

    async def _asked(self, first: int, until: int) -> Page:
        view = await self._patiently(first)
        lines = [line for line in lines_of(view) if line.seq <= until]
        return Page(lines, min(int(view.next_from), until + 1))

    async def _patiently(self, first: int) -> FactsView | OwnFactsView | TapeView:
        """Return the answer to the cursor question, at the pace that the key's budget allows."""
        limit = self._hub.limits.page
        question = self._kind(from_seq=first, limit=limit, **({"account": self._account} if self._account else {}))
        while True:
            try:
                return await self._counter.ask(self._principal, question)  # type: ignore[return-value]
            except Problem as problem:
                if problem.code not in WAITS:
                    raise
                await asyncio.sleep(problem.retry_s or 1)


def lines_of(view: FactsView | OwnFactsView | TapeView) -> list[Line]:
    """Return a page of the journal as lines."""
    if isinstance(view, TapeView):
        return tape_lines(view)
    if isinstance(view, OwnFactsView):
        return [Line(int(entry.seq), _AS_JSON.encode(entry)) for entry in view.entries]
    return [Line(int(entry["seq"]), _AS_JSON.encode(entry)) for entry in view.entries]
