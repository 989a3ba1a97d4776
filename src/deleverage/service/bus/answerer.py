"""A worker's side of the bus: requests that fronts have signed, done by the local desk and office, and answered.

Nobody is answered before the journal has it: the desk sees to that. A writer that another has followed says nothing at
all: the other one answers.
"""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from time import time_ns
from typing import Any

import msgspec

from deleverage.domain.outcomes import Outcome
from deleverage.domain.runner import Busy, Runner
from deleverage.journal.faults import JournalFault, Why
from deleverage.service import access
from deleverage.service.acts import Act
from deleverage.service.bus import kinds, subjects
from deleverage.service.bus.blocks import look_at_blocks
from deleverage.service.bus.envelopes import Opener, Said, new_id, seal
from deleverage.service.bus.frames import frames
from deleverage.service.bus.kinds import Named
from deleverage.service.bus.remote_desk import ActWords, StateWords
from deleverage.service.bus.ring import Party
from deleverage.service.bus.words import AskedWords, read_asked, say_outcome
from deleverage.service.desk import Desk
from deleverage.service.principals import Principal, Role
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question
from deleverage.service.rounds.office import Office

MOST_AT_ONCE = 10_000
_ANSWER_LASTS_NS = 60 * 1_000_000_000
_SILENT = frozenset({Why.FENCED, Why.SHUT})
_LOG = logging.getLogger("deleverage.service")


class Answerer:
    """Answers the fronts of a domain. ``opener.ignored`` counts what came and was none of theirs."""

    def __init__(self, client: Any, party: Party, desk: Desk, office: Office, runner: Runner, epoch: int) -> None:
        """Answer as a party of the ring, for the writer of an epoch; ``start`` begins to listen."""
        self._client, self._party, self._epoch = client, party, epoch
        self._desk, self._office, self._runner = desk, office, runner
        self.opener = Opener(party.ring.fronts)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: Any = None

    async def start(self, domain: str) -> None:
        """Listen."""
        self._replies = f"deleverage.{domain}.replies."
        self._subscription = await self._client.subscribe(subjects.requests_of(domain), cb=self._hear)

    async def end(self, patience_s: float) -> None:
        """Listen no more, and answer what was heard."""
        if self._subscription is not None:
            with suppress(Exception):
                await self._subscription.unsubscribe()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        with suppress(Exception):
            await self._client.flush(2)

    async def _hear(self, message: Any) -> None:
        before = sum(self.opener.ignored.values())
        said = self.opener.open(message.subject, message.data)
        if said is None:
            ignored = sum(self.opener.ignored.values())
            if ignored > before and ignored & (ignored - 1) == 0:  # at 1, 2, 4, 8 ...
                _LOG.warning("the bus: %d messages ignored: %s", ignored, dict(self.opener.ignored))
            return
        if not said.reply.startswith(self._replies):
            return
        task = asyncio.create_task(self._answer(said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, said: Said) -> None:
        try:
            if len(self._tasks) > MOST_AT_ONCE:
                raise Busy(len(self._tasks))
            kind, content = await self._do(said)
        except JournalFault as fault:
            if fault.why in _SILENT:
                return
            kind, content = "refused", msgspec.msgpack.encode(say_outcome(fault))
        except Exception as error:
            kind, content = "refused", msgspec.msgpack.encode(say_outcome(error))
        try:
            answer = self._sealed(said, kind, content)
        except ValueError as error:  # longer than what is carried
            problem = say_outcome(Problem(Code.TOO_LARGE, f"the answer: {error}; ask for less at a time"))
            answer = self._sealed(said, "refused", msgspec.msgpack.encode(problem))
        with suppress(Exception):  # a lost connection: who asked asks again, under the same key
            for frame in answer:
                await self._client.publish(said.reply, frame)

    def _sealed(self, asked: Said, kind: str, content: bytes) -> list[bytes]:
        now_ns = time_ns()
        answer = Said(
            subject=asked.reply,
            reply="",
            id=new_id(),
            answers=asked.id,
            time_ns=now_ns,
            until_ns=now_ns + _ANSWER_LASTS_NS,
            epoch=self._epoch,
            kind=kind,
            content=content,
        )
        return list(frames(seal(self._party, answer)))

    async def _do(self, said: Said) -> tuple[str, bytes]:
        match said.kind:
            case "submit":
                outcomes = await self._submit(_read(said.content, list[AskedWords]))
                return "outcomes", msgspec.msgpack.encode([say_outcome(outcome) for outcome in outcomes])
            case "ask":
                question: Any = _record(Question, _read(said.content, Named))
                return "view", msgspec.msgpack.encode(kinds.named(await self._desk.ask(question)))
            case "act":
                words = _read(said.content, ActWords)
                act: Any = _record(Act, words.act)
                principal = _principal(words)
                access.require_act(principal, act)
                return "view", msgspec.msgpack.encode(kinds.named(await self._office.do(principal, act)))
            case "blocks":
                number, most = _read(said.content, tuple[int, int])
                found = await asyncio.wrap_future(self._runner.ask(partial(look_at_blocks, number, most)))
                return "blocks", msgspec.msgpack.encode(found)
            case "state":
                return "state", msgspec.msgpack.encode(await self._state())
        raise Problem(Code.BAD_BODY, f"the bus: nothing of the kind {said.kind!a:.40} can be asked")

    async def _submit(self, words: list[AskedWords]) -> list[Outcome | Exception]:
        asked = [read_asked(one) for one in words]
        for _, command in asked:
            self._office.gate.require(command)
        if any(one.plan_hash for one in words):
            outcomes: list[Outcome | Exception] = [
                await self._desk.submit_planned(*one, words[at].plan_hash) for at, one in enumerate(asked)
            ]
        else:
            outcomes = await self._desk.submit(asked)
        for outcome in outcomes:
            if isinstance(outcome, JournalFault) and outcome.why in _SILENT:
                raise outcome
        return outcomes

    async def _state(self) -> StateWords:
        asked = self._runner.ask(lambda _, journal: (journal.mark.number, journal.seq, journal.head.public_key))
        number, seq, public_key = await asyncio.wrap_future(asked)
        return StateWords(
            waiting=self._desk.waiting,
            trouble=self._desk.trouble,
            ignored=dict(self.opener.ignored),
            number=number,
            seq=seq,
            public_key=public_key,
            gate_open=self._office.gate.is_open,
        )


def _read(content: bytes, kind: Any) -> Any:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise Problem(Code.BAD_BODY, f"the bus: {error}") from None


def _record(base: Any, given: Named) -> Any:
    try:
        return kinds.read(base, given)
    except (ValueError, msgspec.MsgspecError) as error:  # a front of another version
        raise Problem(Code.BAD_BODY, f"the bus: {error}") from None


def _principal(words: ActWords) -> Principal:
    who = words.principal
    roles = {role.value: role for role in Role}
    return Principal(
        who.key_id, who.person, frozenset(roles[name] for name in who.roles if name in roles), frozenset(who.accounts)
    )
