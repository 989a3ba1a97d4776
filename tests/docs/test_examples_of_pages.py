"""The pages of the lab that show Python: the program prints what stands below it, and every test they name exists."""

import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY
from tests.lab.test_properties_page import docstrings

PAGES = ("cross.md", "followers.md")


def text(name: str) -> str:
    """Return a page of the lab."""
    return (REPOSITORY / "docs" / "lab" / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_page_when_its_example_is_run_then_it_prints_what_is_shown(name: str) -> None:
    """As it stands there."""
    ((program, printed),) = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", text(name), re.S)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == printed


@pytest.mark.parametrize("name", PAGES)
def test_page_when_it_names_a_test_then_there_is_one(name: str) -> None:
    """A claim is shown by a test."""
    named = set(re.findall(r"`(test_\w+)`", text(name)))
    assert named
    assert named <= docstrings().keys()
