"""States signed and kept: when it is due, never more than a tenth of the time, with help or without."""

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import deleverage.domain.keeper as module
from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import REST, Settings
from deleverage.journal.parts import leaves_of_block
from tests.domain.asking import again, batch, control, done, new


def signed(folder: Path, settings: Settings, pool: Executor | None = None, size: int = 5) -> list[tuple[int, str]]:
    """Return command and entries' root of each checkpoint behind 60 commands in batches."""
    journal = new(folder)
    journal.head = replace(journal.head, blind="00" * 32)  # roots of two journals can be compared
    clerk = Clerk(journal, settings=settings, pool=pool)
    for first in range(1, 61, size):
        done(clerk, batch(first, first + size - 1))
    clerk.end()
    journal = again(folder)
    found = [(one.seq, one.entries_root) for one in journal.checkpoints()]
    journal.close()
    return found


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize(
    ("every", "expected"), [((10, 1_000), [10, 20, 30, 40, 50, 60]), ((1_000, 25), [25, 50, 60]), ((99, 99), [60])]
)
def test_keeper_when_states_are_due_then_they_are_signed_and_the_last_one_at_the_end(
    tmp_path: Path, every: tuple[int, int], expected: list[int]
) -> None:
    """A snapshot is a checkpoint, too; the end is kept."""
    settings = Settings(checkpoint_every=every[0], snapshot_every=every[1])
    assert [seq for seq, _ in signed(tmp_path, settings)] == expected
    journal = again(tmp_path)
    snapshot = journal.store.snapshot()
    assert snapshot is not None
    assert snapshot.seq == 60
    assert Clerk(journal).look(lambda domain, _: domain.digest()) == control(60).digest()


@pytest.mark.usefixtures("restless")
def test_keeper_when_it_was_ended_between_signing_and_keeping_then_the_next_one_keeps(
    tmp_path: Path,
) -> None:
    """A checkpoint without its snapshot is not signed a second time."""
    clerk = Clerk(new(tmp_path), settings=Settings(checkpoint_every=5))
    done(clerk, batch(1, 5))
    clerk.end()
    journal = again(tmp_path)
    assert [one.seq for one in journal.checkpoints()] == [5]
    snapshot = journal.store.snapshot()
    assert snapshot is not None
    assert snapshot.seq == 5
    journal.close()


def test_keeper_when_signing_takes_long_then_it_rests_nine_times_as_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is due: a tenth of the time at most. Each batch takes as long as a signature."""
    now, journal = [0], new(tmp_path)
    monkeypatch.setattr(module, "perf_counter_ns", lambda: now[0])
    real = journal.checkpoint

    def slow(*values: Any) -> Any:
        now[0] += 100
        return real(*values)

    monkeypatch.setattr(journal, "checkpoint", slow)
    clerk = Clerk(journal, settings=Settings(checkpoint_every=1))
    for number in range(1, 41):
        done(clerk, batch(number, number))
        now[0] += 100
    assert REST == 9
    assert [one.seq for one in journal.checkpoints()] == [1, 10, 19, 28, 37]


@pytest.mark.usefixtures("restless")
def test_keeper_when_a_pool_helps_then_roots_are_those_without(tmp_path: Path) -> None:
    """Also where it was shut from the beginning, and where it breaks down in the middle."""
    settings = Settings(checkpoint_every=20)
    shut = ThreadPoolExecutor(1)
    shut.shutdown()
    with ThreadPoolExecutor(1) as pool:
        found = []
        for at, helper in enumerate((None, pool, shut, Breaking(pool, 4), Breaking(pool, 100))):
            folder = tmp_path / str(at)
            folder.mkdir()
            found.append(signed(folder, settings, helper))
    assert [seq for seq, _ in found[0]] == [20, 40, 60]
    assert found == [found[0]] * 5


@pytest.mark.parametrize("sizes", [(5,) * 12, (1,) * 30 + (30,), (30, *(1,) * 30)])
def test_keeper_when_it_rests_long_then_signing_has_no_more_to_make_than_a_checkpoints_worth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...]
) -> None:
    """The rest is made between batches, however large they come: or each stop would be longer than the one before."""
    made: list[int] = []

    def counted(content: bytes, blind: str) -> list[bytes]:
        leaves = leaves_of_block(content, blind)
        made.append(len(leaves))
        return leaves

    monkeypatch.setattr(module, "leaves_of_block", counted)
    monkeypatch.setattr(module, "perf_counter_ns", lambda: -1)  # before the first rest ends
    journal, first = new(tmp_path), 1
    clerk = Clerk(journal, settings=Settings(checkpoint_every=10, snapshot_every=1_000, most_at_once=30))
    for size in sizes:
        done(clerk, batch(first, first + size - 1))
        first += size
    assert not journal.checkpoints(), "it rests"
    before = sum(made)
    assert 0 <= first - 1 - before <= 10
    clerk.end()
    (signed,) = again(tmp_path).checkpoints()
    assert (first - 1, first - 1) == (sum(made), signed.seq)


class Breaking(Executor):
    """A pool whose work comes to nothing, once in so often."""

    def __init__(self, pool: Executor, every: int) -> None:
        """Let another pool do the rest."""
        self._pool, self._every, self._count = pool, every, 0

    def submit(self, *values: Any, **named: Any) -> Future[Any]:
        """Return a result, or a future that fails."""
        self._count += 1
        if self._count % self._every:
            return self._pool.submit(*values, **named)
        future: Future[Any] = Future()
        future.set_exception(RuntimeError("planted"))
        return future


def test_settings_when_a_bound_is_none_then_they_are_refused() -> None:
    """A line of 0 places would be one without end."""
    for name in ("most_waiting", "most_at_once", "checkpoint_every", "snapshot_every"):
        with pytest.raises(ValueError, match=f"{name} is 0"):
            Settings(**{name: 0})
