"""The document of a vector: rules in full, then command after command with its answer and the state it leaves.

A vector hangs on nothing but itself: it starts from an empty book, times come with the commands, and every number that
a port has to reach stands in it. ``docs/vectors.md`` tells the format, ``schemas/vector.json`` every key.
"""

from dataclasses import dataclass

from deleverage import __version__
from deleverage.documents import BadDocument, Json, canonical, decode, encode, parse
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Command, Fact, Rejection
from deleverage.rulebook.rules import Rules

SCHEMA_VERSION = 1
KIND = "vector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One command, its answer - facts, or a rejection and no facts - and the state after it.

    ``state_merge_patch`` is a JSON Merge Patch (RFC 7396) from the document of the state before to that of the state
    after; it is written out, so that a port that differs learns which number it is.
    """

    command: Command
    facts: tuple[Fact, ...] | None
    rejection: Rejection | None
    state_merge_patch: object
    digest: str

    def __post_init__(self) -> None:
        """Refuse an entry with two answers or with none."""
        if (self.facts is None) == (self.rejection is None):
            raise ValueError("an entry has either facts or a rejection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """Commands that a clearing domain is given from its beginning, and what it has to answer under these rules."""

    name: str
    about: str
    rules: Rules
    rules_hash: str
    state_at_start: Book
    digest_at_start: str
    entries: tuple[Entry, ...]


def head(kind: str) -> dict[str, Json]:
    """Return the first keys of a document: which schema describes it, and which program wrote it."""
    return {"schema_version": SCHEMA_VERSION, "kind": kind, "program": f"deleverage {__version__}"}


def text_of(vector: Vector) -> str:
    """Return a vector's document, a line for each key and for each entry: what differs between two is one line each."""
    document = head(KIND) | encode(Vector, vector)
    entries = ",\n".join(canonical(entry) for entry in document.pop("entries"))
    keys = ",\n".join(f'"{key}":{canonical(part)}' for key, part in document.items())
    return f'{{{keys},\n"entries":[\n{entries}\n]}}\n'


def read(content: bytes) -> Vector:
    """Return the vector in a document's bytes, or raise BadDocument at the first thing that is wrong with it."""
    document = parse(content)
    if type(document) is not dict:
        raise BadDocument("a vector is an object")
    for key, part in head(KIND).items():
        if key not in document:
            raise BadDocument(f"the key {key!a} is missing")
        found = document.pop(key)
        lawful = type(found) is str if key == "program" else type(found) is type(part) and found == part
        if not lawful:
            raise BadDocument(f"{part!a} is expected", key)
    return decode(Vector, document)
