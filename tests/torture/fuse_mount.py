"""Power cuts through a mounted disk: SQLite's own file system, in a process of its own that dies with the power.

Slower than the shim in one process, and closer to the truth: what SQLite does on Linux beyond the shim's reach, such as
keeping an error to itself, is here as it is. Needs Linux, /dev/fuse and the right to mount; `missing` says which is not
there.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.torture.disk import Disk
from tests.torture.fuse import REQUEST_BYTES, FileSystem
from tests.torture.writer import Start

DEVICE = Path("/dev/fuse")
PATIENCE_MS = 20_000


class WriterFailed(Exception):
    """The words of the process that writes."""


def missing() -> str | None:
    """Return why no disk can be mounted here, or None."""
    if not DEVICE.exists():
        return f"there is no {DEVICE}"
    if os.geteuid() != 0:
        return "only root may mount a disk here"
    try:
        with mounted_lines(Disk(0), "FULL"):
            return None
    except WriterFailed as error:
        return f"no disk can be mounted here: {error}"


class MountedLines:
    """Lines that another process writes, while this one is its disk."""

    def __init__(self, disk: Disk, device: int, process: subprocess.Popen[str]) -> None:
        self._files = FileSystem(disk)
        self._device = device
        self._process = process

    def write(self, number: int) -> None:
        """Have a line written."""
        self.ask(f"write {number}")

    def found(self) -> tuple[int, str | None]:
        """Return the last line, and what is wrong."""
        last, complaint = self.ask("found")
        return last, complaint

    def ask(self, word: str) -> Any:
        """Return the answer of the process to a word; a power cut comes through."""
        assert self._process.stdin
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> Any:
        """Be the disk until the process says something, and return that."""
        ready = select.poll()
        ready.register(self._device, select.POLLIN)
        ready.register(self._process.stdout or 0, select.POLLIN)
        while events := ready.poll(PATIENCE_MS):
            if any(file != self._device for file, _ in events):
                return self.said()
            answer = self._files.answer(os.read(self._device, REQUEST_BYTES))
            if answer:
                os.write(self._device, answer)
        raise WriterFailed(f"no word for {PATIENCE_MS} ms")

    def said(self) -> Any:
        """Return the next word of the process."""
        assert self._process.stdout
        good, said = json.loads(self._process.stdout.readline() or '[false, "it is gone"]')
        if not good:
            raise WriterFailed(said)
        return said


def sqlite_mounted(synchronous: str) -> Start:
    """Return how SQLite is started in a process of its own."""
    return lambda disk: mounted_lines(disk, synchronous)


@contextmanager
def mounted_lines(disk: Disk, synchronous: str) -> Iterator[MountedLines]:
    """Start a process on a disk, and end it: in peace, or with the power."""
    with TemporaryDirectory() as folder:
        device = os.open(DEVICE, os.O_RDWR)
        command = [sys.executable, "-m", "tests.torture.fuse_writer", str(device), folder, synchronous]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[device], bufsize=1
        )
        try:
            lines = MountedLines(disk, device, process)
            lines.said()  # it has mounted the disk: before that there is nothing to answer
            lines.answer()
            yield lines
            lines.ask("end")
        finally:
            os.close(device)
            process.kill()
            process.communicate()
