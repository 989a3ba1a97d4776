"""The presets that ship with the package, and preset files that users write: read whole, or refused with all faults."""

import json
from functools import cache
from importlib import resources
from pathlib import Path as File
from typing import Any

from deleverage.rulebook.quantities import Scale
from deleverage.scenarios.faults import Fault, Reader, ScenarioError, nearest
from deleverage.scenarios.files import BadFile, read_bytes
from deleverage.scenarios.structure import check_shape, parse, schema
from deleverage.scenarios.switches import read_rules
from deleverage.venues.model import EXECUTES, Choice, Switch, Venue

LARGEST_FILE_BYTES = 1_000_000
_LISTS = ("sources", "documented", "formula", "assumed", "unknown", "defects", "asks_for")
_MONEY = Scale(1, 18)
"""Fine enough for every decimal of a preset: amounts are checked before the currency is known."""


def venue_names() -> list[str]:
    """Return the names of the presets that ship with the package, in order."""
    folder = resources.files("deleverage.venues")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def executing_names() -> list[str]:
    """Return the names of the presets that play a crash as they are."""
    return [name for name in venue_names() if venue(name).grade == EXECUTES]


def venue(name: str) -> Venue:
    """Return a preset by its name, or of a TOML file by its path; raise ScenarioError with every fault."""
    return _bundled(name) if name in venue_names() else venue_of_text(_text_of_file(name))


@cache
def _bundled(name: str) -> Venue:
    return venue_of_text(resources.files("deleverage.venues").joinpath(f"{name}.toml").read_text("utf-8"))


def _text_of_file(name: str) -> str:
    if not name.endswith(".toml"):
        raise ScenarioError([Fault("", f"venue {name!a} is unknown, {nearest(name, venue_names())}")])
    try:
        return read_bytes(File(name), LARGEST_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError([Fault("", f"{name} is not UTF-8 text")]) from None
    except BadFile as refusal:
        raise ScenarioError([Fault("", f"{name} {refusal}")]) from None


def venue_of_text(text: str) -> Venue:
    """Return the preset of a TOML text; every side of every switch has been built once. Raise ScenarioError."""
    reader = Reader()
    tables = check_shape(parse(text), reader, _shape())
    found = _venue(tables)
    _check(found, reader)
    if reader.faults:
        raise ScenarioError(reader.faults)
    return found


@cache
def _shape() -> dict[str, Any]:
    """Return the schema of a preset: rules and drawdown are a scenario's."""
    own: dict[str, Any] = json.loads(resources.files("deleverage.venues").joinpath("schema.json").read_text("utf-8"))
    scenario = schema()
    drawdown = scenario["properties"]["pools"]["items"]["properties"]["drawdown"]
    shared = {"rules": scenario["properties"]["rules"], "drawdown": drawdown}
    return {**own, "properties": {**own["properties"], **shared}, "$defs": {**scenario["$defs"], **own["$defs"]}}


def _venue(tables: dict[str, Any]) -> Venue:
    plain: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in tables.items()}
    switches = tuple(
        Switch(item["name"], item["why"], tuple(Choice(**choice) for choice in item["choices"]))
        for item in tables.get("switches", [])
    )
    return Venue(**plain | {"switches": switches})


def _check(found: Venue, reader: Reader) -> None:
    """Note what is wrong with the rules of a preset, on each side of its switches."""
    for switch in found.switches:
        for choice in switch.choices:
            _check_rules(found, {switch.name: choice.name}, reader)
    if not found.switches:
        _check_rules(found, {}, reader)
    if found.asks_for and found.grade == EXECUTES:
        reader.fault(("asks_for",), "is not empty: a preset that executes asks for nothing")


def _check_rules(found: Venue, chosen: dict[str, str], reader: Reader) -> None:
    before = len(reader.faults)
    read_rules(reader, _MONEY, found.preset(chosen).rules, None)
    new = reader.faults[before:]
    reader.faults[before:] = [fault for fault in new if fault not in reader.faults[:before]]
