"""The benchmark of the journal: every case is measured, every ratio has its goal beside it, and the day is a day."""

from pathlib import Path

import pytest

from deleverage.bench import flushes, journal, restarts
from deleverage.bench.days import day, opening
from deleverage.bench.flushes import CASES, SIZES, Case
from deleverage.domain import Domain
from deleverage.rulebook.messages import Rejection
from deleverage.rulebook.rules import Rules


def test_latencies_when_measured_then_each_case_has_a_time_for_each_round(tmp_path: Path) -> None:
    """In ascending order; the round that makes everything ready does not count."""
    times = flushes.latencies(tmp_path, 2)
    assert set(times) == {Case(who, size) for who in CASES for size in SIZES}
    assert [(len(each), each == sorted(each), each[0] > 0) for each in times.values()] == [(2, True, True)] * len(times)


def test_lines_when_a_ratio_is_above_its_goal_then_it_is_said() -> None:
    """Each goal is compared with the ratio of medians of this run."""
    times = {Case(who, size): [10**6] for who in CASES for size in SIZES}
    times[Case(flushes.STORE, 1_000)] = [2 * 10**6]
    lines = list(journal.flush_lines(times, 1))
    assert [line.split("   ")[-1] for line in lines if "goal" in line] == ["not met"] + ["met"] * 7
    assert any("2.00   goal <= 1.5   not met" in line for line in lines)


def test_lines_when_samples_are_many_then_percentiles_are_those_of_the_samples() -> None:
    """The smallest sample that so many of a hundred do not exceed."""
    times = {Case(who, size): [at * 10**6 for at in range(1, 11)] for who in CASES for size in SIZES}
    (line,) = [line for line in journal.flush_lines(times, 10) if line.strip().startswith(flushes.STORE)]
    assert line.split()[-4:] == ["5.000", "9.000"] * 2


def test_day_when_it_is_drawn_then_nothing_in_it_is_refused() -> None:
    """A refused command would be cheaper than an ordinary one."""
    domain = Domain.open(Rules())
    answers = domain.submit([*opening(50), *day(50, 2_000)])
    assert [answer for answer in answers if isinstance(answer, Rejection)] == []
    assert {type(command).__name__ for command in day(50, 2_000)} == {
        "Trade",
        "Deposit",
        "Withdraw",
        "SetMarks",
        "AccrueFunding",
    }


def test_restarts_when_measured_then_both_starts_are_there(tmp_path: Path) -> None:
    """And the file is as long as what was acknowledged."""
    found = restarts.measure(tmp_path, 300)
    assert found.commands == 300
    assert min(found.work_ns, found.start_ns, found.snapshot_start_ns, found.commands_per_second) > 0
    assert found.file_bytes > 300 * 64


def test_journal_bench_when_run_then_prints_latencies_ratios_and_the_day(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """From the command line."""
    assert journal.main(["--rounds", "1", "--commands", "50", "--folder", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for words in ("plain file, appended", "ratios of medians", "acknowledged per second", "a day of 50 commands"):
        assert words in out
