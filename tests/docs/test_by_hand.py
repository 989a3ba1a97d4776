"""The page with a round by hand, as a reader would do it: its one block of shell, in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.incidents.running import free_port

PAGE = Path(__file__).parents[2] / "docs" / "service" / "by-hand.md"


def test_page_when_its_shell_is_run_then_two_people_close_four_lots(tmp_path: Path) -> None:
    """One person is refused, two are enough; bo sees its part, and the journal verifies."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    found = re.search(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    script = "trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n" + found[1].replace("8000", str(free_port()))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in ('"code":"FORBIDDEN"', '"state":"done"', '"closed_lots":"4"', "\nPASS\n", "4 of its 12 lots"):
        assert expected in done.stdout, done.stdout + done.stderr
