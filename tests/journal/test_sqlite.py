"""The SQLite store: refuses what is not safe, keeps what it has, and lets one writer at a time append."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.sqlite import SqliteStore
from deleverage.journal.store import Snapshot, Stored


def block(number: int, epoch: int = 1) -> Stored:
    """Return some block of two commands."""
    return Stored(number, 2 * number - 1, 2 * number, epoch, bytes([number % 256]) * 32, b"content %d" % number)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store with a head and three blocks, claimed once."""
    opened = SqliteStore(str(tmp_path / "j.db"), create=True)
    opened.create(b"head")
    assert opened.claim() == 1
    for number in (1, 2, 3):
        opened.append(block(number))
    yield opened
    opened.close()


def _why(act: Callable[[], Any]) -> Why:
    with pytest.raises(JournalFault) as caught:
        act()
    return caught.value.why


def test_store_when_it_is_opened_again_then_everything_is_there(store: SqliteStore, tmp_path: Path) -> None:
    """Head, blocks, and where a command lies."""
    store.close()
    again = SqliteStore(str(tmp_path / "j.db"))
    assert (b"head", block(3), 2) == (again.head(), again.last(), again.claim())
    assert [block(2), block(3)] == list(again.blocks(1))
    assert [block(1), block(1), block(2), None, None] == [again.block_with(seq) for seq in (1, 2, 3, 7, 0)]
    again.close()


def test_store_when_it_is_read_over_many_pages_then_blocks_come_once_and_in_order(tmp_path: Path) -> None:
    """More than two pages of 64; a reader that stops in the middle holds up no writer."""
    store = SqliteStore(str(tmp_path / "j.db"), create=True)
    store.create(b"head")
    store.claim()
    for number in range(1, 151):
        store.append(block(number))
    reader = store.blocks()
    assert block(1) == next(reader)
    store.append(block(151))
    assert list(range(2, 152)) == [stored.number for stored in reader]
    assert list(store.blocks(151)) == []
    store.close()


