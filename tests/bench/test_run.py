"""A run from books to a document, on an engine without speed, at one small size."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deleverage.bench import choices, crashes, replays, revaluations, run, splits, ticks, with_lrvx
from deleverage.bench.books import Book, Ints, draw
from deleverage.bench.figures import GOALS
from deleverage.bench.floors import floor, revaluation_bytes, sweeper
from deleverage.bench.machine import installed, machine
from deleverage.bench.readings import ENGINE, FLOOR, OBJECTS, Bench, Key, Readings
from deleverage.bench.run import document
from deleverage.commands.bench import bench as command
from tests.bench.slow_engine import SlowEngine

SIZE = 10_000
FACTS_AT_ZERO = ("differing", "differ", "missing", "refused", "other detections", "differs")


class Liar(SlowEngine):
    """Wrong wherever somebody looks: the harness has to find each."""

    def equities(self) -> Ints:
        """One unit is a quantum richer."""
        found = super().equities()
        found[7] += 1
        return found

    def tick(self, market: int, mark_ticks: int) -> Ints:
        """Nobody is ever found."""
        super().tick(market, mark_ticks)
        return np.zeros(0, np.int64)

    def select(self, market: int, sign: int, lots: int) -> tuple[Ints, Ints]:
        """The first two change their lots."""
        units, parts = super().select(market, sign, lots)
        parts[:2] = parts[1], parts[0]
        return units, parts

    def split(self, amount: int, weights: Ints, caps: Ints | None) -> Ints:
        """A quantum gets lost."""
        parts = super().split(amount, weights, caps)
        parts[0] -= 1
        return parts

    def replay(self, log: np.ndarray, batch: int) -> int:
        """What was cut off is left out."""
        return super().replay(log[: max(batch, len(log) - batch)], batch)


def brute(book: Book, market: int, mark_ticks: int) -> Ints:
    """Return what the slow engine does, which has one queue for all."""
    engine = SlowEngine()
    engine.load(book)
    engine.revalue(book.markets.mark_ticks)
    return engine.crash(market, mark_ticks, each_fill=False)


def measured(maker: type[SlowEngine] | None) -> Readings:
    """Return what one round at one small size finds; no starts of processes."""
    readings = Readings()
    bench = Bench(maker, brute, (SIZE,), 1, None, None, readings, lambda line: None)
    for task in (revaluations, ticks, choices, crashes, splits, replays):
        task.measure(bench)
    return readings


def beyond_zero(readings: Readings) -> list[str]:
    """Return the facts that count differences, and are not 0."""
    counted = [(name, value) for (name, _), value in readings.facts.items() if name.endswith(FACTS_AT_ZERO)]
    counted += [(n, v) for (n, _), v in readings.facts.items() if ": d" in n or ": parts that" in n or "missing" in n]
    return sorted({name for name, value in counted if value != 0})


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow engine sees few ticks."""
    monkeypatch.setattr(ticks, "steps", lambda book, count, typical, seed: short_steps(book))
    monkeypatch.setattr(ticks, "alternating", lambda book, count, move: short_steps(book))


