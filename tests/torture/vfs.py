"""SQLite on the simulated disk: a VFS that touches nothing real and syncs what SQLite's own one for Linux syncs.

There is no shared memory: a database in WAL mode is opened with `PRAGMA locking_mode = EXCLUSIVE` before anything else,
then SQLite keeps its index of the log in its own memory and asks the VFS for none.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import apsw

from tests.torture.disk import Disk
from tests.torture.faults import PowerCut
from tests.torture.vfs_file import OpenFile, fails_as

POWERSAFE = apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE
"""Whoever overwrites a part of a sector risks no byte beside it: what SQLite's own file system for Linux claims."""
NEW_LOGS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
"""The first sync of one of these syncs its folder, too; of a database nobody does."""
NEW_YEAR_2000_MS = 211_813_444_800_000
"""A fixed moment, in milliseconds of the Julian day."""


class DiskVFS(apsw.VFS):
    """The file system that SQLite sees."""

    def __init__(self, name: str, disk: Disk, sector_bytes: int = 4096, traits: int = POWERSAFE) -> None:
        """Register under a name. `sector_bytes`, `traits`: what SQLite is told of the device, true or not.

        With the defaults it is told what its own file system for Linux tells it, and works alike. Without POWERSAFE it
        fills up the last sector of each commit.
        """
        self.name = name
        self._disk = disk
        self._sector_bytes = sector_bytes
        self._traits = traits
        self._temporary = count()
        super().__init__(name, base=None, iVersion=2)

    @fails_as(apsw.SQLITE_CANTOPEN)
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        asked = flags[0]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or f"/tmp/{next(self._temporary)}"
        create = bool(asked & apsw.SQLITE_OPEN_CREATE)
        opened = OpenFile(self._disk, path, self._disk.open(path, create), self._sector_bytes, self._traits)
        opened.folder_unsynced = create and bool(asked & NEW_LOGS)
        opened.dies_with_close = bool(asked & apsw.SQLITE_OPEN_DELETEONCLOSE)
        flags[1] = asked
        return opened

    def xDelete(self, filename: str, syncdir: bool) -> None:
        try:
            self._disk.delete(filename)
            if syncdir:
                self._disk.sync_folder(filename)
        except FileNotFoundError as error:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT) from error
        except OSError as error:
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE) from error

    @fails_as(apsw.SQLITE_IOERR_ACCESS)
    def xAccess(self, pathname: str, flags: int) -> bool:
        return self._disk.exists(pathname)

    def xFullPathname(self, name: str) -> str:
        return name if name.startswith("/") else f"/{name}"

    def xCurrentTime(self) -> float:
        return NEW_YEAR_2000_MS / 86_400_000

    def xCurrentTimeInt64(self) -> int:
        return NEW_YEAR_2000_MS

    def xSleep(self, microseconds: int) -> int:
        return microseconds

    def xGetLastError(self) -> tuple[int, str | None]:
        return 0, None


_numbers = count()


@contextmanager
def mounted(disk: Disk, sector_bytes: int = 4096, traits: int = POWERSAFE) -> Iterator[DiskVFS]:
    """Give a VFS over a disk; a connection asks for it by its `name`.

    SQLite keeps some failures to itself, such as that of a checkpoint after a commit. With its own VFS nobody hears of
    them; with this one the call raises all the same, so a commit may be called failed and stand. What cannot be raised
    at all is not reported: the next operation is told.
    """
    vfs = DiskVFS(f"disk-{next(_numbers)}", disk, sector_bytes, traits)
    others = sys.unraisablehook
    sys.unraisablehook = lambda kept: None if isinstance(kept.exc_value, PowerCut | apsw.Error) else others(kept)
    try:
        yield vfs
    finally:
        sys.unraisablehook = others
        vfs.unregister()