@pytest.mark.parametrize("name", ["synchronous", "journal_mode", "trusted_schema", "mmap_size"])
def test_store_when_a_setting_reads_back_otherwise_then_it_is_not_opened(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the library says it does is believed, not what it was asked for."""
    told = SqliteStore.settings(store)
    monkeypatch.setattr(SqliteStore, "settings", lambda _: told | {name: "wrong"})
    assert Why.UNSAFE_SETTINGS is _why(lambda: SqliteStore(str(tmp_path / "j.db")))


def test_store_when_the_library_does_not_do_as_it_was_asked_then_it_is_not_opened(tmp_path: Path) -> None:
    """A database in memory has no write-ahead log, whatever is asked."""
    assert Why.UNSAFE_SETTINGS is _why(lambda: SqliteStore(":memory:", create=True))


def test_settings_when_the_store_is_open_then_they_are_those_that_lose_nothing(store: SqliteStore) -> None:
    """And the library's version is told."""
    told = store.settings()
    assert tuple(told[name] for name in ("journal_mode", "synchronous", "trusted_schema", "mmap_size")) == (
        "wal",
        "2",
        "0",
        "0",
    )
    assert apsw.sqlite_lib_version() == told["version"]


@pytest.mark.parametrize("version", [3_040_001, 3_051_002])
def test_store_when_the_library_is_old_then_it_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """The one of a stable distribution, and the last one with the bug; nothing is made."""
    monkeypatch.setattr(apsw, "SQLITE_VERSION_NUMBER", version)
    assert Why.OLD_LIBRARY is _why(lambda: SqliteStore(str(tmp_path / "j.db"), create=True))
    assert not (tmp_path / "j.db").exists()


@pytest.mark.parametrize("table", ["head", "block", "checkpoint"])
@pytest.mark.parametrize("act", ["UPDATE {} SET content = x'00'", "DELETE FROM {}"])
def test_store_when_what_it_holds_is_changed_by_a_statement_then_it_refuses(
    store: SqliteStore, tmp_path: Path, table: str, act: str
) -> None:
    """Rows can be added and never changed or deleted, over another connection, too."""
    store.add_checkpoint(3, b"signed")
    other = apsw.Connection(str(tmp_path / "j.db"))
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        other.execute(act.format(table))
    other.close()
    assert (store.head(), store.checkpoints(), len(list(store.blocks()))) == (b"head", [b"signed"], 3)


def test_block_when_its_number_or_first_command_is_there_already_then_nothing_is_written(store: SqliteStore) -> None:
    """Neither replaced nor doubled."""
    assert Why.FAILED is _why(lambda: store.append(block(3)._replace(content=b"other")))
    assert Why.FAILED is _why(lambda: store.append(block(4)._replace(first_seq=5)))
    assert [block(1), block(2), block(3)] == list(store.blocks())


def test_writer_when_another_has_claimed_the_file_then_it_appends_nothing_any_more(
    store: SqliteStore, tmp_path: Path
) -> None:
    """Two stores on one file: the later epoch writes, the earlier one is told, whatever it tries."""
    later = SqliteStore(str(tmp_path / "j.db"))
    assert later.claim() == 2
    assert Why.FENCED is _why(lambda: store.append(block(4)))
    later.append(block(4, epoch=2))
    assert Why.FENCED is _why(lambda: store.append(block(5)))
    assert Why.FENCED is _why(lambda: later.append(block(5, epoch=3))), "nor is an epoch taken that nobody claimed"
    assert [stored.epoch for stored in store.blocks()] == [1, 1, 1, 2]
    later.close()


def test_snapshots_when_there_are_many_then_the_newest_two_are_kept(store: SqliteStore, tmp_path: Path) -> None:
    """They are derived, and large."""
    assert store.snapshot() is None
    for number in (1, 2, 3):
        store.add_snapshot(Snapshot(number, 2 * number, b"state"))
    store.add_snapshot(Snapshot(3, 6, b"the same again"))
    assert Snapshot(3, 6, b"the same again") == store.snapshot()
    other = apsw.Connection(str(tmp_path / "j.db"))
    assert other.execute("SELECT number FROM snapshot ORDER BY number").fetchall() == [(2,), (3,)]
    other.close()


def test_keys_when_they_are_noted_then_each_is_found_with_its_first_command(store: SqliteStore) -> None:
    """In any order, twice, and with marks that mean something to others."""
    assert (store.indexed(), store.seqs_of(["a"])) == (0, {})
    store.index_keys([("b", 2), ("a", 1), ("'\"", 3)], 1)
    store.index_keys([("a", 9), ("c", 4)], 2)
    assert store.seqs_of(["a", "c", "none", "'\""]) == {"a": 1, "c": 4, "'\"": 3}
    assert (store.indexed(), store.seqs_of([])) == (2, {})


def test_store_when_its_file_is_no_journal_then_it_says_which(tmp_path: Path) -> None:
    """Not there, a text, another database, one with a head too many."""
    path = str(tmp_path / "j.db")
    assert Why.NO_JOURNAL is _why(lambda: SqliteStore(path))
    (tmp_path / "text").write_bytes(b"no database at all " * 100)
    assert Why.BAD_FORMAT is _why(lambda: SqliteStore(str(tmp_path / "text")))
    assert Why.BAD_FORMAT is _why(lambda: SqliteStore(str(tmp_path / "text"), read_only=True).head())
    store = SqliteStore(path, create=True)
    assert Why.NO_JOURNAL is _why(store.head)
    store.create(b"head")
    assert Why.EXISTS is _why(lambda: store.create(b"head"))
    store._run("INSERT INTO head VALUES (x'00')")
    assert Why.BAD_FORMAT is _why(store.head)
    store.close()


NUMBERS = "SELECT CAST(number AS TEXT) AS number, first_seq, last_seq, epoch, chain_hash, content FROM block"
REWRITTEN = {
    "content as text": "SELECT number, first_seq, last_seq, epoch, chain_hash, hex(content) AS content FROM block",
    "a hash that is a number": "SELECT number, first_seq, last_seq, epoch, 7 AS chain_hash, content FROM block",
    "no content": "SELECT number, first_seq, last_seq, epoch, chain_hash, NULL AS content FROM block",
    "numbers as text": NUMBERS,
    "a column less": "SELECT number, first_seq, last_seq, epoch, content FROM block",
}


@pytest.mark.parametrize("query", REWRITTEN.values(), ids=REWRITTEN)
def test_store_when_its_tables_were_declared_anew_then_it_is_a_bad_format(
    store: SqliteStore, tmp_path: Path, query: str
) -> None:
    """Whoever rewrites the file chooses the kinds of values, too."""
    store.close()
    other = apsw.Connection(str(tmp_path / "j.db"))
    other.execute(f"CREATE TABLE other AS {query}; DROP TABLE block; ALTER TABLE other RENAME TO block")
    other.close()
    again = SqliteStore(str(tmp_path / "j.db"), read_only=True)
    assert Why.BAD_FORMAT is _why(lambda: list(again.blocks()))
    assert Why.BAD_FORMAT is _why(again.last)
    again.close()


def test_checkpoint_when_its_bytes_are_a_huge_number_then_nothing_of_that_size_is_laid_out(
    store: SqliteStore, tmp_path: Path
) -> None:
    """A number where bytes belong says how many zero bytes, to a careless reader."""
    other = apsw.Connection(str(tmp_path / "j.db"))
    other.execute("DROP TABLE checkpoint; CREATE TABLE checkpoint (number, content)")
    other.execute("INSERT INTO checkpoint VALUES (1, 123456789012345)")
    other.close()
    assert Why.BAD_FORMAT is _why(store.checkpoints)


@pytest.mark.parametrize("seq", [2**63, 10**30, -(10**30)])
def test_command_when_its_number_has_more_than_64_bits_then_it_is_unlawful(store: SqliteStore, seq: int) -> None:
    """No journal counts so far."""
    assert Why.UNLAWFUL is _why(lambda: store.block_with(seq))


def test_store_when_the_epoch_is_gone_then_nothing_is_claimed_or_appended(store: SqliteStore) -> None:
    """A table without its row."""
    store._run("DELETE FROM epoch")
    assert Why.BAD_FORMAT is _why(store.claim)
    assert Why.BAD_FORMAT is _why(lambda: store.append(block(4)))
    assert len(list(store.blocks())) == 3
