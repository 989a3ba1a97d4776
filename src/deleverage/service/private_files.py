"""Files that only their owner may read: read if that is so, and made so."""

import os
import stat

MOST_BYTES = 1_000_000


class Exposed(Exception):
    """A file that cannot be taken as a secret: others may read it, or it cannot be read; the message says which."""


def read_private(path: str) -> bytes:
    """Return a file's bytes; Exposed where group or others may do anything with it, with the mode that was found."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Exposed(f"{path} is no regular file")
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                mode = f"{stat.S_IMODE(found.st_mode):04o}"
                raise Exposed(f"{path} has mode {mode}, others may use it: chmod 0600")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Exposed(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # a path with a null byte
        raise Exposed(f"{path!a} cannot be read: {error}") from None
    if len(content) > MOST_BYTES:
        raise Exposed(f"{path} has more than {MOST_BYTES:,} bytes")
    return content


def write_private(path: str, content: bytes) -> None:
    """Write a new file for its owner alone; FileExistsError where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def append_private(path: str, content: bytes) -> None:
    """Write behind what a private file has, or make one; Exposed where others may use it."""
    try:
        write_private(path, content)
    except FileExistsError:
        read_private(path)
        with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
