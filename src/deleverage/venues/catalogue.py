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
    if name in venue_names():
        return _bundled(name)
    found = venue_of_text(_text_of_file(name))
    if found.name in venue_names():
        words = f"is {found.name!r}, which is a preset that ships: a file has a name of its own"
        raise ScenarioError([Fault("name", words)])
    return found


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
    _check_names(found, reader)
    for chosen in ({}, *({switch.name: choice.name} for switch in found.switches for choice in switch.choices)):
        _check_drawdown(found, chosen, reader)
    if found.asks_for and found.grade == EXECUTES:
        reader.fault(("asks_for",), "is not empty: a preset that executes asks for nothing")


def _check_rules(found: Venue, chosen: dict[str, str], reader: Reader) -> None:
    before = len(reader.faults)
    read_rules(reader, _MONEY, found.preset(chosen).rules, None)
    new = reader.faults[before:]
    reader.faults[before:] = [fault for fault in new if fault not in reader.faults[:before]]


def _check_names(found: Venue, reader: Reader) -> None:
    """Note switches and sides that have one name: the second could not be chosen."""
    for at, switch in enumerate(found.switches):
        if switch.name in [other.name for other in found.switches[:at]]:
            reader.fault(("switches", at, "name"), f"{switch.name!r} exists already")
        names = [choice.name for choice in switch.choices]
        for place, name in enumerate(names):
            if name in names[:place]:
                reader.fault(("switches", at, "choices", place, "name"), f"{name!r} exists already")


def _check_drawdown(found: Venue, chosen: dict[str, str], reader: Reader) -> None:
    """Note a stop that is not below the fall, on any side of a switch."""
    drawdown = found.preset(chosen).drawdown
    if drawdown is None or reader.is_muted(("drawdown",)):
        return
    if missing := [key for key in ("slots", "slot_seconds", "fall", "stop") if key not in drawdown]:
        reader.fault(("drawdown", missing[0]), "is missing")
        return
    before = len(reader.faults)
    fall, stop = (reader.units(("drawdown", key), drawdown[key], Scale(1, 9), 0) for key in ("fall", "stop"))
    if len(reader.faults) == before and not stop < fall <= 10**9:
        side = "".join(f", with {name}={side}" for name, side in chosen.items())
        words = f"is {drawdown['fall']}, at most 1 and above the stop of {drawdown['stop']}{side}"
        reader.fault(("drawdown", "fall"), words)
