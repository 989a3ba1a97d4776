"""What may go wrong at the n-th operation of a disk, and the cut that ends everything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

WRITES = frozenset({"write", "truncate", "create"})
SYNCS = frozenset({"sync", "sync_folder"})
ALL = WRITES | SYNCS | {"open", "read", "size", "exists", "rename", "delete"}
"""Every operation that a disk knows; each is counted, each may fail."""


class Kind(Enum):
    """A way in which an operation fails; the value says where it can happen."""

    EIO = "input/output error", ALL
    ENOSPC = "no space left on device", WRITES
    SHORT = "a part is written, and the count says so", frozenset({"write"})
    TORN = "a part is written, then the power is cut", frozenset({"write"})
    FAILED_SYNC = "input/output error; what was not synced is given up and no longer known as such", frozenset({"sync"})
    CRASH = "the power is cut", ALL

    @property
    def fits(self) -> frozenset[str]:
        """Return the operations that can fail like this."""
        return self.value[1]


@dataclass(frozen=True)
class Fault:
    """One fault: at the first operation from the n-th on (counted from 1) that can fail like this."""

    kind: Kind
    at: int
    lasts: bool = False
    """The fault stays: a disk that is full, or broken for good."""

    def __str__(self) -> str:
        """Return what happens, and where."""
        return f"{self.kind.name} at {self.at}{', for good' if self.lasts else ''}"


class PowerCut(BaseException):
    """The machine is off. No `except Exception` outlives that."""


def faults_of(log: Iterable[str], every: int = 1) -> Iterator[Fault]:
    """Return each fault that a script can meet, from the log of the operations of a run without any."""
    for at, operation in enumerate(log, 1):
        if at % every:
            continue
        for kind in Kind:
            if operation in kind.fits:
                yield Fault(kind, at)
                if kind in (Kind.EIO, Kind.ENOSPC, Kind.SHORT):
                    yield Fault(kind, at, lasts=True)
