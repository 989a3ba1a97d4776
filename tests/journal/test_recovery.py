"""From a journal back to its state: answers are compared, and a snapshot is believed where it was signed."""

import random
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from deleverage.domain.engines import COLUMNS, RULEBOOK
from deleverage.domain.recovery import recover
from deleverage.journal import local
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import OpenAccount
from deleverage.rulebook.rules import Rules
from tests.journal.made import record_story, small_pairs


def _why(act: Callable[[], object]) -> Why:
    with pytest.raises(JournalFault) as caught:
        act()
    return caught.value.why


def _rewrite(path: Path, statement: str, *values: bytes) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(statement, values)
    connection.close()


@pytest.fixture
def story(tmp_path: Path) -> tuple[Path, str]:
    """A closed journal with a snapshot in the middle, and the digest at its end."""
    path = tmp_path / "j.db"
    domain = record_story(path, "cascade")
    digest = domain.digest()
    domain.journal.close()
    return path, digest


@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
@pytest.mark.parametrize("snapshot", [True, False])
def test_journal_when_it_is_recovered_then_the_state_is_that_at_its_end(
    story: tuple[Path, str], engine: str, snapshot: bool
) -> None:
    """On either engine, from a snapshot or from the start; progress is told up to the last command."""
    path, digest = story
    if not snapshot:
        _rewrite(path, "DELETE FROM snapshot")
    journal = local.open_journal(str(path))
    assert snapshot is (journal.store.snapshot() is not None)
    told: list[tuple[str, int, int]] = []
    domain = recover(journal, engine, lambda *progress: told.append(progress))
    assert (digest, ("recover", journal.seq, journal.seq)) == (domain.digest(), told[-1])
    journal.close()


def test_snapshot_when_any_bit_of_it_flips_then_it_is_not_believed(story: tuple[Path, str]) -> None:
    """A hundred flips: no JSON, no book, or another state; nothing else comes out."""
    path, _ = story
    rng, reader = random.Random(1), local.open_store(str(path))
    snapshot = reader.snapshot()
    reader.close()
    assert snapshot is not None
    seen = set()
    for _ in range(100):
        content = bytearray(snapshot.content)
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        _rewrite(path, "UPDATE snapshot SET content = ?", bytes(content))
        journal = local.open_journal(str(path))
        seen.add(_why(lambda journal=journal: recover(journal)))  # type: ignore[misc]
        journal.close()
    assert {Why.BAD_FORMAT, Why.OTHER_STATE} == seen


def test_snapshot_when_no_checkpoint_vouches_for_it_then_it_is_not_believed(story: tuple[Path, str]) -> None:
    """Put behind another block, or behind one that is not there."""
    path, _ = story
    for number in (2, 9999):
        _rewrite(path, f"UPDATE snapshot SET number = {number}")
        journal = local.open_journal(str(path))
        assert Why.OTHER_STATE is _why(lambda journal=journal: recover(journal))  # type: ignore[misc]
        journal.close()


def test_snapshot_when_its_checkpoint_was_not_signed_by_the_journal_then_it_is_not_believed(
    story: tuple[Path, str],
) -> None:
    """A checkpoint rewritten to fit the snapshot."""
    path, _ = story
    statement = 'UPDATE checkpoint SET content = CAST(replace(content, \'"epoch":"1"\', \'"epoch":"2"\') AS BLOB)'
    _rewrite(path, f"DROP TRIGGER checkpoint_update; {statement}")
    assert Why.BAD_SIGNATURE is _why(lambda: local.open_journal(str(path)))


def test_journal_when_a_command_is_answered_otherwise_now_then_the_state_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other rules or another program than those of the day: the first such command is named."""
    path = str(tmp_path / "j.db")
    journal = local.create(path, "d", Rules())
    pairs = small_pairs()
    lie = (OpenAccount(time_ns=0, account_id="bo"), pairs[0][1])
    journal.append([("k-1", *pairs[0]), ("k-2", *lie)])
    journal.close()
    again: Journal = local.open_journal(path)
    with pytest.raises(JournalFault, match="command 2 is answered differently now") as caught:
        recover(again)
    assert Why.OTHER_STATE is caught.value.why
    assert "'bo'" in caught.value.found
    assert "'al'" in caught.value.expected
    again.close()
