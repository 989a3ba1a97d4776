"""What kills, second writers and jumping clocks have to find: each finds a fault that was planted."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import time_ns
from typing import Any

import pytest

from deleverage.domain import Domain, clerk
from deleverage.domain.engines import Answer
from deleverage.domain.timer import Clocked
from deleverage.journal.files import SystemFile, SystemFiles
from deleverage.journal.sqlite import SqliteStore
from deleverage.rulebook.messages import Command
from tests.torture import clocks, kill, second, spoiled


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (spoiled.early, "LOST_TAIL|BROKEN_CHAIN|UNLAWFUL|lost"),  # what is seen hangs on the moment of the kill
        (spoiled.forgetful, "was acknowledged as"),
        (spoiled.unsure, "UNLAWFUL|command"),  # the journal asks first whether the state is its own
    ],
    ids=["ack before writing", "no memory of keys", "a start without the last command"],
)
def test_kills_when_a_writer_has_a_fault_then_it_is_found(act: Callable[..., None], words: str) -> None:
    """Within a few kills; each journal counts one failure, with its seed and how to play it again."""
    tally = kill.run(15, 1, act)
    assert len(tally.failures) == 1
    assert re.search(words, tally.failures[0].sentence)
    assert tally.failures[0].seed == 1
    assert tally.failures[0].again.endswith("--only kills --count 50 --seed 1")


def test_second_writers_when_the_store_asks_for_no_epoch_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fence is taken away: only chance keeps the earlier writer's block out, its number being there already."""
    real = SqliteStore._transact
    monkeypatch.setattr(SqliteStore, "_transact", lambda store, write, epoch: real(store, write, None))
    tally = second.run(4, 1)
    assert any("FENCED was expected" in failure.sentence for failure in tally.failures)


def test_second_writers_when_the_lock_keeps_nobody_out_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is taken away for everybody."""

    def lock(files: SystemFiles, path: str) -> SystemFile:
        return files.open(f"{path}.none", create=True)

    monkeypatch.setattr(SystemFiles, "lock", lock)
    tally = second.run(4, 1)
    assert any("the lock let a second writer in" in failure.sentence for failure in tally.failures)


def test_clock_jumps_when_a_domain_reads_the_clock_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's time is taken from the machine where the clock is ahead of it."""
    names = vars(clerk)
    monkeypatch.setitem(names, "time_ns", time_ns)
    real = Domain.submit_into

    def submit_into(domain: Domain, commands: Iterable[Command], answers: list[Answer], watcher: Any = None) -> None:
        late = [replace(one, time_ns=max(one.time_ns, names["time_ns"]() // 10**9)) for one in commands]
        real(domain, late, answers, watcher)

    monkeypatch.setattr(Domain, "submit_into", submit_into)
    assert [failure.seed for failure in clocks.run(10, 1).failures] == [1]


def test_clock_jumps_when_a_time_goes_back_or_too_far_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock's word is taken as it is."""
    monkeypatch.setattr(Clocked, "time_after", lambda clocked, last_ns, clock_ns: clock_ns)
    (failure,) = clocks.run(50, 2).failures
    assert "the time goes on by" in failure.sentence
