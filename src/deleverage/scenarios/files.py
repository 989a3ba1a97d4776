"""Files that other people name, read whole or refused in words: never a hang, never more than fits.

Only regular files: a pipe without a writer never ends, and a device may never end either.
"""

from pathlib import Path
from stat import S_ISDIR, S_ISREG


class BadFile(Exception):
    """A file that cannot be taken; the message says why, without the file's name."""


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """Return a file's bytes, or raise BadFile if it is not there, no regular file, too large, or unreadable."""
    try:
        found = path.stat()
        if S_ISDIR(found.st_mode):
            raise BadFile("cannot be read: Is a directory")
        if not S_ISREG(found.st_mode):
            raise BadFile("cannot be read: it is a pipe or a device; write it to a file first")
        if found.st_size > most_bytes:
            raise BadFile(f"has {found.st_size:,} bytes, at most {most_bytes:,} are read")
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise BadFile(f"cannot be read: {error.strerror}") from None
    except ValueError as error:  # a path with a null byte, or one that no file system can name
        raise BadFile(f"cannot be read: {error}") from None
    if len(content) > most_bytes:
        raise BadFile(f"has more than {most_bytes:,} bytes")
    return content
