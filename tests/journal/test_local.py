"""A journal on this machine: three files for their owner alone, none of them made over what is there."""

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deleverage.documents import BadDocument
from deleverage.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.domain.recorded import RecordedDomain
from deleverage.journal import local
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFile, SystemFiles
from deleverage.journal.sqlite import renew_log
from deleverage.rulebook.book import Book
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from tests.journal.made import answered, small_pairs


def test_journal_when_it_is_made_then_all_of_its_files_are_its_owners_alone(tmp_path: Path) -> None:
    """Anchor, key, database, log and the log's index, whatever the process's mask allows."""
    before = os.umask(0)
    try:
        journal = local.create(str(tmp_path / "j.db"), "d", Rules())
        journal.append(answered(small_pairs()))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        journal.close()
    finally:
        os.umask(before)
    names = ("j.db", "j.db-shm", "j.db-wal", "j.db.anchor", "j.db.key")
    assert dict.fromkeys(names, 0o600) == dict(sorted(modes.items()))


@pytest.mark.parametrize("suffix", ["", ".anchor", ".key"])
def test_journal_when_one_of_its_files_is_there_already_then_nothing_is_made(tmp_path: Path, suffix: str) -> None:
    """Nor is what is there touched."""
    there = tmp_path / f"j.db{suffix}"
    there.write_bytes(b"somebody's")
    with pytest.raises(JournalFault) as caught:
        local.create(str(tmp_path / "j.db"), "d", Rules())
    assert (Why.EXISTS, str(there)) == (caught.value.why, caught.value.sentence)
    assert [(there, b"somebody's")] == [(path, path.read_bytes()) for path in tmp_path.iterdir()]


def test_journal_when_a_plug_of_the_rules_has_no_document_then_no_file_is_made(tmp_path: Path) -> None:
    """A policy of one's own cannot be named in a head."""

    @dataclass(frozen=True)
    class Mine(Queue):
        """A policy from a file."""

    with pytest.raises(BadDocument):
        local.create(str(tmp_path / "j.db"), "d", replace(Rules(), policy=Mine()))
    assert list(tmp_path.iterdir()) == []


def test_journal_when_its_file_is_not_there_then_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """To write, and to look at."""
    for opened in (local.open_journal, local.open_store):
        with pytest.raises(JournalFault) as caught:
            opened(str(tmp_path / "j.db"))
        assert Why.NO_JOURNAL is caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_journal_when_it_begins_with_a_book_then_a_domain_on_it_begins_there(tmp_path: Path) -> None:
    """A venue that moves in with what it has."""
    domain = RecordedDomain(local.create(str(tmp_path / "one.db"), "d", Rules()))
    domain.submit([command for command, _ in small_pairs()])
    book: Book = domain.book.copy()
    domain.journal.close()
    moved = RecordedDomain(local.create(str(tmp_path / "two.db"), "d", Rules(), book), COLUMNS)
    assert (domain.digest(), domain.book.seq) == (moved.digest(), moved.journal.facts)
    moved.journal.close()


def test_store_when_it_is_looked_at_while_its_writer_goes_on_then_neither_waits(tmp_path: Path) -> None:
    """A reader sees what was acknowledged; the writer appends meanwhile."""
    journal = local.create(str(tmp_path / "j.db"), "d", Rules())
    pairs = small_pairs()
    journal.append(answered(pairs[:2]))
    store = local.open_store(str(tmp_path / "j.db"))
    reader = store.blocks()
    assert next(reader).number == 1
    journal.append(answered(pairs[2:], "later"))
    assert [stored.number for stored in reader] == [2]
    store.close()
    journal.close()


def test_journal_when_it_begins_with_a_book_that_goes_on_then_it_begins_as_it_was(tmp_path: Path) -> None:
    """A domain's own book, copied by nobody: the head does not go on with it."""
    domain = Domain.open(Rules())
    pairs = small_pairs()
    domain.submit([pairs[0][0]])
    journal = local.create(str(tmp_path / "j.db"), "d", Rules(), domain.book)
    digest = domain.digest()
    domain.submit([command for command, _ in pairs[1:]])
    assert (digest, digest) == (journal.head.digest_at_start, RecordedDomain(journal).digest())
    journal.close()


@pytest.mark.parametrize("name", ["nowhere/j.db", "j" * 300])
def test_journal_when_its_files_cannot_be_made_then_a_typed_reason(tmp_path: Path, name: str) -> None:
    """A folder that is not there, a name that is too long: no bug of ours, and nothing is left."""
    with pytest.raises(JournalFault) as caught:
        local.create(str(tmp_path / name), "d", Rules())
    assert Why.FAILED is caught.value.why
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("linked", ["", ".anchor .key"])
def test_journal_when_it_is_reached_by_a_link_then_its_anchor_key_and_log_are_found(
    tmp_path: Path, linked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the link, or else beside the file; the library keeps its log beside the file."""
    path, link = tmp_path / "j.db", tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    for suffix in ("", *linked.split()):
        link.with_name(f"link.db{suffix}").symlink_to(f"{path}{suffix}")
    journal = local.create(str(path), "d", Rules())
    journal.append(answered(small_pairs()))
    log = path.with_name("j.db-wal").read_bytes()
    journal.close()
    path.with_name("j.db-wal").write_bytes(log)
    renewed: list[bytes] = []
    monkeypatch.setattr(SystemFile, "write_at", lambda file, at, data: renewed.append(data))
    renew_log(SystemFiles(), str(link))
    monkeypatch.undo()
    assert [log] == renewed
    again = local.open_journal(str(link))
    assert len(small_pairs()) == again.seq
    again.close()


def test_journal_when_its_name_is_a_path_then_it_is_made_and_opened(tmp_path: Path) -> None:
    """As anybody would write it."""
    local.create(tmp_path / "j.db", "d", Rules()).close()
    local.open_store(tmp_path / "j.db").close()
    local.open_journal(tmp_path / "j.db").close()


@pytest.mark.parametrize("name", ["j\0.db", "j\udcff.db"], ids=["null", "no text"])
def test_journal_when_its_name_is_no_text_then_a_typed_reason(tmp_path: Path, name: str) -> None:
    """The library names files in UTF-8; a folder may hold others."""
    with pytest.raises(JournalFault) as caught:
        local.create(str(tmp_path / name), "d", Rules())
    assert Why.UNLAWFUL is caught.value.why
    assert list(tmp_path.iterdir()) == []
