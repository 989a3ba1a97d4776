"""The file of levels (``--throttle``): TOML, read with every fault."""

import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from deleverage.scenarios.faults import Fault, ScenarioError
from deleverage.service.levels import SHED, Level


def read_table(path: str) -> tuple[Level, ...]:
    """Return the levels of a file; ScenarioError has everything that is wrong with it."""
    try:
        with open(path, "rb") as file:
            return read_levels(file.read().decode("utf-8"))
    except OSError as error:
        raise ScenarioError([Fault(path, str(error.strerror))]) from None
    except UnicodeDecodeError:
        raise ScenarioError([Fault(path, "is not UTF-8")]) from None
    except BadLevels as bad:
        raise ScenarioError([Fault(path, fault) for fault in bad.faults]) from None


class BadLevels(ValueError):
    """A table of levels that is none, with every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        """Keep them."""
        super().__init__("; ".join(faults))
        self.faults = list(faults)


def read_levels(text: str) -> tuple[Level, ...]:
    """Return the levels of a TOML text, ``[[level]]`` each with the fields of ``Level``; BadLevels has every fault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLevels([str(error)]) from None
    tables = document.pop("level", [])
    faults = [f"{key}: no such key (known: level)" for key in document]
    if not (isinstance(tables, list) and tables and all(isinstance(one, dict) for one in tables)):
        raise BadLevels([*faults, "level: one table or more is expected, [[level]]"])
    for at, table in enumerate(tables):
        faults += _faults(f"level[{at}]", table)
    if faults:
        raise BadLevels(faults)
    levels = tuple(Level(**{**table, "sheds": tuple(table.get("sheds", ()))}) for table in tables)
    faults = _faults_of_order(levels)
    if faults:
        raise BadLevels(faults)
    return levels


def _faults(path: str, table: Mapping[str, Any]) -> list[str]:
    numbers = ("line_percent", "lag_ms", "stress_ppb", "factor_percent")
    faults = [f"{path}.{key}: no such key (known: {', '.join(Level._fields)})" for key in table.keys() - Level._fields]
    for name in numbers:
        if type(table.get(name)) is not int or table[name] < 0:
            faults.append(f"{path}.{name}: an integer from 0 on is expected (found {table.get(name)!r})")
    word, sheds = table.get("name"), table.get("sheds", [])
    if not isinstance(word, str) or not word.isidentifier():
        faults.append(f"{path}.name: a word is expected (found {word!r})")
    if not isinstance(sheds, list) or any(one not in SHED for one in sheds):
        faults.append(f"{path}.sheds: some of {', '.join(SHED)} are expected (found {sheds!r})")
    return faults


def _faults_of_order(levels: Sequence[Level]) -> list[str]:
    faults = []
    if levels[0][1:5] != (0, 0, 0, 100) or levels[0].sheds:
        faults.append("level[0]: the lowest level begins at 0, weighs 100 percent and sheds nothing")
    for at, (lower, upper) in enumerate(pairwise(levels), 1):
        if any(high <= low for low, high in zip(lower[1:4], upper[1:4], strict=True)):
            faults.append(f"level[{at}]: every measure is above that of the level before")
        if upper.factor_percent < lower.factor_percent or not set(lower.sheds) <= set(upper.sheds):
            faults.append(f"level[{at}]: it weighs and sheds as much as the level before, or more")
    return faults + [
        f"level[{at}].name: {one.name} stands twice" for at, one in enumerate(levels) if _twice(levels, at)
    ]


def _twice(levels: Sequence[Level], at: int) -> bool:
    return levels[at].name in {one.name for one in levels[:at]}
