"""The command and its table: what is missing or did not run is no success, and what failed can be played again."""

from collections.abc import Iterator

import pytest

from tests.torture import __main__ as command
from tests.torture import report
from tests.torture.families import FAMILIES, Family
from tests.torture.report import Ended
from tests.torture.tally import Tally

FAMILY = Family("kills", "kill", 5, 50)


def tally(runs: int = 3, failures: int = 0, skipped: str = "") -> Tally:
    """Return a tally."""
    found = Tally("kills", skipped=skipped)
    for _ in range(runs):
        found.note("done")
    for seed in range(failures):
        found.fail(seed, "something was lost", f"python -m tests.torture --seed {seed}")
    return found


@pytest.mark.parametrize(
    ("found", "last", "code"),
    [
        (tally(), "passed", 0),
        (tally(0, skipped="no server here"), "passed", 0),
        (tally(0), "not passed: kills (NO RUNS)", 1),
        (tally(3, 1), "not passed: kills (FAILED)", 1),
        (None, "not passed: kills (missing)", 1),
    ],
)
def test_torture_when_it_ends_then_the_exit_code_says_whether_everything_ran_and_nothing_failed(
    found: Tally | None,
    last: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A family that nobody built and one without runs fail as one does in which something was lost."""
    monkeypatch.setattr(command, "FAMILIES", (FAMILY,))
    monkeypatch.setattr(Family, "find", lambda family: None if found is None else lambda count, seed: found)
    assert command.main(["--quick"]) == code
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_table_when_something_failed_then_it_names_seed_commit_and_how_to_play_it_again() -> None:
    """At most the first ten of each family."""
    lines = list(report.lines([Ended(FAMILY, tally(3, 12), 1.25)]))
    assert [line for line in lines if "again:" in line] == [
        f"  seed {seed}, commit {report.commit()}; again: python -m tests.torture --seed {seed}" for seed in range(10)
    ]
    assert lines[1].split() == ["kills", "15", "12", "1.2", "3", "done,", "12", "failed"]


def test_table_when_something_was_skipped_then_it_is_counted_with_its_reason() -> None:
    """Nobody has to guess what did not take place."""
    lines = list(report.lines([Ended(FAMILY, tally(0, skipped="no server here"), 0.0)]))
    assert "1 skipped: kills (no server here)" in lines[-2]


def test_torture_when_it_has_minutes_then_it_goes_on_with_other_seeds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts of rounds add up; a failure ends it."""
    seeds: list[tuple[int, int]] = []
    times: Iterator[float] = iter(range(0, 10_000, 10))

    def run(count: int, seed: int) -> Tally:
        seeds.append((count, seed))
        return tally(count, failures=len(seeds) == 3)

    monkeypatch.setattr(command, "FAMILIES", (FAMILY,))
    monkeypatch.setattr(Family, "find", lambda family: run)
    monkeypatch.setattr("tests.torture.__main__.monotonic", lambda: next(times))
    assert command.main(["--count", "4", "--minutes", "100", "--seed", "7"]) == 1
    assert seeds == [(4, 7), (4, 1_000_007), (4, 2_000_007)]
    assert "13" in capsys.readouterr().out


def test_families_when_they_are_listed_then_names_differ_and_the_whole_is_more_than_the_quick_part() -> None:
    """Planted bugs are always all of them."""
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert [family.name for family in FAMILIES if family.quick >= family.full] == ["planted bugs"]
