"""Hunt a planted bug: drive a patched rulebook through random worlds until the model and a property have found it.

    python -m tests.planted.hunt            all bugs, as a table
    python -m tests.planted.hunt NAME       one bug, as JSON

Each bug runs in a process of its own whose path starts with the patched copy, so nothing of it reaches the others.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
WORLDS = 1500
CONSERVATION = ("INV-1", "INV-2", "INV-3", "INV-4", "sum of a fact")
"""Finders that only say that money or lots do not add up: true for many wrong answers, so they may not be alone."""


class Catch(NamedTuple):
    """Who found a bug: the first world in which the model differs, and each property with its count."""

    bug: str
    model_world: int | None
    properties: dict[str, int]
    worlds: int

    @property
    def telling(self) -> list[str]:
        """Properties beyond pure conservation; a crash is no property."""
        return [name for name in self.properties if name not in CONSERVATION and not name.startswith("crash")]


def hunt(bug: str, worlds: int = WORLDS) -> Catch:
    """Plant a bug (empty: none) and hunt it in a process of its own."""
    from tests.planted.bugs import BUGS, Bug, plant

    chosen = next((one for one in BUGS if one.name == bug), Bug("", "nothing", ()))
    with TemporaryDirectory() as folder:
        path = plant(chosen, ROOT / "src", Path(folder))
        environment = os.environ | {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "tests.planted.hunt", "--here", str(worlds)]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the hunt of {bug or 'nothing'} ended with {done.returncode}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return Catch(bug, found["model_world"], found["properties"], found["worlds"])


def hunt_all() -> list[Catch]:
    """Hunt every bug, two at a time."""
    from tests.planted.bugs import BUGS

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(hunt, [bug.name for bug in BUGS]))


def _here(worlds: int) -> dict[str, object]:
    """Drive the rulebook that this process imports, and note who objects."""
    from deleverage.rulebook.apply import apply
    from deleverage.rulebook.decide import decide
    from tests.parity.run import run_world
    from tests.planted.drive import objection

    properties: Counter[str] = Counter()
    model_world: int | None = None
    for seed in range(worlds):
        if model_world is None and run_world(seed, decide, apply) is not None:
            model_world = seed
        name = objection(seed)
        if name:
            properties[name] += 1
        if model_world is not None and Catch("", model_world, properties, 0).telling:
            break
    return {"model_world": model_world, "properties": dict(properties), "worlds": seed + 1}


def main(arguments: list[str]) -> int:
    """Run one hunt or all; exit 1 if a bug escapes."""
    if arguments[:1] == ["--here"]:
        print(json.dumps(_here(int(arguments[1]))))
        return 0
    catches = [hunt(name) for name in arguments] if arguments else hunt_all()
    for catch in catches:
        model = "escaped" if catch.model_world is None else f"world {catch.model_world}"
        print(f"{catch.bug:24} model: {model:12} properties: {', '.join(sorted(catch.properties)) or 'none'}")
    alone = sum(not catch.telling for catch in catches)
    escaped = [catch.bug for catch in catches if catch.model_world is None or not catch.properties]
    print(
        f"{len(catches) - len(escaped)} of {len(catches)} found by the model and by a property; "
        f"by conservation alone: {alone}"
    )
    return 1 if escaped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
