"""An open journal: receipts, keys for ever, checkpoints, and what becomes of it after a fault on writing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deleverage.journal import local, merkle, papers
from deleverage.journal.anchor import PLACE
from deleverage.journal.entry import Entry
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFile, SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.parts import leaf_of
from deleverage.rulebook.rules import Rules
from tests.journal.made import Pair, answered, small_pairs

DIGEST = "ab" * 32


class Broken(SystemFiles):
    """Files of which the anchor fails to sync while ``failing``."""

    def __init__(self) -> None:
        self.failing = False

    def open(self, path: str, create: bool) -> SystemFile:
        """Return the file; it asks whether to fail."""
        file = super().open(path, create)
        sync = file.sync

        def failing() -> None:
            if self.failing:
                raise OSError(5, "Input/output error")
            sync()

        file.sync = failing  # type: ignore[method-assign]
        return file


@pytest.fixture
def files() -> Broken:
    """Files that can be made to fail."""
    return Broken()


@pytest.fixture
def journal(tmp_path: Path, files: Broken) -> Iterator[Journal]:
    """An empty journal."""
    made = local.create(str(tmp_path / "j.db"), "d", Rules(), files=files)
    yield made
    made.close()


def _why(act: Callable[[], Any]) -> Why:
    with pytest.raises(JournalFault) as caught:
        act()
    return caught.value.why


def _again(journal: Journal, tmp_path: Path) -> Journal:
    journal.close()
    return local.open_journal(str(tmp_path / "j.db"))


PAIRS: list[Pair] = small_pairs()


def test_commands_when_they_are_appended_then_each_has_its_receipt(journal: Journal) -> None:
    """One block, one chain hash, one signature; the same receipts again later."""
    receipts = journal.append(answered(PAIRS))
    assert [receipt.seq for receipt in receipts] == [1, 2, 3]
    assert {(1, 3, journal.mark.chain_hash.hex(), 1)} == {
        (one.number, one.last_seq, one.chain_hash, one.epoch) for one in receipts
    }
    for receipt in receipts:
        papers.require_signature(receipt, journal.head.public_key)
    assert receipts == [journal.receipt(seq) for seq in (1, 2, 3)]
    entries: list[Entry] = list(journal.entries())
    assert [(entry.command, entry.answer) for entry in entries] == PAIRS
    assert entries[1] == journal.entry(2)
    assert journal.known(["k-3", "k-1", "k-9"]) == {"k-1": 1, "k-3": 3}
    for seq in (0, 4, 10**30):
        assert Why.UNLAWFUL is _why(lambda seq=seq: journal.receipt(seq))  # type: ignore[misc]


def test_key_when_it_was_used_before_then_it_is_refused_for_ever(journal: Journal, tmp_path: Path) -> None:
    """In the same block, behind a checkpoint, and after opening again; nothing is written."""
    assert Why.UNLAWFUL is _why(lambda: journal.append([("k", *PAIRS[0]), ("k", *PAIRS[1])]))
    journal.append(answered(PAIRS[:1]))
    assert Why.UNLAWFUL is _why(lambda: journal.append(answered(PAIRS[:1])))
    journal.checkpoint(DIGEST)
    journal.append(answered(PAIRS[1:], "later"))
    again = _again(journal, tmp_path)
    for prefix, seq in (("k", 1), ("later", 2)):
        assert {f"{prefix}-1": seq} == again.known([f"{prefix}-1"])
        assert Why.UNLAWFUL is _why(lambda prefix=prefix: again.append(answered(PAIRS[:1], prefix)))  # type: ignore[misc]
    assert (again.seq, again.shut) == (3, None)
    again.close()


@pytest.mark.parametrize("note", ["('k-1', 2)", "('new', 1)", "('k-1', 99)"])
def test_key_when_it_is_noted_and_its_block_says_otherwise_then_nobody_gets_anothers_answer(
    journal: Journal, note: str
) -> None:
    """Notes are derived, and only faster: what they say is looked up."""
    journal.append(answered(PAIRS[:2]))
    journal.checkpoint(DIGEST)
    store: Any = journal.store
    store._run(f"INSERT OR REPLACE INTO key VALUES {note}")
    assert Why.BAD_FORMAT is _why(lambda: journal.known(["k-1", "new"]))


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "a\n", "a/b", "\u00e9", "x" * 65, "\u0661", "\ud800"])
def test_key_when_it_is_malformed_then_nothing_is_written(journal: Journal, key: str) -> None:
    """1 to 64 letters, digits and four marks; a line end makes no two keys of one."""
    for answered_once in ([(key, *PAIRS[0])], [("good", *PAIRS[0]), (key, *PAIRS[1])]):
        assert Why.UNLAWFUL is _why(lambda told=answered_once: journal.append(told))  # type: ignore[misc]
    assert Why.UNLAWFUL is _why(lambda: journal.append([]))
    assert (journal.seq, journal.shut) == (0, None)
    journal.append([("x" * 64, *PAIRS[0])])


def test_checkpoint_when_it_is_signed_then_it_commits_to_every_entry_since_the_one_before(journal: Journal) -> None:
    """And names the one before by its hash."""
    journal.append(answered(PAIRS[:2]))
    first = journal.checkpoint(DIGEST)
    journal.append(answered(PAIRS[2:], "later"))
    second = journal.checkpoint("cd" * 32)
    for one, entries in ((first, list(journal.entries())[:2]), (second, list(journal.entries(3)))):
        papers.require_signature(one, journal.head.public_key)
        assert merkle.root([leaf_of(entry, journal.head.blind) for entry in entries]).hex() == one.entries_root
    assert ("", papers.hash_of(first)) == (first.previous, second.previous)
    assert [(one.first_seq, one.seq, one.facts) for one in (first, second)] == [(1, 2, 2), (3, 3, 2)]
    assert [first, second] == journal.checkpoints()


def test_checkpoint_when_nothing_was_appended_since_the_one_before_then_it_is_that_one(
    journal: Journal, tmp_path: Path
) -> None:
    """Asked for at the end of a batch and again at the end of the day; another state there is unlawful."""
    empty = journal.checkpoint(DIGEST)
    assert (0, empty) == (empty.number, journal.checkpoint(DIGEST))
    journal.append(answered(PAIRS))
    one = journal.checkpoint(DIGEST)
    again = _again(journal, tmp_path)
    assert one == again.checkpoint(DIGEST)
    assert Why.UNLAWFUL is _why(lambda: again.checkpoint("00" * 32))
    assert ([empty, one], None) == (again.checkpoints(), again.shut)
    again.close()


def test_journal_when_a_fault_shut_it_then_nothing_more_is_written(
    journal: Journal, files: Broken, tmp_path: Path
) -> None:
    """The first time it is what went wrong, from then on that it is shut; opened again, the block is there."""
    journal.append(answered(PAIRS[:1]))
    files.failing = True
    assert Why.FAILED is _why(lambda: journal.append(answered(PAIRS[1:], "lost")))
    files.failing = False
    assert Why.SHUT is _why(lambda: journal.append(answered(PAIRS[1:], "later")))
    assert Why.SHUT is _why(lambda: journal.checkpoint(DIGEST))
    assert Why.SHUT is _why(lambda: journal.snapshot(b"state"))
    assert journal.seq == 1, "nobody was told of the second block"
    again = _again(journal, tmp_path)
    assert (again.seq, again.known(["lost-1"])) == (3, {"lost-1": 2})
    again.append(answered(PAIRS[1:], "later"))
    again.close()


def test_journal_when_it_was_closed_then_it_is_shut(journal: Journal) -> None:
    """Also for whoever only asks about a key while appending."""
    journal.close()
    assert Why.SHUT is _why(lambda: journal.append(answered(PAIRS)))
    assert Why.SHUT is _why(lambda: journal.checkpoint(DIGEST))


def test_journal_when_the_device_is_full_then_nothing_was_written_and_it_says_so(
    journal: Journal, tmp_path: Path
) -> None:
    """As many pages as it has and not one more: shut, and after opening it again as it was."""
    journal.append(answered(PAIRS[:1]))
    store: Any = journal.store
    (pages,) = store._run("PRAGMA page_count").fetchone()
    store._run(f"PRAGMA max_page_count={pages}").fetchall()
    many = [(f"full-{at}", *PAIRS[2]) for at in range(5000)]
    assert Why.FULL is _why(lambda: journal.append(many))
    assert Why.SHUT is _why(lambda: journal.append(answered(PAIRS[1:], "later")))
    again = _again(journal, tmp_path)
    assert (again.seq, again.known(["full-1"])) == (1, {})
    again.close()


def test_journal_when_its_block_is_durable_and_its_mark_is_not_then_opening_keeps_the_block(
    journal: Journal, tmp_path: Path
) -> None:
    """A cut between block and anchor: nobody was told, everybody will find it."""
    journal.append(answered(PAIRS[:1]))
    before = (tmp_path / "j.db.anchor").read_bytes()
    journal.append(answered(PAIRS[1:], "later"))
    journal.close()
    (tmp_path / "j.db.anchor").write_bytes(before)
    again = local.open_journal(str(tmp_path / "j.db"))
    assert (again.mark.number, again.seq) == (2, 3)
    assert [(entry.command, entry.answer) for entry in again.entries()] == PAIRS
    again.close()
    assert (tmp_path / "j.db.anchor").stat().st_size == 2 * PLACE
