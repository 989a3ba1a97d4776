"""The story of the demo: its markets, accounts, money and first positions. A folder has one, and keeps it."""

import json
from importlib.resources import files
from pathlib import Path

from deleverage.demo.opening import stakes
from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.scenarios.loader import loads
from deleverage.scenarios.model import Scenario

KEPT = "demo.json"
TRADERS = 3_000


def read_story(folder: Path, traders: int | None) -> Scenario:
    """Return the story of a folder, a new one where there is none, with as many traders as are asked for.

    ScenarioError where they are too few or too many, or other than they were.
    """
    kept, number = folder / KEPT, TRADERS if traders is None else traders
    if kept.exists():
        number = int(json.loads(kept.read_text("utf-8"))["traders"])
        if traders not in (None, number):
            words = f"{traders}: the demo in {folder} has {number}: leave it out, or take another --folder"
            raise ScenarioError([Fault("--traders", words)])
    story = loads(files("deleverage.demo").joinpath("venue.toml").read_text("utf-8"), accounts=number)
    kept.write_text(json.dumps({"traders": number}), encoding="utf-8")
    return story


def first_trader(story: Scenario) -> str:
    """Return one of its traders."""
    return min(name for name in stakes(story) if name.startswith("trader"))
