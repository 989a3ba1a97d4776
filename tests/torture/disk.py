"""A disk in memory that keeps only what it was told to keep: a function of its seed and of what is done to it.

Content becomes durable by `sync`, a name (made, renamed, deleted) by `sync_folder`. `power_cut` returns the disk as it
comes back; the old one is off and answers every operation with `PowerCut`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from errno import EIO, ENOENT, ENOSPC
from os import strerror
from random import Random
from typing import NoReturn

from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.locks import Locks
from tests.torture.names import Names
from tests.torture.sectors import FORGET, Content, Survival


@dataclass(frozen=True)
class Traits:
    """What kind of disk it is; the same after a power cut."""

    room_bytes: int | None = None
    """All it holds: a write that needs more is short, the next one fails."""
    names_with_files: bool = False
    """A file system with a journal: the sync of a file makes all changed names durable, and they survive in order.

    Without it a name needs a sync of its folder, and each change of a name lives or dies alone."""
    lies_about_sync: bool = False
    """A sync answers and does nothing: the bug that this disk is here to find."""


ORDINARY = Traits()


class Disk:
    """Files by their path. Folders need not be made: each path has one."""

    def __init__(
        self,
        seed: int,
        traits: Traits = ORDINARY,
        faults: Iterable[Fault] = (),
        contents: Mapping[str, bytes] | None = None,
    ) -> None:
        """Begin with files that are durable, if any."""
        self.log: list[str] = []
        """The operations so far; a fault strikes at the n-th of them."""
        self.off = False
        self.locks = Locks()
        self.traits = traits
        self._rng = Random(seed)
        self._faults = list(faults)
        self._names = Names()
        self._names.change({path: Content(content) for path, content in (contents or {}).items()})
        self._names.sync(None)

    def power_cut(self, survival: Survival = FORGET, faults: Iterable[Fault] = ()) -> "Disk":
        """Return the disk as it comes back, without locks, and with faults of its own."""
        back = Disk(self._rng.getrandbits(64), self.traits, faults)
        back._names = self._names.after_power_cut(self._rng, survival, in_order=self.traits.names_with_files)
        self.off = True
        return back

    def kill(self, faults: Iterable[Fault] = ()) -> "Disk":
        """Return the disk after its process was killed: nothing written is lost, nothing is more durable; no locks."""
        back = Disk(self._rng.getrandbits(64), self.traits, faults)
        back._names = self._names
        self.off = True
        return back

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    # -- files -------------------------------------------------------------------------------------------------------

    def open(self, path: str, create: bool = False) -> Content:
        """Return a file, made where it is not there and `create` says so; FileNotFoundError otherwise."""
        is_new = create and path not in self._names.seen
        self._operation("create" if is_new else "open")
        if is_new:
            self._names.change({path: Content()})
        return self._file(path)

    def read(self, content: Content, offset: int, count: int) -> bytes:
        """Return bytes of a file; fewer at its end."""
        self._operation("read")
        return bytes(content.seen[offset : offset + count])

    def write(self, content: Content, offset: int, data: bytes) -> int:
        """Write, and return how many bytes were written: fewer where the disk is full or a fault strikes."""
        kind = self._operation("write")
        count = self._fitting(content, offset, len(data))
        if kind is Kind.SHORT:
            count = -(-count // 2)
        elif kind is Kind.TORN:
            count = self._rng.randrange(count + 1)
        content.write(offset, data[:count])
        if kind is Kind.TORN:
            self._cut()
        return count

    def write_all(self, content: Content, offset: int, data: bytes) -> None:
        """Write until all is written; OSError where no more can be."""
        written = 0
        while written < len(data):
            written += self.write(content, offset + written, data[written:])

    def truncate(self, content: Content, size: int) -> None:
        """Cut a file, or lengthen it with zeros."""
        self._operation("truncate")
        content.truncate(size)

    def size(self, content: Content) -> int:
        """Return how many bytes a file has."""
        self._operation("size")
        return len(content.seen)

    def sync(self, content: Content) -> None:
        """Make the content and the size of a file durable."""
        kind = self._operation("sync")
        if kind is Kind.FAILED_SYNC:
            content.fail_to_sync(self._rng)
            raise OSError(EIO, strerror(EIO))
        if not self.traits.lies_about_sync:
            content.sync()
            if self.traits.names_with_files:
                self._names.sync(None)

    # -- names -------------------------------------------------------------------------------------------------------

    def exists(self, path: str) -> bool:
        """Return whether a name stands for a file."""
        self._operation("exists")
        return path in self._names.seen

    def rename(self, path: str, new_path: str) -> None:
        """Give a file another name in its folder; what stood there before is gone."""
        self._operation("rename")
        self._names.change({path: None, new_path: self._file(path)})

    def delete(self, path: str) -> None:
        """Take a name away; who has the file open keeps it."""
        self._operation("delete")
        self._file(path)
        self._names.change({path: None})

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder of a path durable."""
        self._operation("sync_folder")
        if not self.traits.lies_about_sync:
            self._names.sync(path)

    def names(self) -> list[str]:
        """Return every name that stands for a file; not an operation of the machine."""
        return sorted(self._names.seen)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _file(self, path: str) -> Content:
        """Return the file of a name."""
        if path not in self._names.seen:
            raise FileNotFoundError(ENOENT, strerror(ENOENT), path)
        return self._names.seen[path]

    def _fitting(self, content: Content, offset: int, count: int) -> int:
        """Return how many of the bytes to write there is room for; OSError where there is none at all."""
        if self.traits.room_bytes is None or not count:
            return count
        used = sum(len(other.seen) for other in self._names.seen.values())
        missing = max(0, offset + count - len(content.seen)) - (self.traits.room_bytes - used)
        if missing >= count:
            raise OSError(ENOSPC, strerror(ENOSPC))
        return count - max(0, missing)

    def _operation(self, operation: str) -> Kind | None:
        """Count an operation, and let the fault that waited for it strike; return those that the caller carries out."""
        if self.off:
            raise PowerCut
        self.log.append(operation)
        fault = next((one for one in self._faults if one.at <= len(self.log) and operation in one.kind.fits), None)
        if fault is None:
            return None
        if not fault.lasts:
            self._faults.remove(fault)
        if fault.kind is Kind.CRASH:
            self._cut()
        if fault.kind in (Kind.EIO, Kind.ENOSPC):
            number = EIO if fault.kind is Kind.EIO else ENOSPC
            raise OSError(number, strerror(number))
        return fault.kind

    def _cut(self) -> NoReturn:
        """Switch the disk off under whatever runs."""
        self.off = True
        raise PowerCut
