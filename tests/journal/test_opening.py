"""Why a journal is not opened: each reason provoked, with the values that were compared."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import apsw
import numpy as np
import pytest

from deleverage.journal import anchor, local
from deleverage.journal.anchor import Mark
from deleverage.journal.block import read_block
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.making import write_key
from deleverage.journal.rows import TRADE
from deleverage.journal.signing import SEED_BYTES
from deleverage.rulebook.rules import Rules
from tests.journal.made import answered, record_story, small_pairs
from tests.torture.held import Held, put, taken

UNGUARDED = "".join(f"DROP TRIGGER {table}_{act};" for table in ("head", "block") for act in ("update", "delete"))


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A closed journal of three blocks, two of them behind a checkpoint."""
    found = str(tmp_path / "j.db")
    journal = local.create(found, "d", Rules())
    for at, pair in enumerate(small_pairs()):
        journal.append(answered([pair], f"block-{at}"))
        if at == 1:
            journal.checkpoint("ab" * 32)
    journal.close()
    return found


def rewrite(path: str, *statements: str) -> None:
    """Let an opponent write into a journal's file."""
    connection = apsw.Connection(path)
    connection.execute(UNGUARDED + ";".join(statements))
    connection.close()


def mark(path: str, change: Callable[[Mark], Mark]) -> None:
    """Let an opponent write into a journal's anchor."""
    file = SystemFiles().open(local.anchor_of(path), create=False)
    anchor.write(file, change(anchor.read(file)))
    file.close()


def _fault(path: str) -> JournalFault:
    with pytest.raises(JournalFault) as caught:
        local.open_journal(path)
    return caught.value


def test_journal_when_nothing_is_wrong_then_it_is_opened_under_the_next_epoch(path: str) -> None:
    """The tests below would show nothing if it never were."""
    for epoch in (2, 3):
        journal = local.open_journal(path)
        assert (epoch, 3) == (journal.epoch, journal.seq)
        journal.close()


def test_journal_when_another_holds_it_then_it_is_locked(path: str) -> None:
    """The second writer is told before it claims anything; the first one goes on."""
    first = local.open_journal(path)
    assert Why.LOCKED is _fault(path).why
    first.append(answered(small_pairs()[:1], "more"))
    first.close()


@pytest.mark.parametrize("statement", ["DELETE FROM block WHERE number = 3", "DELETE FROM block WHERE number > 1"])
def test_journal_when_blocks_are_missing_at_the_end_then_the_tail_is_lost(path: str, statement: str) -> None:
    """The chain before them is whole, and only the anchor knows."""
    rewrite(path, statement)
    fault = _fault(path)
    assert (fault.why, fault.expected) == (Why.LOST_TAIL, "3 at least")
    assert _fault(path).found == fault.found, "and nothing was mended by looking"


def test_journal_when_it_is_restored_from_an_old_copy_then_the_tail_is_lost(path: str, tmp_path: Path) -> None:
    """A backup of yesterday beside the anchor of today."""
    shutil.copy(path, tmp_path / "old.db")
    journal = local.open_journal(path)
    journal.append(answered(small_pairs()[:1], "more"))
    journal.close()
    shutil.copy(tmp_path / "old.db", path)
    assert Why.LOST_TAIL is _fault(path).why


