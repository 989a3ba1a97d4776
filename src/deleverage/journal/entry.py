"""One command under its key, and what it was answered with: what a journal holds, and what is acknowledged."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from deleverage.documents import BadDocument, Json, canonical, decode, encode
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook.messages import Command, Fact, Rejection

Answer = tuple[Fact, ...] | Rejection

_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_KEYS = re.compile(rf"{_KEY.pattern}(?:\n{_KEY.pattern})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command and its answer; ``seq`` counts commands from 1, refused ones included.

    ``key`` is the caller's own name for the command: asked again under it, the same answer comes, for ever.
    """

    seq: int
    key: str
    command: Command
    facts: tuple[Fact, ...] | None
    rejection: Rejection | None

    @property
    def answer(self) -> Answer:
        """The facts, or the rejection that left the book unchanged."""
        return self.facts if self.rejection is None else self.rejection  # type: ignore[return-value]


def entry_of(seq: int, key: str, command: Command, answer: Answer) -> Entry:
    """Return the entry of an answered command."""
    if isinstance(answer, Rejection):
        return Entry(seq=seq, key=key, command=command, facts=None, rejection=answer)
    return Entry(seq=seq, key=key, command=command, facts=answer, rejection=None)


def require_keys(keys: Sequence[str]) -> None:
    """Raise JournalFault UNLAWFUL unless keys are there, differ, and are 1 to 64 ASCII letters, digits, ``_.:-``."""
    if not keys or len(set(keys)) < len(keys):
        raise JournalFault(Why.UNLAWFUL, "different keys in one block", len(set(keys)), f"{len(keys)}, at least 1")
    text = "\n".join(keys)
    if _KEYS.fullmatch(text) is None or text.count("\n") >= len(keys):  # a key that looks like two
        wrong = next(key for key in keys if _KEY.fullmatch(key) is None)
        raise JournalFault(Why.UNLAWFUL, "a key is 1 to 64 letters, digits, _ . : or -", ascii(wrong)[:80])


def text_of(command: Command, answer: Answer) -> str:
    """Return the one text of a command and its answer: canonical JSON. BadDocument where either has none."""
    document: dict[str, Json] = {"command": encode(Command, command)}
    if isinstance(answer, Rejection):
        document["rejection"] = encode(Rejection, answer)
    else:
        document["facts"] = [encode(Fact, fact) for fact in answer]
    return canonical(document)


def has_text(command: Command, answer: Answer) -> bool:
    """Return whether both have one: neither has what is not of its declared types, or wider than documents are."""
    try:
        text_of(command, answer)
    except BadDocument:
        return False
    return True


def read_text(document: Json) -> tuple[Command, Answer]:
    """Return the command and answer of a document; BadDocument where it is not exactly one."""
    if type(document) is not dict or list(document) not in (["command", "facts"], ["command", "rejection"]):
        raise BadDocument("an object with a command and its facts or rejection is expected")
    command = decode(Command, document["command"])
    if "rejection" in document:
        return command, decode(Rejection, document["rejection"])
    facts = document["facts"]
    if type(facts) is not list:
        raise BadDocument("an array is expected", "facts")
    return command, tuple([decode(Fact, fact) for fact in facts])
