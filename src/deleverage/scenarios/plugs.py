"""The plug points of a scenario's rules: a name, or a table with a name and parameters, turned into the law's plugs.

Parameters go by their names in the law without the unit: a share (``_ppb``) is a decimal, money (``_quanta``) an amount
of the settlement currency; a time (``_ns``) ends in ``_seconds``. Faults are noted with the key path of what has them,
in the file's names and units, all of a plug at once.
"""

from dataclasses import Field
from typing import Any, get_origin

from deleverage.rulebook.plug import PlugFault, Registry, Trouble, is_required, parameters_of
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.rulebook.rules import PLUGS
from deleverage.rulebook.selection import POLICIES, Policy
from deleverage.scenarios.faults import DecimalText, Path, Reader, nearest, shown

RATE = Scale(1, 9)
"""The scale of shares and rates, and of times in seconds: parts per billion."""

WHOLE = Scale(1, 0)


def read_plug(reader: Reader, point: str, value: object, money: Scale) -> Any:
    """Return the plug that a file names for a point of the rules; None where a fault is noted."""
    path: Path = ("rules", point)
    if reader.is_muted(path):
        return None
    if point == "policy" and isinstance(value, str):
        return read_policy(reader, path, value)
    before = len(reader.faults)
    plug = _read(reader, path, PLUGS[point], value, money)
    return plug if len(reader.faults) == before else None


def read_policy(reader: Reader, path: Path, name: str) -> Policy | None:
    """Return a policy of the catalogue by the name that people use; an unknown one is noted."""
    return POLICIES[name] if reader.known(path, name, POLICIES, "policy") else None


def key_of(name: str) -> str:
    """Return how a file calls a parameter or a switch of the law."""
    return name.removesuffix("_ppb").removesuffix("_quanta").replace("_ns", "_seconds")


def scale_of(name: str, money: Scale) -> Scale:
    """Return the unit in which a file writes a parameter or a switch of the law."""
    return RATE if name.endswith(("_ppb", "_ns")) else money if name.endswith("_quanta") else WHOLE


def note(reader: Reader, path: Path, trouble: Trouble, given: object, money: Scale) -> None:
    """Note what the law says about a parameter, in the file's units; a word comes with the nearest valid one."""
    scale = scale_of(trouble.parameter, money)
    sentence = trouble.sentence(lambda number: format_units(number, scale))
    reader.fault(path, f"is {shown(given)}, {nearest(str(given), trouble.known)}" if trouble.known else sentence)


def _read(reader: Reader, path: Path, registry: Registry[Any], value: object, money: Scale) -> Any:
    """Return the plug of a name or a table, or the point's simplest one with every fault noted where it stands."""
    named = isinstance(value, str) and not isinstance(value, DecimalText)
    table = {"name": value} if named else value
    article = "an" if registry.point[0] in "aeiou" else "a"
    names = f"{article} {registry.point} goes by its name: {', '.join(sorted(registry.kinds))}"
    if not isinstance(table, dict):
        reader.fault(path, f"is {shown(value)}, {names}; or a table with a name and parameters")
        return _simplest(registry)
    here = path if named else (*path, "name")
    if "name" not in table:
        keys = {"name", *(key_of(item.name) for kind in registry.kinds.values() for item in parameters_of(kind))}
        for key in sorted(table.keys() - keys):
            reader.fault((*path, key), f"is no key here, {nearest(key, keys)}")
    name = table.get("name")
    if not isinstance(name, str) or isinstance(name, DecimalText):
        reader.fault(here, f"is {shown(name)}, {names}" if "name" in table else f"is missing, {names}")
        return _simplest(registry)
    if not reader.known(here, name, registry.kinds, registry.point):
        return _simplest(registry)
    items = {key_of(item.name): item for item in parameters_of(registry.kind(name))}
    for key in table:
        if key != "name" and key not in items:
            reader.fault((*path, key), f"is no parameter of {name}, {nearest(key, items)}")
    values, broken = {}, set()
    for key, item in items.items():
        before = len(reader.faults)
        if key in table:
            values[item.name] = _value(reader, (*path, key), registry, item, table[key], money)
        elif is_required(item):
            reader.fault((*path, key), f"is missing: {name} needs it")
            values[item.name] = _stand_in(registry, item)
        if len(reader.faults) > before:
            broken.add(item.name)
    try:
        return registry.kind(name)(**values)
    except PlugFault as fault:
        for trouble in fault.troubles:
            if not broken & {trouble.parameter, *trouble.others}:
                key = key_of(trouble.parameter)
                note(reader, (*path, key), trouble, table.get(key), money)
        return _simplest(registry)


def _value(reader: Reader, path: Path, registry: Registry[Any], item: Field[Any], given: object, money: Scale) -> Any:
    """Return one parameter in the law's own unit; what cannot be one is noted and replaced."""
    if get_origin(item.type) is tuple:
        if not isinstance(given, list):
            reader.fault(path, f"is {shown(given)}, must be a list, each a {registry.point}")
            return _stand_in(registry, item)
        return tuple(_read(reader, (*path, at), registry, part, money) for at, part in enumerate(given))
    if item.type is registry.base:
        return _read(reader, path, registry, given, money)
    if item.type is str:
        if isinstance(given, str) and not isinstance(given, DecimalText):
            return given
        reader.fault(path, f"is {shown(given)}, must be a text")
        return _stand_in(registry, item)
    scale = scale_of(item.name, money)
    if isinstance(given, bool) or not isinstance(given, int if scale == WHOLE else int | str):
        wanted = "a whole number" if scale == WHOLE else "a number"
        reader.fault(path, f"is {shown(given)}, must be {wanted}")
        return _stand_in(registry, item)
    return reader.units(path, given, scale)


def _stand_in(registry: Registry[Any], item: Field[Any]) -> Any:
    """Return a value that lets the other parameters be judged."""
    if get_origin(item.type) is tuple:
        return (_simplest(registry),)
    if item.type is registry.base:
        return _simplest(registry)
    return 1 if is_required(item) else item.default


def _simplest(registry: Registry[Any]) -> Any:
    """Return the first plug of a point that needs no parameters."""
    return next(kind() for kind in registry.kinds.values() if not any(map(is_required, parameters_of(kind))))
