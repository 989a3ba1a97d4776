"""The doors of the repository lead somewhere: CI to make, hooks to installed programs, the wheel to every file."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import REPOSITORY


def targets(makefile: str) -> set[str]:
    """Return the names that a makefile can be asked for."""
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", makefile, re.M))


def commands(script: str) -> list[str]:
    """Return the lines of a shell script that do something."""
    return [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]


def test_ci_when_it_runs_then_it_calls_make_test_and_nothing_else() -> None:
    """CI and a developer run the same thing."""
    script = REPOSITORY / ".ci" / "run"
    assert commands(script.read_text("utf-8")) == ["make test"]
    assert script.stat().st_mode & 0o111


def test_makefile_when_asked_for_help_then_each_listed_target_exists() -> None:
    """Each target is declared phony, and each phony target exists."""
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    phony = set(re.findall(r"^\.PHONY: ([a-z -]+)$", makefile, re.M)[0].split())
    assert phony == targets(makefile)
    assert {"demo", "test", "check", "parity", "replay", "lock"} <= phony


def test_hooks_when_listed_then_they_are_five_and_their_programs_are_installed() -> None:
    """A hook that calls a program which is not there guards nothing."""
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text("utf-8")
    programs = re.findall(r"entry: \.venv/bin/([\w-]+)", text)
    assert len(re.findall(r"- id: ", text)) == len(programs) == 5
    assert [name for name in programs if not Path(sys.executable).with_name(name).exists()] == []


def test_wheel_when_built_then_it_holds_each_file_of_the_package(tmp_path: Path) -> None:
    """Scenarios, schemas and templates ship with the code, and the licence with both; tests do not."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("deleverage-*.whl")
    shipped = set(zipfile.ZipFile(wheel).namelist())
    package = {
        path.relative_to(REPOSITORY / "src").as_posix()
        for path in (REPOSITORY / "src" / "deleverage").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package - shipped == set()
    assert {name.split("/")[0] for name in shipped - package} == {f"deleverage-{_version(wheel)}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in shipped)


def _version(wheel: Path) -> str:
    """Return the version in a wheel's file name."""
    return wheel.name.split("-")[1]
