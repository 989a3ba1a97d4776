"""A kernel that calls a changed kernel of another file is compiled anew; without the guard the old one would answer."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

KERNELS = REPOSITORY / "src" / "deleverage" / "engine" / "kernels"

CALLER = """
from kernels.compiled import compiled
from kernels.callee import answer

@compiled
def caller():
    return answer()

print(caller())
"""
CALLEE = """
from kernels.compiled import compiled

@compiled
def answer():
    return {number}
"""
BLIND = "\n\ndef fingerprint():\n    return 'always the same'\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a folder with a caller and a callee in files of their own, and the decorator that is tested."""
    folder = tmp_path / "kernels"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    text = (KERNELS / "compiled.py").read_text()
    (folder / "compiled.py").write_text(text)
    (folder / "caller.py").write_text(CALLER)
    return folder


def called(folder: Path, number: int) -> int:
    """Return what the caller answers in a new process, where the callee returns a number."""
    (folder / "callee.py").write_text(CALLEE.format(number=number))
    environment = {**os.environ, "PYTHONPATH": str(folder.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "kernels.caller"]
    return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def test_kernel_when_a_callee_in_another_file_changes_then_the_new_one_answers(package: Path) -> None:
    """First compiled and kept, then the file of the callee alone is changed."""
    assert [called(package, number) for number in (1, 1, 2)] == [1, 1, 2]


def test_kernel_when_the_guard_is_taken_away_then_a_stale_one_answers(package: Path) -> None:
    """The planted violation: a folder that is not named after the text; whoever forgets the guard pays with 1."""
    path = package / "compiled.py"
    path.write_text(path.read_text() + BLIND)
    assert [called(package, number) for number in (1, 2)] == [1, 1]


def foreign_imports(text: str) -> list[str]:
    """Return what a kernel's file imports that is neither a compiler, nor arrays, nor another kernel."""
    allowed = ("numpy", "numba", "llvmlite", "deleverage.engine.kernels")
    standard = ("typing", "collections", "functools", "hashlib", "os", "pathlib", "tempfile")
    names = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return [name for name in names if not name.startswith((*allowed, *standard))]


@pytest.mark.parametrize("path", sorted(KERNELS.glob("*.py")), ids=lambda path: path.stem)
def test_kernels_when_read_then_they_import_nothing_that_the_folders_name_does_not_cover(path: Path) -> None:
    """The fingerprint is made of this folder's text: what stands elsewhere would be frozen into a kernel unseen."""
    assert foreign_imports(path.read_text()) == []


def test_kernels_when_one_imports_the_law_then_it_is_found() -> None:
    """The planted violation."""
    assert foreign_imports("from deleverage.rulebook.quantities import PPB\n") == ["deleverage.rulebook.quantities"]
