"""The plug points of a scenario's rules: a name, or a table with a name and parameters, turned into the law's plugs.

Parameters go by their names in the law without the unit: a share (``_ppb``) is a decimal, money (``_quanta``) an amount
of the settlement currency; a time (``_ns``) ends in ``_seconds``. Faults are noted with the key path of what has them.
"""

from typing import Any, get_origin

from deleverage.rulebook.plug import PlugFault, Registry, Spec, parameters_of
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import PLUGS
from deleverage.rulebook.selection import POLICIES, Policy
from deleverage.scenarios.faults import DecimalText, Path, Reader, nearest

RATE = Scale(1, 9)
"""The scale of shares and rates, and of times in seconds: parts per billion."""


def read_plug(reader: Reader, point: str, value: object, money: Scale) -> Any:
    """Return the plug that a file names for a point of the rules; None where a fault is noted."""
    path: Path = ("rules", point)
    if reader.is_muted(path):
        return None
    if point == "policy" and isinstance(value, str):
        return read_policy(reader, path, value)
    registry = PLUGS[point]
    before = len(reader.faults)
    spec = _spec(reader, path, registry, value, money)
    if len(reader.faults) > before:
        return None
    try:
        return registry.build(spec)
    except PlugFault as fault:
        reader.fault(path, str(fault))
        return None


def read_policy(reader: Reader, path: Path, name: str) -> Policy | None:
    """Return a policy of the catalogue by the name that people use; an unknown one is noted."""
    return POLICIES[name] if reader.known(path, name, POLICIES, "policy") else None


def _spec(reader: Reader, path: Path, registry: Registry[Any], value: object, money: Scale) -> Spec:
    """Return a spec in the law's own units; what cannot be one is noted, each part where it stands."""
    table = {"name": value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not isinstance(table.get("name"), str) or isinstance(value, DecimalText):
        reader.fault(path, f"must be the name of a {registry.point}, or a table with a name")
        return {}
    name = table["name"]
    if not reader.known(path, name, registry.kinds, registry.point):
        return {}
    items = {_key(item.name): item for item in parameters_of(registry.kind(name))}
    spec: Spec = {"name": str(name)}
    for key, given in table.items():
        here = (*path, key)
        if key == "name":
            continue
        if key not in items:
            reader.fault(here, f"is no parameter of {name}, {nearest(key, items)}")
            continue
        item = items[key]
        if item.name.endswith(("_ppb", "_ns")):
            spec[item.name] = reader.units(here, given, RATE, 0)
        elif item.name.endswith("_quanta"):
            spec[item.name] = reader.units(here, given, money, 0)
        elif get_origin(item.type) is tuple and isinstance(given, list):
            spec[item.name] = [_spec(reader, (*here, at), registry, part, money) for at, part in enumerate(given)]
        elif item.type is registry.base:
            spec[item.name] = _spec(reader, here, registry, given, money)
        elif item.type is str and isinstance(given, DecimalText):
            reader.fault(here, f"is {given}, must be a text")
        else:
            spec[item.name] = given
    return spec


def _key(name: str) -> str:
    """Return how a file calls a parameter of the law."""
    return name.removesuffix("_ppb").removesuffix("_quanta").replace("_ns", "_seconds")
