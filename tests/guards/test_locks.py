"""The locks name every dependency exactly once, by version and hash, and agree with pyproject.toml and each other."""

import re
import tomllib

import pytest

from tests.conftest import REPOSITORY

LOCKS = ("uv", "build", "run", "dev", "bench", "mutants")
PINNED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>\S+)(?: ; .*?)?(?P<hashes>(?: --hash=sha256:[0-9a-f]{64})+)"
)


def faults(text: str) -> list[str]:
    """Return each requirement of a lock that is not one exact version with at least one hash."""
    return [line for line in _requirements(text) if not PINNED.fullmatch(line)]


def pins(text: str) -> dict[str, set[str]]:
    """Return the versions per package; more than one where markers split the platforms."""
    found: dict[str, set[str]] = {}
    for line in _requirements(text):
        if match := PINNED.fullmatch(line):
            found.setdefault(match["name"], set()).add(match["version"])
    return found


def _requirements(text: str) -> list[str]:
    """Return the requirements of a lock, each joined into one line with single spaces."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = uncommented.replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip()]


def read(lock: str) -> str:
    """Return the text of one lock."""
    return (REPOSITORY / "requirements" / f"{lock}.txt").read_text("utf-8")


def named_in_pyproject(lock: str) -> set[str]:
    """Return the packages that pyproject.toml asks for and that this lock has to pin."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    groups, needed = project["dependency-groups"], project["project"]["dependencies"]
    asked = {
        "uv": groups["uv"],
        "build": groups["build"] + project["build-system"]["requires"],
        "run": needed,
        "mutants": groups["mutants"],
        "bench": groups["bench"],
        "dev": needed + groups["build"] + [entry for entry in groups["dev"] if isinstance(entry, str)],
    }[lock]
    return {re.split(r"[^A-Za-z0-9._-]", entry, maxsplit=1)[0].lower() for entry in asked}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_when_read_then_each_requirement_has_a_version_and_a_hash(lock: str) -> None:
    """What is installed is what was locked, to the byte."""
    assert len(pins(read(lock))) > 0
    assert faults(read(lock)) == []


def test_locks_when_listed_then_each_file_is_checked() -> None:
    """A lock that is added is also read by these tests."""
    assert sorted(LOCKS) == sorted(path.stem for path in (REPOSITORY / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_when_pyproject_names_a_dependency_then_it_is_locked(lock: str) -> None:
    """Nobody adds a dependency and forgets `make lock`."""
    assert named_in_pyproject(lock) - pins(read(lock)).keys() == set()


@pytest.mark.parametrize("smaller", ["build", "run"])
def test_lock_when_a_smaller_lock_pins_a_version_then_the_developers_lock_agrees(smaller: str) -> None:
    """What is tested is what users get."""
    developers = pins(read("dev"))
    differing = {name: versions for name, versions in pins(read(smaller)).items() if developers.get(name) != versions}
    assert differing == {}


@pytest.mark.parametrize(
    "line",
    [
        "rich==15.0.0",
        "rich>=15 \\\n    --hash=sha256:" + "a" * 64,
        "rich==15.0.0 \\\n    --hash=sha256:abc",
        "rich==15.0.0 \\\n    --hash=md5:" + "a" * 32,
        "rich @ git+ssh://example/rich",
        "-e .",
    ],
)
def test_lock_when_a_loose_requirement_is_planted_then_it_is_reported(line: str) -> None:
    """A range, a missing or weak hash, and a source tree are each refused."""
    sound = "mdurl==0.1.2 \\\n    --hash=sha256:" + "b" * 64 + "\n    # via rich\n"
    assert faults(sound) == []
    assert len(faults(sound + line + "\n")) == 1


def test_lock_when_a_marker_splits_platforms_then_it_is_sound() -> None:
    """A marker is not a fault."""
    digest = "c" * 64
    line = (
        f"numpy==2.4.0 ; python_full_version < '3.12' \\\n    --hash=sha256:{digest} \\\n    --hash=sha256:{digest}\n"
    )
    assert faults(line) == []
    assert pins(line) == {"numpy": {"2.4.0"}}
