"""A desk whose domain lies on another machine: asked over the bus, answered in the same words as a local one."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from deleverage.domain.outcomes import Outcome
from deleverage.rulebook.messages import Command
from deleverage.service.acts import Act, WaitForRounds
from deleverage.service.bus import kinds
from deleverage.service.bus.blocks import BlockWords
from deleverage.service.bus.caller import Answer, Caller, NoAnswer
from deleverage.service.bus.kinds import Named
from deleverage.service.bus.words import OutcomeWords, read_outcome, say_asked
from deleverage.service.desk import Keyed
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import Question, View

PATIENCE_S = 10.0
LOOKS_EVERY_S, TICK_S = 1.0, 1.0


class StateWords(msgspec.Struct, frozen=True):
    """How a worker stands."""

    waiting: int
    trouble: str
    ignored: dict[str, int]
    number: int = 0
    seq: int = 0
    public_key: str = ""
    gate_open: bool = False


class PrincipalWords(msgspec.Struct, frozen=True, array_like=True):
    """Who asks, as a front asserts it."""

    key_id: str
    person: str
    roles: list[str]
    accounts: list[str]


class ActWords(msgspec.Struct, frozen=True, array_like=True):
    """Something around rounds that is asked of the worker, and for whom."""

    principal: PrincipalWords
    act: Named


class RemoteDesk:
    """A domain behind the bus. ``keep_looking`` notes how its worker stands."""

    def __init__(self, caller: Caller, patience_s: float = PATIENCE_S) -> None:
        """Ask through a caller, and wait so long for an answer."""
        self._caller, self._patience_s = caller, patience_s
        self.state = StateWords(0, "no worker has answered yet", {})

    async def submit(self, asked: Sequence[Keyed]) -> list[Outcome | Exception]:
        """Hand commands in together; where nobody answers, nobody knows what became of them until asked again.

        What was done and not heard of is told ``again`` then.
        """
        try:
            return await self._submit([say_asked(one) for one in asked])
        except NoAnswer as error:
            return [_unknown(error)] * len(asked)

    async def submit_planned(self, key: str, command: Command, plan_hash: str) -> Outcome | Exception:
        """Hand a command in that stands under a plan."""
        try:
            (outcome,) = await self._submit([say_asked((key, command), plan_hash)])
        except NoAnswer as error:
            return _unknown(error)
        return outcome

    async def _submit(self, words: Sequence[msgspec.Struct]) -> list[Outcome | Exception]:
        answer = await self._caller.ask("submit", msgspec.msgpack.encode(words), self._patience_s)
        if answer.kind != "outcomes":
            raise _refused(answer)
        return [read_outcome(one) for one in msgspec.msgpack.decode(answer.content, type=list[OutcomeWords])]

    async def ask(self, question: Question) -> View:
        """Return the worker's answer, one of the table included; Problem NOT_READY where nobody answers."""
        return await self._look("ask", msgspec.msgpack.encode(kinds.named(question)), self._patience_s)

    async def act(self, principal: Principal, act: Act) -> View:
        """Have something done around rounds, where marks, gate, steps and proposals are: at the worker."""
        who = PrincipalWords(
            principal.key_id, principal.person, [role.value for role in principal.roles], list(principal.accounts)
        )
        waits_s = act.wait_s if isinstance(act, WaitForRounds) else 0
        content = msgspec.msgpack.encode(ActWords(who, kinds.named(act)))
        return await self._look("act", content, self._patience_s + max(0, waits_s))

    async def _look(self, kind: str, content: bytes, patience_s: float) -> View:
        try:
            answer = await self._caller.ask(kind, content, patience_s, again=kind != "act")
        except NoAnswer as error:
            if kind == "act" and error.sent:
                raise _unknown(error) from None
            raise Problem(Code.NOT_READY, str(error), retry_s=1) from None
        if answer.kind != "view":
            raise _refused(answer)
        return kinds.read(View, msgspec.msgpack.decode(answer.content, type=Named))

    async def tick(self, tick_ns: int) -> None:
        """Wait until the worker has noted it, by its own clock: the table lies there, one for all fronts."""
        await asyncio.sleep(TICK_S)

    @property
    def waiting(self) -> int:
        """How many commands stood in line at the last look, and how many of this front wait for their answer."""
        return self.state.waiting + self._caller.waiting

    @property
    def trouble(self) -> str:
        """Why no command is taken; empty: they are."""
        return self.state.trouble

    async def look(self) -> StateWords:
        """Note, and return, how the worker stands."""
        try:
            answer = await self._caller.ask("state", b"", 2 * LOOKS_EVERY_S, again=False)
            self.state = msgspec.msgpack.decode(answer.content, type=StateWords)
        except NoAnswer as error:
            self.state = msgspec.structs.replace(self.state, waiting=0, trouble=str(error))
        return self.state

    async def blocks(self, number: int, most: int) -> list[BlockWords]:
        """Return blocks of the journal behind a number; NoAnswer where nobody says."""
        answer = await self._caller.ask("blocks", msgspec.msgpack.encode((number, most)), self._patience_s)
        if answer.kind != "blocks":
            raise _refused(answer)
        return msgspec.msgpack.decode(answer.content, type=list[BlockWords])

    async def keep_looking(self) -> None:
        """Look every second, until this is cancelled."""
        while True:
            with suppress(Exception):
                await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)


def _unknown(error: NoAnswer) -> Problem:
    return Problem(Code.UNKNOWN_OUTCOME, f"{error}: ask again under the same key", retry_s=1)


def _refused(answer: Answer) -> Exception:
    """Return why a worker did not answer what it was asked."""
    error = read_outcome(msgspec.msgpack.decode(answer.content, type=OutcomeWords))
    return error if isinstance(error, Exception) else Problem(Code.DEFECT, "an outcome where none was asked for")
