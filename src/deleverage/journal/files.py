"""The few small files beside a journal, written so that what was synced is there after a power cut.

``Files`` is what the rest asks of a file system; ``SystemFiles`` is the machine's own. Tests put a disk in its place
that forgets, tears and fails.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EAGAIN, ENOSPC
from typing import Protocol

from deleverage.journal.faults import JournalFault, Why


class File(Protocol):
    """An open file."""

    def read_at(self, offset: int, count: int) -> bytes:
        """Return the bytes there; fewer at the end of the file."""
        ...

    def write_at(self, offset: int, data: bytes) -> None:
        """Write all of it, or raise OSError."""
        ...

    def sync(self) -> None:
        """Return once content and size are on the device; OSError: nobody knows, and asking again tells nothing."""
        ...

    def size(self) -> int:
        """Return the length in bytes."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Lock(Protocol):
    """A claim on a name that one process at a time holds."""

    def release(self) -> None:
        """Give it up."""
        ...


class Files(Protocol):
    """A file system."""

    def open(self, path: str, create: bool) -> File:
        """Return the file; FileNotFoundError where it is not there and may not be made. Made: for its owner only."""
        ...

    def exists(self, path: str) -> bool:
        """Return whether there is something of this name."""
        ...

    def remove(self, path: str) -> None:
        """Take a name away; it is gone for good once its folder is synced."""
        ...

    def sync_folder(self, path: str) -> None:
        """Make the names in the folder of ``path`` durable."""
        ...

    def lock(self, path: str) -> Lock:
        """Return the claim on a file that is there; BlockingIOError while another holds it."""
        ...


class SystemFile:
    """A file of the machine."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open descriptor."""
        self._descriptor = descriptor

    def read_at(self, offset: int, count: int) -> bytes:
        """Return the bytes there; fewer at the end of the file."""
        return os.pread(self._descriptor, count, offset)

    def write_at(self, offset: int, data: bytes) -> None:
        """Write all of it, however many calls it takes."""
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

    def sync(self) -> None:
        """Return once content and size are on the device."""
        os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)

    def size(self) -> int:
        """Return the length in bytes."""
        return os.fstat(self._descriptor).st_size

    def close(self) -> None:
        """Close the descriptor; a lock on it goes, too. Again: nothing, for its number may be another's by now."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    release = close


class SystemFiles:
    """The machine's file system."""

    def open(self, path: str, create: bool) -> SystemFile:
        """Return the file, made for its owner alone where it may be made and is not there."""
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        return SystemFile(os.open(path, flags, 0o600))

    def exists(self, path: str) -> bool:
        """Return whether there is something of this name."""
        return os.path.lexists(path)

    def remove(self, path: str) -> None:
        """Unlink it."""
        os.unlink(path)

    def sync_folder(self, path: str) -> None:
        """Sync the folder: a new name is not durable before."""
        descriptor = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lock(self, path: str) -> SystemFile:
        """Return the claim; it goes when it is released and when the process ends, however it ends."""
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(descriptor), os.stat(path)):  # its holder took the name away in between
                raise BlockingIOError(EAGAIN, os.strerror(EAGAIN), path)
        except BaseException:
            os.close(descriptor)
            raise
        return SystemFile(descriptor)


class FilesToRead(SystemFiles):
    """The machine's file system for who only looks: a device that nobody may write to is read all the same."""

    def open(self, path: str, create: bool = False) -> SystemFile:
        """Return the file to read; nothing is ever made, and nobody is waited for at the other end of a pipe."""
        return SystemFile(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))


def locked(files: Files, anchor_path: str) -> Lock:
    """Return the claim on an anchor; LOCKED while another holds it, NO_ANCHOR where there is none."""
    with typed(anchor_path):
        try:
            return files.lock(anchor_path)
        except BlockingIOError:
            raise JournalFault(Why.LOCKED, anchor_path) from None
        except FileNotFoundError:
            raise JournalFault(Why.NO_ANCHOR, anchor_path) from None


@contextmanager
def typed(path: str) -> Iterator[None]:
    """Give what a file system raises a typed reason."""
    try:
        yield
    except OSError as error:
        raise JournalFault(Why.FULL if error.errno == ENOSPC else Why.FAILED, f"{path}: {error}") from None
