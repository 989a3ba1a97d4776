"""Messages cut into frames that a bus takes, and put together again within bounds.

A frame is ``DLV1``, sixteen bytes that stand for the message, its number and how many there are, and a piece. Nothing
here is believed: what is put together is checked by whoever opens it (``envelopes``).
"""

from collections import OrderedDict
from collections.abc import Iterator
from os import urandom
from struct import Struct

PIECE_BYTES = 512 * 1024
"""Half of what a server takes by default."""
MOST_PIECES = 128
MOST_OPEN_BYTES = 256 << 20

_HEAD = Struct("<4s16sHH")
_MAGIC = b"DLV1"


def frames(message: bytes) -> Iterator[bytes]:
    """Yield the frames of a message; ValueError where it is too long for any."""
    count = max(1, -(-len(message) // PIECE_BYTES))
    if count > MOST_PIECES:
        raise ValueError(f"a message of {len(message)} bytes, {MOST_PIECES * PIECE_BYTES} at most")
    name = urandom(16)
    for at in range(count):
        yield _HEAD.pack(_MAGIC, name, at, count) + message[at * PIECE_BYTES : (at + 1) * PIECE_BYTES]


class Joiner:
    """Puts frames together; of what never comes to its end the oldest is forgotten.

    >>> joiner = Joiner()
    >>> [joiner.take(frame) for frame in frames(b"abc")]
    [b'abc']
    """

    def __init__(self, most_bytes: int = MOST_OPEN_BYTES) -> None:
        """Keep at most so many bytes of messages that are not whole yet."""
        self._most_bytes, self._bytes = most_bytes, 0
        self._open: OrderedDict[bytes, dict[int, bytes]] = OrderedDict()

    def take(self, frame: bytes) -> bytes | None:
        """Return the message that a frame makes whole; None: others are missing. ValueError where it is no frame."""
        if len(frame) < _HEAD.size or not frame.startswith(_MAGIC):
            raise ValueError("no frame")
        _, name, at, count = _HEAD.unpack_from(frame)
        if not at < count <= MOST_PIECES or len(frame) > _HEAD.size + PIECE_BYTES:
            raise ValueError("no frame")
        if count == 1:
            return frame[_HEAD.size :]
        pieces = self._open.setdefault(name, {})
        if at not in pieces:
            pieces[at] = frame[_HEAD.size :]
            self._bytes += len(pieces[at])
        if len(pieces) >= count:
            self._forget(name)
            return b"".join(pieces[number] for number in sorted(pieces))
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._open)))
        return None

    def _forget(self, name: bytes) -> None:
        self._bytes -= sum(map(len, self._open.pop(name).values()))
