"""A journal is made as a whole: on this machine's own files, and in PostgreSQL beside a folder."""

import os
import signal
from collections.abc import Callable
from errno import ENOSPC
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from deleverage.journal import local, remote
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.making import Making, flag_of
from deleverage.journal.postgres import PostgresStore
from deleverage.rulebook.rules import Rules
from tests.journal.made import answered, small_pairs
from tests.journal.places import PostgresPlace

MOST = 100
"""More calls of the file system than a making has."""


class Ending(SystemFiles):
    """Files of which the n-th call, counted from 1, is something else."""

    def __init__(self, at: int, end: Callable[[], None]) -> None:
        """Do ``end`` in place of call ``at``."""
        self.calls = 0
        self._at, self._end = at, end

    def __getattribute__(self, name: str) -> Any:
        if name in ("open", "exists", "remove", "sync_folder", "lock"):
            self.calls += 1
            if self.calls == self._at:
                self._end()
        return super().__getattribute__(name)


def full() -> None:
    """Find no room."""
    raise OSError(ENOSPC, os.strerror(ENOSPC))


def killed(at: int, path: str) -> bool:
    """Kill a process that makes a journal at a call of the file system; False where it has made it by then."""
    child = os.fork()
    if child == 0:
        local.create(path, "d", Rules(), files=Ending(at, lambda: os.kill(os.getpid(), signal.SIGKILL)))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def either(makes: Callable[[], Journal], opens: Callable[[], Journal]) -> tuple[Journal, bool]:
    """Return a journal that is made, or opened where there is one already, and whether there was."""
    try:
        return makes(), False
    except JournalFault as fault:
        if fault.why is not Why.EXISTS:
            raise
    return opens(), True


def test_journal_when_its_making_is_killed_at_any_call_then_it_is_made_again_or_is_there(tmp_path: Path) -> None:
    """By another process, which finds what the system has of it; where it is there, it can be opened."""
    there = []
    for at in range(1, MOST):
        path = str(tmp_path / f"{at}.db")
        if not killed(at, path):
            break
        journal, was_there = either(partial(local.create, path, "d", Rules()), partial(local.open_journal, path))
        there += [at] if was_there else []
        journal.append(answered(small_pairs()))
        journal.close()
        assert not Path(flag_of(path)).exists()
    assert (True, [at - 1]) == (15 < at < MOST, there), "only the last call comes when everything is there"


def test_journal_when_its_making_was_killed_and_it_is_opened_then_it_is_a_journal_from_then_on(tmp_path: Path) -> None:
    """Everything was there but for the flag that goes last: who opens it takes that away."""
    path = str(tmp_path / "j.db")
    local.create(path, "d", Rules()).close()
    Path(flag_of(path)).touch()
    local.open_journal(path).close()
    assert not Path(flag_of(path)).exists()
    assert Why.EXISTS is _refused(lambda: local.create(path, "d", Rules()))


def test_journal_when_its_flag_is_back_then_what_was_acknowledged_is_never_taken_away(tmp_path: Path) -> None:
    """A device may lie about what it has synced; the anchor says that somebody was told of a block."""
    path = str(tmp_path / "j.db")
    journal = local.create(path, "d", Rules())
    journal.append(answered(small_pairs()))
    Path(flag_of(path)).touch()
    reasons = [_refused(lambda: local.create(path, "d", Rules()))]
    journal.close()
    reasons.append(_refused(lambda: local.create(path, "d", Rules())))
    assert reasons == [Why.LOCKED, Why.EXISTS]
    again = local.open_journal(path)
    assert len(small_pairs()) == again.seq
    again.close()


def test_making_when_another_is_at_it_then_it_is_left_alone(tmp_path: Path) -> None:
    """Two that make the same journal: one of them does."""
    path = str(tmp_path / "j.db")
    names = path, f"{path}.anchor", f"{path}.key"
    making = Making(SystemFiles(), path, names, names[1], ())
    assert Why.LOCKED is _refused(lambda: local.create(path, "d", Rules()))
    making.leave()
    local.create(path, "d", Rules()).close()


def test_journal_when_there_is_no_room_for_any_part_of_it_then_nothing_is_left(tmp_path: Path) -> None:
    """Whatever the call: the folder is as it was, and so is the next try."""
    for at in range(1, MOST):
        why = _refused(partial(local.create, tmp_path / "j.db", "d", Rules(), files=Ending(at, full)))
        if why is None:
            break
        assert (Why.FULL, at, []) == (why, at, list(tmp_path.iterdir()))
    assert at > 15


def test_domain_when_its_making_fails_at_any_call_then_it_is_made_again_or_is_there(
    postgres: PostgresPlace, tmp_path: Path
) -> None:
    """The database takes nothing back: so its head is the last that is written, and the folder's files wait for it."""
    there = []
    for at in range(1, MOST):
        asked = postgres.url, str(tmp_path), f"making-{at}"
        if _refused(partial(remote.create, *asked, Rules(), files=Ending(at, full))) is None:
            break
        journal, was_there = either(partial(remote.create, *asked, Rules()), partial(remote.open_journal, *asked))
        there += [at] if was_there else []
        journal.append(answered(small_pairs()))
        journal.close()
        assert not (tmp_path / f"making-{at}.making").exists()
    assert (True, [at - 2, at - 1]) == (10 < at < MOST, there)


def test_domain_when_the_answer_of_the_database_is_lost_then_key_and_anchor_stay(
    postgres: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have the head all the same, and no other key would open that."""
    written = PostgresStore.create

    def lost(store: PostgresStore, head: bytes) -> None:
        written(store, head)
        store._session._drop()
        raise JournalFault(Why.FAILED, "nobody knows")

    monkeypatch.setattr(PostgresStore, "create", lost)
    assert Why.FAILED is _refused(postgres.create)
    monkeypatch.undo()
    assert Why.EXISTS is _refused(postgres.create)
    postgres.open().close()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".anchor", ".key"]


def _refused(act: Callable[[], Journal]) -> Why | None:
    """Return why an act is refused, None where it is not."""
    try:
        act().close()
    except JournalFault as fault:
        return fault.why
    return None
