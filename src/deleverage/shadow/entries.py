"""Entries of our own journals as a stream: what ``GET /v1/facts`` answers, a page or an entry a line.

So an engine of this kind can be followed by another copy of it, somewhere else, that only reads.
"""

from collections.abc import Iterator

from deleverage.documents import BadDocument, Json, decode
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command, Fact
from deleverage.rulebook.quantities import Scale
from deleverage.shadow.shape import SHAPE, TOLD, BadLine, Close, Header, Why, read_object
from deleverage.shadow.telling import told_of


class Entries:
    """Reads entries and pages of them; refused commands changed nothing and say nothing."""

    def header(self, line: bytes) -> Header:
        """Return what is known without being told; the rules have to be named."""
        return Header(shape=SHAPE, name="entries", currency="", money=Scale(1, 0), steps=TOLD)

    def read(self, line: bytes, number: int, book: Book) -> list[Command | Close]:
        """Return what a line says."""
        document = read_object(line)
        entries = document.get("entries", [document])
        try:
            return [told for entry in (entries if isinstance(entries, list) else [entries]) for told in _told(entry)]
        except BadDocument as fault:
            raise BadLine(Why.BAD_FIELD, str(fault)) from None

    def kept(self) -> dict[str, str]:
        """Return nothing: each entry stands for itself."""
        return {}

    def take(self, kept: dict[str, str]) -> None:
        """Nothing was waited for."""


def _told(entry: Json) -> Iterator[Command | Close]:
    if not isinstance(entry, dict) or "command" not in entry:
        raise BadLine(Why.UNKNOWN_LINE, "no entry of a journal")
    command, facts = decode(Command, entry["command"]), entry.get("facts")
    if isinstance(facts, list):
        yield from told_of(command, tuple(decode(Fact, fact) for fact in facts))
