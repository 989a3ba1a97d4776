"""What the simulated disk does when it fails, and that a sweep meets every way in which it can."""

from collections.abc import Iterator
from errno import EIO, ENOSPC
from os import strerror

import pytest

from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import Fault, Kind, PowerCut, faults_of
from tests.torture.sectors import SECTOR_BYTES
from tests.torture.sweep import CRASHED, DONE, REFUSED, sweep

PATH = "/file"
DATA = bytes(range(200)) * 10


def _disk(*faults: Fault, traits: Traits = ORDINARY) -> Disk:
    return Disk(0, traits, faults)


def _write_synced(disk: Disk) -> Iterator[str]:
    """Write a file and sync it: create, write, sync, sync_folder."""
    content = disk.open(PATH, create=True)
    disk.write_all(content, 0, DATA)
    disk.sync(content)
    disk.sync_folder(PATH)
    yield "written"


def _content(disk: Disk) -> bytes:
    content = disk.open(PATH)
    return disk.read(content, 0, disk.size(content))


@pytest.mark.parametrize(("kind", "number"), [(Kind.EIO, EIO), (Kind.ENOSPC, ENOSPC)])
def test_write_when_the_disk_fails_then_the_error_has_its_number_and_nothing_is_written(
    kind: Kind, number: int
) -> None:
    """The n-th operation fails, once."""
    disk = _disk(Fault(kind, 2))
    content = disk.open(PATH, create=True)
    with pytest.raises(OSError, match=strerror(number)) as caught:
        disk.write(content, 0, DATA)
    assert (number, b"") == (caught.value.errno, _content(disk))
    assert len(DATA) == disk.write(content, 0, DATA)


def test_write_when_the_fault_lasts_then_it_fails_again() -> None:
    """A disk that is broken for good stays so."""
    disk = _disk(Fault(Kind.EIO, 2, lasts=True))
    content = disk.open(PATH, create=True)
    for _ in range(3):
        with pytest.raises(OSError, match="error"):
            disk.write(content, 0, DATA)


def test_write_when_short_then_the_count_says_so_and_write_all_goes_on() -> None:
    """A short write is no error: the count has to be read."""
    disk = _disk(Fault(Kind.SHORT, 2), Fault(Kind.SHORT, 3))
    content = disk.open(PATH, create=True)
    assert (len(DATA) // 2, DATA[: len(DATA) // 2]) == (disk.write(content, 0, DATA), bytes(content.seen))
    disk.write_all(content, 0, DATA)
    assert _content(disk) == DATA


def test_write_when_torn_then_the_power_is_off_and_a_part_was_written() -> None:
    """The cut comes in the middle of a write."""
    sizes = set()
    for seed in range(20):
        disk = Disk(seed, faults=[Fault(Kind.TORN, 2)])
        content = disk.open(PATH, create=True)
        with pytest.raises(PowerCut):
            disk.write(content, 0, DATA)
        assert DATA.startswith(content.seen)
        sizes.add(len(content.seen))
    assert len(sizes) > 10


def test_sync_when_it_failed_then_a_later_one_does_not_bring_back_what_was_given_up() -> None:
    """After a failed sync all seems well: the reader sees what was written, the next sync is silent, and it is lost."""
    lost = 0
    for seed in range(20):
        disk = Disk(seed, faults=[Fault(Kind.FAILED_SYNC, 3)])
        content = disk.open(PATH, create=True)
        disk.write_all(content, 0, DATA)
        with pytest.raises(OSError, match="error"):
            disk.sync(content)
        disk.sync(content)
        disk.sync_folder(PATH)
        assert _content(disk) == DATA
        lost += _content(disk.power_cut()) != DATA
    assert lost > 10


def test_disk_when_full_then_a_write_is_short_and_the_next_one_fails() -> None:
    """As a real one does: what fits is written, then there is no space left."""
    disk = _disk(traits=Traits(room_bytes=SECTOR_BYTES))
    content = disk.open(PATH, create=True)
    assert disk.write(content, 0, DATA) == SECTOR_BYTES
    with pytest.raises(OSError, match="space") as caught:
        disk.write(content, SECTOR_BYTES, DATA)
    assert (caught.value.errno, disk.write(content, 0, b"old")) == (ENOSPC, 3)


def test_faults_when_a_log_is_given_then_each_operation_meets_each_that_fits() -> None:
    """A read cannot be short of space; a sync can be given up."""
    met = {(fault.at, fault.kind.name) for fault in faults_of(["read", "sync"])}
    assert {(1, "EIO"), (1, "CRASH"), (2, "EIO"), (2, "FAILED_SYNC"), (2, "CRASH")} == met


def test_faults_when_an_operation_can_fail_for_good_then_it_does_once_and_for_good() -> None:
    """A write meets each failure that passes, and each that lasts."""
    lasting = {fault.kind.name for fault in faults_of(["write"]) if fault.lasts}
    passing = {fault.kind.name for fault in faults_of(["write"]) if not fault.lasts}
    assert (lasting, passing - lasting) == ({"EIO", "ENOSPC", "SHORT"}, {"TORN", "CRASH"})


def test_sweep_when_a_script_is_run_then_it_is_done_refused_or_crashed_and_never_wrong() -> None:
    """Acknowledged means durable, whatever the fault; every outcome occurs."""
    outcomes = set()
    for trial in sweep(_write_synced, (OSError,), seed=0):
        outcomes.add(trial.outcome)
        if trial.acknowledged:
            assert _content(trial.disk.power_cut()) == DATA
    assert {DONE, REFUSED, CRASHED} == outcomes


def test_sweep_when_a_script_swallows_errors_then_the_loss_is_found() -> None:
    """The planted bug: who goes on after a failed sync acknowledges what is not there."""

    def careless(disk: Disk) -> Iterator[str]:
        try:
            yield from _write_synced(disk)
        except OSError:
            yield "written"

    trials = [trial for trial in sweep(careless, (OSError,), seed=0) if trial.acknowledged]
    back = [trial.disk.power_cut() for trial in trials]
    assert any(not disk.exists(PATH) or _content(disk) != DATA for disk in back)


def test_sweep_when_every_third_operation_is_asked_for_then_the_faults_are_there() -> None:
    """A quick run takes a part of the operations."""
    assert {3} == {trial.fault.at for trial in sweep(_write_synced, (OSError,), seed=0, every=3)}
