"""A front's side of the bus: a request is signed and sent, and its answer is waited for."""

import asyncio
from contextlib import suppress
from time import time_ns
from typing import Any

import msgspec

from deleverage.service.bus import subjects
from deleverage.service.bus.envelopes import Opener, Said, new_id, seal
from deleverage.service.bus.frames import frames
from deleverage.service.bus.ring import Party

_NS_PER_S = 1_000_000_000
_AGAIN_S, _FIRST_S = 0.1, 1.5


class NoAnswer(Exception):
    """Nobody answered in time. ``sent``: somebody may have heard it all the same."""

    def __init__(self, sentence: str, *, sent: bool) -> None:
        """Keep why."""
        super().__init__(sentence)
        self.sent = sent


class Answer(msgspec.Struct, frozen=True):
    """What a worker said: its kind, its bytes, and under which epoch."""

    kind: str
    content: bytes
    epoch: int


class Caller:
    """Asks the workers of a domain. ``ignored`` counts what came and was none of theirs."""

    def __init__(self, client: Any, party: Party, domain: str) -> None:
        """Ask over a connection; ``start`` begins to listen."""
        self._client, self._party, self.domain = client, party, domain
        self._subject = subjects.requests_of(domain)
        self._replies = subjects.replies_of(domain, party.name, new_id())
        self._opener = Opener(party.ring.workers)
        self._waiting: dict[str, asyncio.Future[Answer | None]] = {}
        self.epoch = 0

    @property
    def ignored(self) -> dict[str, int]:
        """What was ignored, by reason."""
        return dict(self._opener.ignored)

    @property
    def waiting(self) -> int:
        """How many requests wait for their answer."""
        return len(self._waiting)

    async def start(self) -> None:
        """Listen for answers."""
        await self._client.subscribe(f"{self._replies}.*", cb=self._hear)

    async def ask(self, kind: str, content: bytes, patience_s: float, *, again: bool = True) -> Answer:
        """Return the answer of whoever writes the domain's journal; NoAnswer where none came.

        ``again``: asked twice it does no harm. Then it is, while nobody listens (a worker takes over from another), and
        more and more seldom while nobody answers: the message may have gone to one that died with it.
        """
        now_s = asyncio.get_running_loop().time
        ends_s, waits_s = now_s() + patience_s, _FIRST_S if again else patience_s
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        names: list[str] = []
        heard = True
        try:
            while (left_s := ends_s - now_s()) > 0:
                names.append(await self._send(kind, content, left_s, future))
                with suppress(TimeoutError):
                    answer = await asyncio.wait_for(asyncio.shield(future), min(waits_s, left_s))
                    if answer is not None:
                        return answer
                heard = not future.done()
                if heard:
                    waits_s *= 2
                elif not again:
                    break
                else:
                    future = asyncio.get_running_loop().create_future()
                    await asyncio.sleep(_AGAIN_S)
        finally:
            for name in names:
                del self._waiting[name]
        raise NoAnswer(
            "no worker of the domain answered in time" if heard else "no worker of the domain listens", sent=heard
        )

    async def _send(self, kind: str, content: bytes, left_s: float, future: asyncio.Future[Answer | None]) -> str:
        """Send a request whose answer goes to a future; return its name."""
        name, now_ns = new_id(), time_ns()
        reply = f"{self._replies}.{name}"
        said = Said(
            subject=self._subject,
            reply=reply,
            id=name,
            answers="",
            time_ns=now_ns,
            until_ns=now_ns + int(left_s * _NS_PER_S),
            epoch=0,
            kind=kind,
            content=content,
        )
        if not self._client.is_connected:
            raise NoAnswer("the bus is not there", sent=False)
        self._waiting[name] = future
        try:
            for frame in frames(seal(self._party, said)):
                await self._client.publish(self._subject, frame, reply=reply)
        except Exception as error:  # whatever the client makes of a lost connection
            del self._waiting[name]
            raise NoAnswer(f"the bus: {type(error).__name__}", sent=True) from None
        return name

    async def _hear(self, message: Any) -> None:
        if not message.data and message.headers and message.headers.get("Status") == "503":
            future = self._waiting.get(message.subject.rpartition(".")[2])
            if future is not None and not future.done():
                future.set_result(None)
            return
        said = self._opener.open(message.subject, message.data)
        if said is None:
            return
        future = self._waiting.get(said.answers)
        if future is None or future.done() or said.epoch < self.epoch:  # a writer that another has followed
            return
        self.epoch = said.epoch
        future.set_result(Answer(said.kind, said.content, said.epoch))
