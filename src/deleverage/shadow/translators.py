"""The shapes in which other engines tell of themselves, and who reads each."""

from collections.abc import Iterable
from typing import Protocol

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command
from deleverage.shadow.entries import Entries
from deleverage.shadow.hyperliquid import Hyperliquid
from deleverage.shadow.shape import BadLine, Close, Header, Why, read_line


class Translator(Protocol):
    """Reads the lines of one shape."""

    def header(self, line: bytes) -> Header:
        """Return what the stream says of itself, given its first line; raise BadLine."""
        ...

    def read(self, line: bytes, number: int, book: Book) -> Iterable[Command | Close]:
        """Yield what a line says; ``book`` is what was told before. Raise BadLine."""
        ...

    def kept(self) -> dict[str, str]:
        """Return what is waited for."""
        ...

    def take(self, kept: dict[str, str]) -> None:
        """Go on waiting for it."""
        ...


class Ours:
    """Our own shape (``shape``)."""

    def __init__(self) -> None:
        """Wait for the header."""
        self._begun = False

    def header(self, line: bytes) -> Header:
        """Return the header, which is the first line."""
        told = read_line(line)
        if not isinstance(told, Header):
            raise BadLine(Why.HEADER_MISPLACED)
        return told

    def read(self, line: bytes, number: int, book: Book) -> Iterable[Command | Close]:
        """Yield what a line says."""
        told = read_line(line)
        if not isinstance(told, Header):
            yield told
        elif self._begun:
            raise BadLine(Why.HEADER_MISPLACED)
        self._begun = True

    def kept(self) -> dict[str, str]:
        """Return nothing: each line stands for itself."""
        return {}

    def take(self, kept: dict[str, str]) -> None:
        """Go on behind the header; nothing was waited for."""
        self._begun = True


SHAPES: dict[str, type[Translator]] = {"deleverage": Ours, "entries": Entries, "hyperliquid": Hyperliquid}
"""By the name that ``--shape`` takes."""


def translator_of(shape: str) -> Translator:
    """Return who reads a shape."""
    return SHAPES[shape]()
