"""Verification beside whoever else has to do with the journal: its writer, and a device that nobody may write to."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from errno import EROFS
from pathlib import Path

import pytest

from deleverage.domain.recorded import RecordedDomain
from deleverage.domain.verification.verdict import Verdict
from deleverage.domain.verification.verify import verify
from deleverage.journal import local
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import FilesToRead
from deleverage.journal.reading import read_mark
from deleverage.journal.store import Stored
from tests.torture.script import RULES, command

SEED = 1


def written(path: str) -> RecordedDomain:
    """Return a domain at work with five commands behind it, three of them under a checkpoint."""
    domain = RecordedDomain(local.create(path, "d", RULES))
    domain.submit([command(SEED, number) for number in range(1, 4)])
    domain.checkpoint()
    domain.submit([command(SEED, number) for number in range(4, 6)])
    return domain


def looked_at(path: str) -> Verdict:
    """Return the verdict on a journal, with what its anchor says."""
    with closing(local.open_store(path)) as store:
        return verify(store, read_mark(FilesToRead(), local.anchor_of(path)))


@pytest.mark.parametrize("method", ["head", "last", "indexed", "blocks", "checkpoints", "seqs_of", "block_with"])
def test_verify_when_its_writer_signs_between_any_two_looks_then_pass(
    tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first call, the second and so on: what is signed behind the blocks that were looked at is no lie."""
    for call in range(1, 20):
        path = str(tmp_path / f"{call}.db")
        domain = written(path)
        with closing(local.open_store(path)) as store:
            calls, real = iter(range(1, 10_000)), getattr(store, method)

            def act(*values: object) -> Iterator[Stored]:
                if next(calls) == call:  # noqa: B023
                    domain.submit([command(SEED, number) for number in range(6, 8)])  # noqa: B023
                    domain.checkpoint()  # noqa: B023
                return real(*values)  # noqa: B023

            monkeypatch.setattr(store, method, act)
            verdict = verify(store, read_mark(FilesToRead(), local.anchor_of(path)))
        domain.journal.close()
        assert verdict.deviation is None, (method, call)
        if next(calls) <= call:
            return


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes every folder one that cannot be written to; a test of root's could, whatever the modes."""
    opened = os.open

    def refusing(path: str, flags: int, *rest: int) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(EROFS, os.strerror(EROFS), path)
        return opened(path, flags, *rest)

    def act() -> None:
        monkeypatch.setattr(os, "access", lambda name, mode: mode != os.W_OK)
        monkeypatch.setattr(os, "open", refusing)

    return act


def test_verify_when_the_folder_cannot_be_written_to_then_it_passes_and_nothing_is_made(
    tmp_path: Path, read_only: Callable[[], None]
) -> None:
    """A copy on a read-only device is as good as any, its anchor too."""
    path = str(tmp_path / "j.db")
    written(path).journal.close()
    there = sorted(os.listdir(tmp_path))
    read_only()
    verdict = looked_at(path)
    assert (verdict.deviation, verdict.anchor) == (None, "block 2, command 5")
    assert there == sorted(os.listdir(tmp_path))


def test_store_when_its_log_lies_where_nobody_may_write_then_it_is_said_in_words(
    tmp_path: Path, read_only: Callable[[], None]
) -> None:
    """The library needs an index of the log, and cannot make it: without the log the end would be missing."""
    path = str(tmp_path / "j.db")
    domain = written(path)
    for suffix in ("", "-wal", ".anchor"):
        (tmp_path / f"copy.db{suffix}").write_bytes((tmp_path / f"j.db{suffix}").read_bytes())
    domain.journal.close()
    read_only()
    with pytest.raises(JournalFault) as caught:
        local.open_store(str(tmp_path / "copy.db"))
    assert caught.value.why is Why.FAILED
    assert "has a log beside it" in caught.value.sentence


def test_verify_when_its_writer_is_at_work_where_nobody_else_may_write_then_the_log_is_read(
    tmp_path: Path, read_only: Callable[[], None]
) -> None:
    """The writer's index is there, so the log's last command is."""
    path = str(tmp_path / "j.db")
    domain = written(path)
    read_only()
    verdict = looked_at(path)
    domain.journal.close()
    assert (verdict.deviation, verdict.chained_seq) == (None, 5)
