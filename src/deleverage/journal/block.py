"""A block: the entries that were made durable together, as bytes. One content, one encoding.

Little-endian, in this order: a head (``_HEAD``), the lengths of keys and their ASCII, the lengths of names and their
UTF-8, the rows (``planes``), the lengths of texts and the texts. Names are those that rows use, in the order of their
first use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.documents import parse
from deleverage.journal import rows
from deleverage.journal.entry import Answer, Entry, entry_of, read_text, require_keys, text_of
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.filing import Places, row_of, row_of_text
from deleverage.journal.planes import grown, shrunk
from deleverage.journal.rows import ROW
from deleverage.rulebook.messages import Command, Rejection

_HEAD = Struct("<4sHHQQQQIII")
_MAGIC, _VERSION = b"DLVB", 1
_KIND = list(ROW.names or ()).index("kind")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Entries ``first_seq`` onwards, written under ``epoch``; ``facts_before`` facts were written before them."""

    number: int
    epoch: int
    first_seq: int
    facts_before: int
    keys: Sequence[str]
    names: Sequence[str]
    rows: NDArray[Any]
    texts: Sequence[bytes]

    @property
    def last_seq(self) -> int:
        """The last command in it."""
        return self.first_seq + len(self.rows) - 1

    @property
    def facts_after(self) -> int:
        """How many facts there are behind it."""
        return self.facts_before + _facts(self.rows)

    def to_bytes(self) -> bytes:
        """Return the block's bytes."""
        counts = len(self.rows), len(self.names), len(self.texts)
        head = _HEAD.pack(_MAGIC, _VERSION, 0, self.number, self.epoch, self.first_seq, self.facts_before, *counts)
        keys = "".join(self.keys).encode("ascii")
        names = "".join(self.names).encode("utf-8", "surrogatepass")
        told = self.names if names.isascii() else [name.encode("utf-8", "surrogatepass") for name in self.names]
        name_ends, text_ends = _lengths(told, "<u2"), _lengths(self.texts, "<u4")
        parts = [head, bytes(map(len, self.keys)), keys, name_ends, names, shrunk(self.rows)]
        return b"".join([*parts, text_ends, *self.texts])

    def packed(self) -> "Packed":
        """Return the block as a journal takes it; JournalFault UNLAWFUL where its keys are not lawful ones."""
        require_keys(self.keys)
        seqs = dict(zip(self.keys, range(self.first_seq, self.last_seq + 1), strict=True))
        return Packed(self.number, self.epoch, self.first_seq, self.last_seq, self.facts_after, self.to_bytes(), seqs)

    def front(self, count: int) -> "Block":
        """Return a block of its first entries alone, with all its names."""
        texts = int(np.count_nonzero(self.rows["kind"][:count] == rows.TEXT))
        return replace(self, keys=self.keys[:count], rows=self.rows[:count], texts=self.texts[:texts])

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Yield its entries, or those from ``start`` up to ``stop``; BadDocument or BAD_FORMAT: a part is unlawful."""
        part = slice(start, stop)
        texts = iter(self.texts[int(np.count_nonzero(self.rows["kind"][:start] == rows.TEXT)) :])
        fact_seq = self.facts_before + _facts(self.rows[:start]) + 1
        for at, (key, row) in enumerate(zip(self.keys[part], self.rows[part].tolist(), strict=True), start):
            if row[_KIND] == rows.TEXT:
                command, answer = read_text(parse(next(texts)))
            else:
                try:
                    command = rows.command_of(row, self.names)
                    answer = rows.answer_of(row, command, fact_seq, self.names)
                except (IndexError, KeyError, ValueError) as error:
                    raise JournalFault(Why.BAD_FORMAT, f"row {at} of block {self.number}: {error}") from None
            fact_seq += 0 if isinstance(answer, Rejection) else len(answer)
            yield entry_of(self.first_seq + at, key, command, answer)


class Packed(NamedTuple):
    """A block ready to be written: its place, its bytes, and the command under each of its keys, which are lawful."""

    number: int
    epoch: int
    first_seq: int
    last_seq: int
    facts_after: int
    content: bytes
    seqs: dict[str, int]


def _lengths(parts: Sequence[str] | Sequence[bytes], form: str) -> bytes:
    return np.fromiter(map(len, parts), form, len(parts)).tobytes()


def _facts(table: NDArray[Any]) -> int:
    """Return how many facts the commands of some rows were answered with."""
    texts = table["kind"] == rows.TEXT
    return int(np.count_nonzero(~texts & (table["code"] == 0))) + int(table["first"][texts].sum())


def block_of(
    number: int, epoch: int, first_seq: int, facts_before: int, answered: Sequence[tuple[str, Command, Answer]]
) -> Block:
    """Return the block of answered commands under their keys.

    BadDocument where a command is not of its declared types: the law has refused it, and it has no text.
    """
    places, made, texts, fact_seq = Places(), [], [], facts_before + 1
    for _, command, answer in answered:
        row = row_of(command, answer, fact_seq, places)
        told = 0 if isinstance(answer, Rejection) else len(answer)
        if row is None:
            texts.append(text_of(command, answer).encode("ascii"))
            row = row_of_text(told)
        made.append(row)
        fact_seq += told
    return Block(
        number=number,
        epoch=epoch,
        first_seq=first_seq,
        facts_before=facts_before,
        keys=[key for key, _, _ in answered],
        names=places.names,
        rows=np.frombuffer(b"".join(made), ROW),
        texts=texts,
    )


def read_block(content: bytes) -> Block:
    """Return the block in these bytes; JournalFault BAD_FORMAT where they are not exactly one."""
    try:
        block = _read(content)
        require_keys(block.keys)
    except (JournalFault, ValueError) as error:
        raise JournalFault(Why.BAD_FORMAT, f"a block of {len(content)} bytes: {error}") from None
    return block


def keys_of(content: bytes) -> tuple[int, list[str]]:
    """Return the first command's number and every key of a block, without looking at the rest of it."""
    block = read_block(content)
    return block.first_seq, list(block.keys)


