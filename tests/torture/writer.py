"""What the loops and sweeps are run over: anything that is started on a disk and acknowledges numbered lines."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from tests.torture.disk import Disk


class Writer(Protocol):
    """What was started on a disk."""

    def write(self, number: int) -> None:
        """Write the line of a number; returned means acknowledged."""

    def found(self) -> tuple[int, str | None]:
        """Return the number of the last line, and what is wrong with what is there, if anything."""


Start = Callable[[Disk], AbstractContextManager[Writer]]
"""Starts on a disk, new or come back; ends as a process does, with or without a power cut."""


def lines_of(start: Start, last: int) -> Callable[[Disk], Iterator[int]]:
    """Return a script: start, write so many lines, end; it yields each number once it is acknowledged."""

    def script(disk: Disk) -> Iterator[int]:
        with start(disk) as writer:
            for number in range(1, last + 1):
                writer.write(number)
                yield number

    return script
