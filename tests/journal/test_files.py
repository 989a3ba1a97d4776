"""The machine's files: all is written however few bytes a call takes, and a claim is one process's."""

import os
import stat
from pathlib import Path

import pytest

from deleverage.journal.files import SystemFiles


def test_file_when_the_device_takes_few_bytes_at_once_then_all_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short write is no error, and it is no end."""
    calls = []

    def short(descriptor: int, data: memoryview, offset: int) -> int:
        calls.append((offset, len(data)))
        return write(descriptor, bytes(data[:3]), offset)

    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", short)
    file = SystemFiles().open(str(tmp_path / "file"), create=True)
    file.write_at(5, b"0123456789")
    assert calls == [(5, 10), (8, 7), (11, 4), (14, 1)]
    assert (bytes(5) + b"0123456789", 15) == (file.read_at(0, 100), file.size())
    file.sync()
    file.close()


def test_file_when_the_device_fails_in_the_middle_then_the_error_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before it is no matter: nobody is told that all was."""

    def failing(descriptor: int, data: memoryview, offset: int) -> int:
        if offset:
            raise OSError(28, "No space left on device")
        return write(descriptor, bytes(data[:2]), offset)

    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", failing)
    file = SystemFiles().open(str(tmp_path / "file"), create=True)
    with pytest.raises(OSError, match="No space"):
        file.write_at(0, b"0123")
    file.close()


def test_file_when_it_is_made_then_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """Whatever the process's mask allows."""
    before = os.umask(0)
    try:
        SystemFiles().open(str(tmp_path / "file"), create=True).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_file_when_it_is_not_there_and_may_not_be_made_then_that_is_said(tmp_path: Path) -> None:
    """Nothing appears by looking."""
    files = SystemFiles()
    with pytest.raises(FileNotFoundError):
        files.open(str(tmp_path / "file"), create=False)
    assert not files.exists(str(tmp_path / "file"))
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert files.exists(str(tmp_path / "link")), "a link to nothing is something"


def test_lock_when_another_holds_it_then_it_is_refused_until_it_is_released(tmp_path: Path) -> None:
    """One at a time, and a refused one leaves nothing open."""
    files, path = SystemFiles(), str(tmp_path / "file")
    files.open(path, create=True).close()
    lock = files.lock(path)
    open_before = len(os.listdir("/dev/fd"))
    with pytest.raises(BlockingIOError):
        files.lock(path)
    assert open_before == len(os.listdir("/dev/fd"))
    lock.release()
    files.lock(path).release()


def test_folder_when_it_is_synced_then_the_folder_of_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new name is durable only when its folder is."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    SystemFiles().sync_folder(str(tmp_path / "any"))
    assert [tmp_path.stat().st_ino] == synced
