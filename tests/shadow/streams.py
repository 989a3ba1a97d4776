"""Streams of another engine: scenarios played here, with something planted in them."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from deleverage.documents import canonical
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from deleverage.shadow.compare import Tolerance
from deleverage.shadow.record import record
from deleverage.shadow.run import Run
from deleverage.shadow.shape import Header, write_line
from deleverage.shadow.wanted import Followed, Wanted

Line = dict[str, Any]
DRAWN, FEW_ACCOUNTS = ("crash", "crash-residual"), 400


@cache
def recorded(scenario: str) -> tuple[str, ...]:
    """Return the lines that an engine tells which plays this scenario."""
    accounts = FEW_ACCOUNTS if scenario in DRAWN else None
    return tuple(canonical(write_line(told)) for told in record(load(scenario, accounts=accounts)))


def own_rules(header: Header) -> Rules:
    """Return the rules that a stream says itself."""
    assert header.rules is not None
    return header.rules


def planted(
    scenario: str, where: Callable[[Line], bool], change: Callable[[Line], Line | None]
) -> tuple[list[str], int]:
    """Return a recorded stream in which the first line of its kind is changed (None: left out), and its number."""
    lines = list(recorded(scenario))
    at = next(at for at, line in enumerate(lines) if where(json.loads(line)))
    changed = change(json.loads(lines[at]))
    lines[at : at + 1] = [] if changed is None else [json.dumps(changed)]
    return lines, at + 1


def is_close(line: Line, kind: str) -> bool:
    """Return whether a line is a close of a kind."""
    return bool(line.get("close", {}).get("kind") == kind)


def follow(path: Path, lines: list[str] | tuple[str, ...], **wanted: Any) -> Followed:
    """Return what comes of following these lines."""
    path.write_text("".join(f"{line}\n" for line in lines), "ascii")
    asked = {"shape": "deleverage", "rules_of": own_rules, "tolerance": Tolerance(), **wanted}
    return Run(Wanted(source=str(path), **asked)).follow()
