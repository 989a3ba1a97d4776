"""Messages of a stream: lines that were encoded once, put together without being looked at again."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from deleverage.service.streams.limits import Limits

_TEXT, _SHORT = 0x81, 126


class Line(NamedTuple):
    """What one command was to whoever is told: its number, and JSON; several records are parted by commas."""

    seq: int
    text: bytes


class Frame:
    """A message, as it goes over the wire: made once, and the same bytes for whoever is told it."""

    __slots__ = ("next_from", "wire")

    def __init__(self, text: bytes, next_from: int = 0) -> None:
        """Take a JSON text, and from where to go on once it was read; 0: it says nothing about that."""
        self.wire, self.next_from = _header(len(text)) + text, next_from

    def __len__(self) -> int:
        """How long it is on the wire."""
        return len(self.wire)

    @property
    def text(self) -> str:
        """The JSON text."""
        return self.wire[_header_length(len(self.wire)) :].decode("utf-8")


def _header(length: int) -> bytes:
    """Return what stands before a whole text from a server (RFC 6455, 5.2): not masked, not parted."""
    if length < _SHORT:
        return bytes((_TEXT, length))
    if length < 1 << 16:
        return bytes((_TEXT, _SHORT)) + length.to_bytes(2, "big")
    return bytes((_TEXT, _SHORT + 1)) + length.to_bytes(8, "big")


def _header_length(wire_length: int) -> int:
    return next(size for size in (2, 4, 10) if len(_header(wire_length - size)) == size)


class Shape(NamedTuple):
    """How a channel's messages look: the array's name, what stands before it, and where what is too long is read."""

    array: str
    head: str
    elsewhere: str


def frames_of(shape: Shape, lines: Sequence[Line], next_from: int, limits: Limits) -> list[Frame]:
    """Return messages with all lines in order; the last one goes on from ``next_from``, also where there is no line."""
    frames, texts, size = list[Frame](), list[bytes](), 0
    for line in _short(shape, lines, limits):
        if texts and size + len(line.text) > limits.frame_bytes:
            frames.append(_frame(shape, texts, line.seq))
            texts, size = [], 0
        texts.append(line.text)
        size += len(line.text)
    return [*frames, _frame(shape, texts, next_from)]


def _frame(shape: Shape, texts: Iterable[bytes], next_from: int) -> Frame:
    head = f'{{{shape.head}"next_from":"{next_from}","{shape.array}":['
    return Frame(head.encode("utf-8") + b",".join(texts) + b"]}", next_from)


def _short(shape: Shape, lines: Iterable[Line], limits: Limits) -> Iterator[Line]:
    for seq, text in lines:
        if len(text) > limits.line_bytes:
            where = f"{shape.elsewhere}?from={seq}&limit=1"
            yield Line(seq, f'{{"seq":"{seq}","elsewhere":"{where}"}}'.encode("ascii"))
        else:
            yield Line(seq, text)
