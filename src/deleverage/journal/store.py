"""What a journal asks of whatever keeps its bytes: SQLite or PostgreSQL.

A store knows numbers, hashes and bytes, and no command. All it promises: what ``append`` returned from is there after
any crash; a writer of an older epoch writes nothing, neither blocks nor checkpoints nor what is derived; nothing is
ever changed or taken away.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """A block as it is kept: its number, the commands in it, the epoch of who wrote it, and the hash behind it."""

    number: int
    first_seq: int
    last_seq: int
    epoch: int
    chain_hash: bytes
    content: bytes


class Snapshot(NamedTuple):
    """A state as it was behind a block: ``seq`` commands, and the bytes from which it is rebuilt."""

    number: int
    seq: int
    content: bytes


class Store(Protocol):
    """A place for one domain's journal, with one connection and one thread that uses it.

    Every method raises JournalFault: FENCED where a later epoch was claimed, FULL where the device is full and nothing
    was written, FAILED where nobody knows what was.
    """

    def settings(self) -> dict[str, str]:
        """Return what durability hangs on, as it was found: library, version, modes."""
        ...

    def create(self, head: bytes) -> None:
        """Write the head of an empty journal."""
        ...

    def head(self) -> bytes:
        """Return the head; NO_JOURNAL where there is none."""
        ...

    def claim(self) -> int:
        """Return the epoch that is this writer's from now on: no writer of an earlier one appends any more."""
        ...

    def append(self, stored: Stored) -> None:
        """Return once the block is on the device."""
        ...

    def last(self) -> Stored | None:
        """Return the last block, None in an empty journal."""
        ...

    def blocks(self, after: int = 0) -> Iterator[Stored]:
        """Yield the blocks behind number ``after``, in order."""
        ...

    def block_with(self, seq: int) -> Stored | None:
        """Return the block in which command ``seq`` lies."""
        ...

    def add_checkpoint(self, number: int, content: bytes) -> None:
        """Keep a signed checkpoint behind block ``number``."""
        ...

    def checkpoints(self) -> list[bytes]:
        """Return every checkpoint, in order."""
        ...

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; older ones may go, they are derived."""
        ...

    def snapshot(self) -> Snapshot | None:
        """Return the newest snapshot."""
        ...

    def index_keys(self, keys: Sequence[tuple[str, int]], upto: int) -> None:
        """Note which command lies under each key, for all blocks up to number ``upto``: derived, and only faster."""
        ...

    def indexed(self) -> int:
        """Return the number of the last block whose keys are noted."""
        ...

    def seqs_of(self, keys: Sequence[str]) -> dict[str, int]:
        """Return the command under each of these keys that is noted."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