CHANGES = {
    "hash": lambda one: one._replace(chain_hash=bytes(32)),
    "command": lambda one: one._replace(seq=one.seq + 1),
    "block before": lambda one: one._replace(number=one.number - 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_journal_when_its_anchor_names_another_block_then_the_past_is_another(
    path: str, change: Callable[[Mark], Mark]
) -> None:
    """A hash, a command or a number that is not that of the block."""
    file = SystemFiles().open(local.anchor_of(path), create=False)
    file.write_at(0, bytes(2 * anchor.PLACE))
    stored = local.open_store(path).last()
    assert stored is not None
    anchor.write(file, change(Mark(stored.number, stored.last_seq, stored.chain_hash)))
    file.close()
    assert Why.OTHER_PAST is _fault(path).why


def test_journal_when_it_is_empty_and_its_anchor_is_anothers_then_the_past_is_another(tmp_path: Path) -> None:
    """The mark of no block names the head."""
    for name in ("one.db", "two.db"):
        local.create(str(tmp_path / name), "d", Rules()).close()
    shutil.copy(tmp_path / "one.db.anchor", tmp_path / "two.db.anchor")
    assert Why.OTHER_PAST is _fault(str(tmp_path / "two.db")).why


def test_journal_when_its_anchor_is_missing_or_unreadable_then_it_says_so(path: str) -> None:
    """No file, and one with nothing in it."""
    Path(local.anchor_of(path)).write_bytes(b"")
    assert Why.NO_ANCHOR is _fault(path).why
    Path(local.anchor_of(path)).unlink()
    assert Why.NO_ANCHOR is _fault(path).why
    assert not Path(local.anchor_of(path)).exists()


def test_journal_when_its_key_is_anothers_or_exposed_or_gone_then_it_says_so(path: str) -> None:
    """Whoever signs has to be who signed."""
    key = Path(local.key_of(path))
    key.chmod(0o644)
    assert Why.EXPOSED_KEY is _fault(path).why
    key.unlink()
    assert Why.NO_JOURNAL is _fault(path).why
    write_key(SystemFiles(), str(key), bytes(SEED_BYTES))
    assert Why.OTHER_HEAD is _fault(path).why


HEADS = {
    "no head": ("DELETE FROM head", Why.BAD_FORMAT),
    "no document": ("UPDATE head SET content = x'00'", Why.BAD_FORMAT),
    "a blank": ("UPDATE head SET content = CAST(content || ' ' AS BLOB)", Why.BAD_FORMAT),
    "no public key": (
        'UPDATE head SET content = CAST(replace(content, \'"public_key":"\', \'"public_key":"zz\') AS BLOB)',
        Why.BAD_FORMAT,
    ),
    "no secret": (
        'UPDATE head SET content = CAST(replace(content, \'"blind":"\', \'"blind":"zz\') AS BLOB)',
        Why.BAD_FORMAT,
    ),
    "another rule": (
        'UPDATE head SET content = CAST(replace(content, \'"min_sources":"1"\', \'"min_sources":"2"\') AS BLOB)',
        Why.OTHER_HEAD,
    ),
    "another name": (
        'UPDATE head SET content = CAST(replace(content, \'"domain":"d"\', \'"domain":"e"\') AS BLOB)',
        Why.BROKEN_CHAIN,
    ),
    "no tables": ("DROP TABLE head", Why.NO_JOURNAL),
}


@pytest.mark.parametrize(("statement", "why"), HEADS.values(), ids=HEADS)
def test_journal_when_its_head_was_rewritten_then_it_is_not_opened(path: str, statement: str, why: Why) -> None:
    """Gone, no head, another spelling, other rules under the old hash, another name under the old chain."""
    rewrite(path, statement)
    assert why is _fault(path).why


BLOCKS = {
    "missing in the middle": "DELETE FROM block WHERE number = 2",
    "a hash": "UPDATE block SET chain_hash = zeroblob(32) WHERE number = 2",
    "an epoch": "UPDATE block SET epoch = 9 WHERE number = 2",
    "a first command": "UPDATE block SET first_seq = 99 WHERE number = 2",
    "a last command": "UPDATE block SET last_seq = 99 WHERE number = 2",
    "another block's content": "UPDATE block SET content = (SELECT content FROM block LIMIT 1) WHERE number = 2",
}


@pytest.mark.parametrize("statement", BLOCKS.values(), ids=BLOCKS)
def test_journal_when_a_block_does_not_follow_then_the_chain_is_broken(path: str, statement: str) -> None:
    """Every column of a block's row, and its place."""
    rewrite(path, statement)
    assert Why.BROKEN_CHAIN is _fault(path).why


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, Held]:
    """A closed journal with a snapshot at its end, and all that it holds."""
    path = tmp_path / "kept.db"
    domain = record_story(path, "six-longs", every=5)
    domain.checkpoint()
    domain.journal.close()
    return str(path), taken(path)


def _first_trade_altered(held: Held) -> None:
    for at, stored in enumerate(held.blocks):
        block = read_block(stored.content)
        table = block.rows.copy()
        if len(trades := np.flatnonzero(table["kind"] == TRADE)):
            table["amount"][trades[0]] += 1
            held.blocks[at] = stored._replace(content=replace(block, rows=table).to_bytes())
            return
    raise AssertionError("the story has no trade")


def test_journal_when_a_block_before_its_snapshot_was_altered_then_it_is_not_opened(kept: tuple[str, Held]) -> None:
    """Nobody executes it again, but its key is asked for: the answer would be another, and a receipt be signed."""
    path, held = kept
    assert held.snapshots[-1].number == len(held.blocks)
    altered = held.copied()
    _first_trade_altered(altered)
    put(altered, Path(path))
    assert Why.BROKEN_CHAIN is _fault(path).why


@pytest.mark.parametrize("column", ["first_seq", "last_seq", "epoch"])
def test_journal_when_a_block_before_its_snapshot_stands_elsewhere_then_it_is_not_opened(
    kept: tuple[str, Held], column: str
) -> None:
    """The columns by which commands are found are not hashed, and say what the block says."""
    path, held = kept
    altered = held.copied()
    change: dict[str, Any] = {column: 900}
    altered.blocks[1] = altered.blocks[1]._replace(**change)
    put(altered, Path(path))
    assert Why.BROKEN_CHAIN is _fault(path).why


def test_journal_when_its_past_was_rewritten_with_chain_and_anchor_then_a_signed_state_says_otherwise(
    kept: tuple[str, Held],
) -> None:
    """Its own checkpoint names the chain of that day: no receipt is ever signed over another one."""
    path, held = kept
    altered = held.copied()
    _first_trade_altered(altered)
    altered.chained()
    put(altered, Path(path))
    assert Why.OTHER_PAST is _fault(path).why


def test_journal_when_a_block_is_none_then_it_is_a_bad_format(path: str) -> None:
    """Bytes of something else."""
    rewrite(path, "UPDATE block SET content = x'0102' WHERE number = 2")
    assert Why.BAD_FORMAT is _fault(path).why


@pytest.mark.parametrize("upto", [4, -1])
def test_journal_when_keys_are_noted_up_to_a_block_that_is_not_there_then_it_is_not_opened(
    path: str, upto: int
) -> None:
    """Keys of the last blocks would be free to use again."""
    rewrite(path, f"UPDATE indexed SET number = {upto}")
    assert Why.BAD_FORMAT is _fault(path).why


def test_journal_when_a_checkpoint_is_none_then_it_is_a_bad_format(path: str) -> None:
    """Bytes of something else, and a spelling of its own."""
    for content in ("x'00'", "CAST(content || ' ' AS BLOB)"):
        rewrite_checkpoint(path, content)
        assert Why.BAD_FORMAT is _fault(path).why


def rewrite_checkpoint(path: str, content: str) -> None:
    """Let an opponent write into a checkpoint."""
    connection = apsw.Connection(path)
    connection.execute(f"DROP TRIGGER IF EXISTS checkpoint_update; UPDATE checkpoint SET content = {content}")
    connection.close()


def test_journal_when_a_bit_of_its_log_flips_then_it_opens_as_it_was_or_not_at_all(path: str, tmp_path: Path) -> None:
    """Sixty flips in the log of a writer that was killed: the chain cannot see a tail that the library drops."""
    journal = local.open_journal(path)
    for at in range(20):
        journal.append(answered(small_pairs()[:1], f"more-{at}"))
    names = ("", "-wal", ".anchor", ".key")
    files = {name: Path(f"{path}{name}").read_bytes() for name in names}
    entries = list(journal.entries())
    journal.close()
    rng, seen = Random(1), set()
    for number in range(60):
        copy = str(tmp_path / f"copy-{number}.db")
        log = bytearray(files["-wal"])
        log[rng.randrange(len(log))] ^= 1 << rng.randrange(8)
        for name, content in (files | {"-wal": bytes(log)}).items():
            file = Path(f"{copy}{name}")
            file.write_bytes(content)
            file.chmod(0o600)
        try:
            again = local.open_journal(copy)
        except JournalFault as fault:
            seen.add(fault.why)
            continue
        assert entries == list(again.entries())
        again.close()
    assert Why.LOST_TAIL in seen


def test_journal_when_a_later_writer_took_over_then_the_earlier_one_is_fenced(path: str) -> None:
    """A zombie whose lock was lost: its epoch is the older one, and it is shut from then on."""

    class Lockless(SystemFiles):
        def lock(self, path: str) -> Any:
            return self.open(path, create=False)

    zombie: Journal = local.open_journal(path, Lockless())
    later: Journal = local.open_journal(path, Lockless())
    with pytest.raises(JournalFault) as caught:
        zombie.append(answered(small_pairs()[:1], "zombie"))
    assert (caught.value.why, caught.value.found, caught.value.expected) == (Why.FENCED, "2", "3")
    with pytest.raises(JournalFault, match="SHUT"):
        zombie.append(answered(small_pairs()[:1], "again"))
    later.append(answered(small_pairs()[:1], "later"))
    zombie.close()
    later.close()
    again = local.open_journal(path)
    assert (again.known(["zombie-1", "later-1"]), again.seq) == ({"later-1": 4}, 4)
    again.close()


def test_faults_when_they_are_listed_then_each_has_a_test_that_provokes_it() -> None:
    """Every code of the journal is named in the tests beside this one."""
    here = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    assert [why.name for why in Why if f"Why.{why.name}" not in here and f'"{why.name}' not in here] == []
