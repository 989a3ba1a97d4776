"""The disk as a mounted file system: what is found there is what the shim in one process finds."""

from functools import cache
from pathlib import Path

import apsw
import pytest

from tests.torture import fuse_mount
from tests.torture.cuts import Loop
from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import WRITES, Fault, Kind
from tests.torture.fuse_mount import WriterFailed, missing, mounted_lines, sqlite_mounted
from tests.torture.lines import Setting, sqlite
from tests.torture.power import main
from tests.torture.sectors import TEAR
from tests.torture.sweep import DONE, REFUSED, outcome_of
from tests.torture.writer import Start, lines_of

CHANGES = WRITES | {"sync", "sync_folder", "delete"}
cached_missing = cache(missing)
EMPTIED = Setting(empties_log=True)
mounts = pytest.mark.usefixtures("mountable")


@pytest.fixture
def mountable() -> None:
    """Skip, with the reason, where no disk can be mounted."""
    if reason := cached_missing():
        pytest.skip(reason)


@mounts
def test_shim_when_compared_with_sqlites_own_file_system_then_both_change_the_disk_alike() -> None:
    """The same writes, cuts, syncs and deletions in the same order: what is found with the shim is true of SQLite."""
    disk, shimmed = Disk(1), Disk(1)
    with mounted_lines(disk, "FULL") as mounted:
        for number in range(1, 31):
            mounted.write(number)
    list(lines_of(sqlite(EMPTIED), 30)(shimmed))
    changes = [[operation for operation in one.log if operation in CHANGES] for one in (disk, shimmed)]
    assert changes[0] == changes[1]
    assert len(changes[0]) > 100


@mounts
def test_commits_when_full_then_20_power_cuts_lose_none() -> None:
    """The process dies with the power, the disk keeps what was acknowledged."""
    tally = Loop(sqlite_mounted("FULL"), (WriterFailed,), TEAR).run(seed=3, cuts=20)
    assert (tally.cuts, tally.lost, tally.broken) == (20, 0, [])
    assert tally.acknowledged > 20


@mounts
@pytest.mark.parametrize(
    ("synchronous", "traits"),
    [("NORMAL", ORDINARY), ("FULL", Traits(lies_about_sync=True))],
    ids=["synchronous is NORMAL", "the disk lies"],
)
def test_commits_when_a_fault_is_planted_then_the_same_loop_finds_losses(synchronous: str, traits: Traits) -> None:
    """What looks right until the power goes is found here, too."""
    assert Loop(sqlite_mounted(synchronous), (WriterFailed,), traits=traits).run(seed=3, cuts=20).lost > 0


@mounts
def test_command_when_mounted_then_it_prints_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """The same command, the other ground."""
    assert main(["--mounted", "--cuts", "3"]) == 0
    assert "3 power cuts" in capsys.readouterr().out


def test_command_when_no_disk_can_be_mounted_then_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run of nothing is no success."""
    monkeypatch.setattr(fuse_mount, "DEVICE", Path("/dev/no-fuse"))
    with pytest.raises(SystemExit, match="2"):
        main(["--mounted"])
    assert "there is no /dev/no-fuse" in capsys.readouterr().err


@mounts
def test_writer_when_the_disk_fails_then_it_says_so_in_sqlites_words() -> None:
    """An error of the disk goes through the kernel and SQLite, and comes back with its name."""
    plain = Disk(1)
    with mounted_lines(plain, "FULL") as mounted:
        mounted.write(1)
    faults = [Fault(Kind.FAILED_SYNC, plain.log.index("sync"))]
    with pytest.raises(WriterFailed, match="IOError"), mounted_lines(Disk(1, faults=faults), "FULL") as mounted:
        mounted.write(1)


@mounts
def test_checkpoint_when_it_fails_after_a_commit_then_only_the_shim_calls_the_line_failed() -> None:
    """SQLite keeps such an error to itself: the line stands. The shim has to raise it, so it may refuse what stands."""
    acknowledged = []
    starts: list[tuple[Start, type[Exception]]] = [
        (sqlite_mounted("FULL"), WriterFailed),
        (sqlite(EMPTIED), apsw.Error),
    ]
    for start, refusal in starts:
        script = lines_of(start, 12)
        plain = Disk(1)
        outcome_of(script, (), plain)
        at = [number for number, operation in enumerate(plain.log, 1) if operation == "truncate"][1]
        outcome, lines_before = outcome_of(script, (refusal,), Disk(1, faults=[Fault(Kind.EIO, at)]))
        acknowledged.append((outcome, len(lines_before)))
    assert acknowledged[0] == (DONE, 12)
    assert acknowledged[1][0] == REFUSED


def test_missing_when_there_is_no_device_then_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader of skipped tests hears what would be needed."""
    monkeypatch.setattr(fuse_mount, "DEVICE", Path("/dev/no-fuse"))
    assert missing() == "there is no /dev/no-fuse"


def test_missing_when_mounting_is_refused_then_the_reason_is_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is there and not allowed, or none at all behind its name, is told apart."""
    monkeypatch.setattr(fuse_mount, "DEVICE", Path("/dev/null"))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert str(missing()).startswith("no disk can be mounted here: OSError")
