"""What no file of the repository may hold: the address of a package index, a path of one machine, others' code.

The forbidden words are built from pieces, so that this file does not report itself.
"""

import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

import pytest

from tests.conftest import REPOSITORY

_INDEX = "in" + "dex"
INDEX_ADDRESS = re.compile(
    r"https?://[^\s\"'<>]*/(?:simple|packages)(?:[/\s\"'<>]|$)"
    rf"|\b(?:files|upload|test)\.(?:{'py' + 'thonhosted'}|{'py' + 'pi'})\.[a-z]+"
    rf"|(?:default-|extra-)?{_INDEX}(?:-|_)url\s*[=:\s]\s*[\"']?[a-z+]+://"
    rf"|\[\[tool\.uv\.{_INDEX}\]\]"
)
INDEX_OPTION = re.compile(rf"{_INDEX}-url|find-links|trusted-host")
"""In a lock, or in the configuration, not even the option is wanted."""

MACHINE_PATH = re.compile(
    rf"(?:^|[^A-Za-z.])/(?:{'wo' + 'rk'}|{'fa' + 'rm'}|{'ro' + 'ot'}|(?:home|Users)/[a-z]\w*)/", re.M
)

FOREIGN_FOLDERS = {"vendor", "vendored", "_vendor", "third_party", "node_modules", "site-packages", "bower_components"}
FOREIGN_SUFFIXES = {".whl", ".egg", ".jar", ".so", ".dll", ".dylib", ".pyd", ".a", ".exe", ".wasm", ".zip", ".gz"}
LONGEST_SCRIPT_LINE = 1_000
"""Hand-written scripts and styles stay far below; minified ones do not."""

Guard = Callable[[PurePosixPath, str], bool]


def holds_index_address(path: PurePosixPath, text: str) -> bool:
    """Return whether a file names a package index, or a lock or configuration file the option that would."""
    is_configuration = path.suffix in {".lock", ".toml", ".txt", ".json", ".cfg"} or path.parts[0] == "requirements"
    return bool(INDEX_ADDRESS.search(text)) or (is_configuration and bool(INDEX_OPTION.search(text)))


def holds_machine_path(path: PurePosixPath, text: str) -> bool:
    """Return whether a file names a folder that exists on one machine only."""
    return bool(MACHINE_PATH.search(text))


def is_foreign(path: PurePosixPath, text: str) -> bool:
    """Return whether a file looks like somebody else's work: a package folder, a binary, a minified script."""
    is_script = path.suffix in {".js", ".mjs", ".css"}
    return (
        not FOREIGN_FOLDERS.isdisjoint(path.parts)
        or path.suffix in FOREIGN_SUFFIXES
        or ".min." in path.name
        or (is_script and any(len(line) > LONGEST_SCRIPT_LINE for line in text.splitlines()))
    )


def caught(guard: Guard, files: Iterable[tuple[PurePosixPath, str]]) -> list[str]:
    """Return the paths of the files that a guard reports."""
    return [str(path) for path, text in files if guard(path, text)]


@pytest.fixture(scope="module")
def tracked() -> list[tuple[PurePosixPath, str]]:
    """Return path and text of each file that git tracks or would add; bytes that are no text count as text."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout: there are no tracked files to read")
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    paths = sorted({name for name in listed.split("\0") if name and (REPOSITORY / name).is_file()})
    return [(PurePosixPath(name), (REPOSITORY / name).read_text("utf-8", errors="replace")) for name in paths]


@pytest.mark.parametrize("guard", [holds_index_address, holds_machine_path, is_foreign])
def test_tracked_files_when_read_then_no_guard_reports_one(
    guard: Guard, tracked: list[tuple[PurePosixPath, str]]
) -> None:
    """No file of the repository names an index or a machine's folder, and none was copied in from elsewhere."""
    assert len(tracked) > 10, "the files were not found, so nothing was checked"
    assert caught(guard, tracked) == []


@pytest.mark.parametrize(
    ("guard", "path", "text"),
    [
        (holds_index_address, "docs/a.md", "see https://mirror.example/root/" + "simple/ for more"),
        (holds_index_address, "docs/a.md", "https://mirror.example/" + "simple"),
        (holds_index_address, "src/a.py", 'URL = "http://mirror.example:8080/' + 'packages/aa/bb/x.whl"'),
        (holds_index_address, "README.md", "https://files.py" + "thonhosted.org/x"),
        (holds_index_address, "Makefile", "\tpip install --in" + "dex-url https://mirror.example x"),
        (holds_index_address, "Makefile", "\tpip install --extra-in" + "dex-url=https://mirror.example x"),
        (holds_index_address, "pyproject.toml", "[[tool.uv.in" + "dex]]"),
        (holds_index_address, "pyproject.toml", "in" + "dex-url = 'x'"),
        (holds_index_address, "requirements/run.txt", "--in" + "dex-url x"),
        (holds_index_address, "requirements/run.txt", "--find-" + "links /opt/wheels"),
        (holds_machine_path, "docs/a.md", "lies in /wo" + "rk/main"),
        (holds_machine_path, "src/a.py", 'open("/fa' + 'rm/shared")'),
        (holds_machine_path, "tests/a.txt", "one\n/wo" + "rk/x"),
        (holds_machine_path, "docs/a.md", "/ho" + "me/somebody/project"),
        (holds_machine_path, "docs/a.md", "`/ro" + "ot/.cache`"),
        (is_foreign, "src/deleverage/vendor/six.py", ""),
        (is_foreign, "wheels/six-1.0.whl", ""),
        (is_foreign, "src/deleverage/dashboard/chart.min.js", ""),
        (is_foreign, "src/deleverage/dashboard/chart.js", "x" * (LONGEST_SCRIPT_LINE + 1)),
    ],
)
def test_tracked_files_when_a_violation_is_planted_then_its_guard_reports_it(
    guard: Guard, path: str, text: str
) -> None:
    """Each guard rings for each shape of what it guards against."""
    assert caught(guard, [(PurePosixPath(path), text)]) == [path]


@pytest.mark.parametrize(
    ("guard", "path", "text"),
    [
        (holds_index_address, "docs/a.md", "the mark price and the in" + "dex price: https://example.org/in" + "dex"),
        (holds_index_address, "Makefile", "\tuv pip compile --no-emit-in" + "dex-url"),
        (holds_machine_path, "docs/a.md", "tests/wo" + "rk/x and frame" + "wo" + "rk/x and ../wo" + "rk/x"),
        (is_foreign, "src/deleverage/dashboard/chart.js", "let x = 1;\n" * 500),
    ],
)
def test_tracked_files_when_a_file_is_innocent_then_no_guard_reports_it(guard: Guard, path: str, text: str) -> None:
    """A guard that cries at ordinary text would be switched off."""
    assert caught(guard, [(PurePosixPath(path), text)]) == []


def test_lockfile_of_uv_when_made_then_git_ignores_it() -> None:
    """A uv.lock records the address of whatever index made it, so it can never be committed by accident."""
    ignored = [line.strip().lstrip("/") for line in (REPOSITORY / ".gitignore").read_text("utf-8").splitlines()]
    assert "uv.lock" in ignored
