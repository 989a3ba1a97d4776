"""How far a stream was followed: everything that a restart goes on with, in one file that is old or new, never half.

It is the only thing that is ever written, and only where the user names it.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from deleverage.documents import BadDocument, Json, canonical, decode, encode, parse
from deleverage.rulebook.book import Book
from deleverage.scenarios.files import BadFile, read_bytes
from deleverage.shadow.acts import Key
from deleverage.shadow.shape import Header
from deleverage.shadow.tally import Tally

FORMAT = "deleverage-shadow-progress/1"
LARGEST_BYTES = 1 << 32


class BadProgress(Exception):
    """A progress file that is none, or belongs to something else."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """A moment between two lines: how far, under which rules, what had come of it, and the book."""

    format: str
    source: str
    options: str
    rules_hash: str
    offset: int
    line: int
    chain: str  # SHA-256 over all lines so far, each with the one before
    header: Header
    tally: Tally
    standing: tuple[Key, ...]
    halves: dict[str, str]  # what a translator still waits for
    book: Book


def chained(chain: str, line: bytes) -> str:
    """Return the chain behind one more line."""
    return sha256(chain.encode("ascii") + line).hexdigest()


def save(path: Path, progress: Progress) -> None:
    """Write a progress file: beside the old one, flushed to the device, then in its place."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(canonical(encode(Progress, progress)).encode("ascii"))
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def load(path: Path, source: str, options: str) -> Progress | None:
    """Return what a file says, None where there is none; BadProgress where it is of another source or options."""
    try:
        document: Json = parse(read_bytes(path, LARGEST_BYTES))
        progress = decode(Progress, document)
    except BadFile as fault:
        if not path.exists():
            return None
        raise BadProgress(f"{path} {fault}") from None
    except BadDocument as fault:
        raise BadProgress(f"{path} is no progress file: {fault}") from None
    for name, found, asked in (
        ("format", progress.format, FORMAT),
        ("source", progress.source, source),
        ("options", progress.options, options),
    ):
        if found != asked:
            raise BadProgress(f"{path} is of another {name}: {found[:200]}, not {asked[:200]}")
    return progress
