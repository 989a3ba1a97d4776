"""A file system that fails while a journal is made or opened: whoever asked gets a typed reason."""

from errno import EIO, ENOSPC
from pathlib import Path

import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.sqlite import SqliteStore
from tests.torture import ground
from tests.torture.disk import Disk
from tests.torture.faults import Fault, Kind
from tests.torture.files import DiskFiles


class Failing(DiskFiles):
    """Files of which one call fails."""

    call, number = "", EIO

    def __getattribute__(self, name: str) -> object:
        if name == Failing.call:
            raise OSError(Failing.number, f"{name} fails")
        return super().__getattribute__(name)


@pytest.mark.parametrize(("number", "why"), [(EIO, Why.FAILED), (ENOSPC, Why.FULL)])
@pytest.mark.parametrize("call", ["exists", "open", "lock", "sync_folder"])
def test_making_when_a_call_of_the_file_system_fails_then_the_reason_is_typed(
    call: str, number: int, why: Why, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full device is told as that."""
    monkeypatch.setattr(Failing, "call", call)
    monkeypatch.setattr(Failing, "number", number)
    with pytest.raises(JournalFault) as raised, ground.running(Disk(1), ground.Build(files=Failing), create=True):
        pass
    assert raised.value.why is why


def test_opening_when_any_operation_fails_then_the_reason_is_typed_and_the_next_start_opens() -> None:
    """Nothing is lost by a start that could not be made."""
    disk, at = Disk(1), 0
    with ground.running(disk, create=True):
        pass
    reasons = set()
    while True:
        at += 1
        disk = disk.kill([Fault(Kind.EIO, at)])
        try:
            with ground.running(disk):
                if len(disk.log) < at:
                    break
        except JournalFault as fault:
            reasons.add(fault.why)
    assert (at > 20, reasons) == (True, {Why.FAILED})


def test_opening_when_what_is_there_cannot_be_opened_then_nobody_says_that_there_is_none(tmp_path: Path) -> None:
    """Who hears that there is no journal might make one."""
    reasons = []
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(JournalFault) as raised:
            SqliteStore(str(path))
        reasons.append(raised.value.why)
    assert reasons == [Why.FAILED, Why.NO_JOURNAL]
