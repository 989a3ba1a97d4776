"""The one place where whoever asks meets what may be asked: access is decided here and nowhere else."""

import re
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any, Protocol

import msgspec

from deleverage.documents import BadDocument, decode
from deleverage.domain.keeper import Settings
from deleverage.rulebook.messages import Command
from deleverage.service import access
from deleverage.service.acts import Act
from deleverage.service.acts.rounds import PreparedRoundsView
from deleverage.service.desk import Desk
from deleverage.service.looks import Looks
from deleverage.service.meters import Meters
from deleverage.service.outcomes import document_of
from deleverage.service.principals import Principal
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import CommandQuestion, Question, View
from deleverage.service.questions.commands import CommandView
from deleverage.service.questions.published import Held
from deleverage.service.questions.table import TableQuestion
from deleverage.service.rates import Rates
from deleverage.service.rounds.office import RoundsView
from deleverage.service.rounds.outside import Outside
from deleverage.service.sight import seen

MOST_COMMANDS = 1_000
_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,44}")

Json = dict[str, Any]


class Gatekeeper(Protocol):
    """Says which commands pass."""

    @property
    def is_open(self) -> bool:
        """Whether all do."""
        ...

    def require(self, command: Command) -> None:
        """Raise Problem where a command does not."""
        ...


class Office(Protocol):
    """Where acts are done (``rounds.office``), or wherever that lies."""

    @property
    def gate(self) -> Gatekeeper:
        """What a command has to pass."""
        ...

    @property
    def outside(self) -> Outside | None:
        """The plans that wait for an engine; None: they lie elsewhere, and come by acts alone."""
        ...

    async def do(self, principal: Principal, act: Act) -> View:
        """Do an act; raises Problem."""
        ...


class AccessLog(Protocol):
    """Where it is noted who looked at what must not leak: who is next."""

    async def note_read(self, principal: Principal, what: str) -> None:
        """Return once the look is noted; whatever is raised is the answer instead of the look."""
        ...


class NoLog:
    """Notes nothing: for a laptop."""

    async def note_read(self, principal: Principal, what: str) -> None:
        """Return."""


class Counter:
    """Hands in commands and questions for a principal."""

    def __init__(
        self,
        desk: Desk,
        log: AccessLog | None = None,
        held: Held | None = None,
        rates: Rates | None = None,
        *,
        office: Office | None = None,
        meters: Meters | None = None,
    ) -> None:
        """Work with a desk; looks at ranks are noted in ``log``, ``held`` is what the venue says it holds.

        Without an office there are neither acts nor a gate.
        """
        self.desk, self.log, self.held, self.office = desk, log or NoLog(), held, office
        self.rates = rates or Rates(Settings().most_waiting)
        self.meters, self.ending = meters or Meters(), False
        self._looks = Looks(desk)

    async def submit(self, principal: Principal, document: Any) -> list[Json]:
        """Return what became of each command of a batch, in order.

        The batch is refused as a whole, and nothing is done, where one of its parts is no command under a key, or one
        that the principal may not hand in. In the journal a command's key begins with the key id of who asked.
        """
        asked = read_batch(principal, document)
        for _, command in asked:
            access.require_command(principal, command)
            if self.office is not None:
                self.office.gate.require(command)
        self.rates.submit(principal, [command for _, command in asked], self.desk.waiting)
        started_s = perf_counter()
        outcomes = await self.desk.submit([(journal_key(principal, key), command) for key, command in asked])
        self.meters.durable(perf_counter() - started_s)
        documents = [document_of(key, outcome) for (key, _), outcome in zip(asked, outcomes, strict=True)]
        kinds = (type(command).__name__ for _, command in asked)
        return [_shown_to(principal, document, kind) for document, kind in zip(documents, kinds, strict=True)]

    async def ask(self, principal: Principal, question: Question) -> View:
        """Return the answer to a question that the principal may ask, noted first where it tells who is next."""
        await self.require(principal, question, 0 if isinstance(question, TableQuestion) else self.desk.waiting)
        return await self._looks.ask(question)

    async def require(self, principal: Principal, question: Question, waiting: int = 0) -> None:
        """Do what comes before an answer: for one that is told to many, and not asked for."""
        access.require_question(principal, question)
        self.rates.ask(principal, question, waiting)
        if type(question) in access.NOTED:
            await self.log.note_read(principal, _said(question))

    async def act(self, principal: Principal, act: Act) -> View:
        """Do something around rounds that the principal may do."""
        access.require_act(principal, act)
        self.rates.act(principal, act, self.desk.waiting)
        if self.office is None:
            raise Problem(Code.NOT_READY, "this service runs no rounds")
        async with self._looks.around(act):
            view = await self.office.do(principal, act)
        if type(act) in access.NOTED_ACTS and view != PreparedRoundsView(prepared=[]):
            await self.log.note_read(principal, _said(act))
        if isinstance(view, RoundsView) and not principal.has(*access.STAFF):
            return msgspec.structs.replace(view, trouble="")  # it would tell of a round while it is prepared
        return view

    def look_at_meters(self, principal: Principal) -> None:
        """Raise FORBIDDEN unless the key may see what the service counts, TOO_MANY where it looks too often."""
        access.require_meters(principal)
        self.rates.look(principal)

    async def look_up(self, principal: Principal, key: str) -> View:
        """Return what became of a command that this key handed in; another key's has another name, and is not there."""
        (journal_key,) = known_keys(principal, [key])
        view = await self.ask(principal, CommandQuestion(key=key, journal_key=journal_key))
        assert isinstance(view, CommandView)
        return msgspec.structs.replace(view, result=_shown_to(principal, view.result, view.command))


