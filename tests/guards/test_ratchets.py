"""The ratchets turn one way only."""

from pathlib import Path

import pytest

from tests.guards import ratchets
from tests.guards.ratchets import MEASURES, Measure, measure, read_record, worse, write_record

LOWER = Measure("x", "lines", good=60, more_is_worse=True, why="")
HIGHER = Measure("x", "percent", good=95, more_is_worse=False, why="")


def package(folder: Path, **files: str) -> Path:
    """Return the folder of a small package made of these modules; two underscores stand for a subfolder."""
    for name, text in files.items():
        path = folder / "deleverage" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "deleverage"


def test_ratchets_when_the_package_is_measured_then_no_number_is_worse_than_recorded() -> None:
    """Today's code keeps what was reached before."""
    readings = measure(ratchets.REPOSITORY / "src" / "deleverage")
    assert readings["largest_file"][0] > 0, "the package was not found, so nothing was measured"
    assert worse(readings, read_record(ratchets.RECORD)) == []


@pytest.mark.parametrize(
    ("kind", "value", "recorded", "is_worse"),
    [
        (LOWER, 60, 10, False),
        (LOWER, 61, 10, True),
        (LOWER, 61, 60, True),
        (LOWER, 80, 80, False),
        (LOWER, 81, 80, True),
        (LOWER, 70, 80, False),
        (HIGHER, 95, 100, False),
        (HIGHER, 94, 100, True),
        (HIGHER, 90, 90, False),
        (HIGHER, 89, 90, True),
        (HIGHER, 100, 90, False),
    ],
)
def test_ratchet_when_a_number_moves_then_only_worse_than_good_and_recorded_fails(
    kind: Measure, value: int, recorded: int, is_worse: bool
) -> None:
    """Inside the good range a number is free; outside it, it may only get better."""
    assert kind.is_worse(value, recorded) is is_worse


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("longest_function", {"a": '"""A."""\ndef _f():\n' + "    x = 1\n" * 60}),
        ("largest_file", {"a": '"""A."""\n' + "x = 1\n" * 500}),
        ("rulebook", {f"rulebook__m{n}": '"""M."""\n' + "x = 1\n" * 400 for n in range(5)}),
        ("docstring_share", {"a": '"""A."""\ndef f(): ...\n'}),
    ],
)
def test_ratchets_when_a_number_is_planted_worse_then_it_is_named(
    name: str, files: dict[str, str], tmp_path: Path
) -> None:
    """Each of the four rings, and rings alone."""
    readings = measure(package(tmp_path, **files))
    recorded = {m.name: m.good for m in MEASURES}
    complaints = worse(readings, recorded)
    assert [complaint.split(":")[0] for complaint in complaints] == [name]


def test_ratchets_when_recorded_then_reading_the_record_gives_the_same_numbers(tmp_path: Path) -> None:
    """`make ratchets` accepts today's numbers and nothing else."""
    readings = measure(package(tmp_path, a='"""A."""\ndef f():\n    """F."""\n', b=""))
    write_record(tmp_path / "record.toml", readings)
    recorded = read_record(tmp_path / "record.toml")
    assert recorded == {"longest_function": 2, "largest_file": 3, "rulebook": 0, "docstring_share": 66}
    assert worse(readings, recorded) == []


def test_ratchets_when_the_record_lacks_a_measure_then_it_is_refused(tmp_path: Path) -> None:
    """A measure cannot be switched off by deleting its line."""
    (tmp_path / "record.toml").write_text("rulebook = 9\n", encoding="utf-8")
    with pytest.raises(ValueError, match="must record exactly"):
        read_record(tmp_path / "record.toml")
