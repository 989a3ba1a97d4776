"""The floors hold: an upper part may import a lower one, never back; planted violations must be caught by name."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FLOORS = "Floors of the package"
RULEBOOK_FLOORS = "Floors of the rulebook"
STAGES_FLOORS = "Floors of the stages"
LAB_FLOORS = "Floors of the lab"
JOURNAL_FLOORS = "Floors of the journal"
CYCLES = "No import cycles"
CONTRACTS = (FLOORS, RULEBOOK_FLOORS, STAGES_FLOORS, LAB_FLOORS, JOURNAL_FLOORS, CYCLES)


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the tree at ``root``, by the contracts in its own pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(root / "src"), "NO_COLOR": "1", "COLUMNS": "200"}
    return subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the package and its contracts, to plant violations in."""
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def plant(tree: Path, module: str, line: str) -> None:
    """Append one line to a module of the copied tree; a part that does not exist yet is made."""
    path = tree.joinpath("src", *module.split(".")).with_suffix(".py")
    folder = path.with_suffix("")
    if folder.is_dir():
        path = folder / "__init__.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    for package in path.relative_to(tree / "src").parents[:-1]:
        (tree / "src" / package / "__init__.py").touch()
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def test_floors_when_the_package_is_read_then_each_contract_is_kept() -> None:
    """The real tree keeps all contracts, and all of them were looked at."""
    result = lint_imports(REPOSITORY)
    assert result.returncode == 0, result.stdout + result.stderr
    assert [name for name in CONTRACTS if f"{name} KEPT" in result.stdout] == list(CONTRACTS)


def test_floors_when_nothing_is_planted_then_the_copied_tree_is_clean(tree: Path) -> None:
    """What the next tests catch is what they planted, not the copying, and the copy is what is read."""
    plant(tree, "deleverage.rulebook.quantities", "")
    result = lint_imports(tree)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "importer", "imported"),
    [
        (RULEBOOK_FLOORS, "deleverage.rulebook.quantities", "deleverage.rulebook.decide"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.apportion", "deleverage.rulebook.book"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.book", "deleverage.rulebook.margin"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.ranking", "deleverage.rulebook.waterfall"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.waterfall", "deleverage.rulebook.apply"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.price", "deleverage.rulebook.book"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.selection", "deleverage.rulebook.margin"),
        (RULEBOOK_FLOORS, "deleverage.rulebook.trigger", "deleverage.rulebook.pace"),
        (STAGES_FLOORS, "deleverage.rulebook.stages.fund", "deleverage.rulebook.stages.socialise"),
        (JOURNAL_FLOORS, "deleverage.journal.sqlite", "deleverage.journal.block"),
        (JOURNAL_FLOORS, "deleverage.journal.reading", "deleverage.journal.journal"),
        (LAB_FLOORS, "deleverage.lab.metrics", "deleverage.lab.compare"),
        (FLOORS, "deleverage.rulebook.quantities", "deleverage.cli"),
        (FLOORS, "deleverage.rulebook.messages", "deleverage.engine"),
        (FLOORS, "deleverage.venues", "deleverage.journal"),
        (FLOORS, "deleverage.journal", "deleverage.engine"),
        (FLOORS, "deleverage.engine", "deleverage.domain"),
        (FLOORS, "deleverage.domain", "deleverage.service"),
        (FLOORS, "deleverage.lab", "deleverage.service"),
    ],
)
def test_floors_when_an_upward_import_is_planted_then_its_contract_breaks(
    contract: str, importer: str, imported: str, tree: Path
) -> None:
    """The contract that stands against the planted import is reported broken, with the import itself."""
    plant(tree, imported, "")
    plant(tree, importer, f"import {imported}")
    result = lint_imports(tree)
    assert result.returncode != 0
    assert f"{contract} BROKEN" in result.stdout, result.stdout + result.stderr
    assert f"{importer} -> {imported}" in result.stdout


def test_floors_when_an_import_hides_in_a_function_then_its_contract_breaks(tree: Path) -> None:
    """An import made late is an import."""
    plant(tree, "deleverage.cli", "")
    plant(tree, "deleverage.rulebook.book", "def late() -> None:\n    from deleverage import cli")
    result = lint_imports(tree)
    assert f"{FLOORS} BROKEN" in result.stdout, result.stdout + result.stderr
    assert "deleverage.rulebook.book -> deleverage.cli" in result.stdout


def test_floors_when_two_modules_import_each_other_then_the_cycle_is_reported(tree: Path) -> None:
    """Two rooms of one floor may know each other in one direction only."""
    plant(tree, "deleverage.venues", "import deleverage.scenarios")
    plant(tree, "deleverage.scenarios", "import deleverage.venues")
    result = lint_imports(tree)
    assert result.returncode != 0
    assert f"{CYCLES} BROKEN" in result.stdout, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("contract", "module"), [(FLOORS, "deleverage.loose"), (RULEBOOK_FLOORS, "deleverage.rulebook.loose")]
)
def test_floors_when_a_part_stands_on_no_floor_then_its_contract_breaks(contract: str, module: str, tree: Path) -> None:
    """A new part is given its floor before it is used."""
    plant(tree, module, "")
    result = lint_imports(tree)
    assert f"{contract} BROKEN" in result.stdout, result.stdout + result.stderr
    assert "loose" in result.stdout
