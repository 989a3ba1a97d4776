"""Child processes that have everything loaded from the first moment, and what they tell."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

MEMORY = Path("/dev/shm")
"""What a process wrote stays when it is killed: a folder in memory shows as much of that as one on a device."""


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards, in memory where there is one."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else gettempdir()) as path:
        yield Path(path)


def start(act: Callable[..., None], *values: Any) -> tuple[BaseProcess, Connection]:
    """Start a process that calls ``act`` with these values and a pipe, and return it with the pipe's other end."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.torture.warm"])
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=act, args=(*values, writer))
    process.start()
    writer.close()
    return process, reader


def heard(reader: Connection) -> Iterator[Any]:
    """Yield what is told until nobody tells any more."""
    while True:
        try:
            told = reader.recv()
        except EOFError:
            return
        yield told
