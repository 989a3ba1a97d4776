"""SQLite on the simulated disk: it is SQLite as it stands, only the ground is ours."""

import apsw
import pytest

from tests.torture.chance import seed_sqlite
from tests.torture.disk import Disk, Traits
from tests.torture.faults import Fault, Kind
from tests.torture.lines import PATH, Setting, opened, sqlite
from tests.torture.locks import EXCLUSIVE, SHARED
from tests.torture.sweep import REFUSED, outcome_of
from tests.torture.vfs import mounted
from tests.torture.writer import lines_of


def test_database_when_written_and_closed_then_it_is_one_file_and_read_again() -> None:
    """A proper end empties the log into the database and deletes it."""
    disk = Disk(0)
    assert list(lines_of(sqlite(Setting()), 3)(disk)) == [1, 2, 3]
    assert (disk.exists(PATH), disk.exists(PATH + "-wal")) == (True, False)
    with opened(disk, Setting()) as opened_lines:
        assert opened_lines.found() == (3, None)


def test_database_when_the_seed_is_the_same_then_the_operations_and_bytes_are_too() -> None:
    """Salts and all: SQLite's own random numbers follow the seed."""

    def bytes_of(seed: int) -> tuple[list[str], bytes]:
        seed_sqlite(seed)
        disk = Disk(0)
        with opened(disk, Setting()) as opened_lines:
            opened_lines.connection.execute("INSERT INTO line VALUES (1, 0, randomblob(2000))")
            log = disk.open(PATH + "-wal")
            return disk.log, disk.read(log, 0, disk.size(log))

    assert bytes_of(1) == bytes_of(1)
    assert bytes_of(1)[1] != bytes_of(2)[1]


def test_database_when_another_connection_has_it_then_it_is_busy() -> None:
    """The locks of the disk hold between connections."""
    disk = Disk(0)
    with opened(disk, Setting()), mounted(disk) as vfs:
        second = apsw.Connection(PATH, vfs=vfs.name)
        with pytest.raises(apsw.BusyError):
            second.execute("SELECT * FROM line")
        second.close()


def test_database_when_the_disk_is_full_then_sqlite_says_full_and_the_line_under_way_may_stand() -> None:
    """What was acknowledged is there; of the line that was refused nobody knows before the next start."""
    under_way = set()
    for room_bytes in range(60_000, 80_000, 500):
        for setting in (Setting(), Setting(checkpoint_pages=1_000)):
            disk = Disk(0, Traits(room_bytes=room_bytes))
            outcome, acknowledged = outcome_of(lines_of(sqlite(setting), 100), (apsw.FullError,), disk)
            last, complaint = _found_with_room(disk)
            assert (outcome, complaint) == (REFUSED, None)
            under_way.add(last - len(acknowledged))
    assert under_way == {0, 1}


def _found_with_room(disk: Disk) -> tuple[int, str | None]:
    """Return what is found after somebody made room and started again."""
    disk.traits = Traits()
    with opened(disk.kill(), Setting()) as opened_lines:
        return opened_lines.found()


def test_file_when_closed_then_its_lock_goes_with_it() -> None:
    """Also where SQLite does not unlock before."""
    disk = Disk(0)
    with mounted(disk) as vfs:
        first, second = (vfs.xOpen(PATH, [apsw.SQLITE_OPEN_CREATE, 0]) for _ in range(2))
        for level in (SHARED, EXCLUSIVE):
            first.xLock(level)
        with pytest.raises(apsw.BusyError):
            second.xLock(SHARED)
        first.xClose()
        second.xLock(SHARED)


def test_database_when_it_is_not_exclusive_then_there_is_no_log_and_only_the_answer_says_so() -> None:
    """A log for many needs shared memory, which this disk has not: that SQLite stays as it was is no error."""
    with mounted(Disk(0)) as vfs:
        connection = apsw.Connection(PATH, vfs=vfs.name)
        assert connection.execute("PRAGMA journal_mode = WAL").fetchall() == [("delete",)]
        connection.close()


@pytest.mark.parametrize(
    ("operation", "error"),
    [("read", apsw.IOError), ("write", apsw.IOError), ("sync", apsw.IOError), ("create", apsw.CantOpenError)],
)
def test_database_when_an_operation_fails_then_the_error_has_sqlites_type(
    operation: str, error: type[Exception]
) -> None:
    """An OSError of the disk arrives as what SQLite makes of it."""
    plain = Disk(0)
    list(lines_of(sqlite(Setting()), 2)(plain))
    at = 1 + plain.log.index(operation)
    with pytest.raises(error):
        list(lines_of(sqlite(Setting()), 2)(Disk(0, faults=[Fault(Kind.EIO, at)])))


def test_temporary_file_when_sqlite_sorts_much_then_it_lies_on_the_disk_and_is_deleted() -> None:
    """Nothing of SQLite reaches a real disk, and a temporary file dies with its close."""
    disk = Disk(0)
    with opened(disk, Setting()) as opened_lines:
        opened_lines.connection.execute("PRAGMA cache_size = 1")
        opened_lines.connection.execute("PRAGMA cache_spill = 1")
        opened_lines.connection.execute("CREATE TEMP TABLE t (b BLOB)")
        opened_lines.connection.executemany("INSERT INTO t VALUES (randomblob(?))", [(9_000,)] * 300)
        made = [path for path in ("/tmp/0", "/tmp/1") if disk.exists(path)]
    assert (made, disk.exists("/tmp/0")) == (["/tmp/0"], False)