def short_steps(book: Book) -> list[tuple[int, int]]:
    """Return a fall and a rise."""
    first = int(book.markets.mark_ticks[0])
    return [(0, first * 9 // 10), (0, first)]


def test_run_when_an_engine_is_right_then_every_difference_is_zero_and_every_task_has_times() -> None:
    """All goals but the starts and growth have a value; an engine without speed misses most."""
    readings = measured(SlowEngine)
    assert beyond_zero(readings) == []
    found = {one["name"]: one for one in document(readings, (SIZE,))["figures"]}
    without = [name for name, one in found.items() if one["value"] is None]
    rivals = ("pandas", "lrvx", "growth", "10 M")
    assert [name for name in without if not any(word in name for word in (*rivals, "plain import", "warm"))] == []
    assert found["crash, brute force"]["met"] is True
    assert found["crash, share that differs"]["met"] is False  # one queue for all, whatever was asked for


def test_run_when_an_engine_lies_then_each_lie_is_counted() -> None:
    """Equities, detections, choices, sums and batches."""
    lies = beyond_zero(measured(Liar))
    for part in ("revaluation: differing units", "selection of half: differs", "pro-rata split: missing",
                 "capped split: missing", "replay: digests of other batches", "tick"):  # fmt: skip
        assert [name for name in lies if part in name] != [], (part, lies)


def test_run_when_there_is_no_engine_then_rivals_and_floors_are_measured_alone() -> None:
    """What it is compared with can be looked at by itself."""
    readings = measured(None)
    assert {key.who for key in readings.times} == {FLOOR, OBJECTS}
    assert {goal.name: None for goal in GOALS} == {
        one["name"]: one["value"] for one in document(readings, (SIZE,))["figures"]
    }


def test_run_when_an_engine_is_connected_then_rivals_were_loaded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba takes the room that lrvx needs: whatever compiles comes second."""
    order: list[str] = []

    def rival() -> tuple[None, str]:
        order.append("lrvx")
        return None, "not today"

    monkeypatch.setattr(with_lrvx, "engine", rival)
    monkeypatch.setattr(run, "measure_all", lambda bench: order.append(f"{bench.make.__name__} {bench.sizes}"))

    def connect() -> tuple[type[SlowEngine], None]:
        order.append("engine")
        return SlowEngine, None

    found = run.run(connect, quick=True)
    assert order == ["lrvx", "engine", "SlowEngine (10000, 100000)"]
    assert found["left_out"]["lrvx"] == "not today"


def test_time_when_a_book_is_larger_than_rivals_take_then_there_are_fewer_rounds() -> None:
    """Ten million positions are measured seven times instead of twenty-one."""
    from deleverage.bench.timing import Case

    bench = Bench(None, None, (), 21, None, None, Readings(), lambda line: None)
    small, large = Key("task", ENGINE, 1_000_000), Key("task", ENGINE, 10_000_000)
    for key in (small, large):
        bench.time({key: Case(lambda: None)}, cold=False)
    samples = [bench.readings.times[key] for key in (small, large)]
    assert [len(one.kept) + len(one.dropped) for one in samples] == [21, 7]
    assert (replace(bench, sizes=(1,)).rivals_at(1_000_000), bench.rivals_at(1_000_001)) == (True, False)


def test_floor_when_read_then_all_of_its_bytes_are() -> None:
    """The sum of 0, 1, 2 ...: as many numbers as eight bytes go in, rounded up."""
    assert [floor(size)() for size in (8, 9, 80)] == [0, 1, 45]
    assert revaluation_bytes(1_000_000, 530_000) == 25_370_000
    assert callable(sweeper())


def test_machine_when_described_then_it_has_versions_and_a_missing_package_is_none(tmp_path: Path) -> None:
    """Where a file is missing there is still a description."""
    described = machine(tmp_path / "none", tmp_path / "none")
    assert described["numpy"] == np.__version__
    assert described["memory"] is None
    assert described["processor"]
    assert installed("no-such-package") is None


def test_ticks_when_drawn_then_marks_stay_within_a_tenth() -> None:
    """Steps have a heavy tail; a book that has drifted away would be another book."""
    from deleverage.bench.ticks import STEP

    book = draw(SIZE)
    first = book.markets.mark_ticks
    drawn = importlib_steps(book, 2_000, STEP, 1)
    assert all(0.89 * first[market] <= mark <= 1.11 * first[market] for market, mark in drawn)
    assert len({market for market, _ in drawn}) > 40


importlib_steps = ticks.steps


def test_bench_when_the_folder_of_the_page_is_missing_then_nothing_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal after a minute of measuring would be a joke."""
    assert command(quick=True, largest=None, write=tmp_path / "none" / "page.md", as_json=False) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_bench_when_the_largest_size_is_below_all_then_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the smallest size there is."""
    assert command(quick=False, largest=9_999, write=None, as_json=False) == 2
    assert "--largest is 9999, the smallest size is 10,000" in capsys.readouterr().err


def test_command_line_when_loaded_then_neither_rivals_nor_numba_are() -> None:
    """The plain import path and help know nothing of the benchmark."""
    heavy = ("numba", "pandas", "lrvx", "numpy", "deleverage.bench")
    script = (
        "import sys; from deleverage.cli import call; call(['bench', '--help']); "
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
