"""The notebook of comparisons runs: as a plain script here, with ``marimo run`` where somebody looks at it."""

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

NOTEBOOK = REPOSITORY / "examples" / "lab_compare.py"


def test_notebook_when_run_as_a_script_then_every_policy_has_its_row() -> None:
    """No event named: a generated one, its own accounts, the published rows beside ours."""
    pytest.importorskip("marimo", reason="marimo is for developers")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    ran = subprocess.run([sys.executable, NOTEBOOK], env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = ran.stdout.splitlines()
    assert [row.split("  ")[0] for row in rows[:2]] == ["queue", "wealth-pro-rata"]
    assert any("published" in row for row in rows)
