"""One open file of SQLite on the simulated disk, and what an error of the disk becomes."""

from collections.abc import Callable
from errno import ENOSPC
from functools import wraps
from typing import ParamSpec, TypeVar

import apsw

from tests.torture.disk import Disk
from tests.torture.locks import RESERVED
from tests.torture.sectors import Content

P = ParamSpec("P")
R = TypeVar("R")


def fails_as(code: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn an OSError of the disk into SQLite's error for the operation; a full disk is always FULL."""

    def decorate(operation: Callable[P, R]) -> Callable[P, R]:
        @wraps(operation)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return operation(*args, **kwargs)
            except OSError as error:
                raise apsw.exception_for(apsw.SQLITE_FULL if error.errno == ENOSPC else code) from error

        return guarded

    return decorate


class OpenFile(apsw.VFSFile):
    """One open file. The base is never told of a file: every method that SQLite calls stands here."""

    def __init__(self, disk: Disk, path: str, content: Content, sector_bytes: int, traits: int) -> None:
        self._disk = disk
        self._path = path
        self._content = content
        self._sector_bytes = sector_bytes
        self._traits = traits
        self.folder_unsynced = False
        self.dies_with_close = False

    @fails_as(apsw.SQLITE_IOERR_READ)
    def xRead(self, amount: int, offset: int) -> bytes:
        return self._disk.read(self._content, offset, amount)

    @fails_as(apsw.SQLITE_IOERR_WRITE)
    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write_all(self._content, offset, bytes(data))

    @fails_as(apsw.SQLITE_IOERR_TRUNCATE)
    def xTruncate(self, newsize: int) -> None:
        self._disk.truncate(self._content, newsize)

    @fails_as(apsw.SQLITE_IOERR_FSYNC)
    def xSync(self, flags: int) -> None:
        self._disk.sync(self._content)
        if self.folder_unsynced:
            self._disk.sync_folder(self._path)
            self.folder_unsynced = False

    @fails_as(apsw.SQLITE_IOERR_FSTAT)
    def xFileSize(self) -> int:
        return self._disk.size(self._content)

    def xLock(self, level: int) -> None:
        if not self._disk.locks.take(self._path, self, level):
            raise apsw.exception_for(apsw.SQLITE_BUSY)

    def xUnlock(self, level: int) -> None:
        self._disk.locks.give_back(self._path, self, level)

    def xCheckReservedLock(self) -> bool:
        return self._disk.locks.others(self._path, self) >= RESERVED

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return self._sector_bytes

    def xDeviceCharacteristics(self) -> int:
        return self._traits

    def xClose(self) -> None:
        self._disk.locks.give_back(self._path, self)
        if self.dies_with_close and not self._disk.off:
            self._disk.delete(self._path)
