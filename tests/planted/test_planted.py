"""Sixteen of sixteen: every planted bug is found by the exact model and by a property."""

from pathlib import Path

import pytest

from tests.planted.bugs import BUGS, Bug, Patch, plant
from tests.planted.hunt import ROOT, hunt, hunt_all


@pytest.mark.timeout(600)
def test_hunt_when_sixteen_bugs_are_planted_then_model_and_property_find_each() -> None:
    """Each bug is found by the model and by a property; conservation alone finds at most four."""
    catches = hunt_all()
    assert len(BUGS) == 16 == len(catches)
    assert [catch.bug for catch in catches if catch.model_world is None] == []
    assert [catch.bug for catch in catches if not catch.properties] == []
    assert sum(not catch.telling for catch in catches) <= 4


def test_hunt_when_nothing_is_planted_then_nobody_objects() -> None:
    """The control: the unpatched rulebook passes the same hunt."""
    catch = hunt("", worlds=60)
    assert (catch.model_world, catch.properties, catch.worlds) == (None, {}, 60)


def test_plant_when_a_patch_does_not_fit_then_it_is_an_error(tmp_path: Path) -> None:
    """A bug that can no longer be planted must not pass as found."""
    stale = Bug("stale", "nothing", (Patch("margin", "no such line", "x"),))
    with pytest.raises(ValueError, match="fits 0 times"):
        plant(stale, ROOT / "src", tmp_path)
