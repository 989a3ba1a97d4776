"""The simulated disk as a file system of Linux: it answers the kernel's requests; one folder of files, nothing cached.

With it SQLite's own VFS, or any other program, works on the disk without knowing. Numbers and layouts are those of the
kernel's FUSE protocol, version 7.31 (linux/fuse.h).
"""

import struct
from errno import EIO, ENOSYS
from stat import S_IFDIR, S_IFREG

from tests.torture.disk import Disk
from tests.torture.sectors import Content

ROOT = 1
HEADER = struct.Struct("<IIQQIIII")
MOST_WRITTEN_BYTES = 1 << 17
REQUEST_BYTES = MOST_WRITTEN_BYTES + 4096
SETS_SIZE, BIG_WRITES, PAST_THE_CACHE = 1 << 3, 1 << 5, 1 << 0


class FileSystem:
    """A disk, and the files that the kernel knows by number."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._contents: dict[int, Content] = {}

    def answer(self, request: bytes) -> bytes | None:
        """Return the answer to a request; None where the kernel wants none. A power cut comes through."""
        _, code, number, node, *_ = HEADER.unpack_from(request)
        name, wants_answer = REQUESTS.get(code, ("_unknown", True))
        error, body = 0, b""
        try:
            body = getattr(self, name)(node, request[HEADER.size :])
        except OSError as failure:
            error = -(failure.errno or EIO)
        return struct.pack("<IiQ", 16 + len(body), error, number) + body if wants_answer else None

    # -- requests: the number of the file, and what the kernel says ---------------------------------------------------

    def _start(self, node: int, body: bytes) -> bytes:
        return struct.pack("<4I2H2I2HI28x", 7, 31, 0, BIG_WRITES, 16, 12, MOST_WRITTEN_BYTES, 1, 0, 0, 0)

    def _nothing(self, node: int, body: bytes) -> bytes:
        return b""

    def _unknown(self, node: int, body: bytes) -> bytes:
        raise OSError(ENOSYS, "not simulated")

    def _look_up(self, node: int, body: bytes) -> bytes:
        return self._entry(self._disk.open(_path(body)))

    def _create(self, node: int, body: bytes) -> bytes:
        return self._entry(self._disk.open(_path(body[16:]), create=True)) + self._open(node, body)

    def _open(self, node: int, body: bytes) -> bytes:
        return struct.pack("<QII", 0, PAST_THE_CACHE, 0)

    def _get_attributes(self, node: int, body: bytes) -> bytes:
        return bytes(16) + self._attributes(node)

    def _set_attributes(self, node: int, body: bytes) -> bytes:
        what, size = struct.unpack_from("<I12xQ", body)
        if what & SETS_SIZE:
            self._disk.truncate(self._contents[node], size)
        return self._get_attributes(node, body)

    def _read(self, node: int, body: bytes) -> bytes:
        offset, count = struct.unpack_from("<8xQI", body)
        return self._disk.read(self._contents[node], offset, count)

    def _write(self, node: int, body: bytes) -> bytes:
        offset, count = struct.unpack_from("<8xQI", body)
        return struct.pack("<I4x", self._disk.write(self._contents[node], offset, body[40 : 40 + count]))

    def _sync(self, node: int, body: bytes) -> bytes:
        self._disk.sync(self._contents[node])
        return b""

    def _sync_folder(self, node: int, body: bytes) -> bytes:
        self._disk.sync_folder("/")
        return b""

    def _unlink(self, node: int, body: bytes) -> bytes:
        self._disk.delete(_path(body))
        return b""

    def _rename(self, node: int, body: bytes) -> bytes:
        old, new = body[8:].rstrip(b"\0").rsplit(b"\0", 1)
        self._disk.rename(_path(old), _path(new))
        return b""

    # -- inside ------------------------------------------------------------------------------------------------------

    def _entry(self, content: Content) -> bytes:
        """Return what the kernel has to know of a file: its number and its attributes."""
        node = next(
            (node for node, known in self._contents.items() if known is content), ROOT + 1 + len(self._contents)
        )
        self._contents[node] = content
        return struct.pack("<QQ24x", node, 0) + self._attributes(node)

    def _attributes(self, node: int) -> bytes:
        size = self._disk.size(self._contents[node]) if node != ROOT else 0
        mode = S_IFREG | 0o600 if node != ROOT else S_IFDIR | 0o700
        return struct.pack("<QQQ24x12xIIIIIII", node, size, -(-size // 512), mode, 1, 0, 0, 0, 4096, 0)


def _path(name: bytes) -> str:
    """Return the path on the disk of a name in its one folder."""
    return "/" + name.rstrip(b"\0").decode()


REQUESTS = {
    1: ("_look_up", True),
    2: ("_nothing", False),  # the kernel forgets a number; we do not
    3: ("_get_attributes", True),
    4: ("_set_attributes", True),
    10: ("_unlink", True),
    12: ("_rename", True),
    14: ("_open", True),
    15: ("_read", True),
    16: ("_write", True),
    18: ("_nothing", True),
    20: ("_sync", True),
    25: ("_nothing", True),
    26: ("_start", True),
    27: ("_open", True),
    29: ("_nothing", True),
    30: ("_sync_folder", True),
    35: ("_create", True),
    36: ("_nothing", False),  # nobody interrupts a request that is answered at once
    42: ("_nothing", False),
}
"""The requests that are answered, by the kernel's numbers, and whether the kernel waits; RENAME2 it does not need."""
