"""The file of reads: a line for each look at who is next, chained, synced, and anchored like the journal beside it.

A line is the chain's hash behind it, a blank, and a note as canonical JSON. The chain begins with the domain and its
public key, so a file belongs to one journal; the anchor names the last line, so a lost end is seen. What a crash has
torn behind the anchor was told to nobody: it is blanked, and blanks are no line.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from deleverage.documents import canonical
from deleverage.journal import anchor, chain
from deleverage.journal.anchor import Mark
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import File, Files, locked, typed

Json = dict[str, Any]

_HASH = re.compile(rb"[0-9a-f]{64}")
_TAIL_BYTES = 1 << 22
"""So much of the end is read at a start: more than one write ever has."""


class Owned(Protocol):
    """What names a journal: its head, or what somebody told of it."""

    @property
    def domain(self) -> str:
        """Whose it is."""
        ...

    @property
    def public_key(self) -> str:
        """The key that it is signed with."""
        ...


class Owner(NamedTuple):
    """The names alone, for who has no journal."""

    domain: str
    public_key: str


def reads_of(path: str) -> str:
    """Return the name of the file of reads beside a journal."""
    return f"{path}.reads"


def start_of(head: Owned) -> bytes:
    """Return the hash that the first line follows."""
    return chain.of_head(f"reads {head.domain} {head.public_key}".encode())


class ReadFile:
    """The one writer of a file of reads."""

    def __init__(self, files: Files, path: str, head: Owned) -> None:
        """Open the file behind its last line, made where there is none; JournalFault where the anchor has another."""
        name = f"{path}.anchor"
        with typed(path):
            self._file, self._anchor = files.open(path, create=True), files.open(name, create=True)
            self._lock = locked(files, name)
            if not self._file.size() and not self._anchor.size():
                anchor.start(self._anchor, start_of(head))
                files.sync_folder(path)
            self._mark, self._end = _end_of(self._file, anchor.read(self._anchor), path)
        self._shut = False

    @property
    def count(self) -> int:
        """How many lines there are."""
        return self._mark.seq

    def write(self, notes: Sequence[Json]) -> None:
        """Return once notes are on the device; JournalFault, and nothing is ever written again, where that fails."""
        if self._shut:
            raise JournalFault(Why.SHUT, "the file of reads was shut by an earlier fault")
        self._shut = True
        seq, behind, lines = self._mark.seq, self._mark.chain_hash, b""
        for note in notes:
            seq += 1
            text = canonical({"number": str(seq), **note}).encode()
            behind = chain.of_block(behind, text)
            lines += behind.hex().encode() + b" " + text + b"\n"
        mark = Mark(self._mark.number + 1, seq, behind)
        with typed("the file of reads"):
            self._file.write_at(self._end, lines)
            self._file.sync()
            anchor.write(self._anchor, mark)
        self._mark, self._end, self._shut = mark, self._end + len(lines), False

    def close(self) -> None:
        """Let go of the file."""
        self._shut = True
        self._file.close()
        self._anchor.close()
        self._lock.release()


def _end_of(file: File, mark: Mark, path: str) -> tuple[Mark, int]:
    """Return the last line and where it ends; what is torn behind it is blanked."""
    size = file.size()
    begin = max(0, size - _TAIL_BYTES)
    whole, _, torn = file.read_at(begin, size - begin).rpartition(b"\n")
    found: list[tuple[int, bytes, bytes]] = []
    for line in whole.split(b"\n")[1 if begin else 0 :]:
        if line.strip():
            found.append((number_of(line), *parted(line)))
    before = mark.chain_hash if mark.seq == 0 else None
    for number, behind, text in found:
        if before is not None:
            if chain.of_block(before, text) != behind:
                raise JournalFault(Why.BROKEN_CHAIN, path, f"line {number}")
            before = behind
            mark = Mark(mark.number + 1, number, behind)
        elif number == mark.seq and behind == mark.chain_hash:
            before = behind
    if before is None:
        raise JournalFault(Why.LOST_TAIL, f"{path} ends before line {mark.seq}, which its anchor names")
    if torn:
        file.write_at(size - len(torn), b" " * (len(torn) - 1) + b"\n")
        file.sync()
    return mark, size


def parted(line: bytes) -> tuple[bytes, bytes]:
    """Return hash and note of a line; BROKEN_CHAIN where it has none."""
    behind, _, text = line.partition(b" ")
    if _HASH.fullmatch(behind) is None:
        raise JournalFault(Why.BROKEN_CHAIN, "a line of reads without a hash")
    return bytes.fromhex(behind.decode("ascii")), text


def number_of(line: bytes) -> int:
    """Return the number of a line; BROKEN_CHAIN where it has none."""
    try:
        return int(json.loads(parted(line)[1])["number"])
    except (ValueError, KeyError, TypeError):
        raise JournalFault(Why.BROKEN_CHAIN, "a line of reads without a number") from None


def checked(lines: Iterator[bytes], mark: Mark, head: Owned) -> Iterator[Json]:
    """Yield every note, each after its line was checked; JournalFault at the first that is not what was written."""
    behind, number, anchored = start_of(head), 0, mark.seq == 0 and mark.chain_hash == start_of(head)
    for line in lines:
        if not line.endswith(b"\n") and number >= mark.seq:
            break  # it is being written, or a crash has torn it: told to nobody
        if not line.strip():
            continue
        told, text = parted(line.rstrip(b"\n"))
        behind, number = chain.of_block(behind, text), number + 1
        if behind != told or number_of(line) != number:
            raise JournalFault(Why.BROKEN_CHAIN, "the file of reads", f"line {number}")
        if number == mark.seq:
            anchored = behind == mark.chain_hash
        yield json.loads(text)
    if not anchored:
        why = Why.LOST_TAIL if number < mark.seq else Why.OTHER_PAST
        raise JournalFault(why, "the file of reads", f"line {number}", f"line {mark.seq}")
