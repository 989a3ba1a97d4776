"""The anchor: which block was written last, in a file of its own, synced before anybody is told.

A hash chain cannot see that its end is missing: a chain without its last blocks is a chain. So the number and hash of
the last block stand here, too, and a journal that ends before them is not opened.

The file has two places, a device sector each, written in turn: a cut that tears one leaves the other, which names the
block before. The journal may then be one block ahead of what can be read, which is also what a cut between block and
anchor leaves; it may never be behind.
"""

from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import File

PLACE = 4096
"""Bytes of a place: no device writes more than this at once without asking, and none writes less than 512."""

_FORM = Struct("<8sQQ32s")
_MAGIC = b"DLVANCHR"
_CHECK = 16


class Mark(NamedTuple):
    """The last block: its number (0: none yet), the last command in it, and the chain's hash behind it."""

    number: int
    seq: int
    chain_hash: bytes


def read(file: File) -> Mark:
    """Return the newest mark that can be read; JournalFault NO_ANCHOR where there is none, FAILED: nobody knows."""
    try:
        places = [file.read_at(place * PLACE, _FORM.size + _CHECK) for place in (0, 1)]
    except OSError as error:
        raise JournalFault(Why.FAILED, f"the anchor: {error}") from None
    read_at = map(_parsed, places)
    # In the other's place a mark was put there by no writer of ours, and the next one would be written over it.
    marks = [mark for place, mark in enumerate(read_at) if mark is not None and mark.number % 2 == place]
    if not marks:
        raise JournalFault(Why.NO_ANCHOR, "neither place of the anchor can be read", f"{file.size()} bytes")
    return max(marks)


def write(file: File, mark: Mark) -> None:
    """Write a mark into its place and return once it is on the device."""
    body = _FORM.pack(_MAGIC, mark.number, mark.seq, mark.chain_hash)
    file.write_at(mark.number % 2 * PLACE, body + sha256(body).digest()[:_CHECK])
    file.sync()


def start(file: File, chain_hash: bytes) -> None:
    """Make the file as long as it will ever be, with the mark of an empty journal in its first place."""
    file.write_at(0, bytes(2 * PLACE))
    write(file, Mark(0, 0, chain_hash))


def _parsed(content: bytes) -> Mark | None:
    body, check = content[: _FORM.size], content[_FORM.size :]
    if len(content) != _FORM.size + _CHECK or check != sha256(body).digest()[:_CHECK]:
        return None
    magic, number, seq, chain_hash = _FORM.unpack(body)
    return Mark(number, seq, chain_hash) if magic == _MAGIC else None
