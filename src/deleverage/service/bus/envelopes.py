"""What is said on the bus, signed by who says it: opened whole, or ignored and counted.

The signature covers everything: the subject, so that nothing is moved to another domain; where the answer goes, so that
nobody has it sent elsewhere; the time, and an id that is taken once, so that nothing is played again.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from secrets import token_hex
from time import time_ns

import msgspec

from deleverage.journal.signing import is_signed
from deleverage.service.bus.frames import Joiner
from deleverage.service.bus.ring import Party

WINDOW_S = 30
"""So far may the clocks of two machines and the way between them be apart."""
MOST_KNOWN = 500_000

_NS_PER_S = 1_000_000_000
_TAG = b"deleverage bus\0"


class Said(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A message. ``until_ns``: nobody waits for it behind that; ``epoch``: of the writer who says it, 0 for others."""

    subject: str
    reply: str
    id: str
    answers: str
    time_ns: int
    until_ns: int
    epoch: int
    kind: str
    content: bytes


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    sender: str
    signature: str
    body: bytes


_READ, _READ_SAID = msgspec.msgpack.Decoder(_Envelope), msgspec.msgpack.Decoder(Said)


def seal(party: Party, said: Said) -> bytes:
    """Return a message with its signature."""
    body = msgspec.msgpack.encode(said)
    return msgspec.msgpack.encode(_Envelope(party.name, party.signer.sign(_TAG + body), body))


def new_id() -> str:
    """Return a name that no other message has."""
    return token_hex(12)


class _Ignored(Exception):
    """A message that is not believed."""


class Opener:
    """Opens what parties of a ring have sealed. ``ignored`` counts the rest, by reason."""

    def __init__(self, keys: Mapping[str, str], clock_ns: Callable[[], int] = time_ns) -> None:
        """Believe these public keys."""
        self._keys, self._clock_ns, self._joiner = keys, clock_ns, Joiner()
        self._known: set[str] = set()
        self._ends: deque[tuple[int, str]] = deque()
        self.ignored: Counter[str] = Counter()

    def open(self, subject: str, frame: bytes) -> Said | None:
        """Return what was said, once it is whole and is believed; None: not yet, or never."""
        try:
            message = self._joiner.take(frame)
            return None if message is None else self._opened(subject, message)
        except _Ignored as reason:
            self.ignored[str(reason)] += 1
        except (ValueError, msgspec.MsgspecError):
            self.ignored["torn"] += 1
        return None

    def _opened(self, subject: str, message: bytes) -> Said:
        envelope = _READ.decode(message)
        public = self._keys.get(envelope.sender)
        if public is None:
            raise _Ignored("foreign")
        if not is_signed(public, _TAG + envelope.body, envelope.signature):
            raise _Ignored("unsigned")
        said = _READ_SAID.decode(envelope.body)
        reason = self._wrong(subject, said)
        if reason:
            raise _Ignored(reason)
        return said

    def _wrong(self, subject: str, said: Said) -> str:
        now_ns = self._clock_ns()
        if said.subject != subject:
            return "misplaced"
        if abs(now_ns - said.time_ns) > WINDOW_S * _NS_PER_S or now_ns > said.until_ns:
            return "late"
        while self._ends and self._ends[0][0] < now_ns:
            self._known.discard(self._ends.popleft()[1])
        if said.id in self._known:
            return "again"
        if len(self._known) >= MOST_KNOWN:
            return "flooded"
        self._known.add(said.id)
        self._ends.append((now_ns + 2 * WINDOW_S * _NS_PER_S, said.id))
        return ""