def _shown_to(principal: Principal, document: Json, kind: str) -> Json:
    """Return the result of a command as a key may see it."""
    return document if access.sees_all(principal) else seen(document, kind, partial(access.is_own, principal))


def _said(asked: Question | Act) -> str:
    """Return a question or an act in words, for the log."""
    return f"{type(asked).__name__}({', '.join(f'{name}={getattr(asked, name)}' for name in asked.__struct_fields__)})"


def journal_key(principal: Principal, key: str) -> str:
    """Return the key of a command in the journal: nobody can hand in, or look up, under another key id."""
    return f"{principal.key_id}:{key}"


def read_batch(principal: Principal, document: Any) -> list[tuple[str, Command]]:
    """Return the commands of a batch under their keys; BAD_BODY names the first part that is none."""
    if not (isinstance(document, dict) and list(document) == ["commands"] and isinstance(document["commands"], list)):
        raise Problem(Code.BAD_BODY, "an object with the one key 'commands', an array, is expected")
    parts = document["commands"]
    if not 1 <= len(parts) <= MOST_COMMANDS:
        raise Problem(Code.BAD_BODY, "a batch has too few or too many commands", found=len(parts), most=MOST_COMMANDS)
    asked = [_read_one(part, f"commands[{at}]") for at, part in enumerate(parts)]
    if len({key for key, _ in asked}) < len(asked):
        raise Problem(Code.BAD_BODY, "a key stands twice in one batch")
    return asked


def _read_one(part: Any, path: str) -> tuple[str, Command]:
    """Return a command and its key. Its time is the service's: the document has none."""
    if not (isinstance(part, dict) and set(part) == {"key", "command"}):
        raise Problem(Code.BAD_BODY, f"{path}: an object with 'key' and 'command' is expected")
    key, command = part["key"], part["command"]
    if not isinstance(key, str) or _KEY.fullmatch(key) is None:
        raise Problem(Code.BAD_BODY, f"{path}.key: 1 to 44 letters, digits, _ . : or -", found=ascii(key)[:80])
    if not isinstance(command, dict) or "time_ns" in command:
        raise Problem(Code.BAD_BODY, f"{path}.command: an object without 'time_ns', which is the service's to say")
    try:
        return key, decode(Command, {**command, "time_ns": "0"})
    except BadDocument as fault:
        raise Problem(Code.BAD_BODY, f"{path}.command.{fault}" if fault.keys else f"{path}.command: {fault}") from None


def known_keys(principal: Principal, keys: Sequence[str]) -> list[str]:
    """Return keys as they stand in the journal; BAD_PARAMETER where one is none."""
    for key in keys:
        if _KEY.fullmatch(key) is None:
            raise Problem(Code.BAD_PARAMETER, "a key is 1 to 44 letters, digits, _ . : or -", found=ascii(key)[:80])
    return [journal_key(principal, key) for key in keys]
