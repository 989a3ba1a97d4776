"""The simulated disk behind the names of the journal's small files."""

import pytest

from tests.torture.disk import Disk, Traits
from tests.torture.faults import Fault, Kind
from tests.torture.files import DiskFiles

PATH = "/d/head"


def test_file_when_synced_with_its_folder_then_it_survives() -> None:
    """Content by the file's sync, the name by the folder's."""
    disk = Disk(0)
    files = DiskFiles(disk)
    file = files.open(PATH, create=True)
    file.write_at(0, b"first")
    file.sync()
    files.sync_folder(PATH)
    file.write_at(0, b"later")
    file.close()
    back = DiskFiles(disk.power_cut()).open(PATH, create=False)
    assert (back.read_at(0, 100), back.size()) == (b"first", 5)


def test_file_when_it_is_not_there_then_open_says_so() -> None:
    """Only `create` makes one."""
    files = DiskFiles(Disk(0))
    with pytest.raises(FileNotFoundError):
        files.open(PATH, create=False)
    assert not files.exists(PATH)


def test_write_when_the_disk_is_full_then_it_raises_with_a_part_written() -> None:
    """All of it, or an error: then a part may stand."""
    file = DiskFiles(Disk(0, Traits(room_bytes=3))).open(PATH, create=True)
    with pytest.raises(OSError, match="space"):
        file.write_at(0, b"four")
    assert file.read_at(0, 10) == b"fou"


def test_write_when_it_is_short_then_the_rest_follows() -> None:
    """A short write is not the caller's business."""
    file = DiskFiles(Disk(0, faults=[Fault(Kind.SHORT, 2)])).open(PATH, create=True)
    file.write_at(0, b"whole")
    assert file.read_at(0, 10) == b"whole"


def test_lock_when_another_writer_has_it_then_it_is_refused_until_released() -> None:
    """One writer at a time; a refused one leaves nothing behind."""
    files = DiskFiles(Disk(0))
    files.open(PATH, create=True)
    first = files.lock(PATH)
    with pytest.raises(BlockingIOError):
        files.lock(PATH)
    first.release()
    files.lock(PATH).release()


def test_lock_when_the_machine_went_off_then_it_is_free() -> None:
    """A lock lives in the memory of the machine that came down."""
    disk = Disk(0)
    DiskFiles(disk).open(PATH, create=True)
    DiskFiles(disk).sync_folder(PATH)
    DiskFiles(disk).lock(PATH)
    DiskFiles(disk.power_cut()).lock(PATH).release()


def test_lock_when_there_is_no_file_then_that_is_said() -> None:
    """As on a machine, where a claim is made on a file that is open."""
    with pytest.raises(FileNotFoundError):
        DiskFiles(Disk(0)).lock(PATH)
