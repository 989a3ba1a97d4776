"""The process that writes lines through SQLite's own file system onto a simulated disk; it lives until the power goes.

It mounts the disk where nobody else sees it, in a namespace that goes with the process. On its input come the words
`found`, `write NUMBER` and `end`; each is answered by a line of JSON, [true, answer] or [false, words of the error].
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import apsw

from tests.torture.lines import NoLog, Setting, connected

NEW_NAMESPACE, PRIVATE_ALL_BELOW, NO_PROGRAMS_NO_DEVICES = 0x20000, 0x44000, 6


def mount(device: int, folder: str) -> None:
    """Mount what is answered on an open /dev/fuse, for this process alone; OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}".encode()
    if (
        libc.unshare(NEW_NAMESPACE)
        or libc.mount(b"none", b"/", None, PRIVATE_ALL_BELOW, None)
        or libc.mount(b"disk", folder.encode(), b"fuse", NO_PROGRAMS_NO_DEVICES, options)
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # Only who answers may hold it open: when that one ends, every file here fails, as it does when the power goes.
    os.close(device)


def answers(folder: str, synchronous: str, words: Iterator[str]) -> Iterator[Any]:
    """Yield an answer to each word, and before the first that the disk is mounted and that the database is open."""
    yield "mounted"
    with connected(f"{folder}/journal.db", Setting(synchronous, empties_log=True)) as lines:
        yield "open"
        for word in words:
            if word == "end":
                break
            if word == "found":
                yield lines.found()
            else:
                number = int(word.removeprefix("write "))
                lines.write(number)
                yield number
    yield "closed"


def main(device: int, folder: str, synchronous: str) -> None:
    """Answer until the end."""
    try:
        mount(device, folder)
        for answer in answers(folder, synchronous, (line.strip() for line in sys.stdin)):
            print(json.dumps([True, answer]), flush=True)
    except (apsw.Error, NoLog, OSError) as error:
        print(json.dumps([False, f"{type(error).__name__}: {error}"]), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
