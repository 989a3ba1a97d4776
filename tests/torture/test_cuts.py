"""The loop of power cuts over a plain file: it finds who acknowledges too early, and nobody else."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.torture.cuts import Loop, Tally
from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.files import DiskFile, DiskFiles
from tests.torture.sectors import FORGET, KEEP, NOISE, TEAR, Survival
from tests.torture.writer import Start

PATH = "/lines"
LINE_BYTES = 12


class PlainLines:
    """Lines in one file: number and checksum; the first that does not fit ends them."""

    def __init__(self, file: DiskFile, syncs: bool) -> None:
        self._file = file
        self._syncs = syncs

    def write(self, number: int) -> None:
        """Append a line and sync it."""
        body = number.to_bytes(8, "big")
        self._file.write_at((number - 1) * LINE_BYTES, body + zlib.crc32(body).to_bytes(4, "big"))
        if self._syncs:
            self._file.sync()

    def found(self) -> tuple[int, str | None]:
        """Return the last line that is whole."""
        number = 0
        while line := self._file.read_at(number * LINE_BYTES, LINE_BYTES):
            body = (number + 1).to_bytes(8, "big")
            if line != body + zlib.crc32(body).to_bytes(4, "big"):
                break
            number += 1
        return number, None


def plain(syncs: bool = True, syncs_folder: bool = True) -> Start:
    """Return how such a file is started."""

    @contextmanager
    def start(disk: Disk) -> Iterator[PlainLines]:
        files = DiskFiles(disk)
        file = files.open(PATH, create=True)
        if syncs_folder:
            files.sync_folder(PATH)
        yield PlainLines(file, syncs)
        file.close()

    return start


@pytest.mark.parametrize("survival", [FORGET, KEEP, TEAR], ids=["forget", "keep", "tear"])
def test_loop_when_each_line_is_synced_then_none_is_lost(survival: Survival) -> None:
    """A file whose writer syncs before it acknowledges passes."""
    tally = Loop(plain(), (), survival).run(seed=1, cuts=200)
    assert (tally.cuts, tally.lost, tally.broken) == (200, 0, [])
    assert tally.acknowledged > 1_000


@pytest.mark.parametrize(
    "loop",
    [
        Loop(plain(syncs=False), ()),
        Loop(plain(syncs_folder=False), ()),
        Loop(plain(), (), NOISE),
        Loop(plain(), (), traits=Traits(lies_about_sync=True)),
    ],
    ids=["no sync", "no sync of the folder", "lines share a sector that may be spoilt", "the disk lies"],
)
def test_loop_when_a_fault_is_planted_then_it_is_found(loop: Loop) -> None:
    """Each of these looks right until the power goes."""
    assert loop.run(seed=1, cuts=200).lost > 0


def test_loop_when_names_come_with_files_then_the_folder_needs_no_sync() -> None:
    """On a journaling file system the sync of the file is enough: that is why the strict disk is the default."""
    journaling = Traits(names_with_files=True)
    loops = [Loop(plain(syncs_folder=False), (), traits=traits) for traits in (ORDINARY, journaling)]
    lost = [loop.run(seed=1, cuts=200).lost for loop in loops]
    assert (lost[0] > 0, lost[1]) == (True, 0)


def test_loop_when_a_start_refuses_then_its_words_are_kept_and_the_disk_is_thrown_away() -> None:
    """A start that does not like what it finds is no loss, and no success; the loop ends all the same."""

    @contextmanager
    def refusing(disk: Disk) -> Iterator[PlainLines]:
        yield PlainLines(DiskFiles(disk).open(PATH, create=False), syncs=True)

    tally = Loop(refusing, (FileNotFoundError,)).run(seed=1, cuts=100)
    assert (len(tally.broken), tally.lost, tally.acknowledged) == (10, 0, 0)
    assert tally.broken[0].startswith("FileNotFoundError")


def test_loop_when_there_are_no_cuts_then_nothing_is_found() -> None:
    """A loop of no cuts starts nothing."""
    assert Loop(plain(), ()).run(1, 0) == Tally()