def place_of(content: bytes) -> tuple[int, int, int, int]:
    """Return number, first and last command and epoch that a block's bytes begin with; BAD_FORMAT: too short."""
    if len(content) < _HEAD.size:
        raise JournalFault(Why.BAD_FORMAT, f"a block of {len(content)} bytes")
    _, _, _, number, epoch, first_seq, _, count, _, _ = _HEAD.unpack_from(content)
    return number, first_seq, first_seq + count - 1, epoch


def _read(content: bytes) -> Block:
    if len(content) < _HEAD.size:
        raise ValueError(f"its head alone has {_HEAD.size}")
    magic, version, spare, number, epoch, first_seq, facts_before, count, names, texts = _HEAD.unpack_from(content)
    if (magic, version, spare) != (_MAGIC, _VERSION, 0):
        raise ValueError(f"it begins with {magic!r}, version {version}")
    at = _HEAD.size
    lengths = content[at : at + count]
    at += count
    if len(lengths) != count:  # before anything is laid out for so many
        raise ValueError(f"it claims {count} entries")
    keys, at = _cut(content, at, list(lengths), "ascii")
    name_ends = np.frombuffer(content, "<u2", names, at).tolist()
    named, at = _cut(content, at + 2 * names, name_ends, "utf-8")
    table, at = grown(content, at, count)
    text_ends = np.frombuffer(content, "<u4", texts, at).tolist()
    at += 4 * texts
    told = []
    for length in text_ends:
        told.append(content[at : at + length])
        at += length
    facts_of_texts = table["first"][table["kind"] == rows.TEXT]
    if at != len(content) or len(facts_of_texts) != texts:
        raise ValueError(f"its parts end at {at}, with {texts} texts")
    if texts and not 0 <= facts_of_texts.min() <= facts_of_texts.max() < 1 << 32:
        raise ValueError(f"a text has {facts_of_texts.min()} to {facts_of_texts.max()} facts")
    return Block(
        number=number,
        epoch=epoch,
        first_seq=first_seq,
        facts_before=facts_before,
        keys=keys,
        names=named,
        rows=table,
        texts=told,
    )


def _cut(content: bytes, at: int, lengths: list[int], encoding: str) -> tuple[list[str], int]:
    parts = []
    for length in lengths:
        parts.append(content[at : at + length].decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict"))
        at += length
    return parts, at
