"""The simulated disk as the small files of a journal see it: the same names as the real folder has."""

from errno import EAGAIN
from os import strerror

from tests.torture.disk import Disk
from tests.torture.locks import EXCLUSIVE


class DiskFile:
    """One open file of a simulated disk."""

    def __init__(self, disk: Disk, path: str, create: bool) -> None:
        self._disk = disk
        self._content = disk.open(path, create)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on; fewer at the end."""
        return self._disk.read(self._content, offset, count)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write all bytes, or raise OSError with a part of them written."""
        self._disk.write_all(self._content, offset, data)

    def sync(self) -> None:
        """Make content and size durable, or raise OSError: nobody knows then what is durable."""
        self._disk.sync(self._content)

    def size(self) -> int:
        """Return the size in bytes."""
        return self._disk.size(self._content)

    def close(self) -> None:
        """Close; what was not synced stays so."""


class DiskLock:
    """One writer's hold of a path; it goes with `release`, and with the machine."""

    def __init__(self, disk: Disk, path: str) -> None:
        """Take it; BlockingIOError where another writer has it."""
        self._disk = disk
        self._path = path
        if not disk.locks.take(path, self, EXCLUSIVE):
            disk.locks.give_back(path, self)
            raise BlockingIOError(EAGAIN, strerror(EAGAIN), path)

    def release(self) -> None:
        """Let the next writer in."""
        self._disk.locks.give_back(self._path, self)


class DiskFiles:
    """The files of a simulated disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def open(self, path: str, create: bool) -> DiskFile:
        """Return an open file; FileNotFoundError where it is not there and `create` is false."""
        return DiskFile(self._disk, path, create)

    def exists(self, path: str) -> bool:
        """Return whether there is a file of this name."""
        return self._disk.exists(path)

    def remove(self, path: str) -> None:
        """Take a name away."""
        self._disk.delete(path)

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder of a path durable."""
        self._disk.sync_folder(path)

    def lock(self, path: str) -> DiskLock:
        """Return the hold of a file that is there; BlockingIOError where another writer has it."""
        self._disk.open(path)
        return DiskLock(self._disk, path)
