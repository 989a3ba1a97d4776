"""The page of the adapters is complete: every shape, scale, marker and role is on it, and its example runs."""

import re
import subprocess
import sys

import pytest

from deleverage.adapters.live import ENVIRONMENT
from deleverage.adapters.markers.catalogue import VENUES
from deleverage.adapters.markers.marker import ROLES
from deleverage.adapters.shapes.catalogue import SHAPES
from deleverage.venues.indicators import INDICATORS
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "adapters.md").read_text("utf-8")


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_page_when_a_shape_is_read_then_its_keys_are_there(shape: tuple[str, frozenset[str]]) -> None:
    """The first line of that name is the shape's."""
    line = re.findall(rf"^\| `{shape[0]}`.*$", PAGE, re.M)[0]
    assert all(f"`{key}`" in line for key in shape[1])


@pytest.mark.parametrize("name", INDICATORS)
def test_page_when_a_scale_exists_then_its_direction_is_there(name: str) -> None:
    """Silent venues are named as silent."""
    text = PAGE.partition("## Indicators")[2].partition("## Markers")[0]
    (line,) = re.findall(rf"^\| `{name}` .*$", text, re.M)
    assert line.endswith(f"| {INDICATORS[name].direction or 'not stated'} |")


def test_page_when_markers_are_read_then_every_venue_and_role_is_there() -> None:
    """With the words that the program has for a role."""
    text = PAGE.partition("## Markers")[2]
    assert set(re.findall(r"^\| `(\w+)`", text, re.M)) == {*VENUES, *ROLES}
    assert all(f"| `{role}` | {words} |" in text for role, words in ROLES.items())


def test_page_when_keys_come_from_the_environment_then_every_variable_is_named() -> None:
    """Nobody has to read the code to find out where a key goes."""
    assert all(f"`{variable}`" in PAGE for variable in ENVIRONMENT.values())


def test_page_when_its_example_is_run_then_it_prints_what_is_shown() -> None:
    """As it stands there."""
    ((program, printed),) = re.findall(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.S)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == printed
