"""What a JSON Schema says about the law's records to people and programs that do not read Python.

Descriptions are what the code says about itself: the first paragraph of a record's docstring, a field's name and the
unit that its name ends with.
"""

import inspect
from collections.abc import Callable
from typing import Any

Json = Any
"""What ``json`` reads and writes: objects, arrays, texts, booleans, null - and numbers, which no record uses."""

Known = dict[str, Json]
"""Definitions by name, to which every ``schema`` of a form adds."""

UNITS = {
    "_quanta": "money in quanta",
    "_quanta_ticks": "money in quanta times a price in ticks",
    "_quanta_per_tick_lot": "money in quanta that one tick moves one lot",
    "_ticks": "a price in ticks",
    "_lots": "a size in lots",
    "_grains": "an amount of an asset in grains",
    "_ppb": "a share or rate in parts per 10^9",
    "_ns": "a time in nanoseconds",
}
"""What the end of a name says about its integer."""


def described(name: str, schema: Json) -> Json:
    """Return the schema of a field with what its name says."""
    ends = [end for end in UNITS if f"_{name}".endswith(end)]
    words = name.replace("_", " ").capitalize()
    unit = f": {UNITS[max(ends, key=len)]}" if ends else ""
    return {"description": f"{words}{unit}.", **schema}


def integer_schema(known: Known, digits: int) -> Json:
    """Add the definition of an integer of so many digits and return the reference to it."""
    pattern = f"^(0|-?[1-9][0-9]{{0,{digits - 1}}})$"
    known["integer"] = {"description": "An integer as decimal digits.", "type": "string", "pattern": pattern}
    return {"$ref": "#/$defs/integer"}


def define(known: Known, kind: type, properties: dict[str, Json]) -> Json:
    """Add the definition of a record - exactly these properties - and return the reference to it."""
    paragraph = (inspect.getdoc(kind) or "").partition("\n\n")[0]
    known[kind.__name__] = {
        "description": " ".join(paragraph.split()).replace("``", ""),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"$ref": f"#/$defs/{kind.__name__}"}


def name_kind(known: Known, key: str, name: str, schema: Callable[[Known], Json]) -> Json:
    """Add the definition of a family's member, which names itself under ``key``, and return the reference to it."""
    if name in known:
        return {"$ref": f"#/$defs/{name}"}
    reference = schema(known)
    named = {key: {"description": "Which one it is.", "const": name}}
    known[name]["properties"] = named | known[name]["properties"]
    known[name]["required"] = list(known[name]["properties"])
    return reference


def schema_of(name: str, head: dict[str, Json], schema: Callable[[Known], Json]) -> Json:
    """Return the JSON Schema (draft 2020-12) of a kind of document: the keys in ``head``, then those of one record."""
    known: Known = {}
    record = known.pop(schema(known)["$ref"].rpartition("/")[2])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:deleverage:{name}:1",
        "title": name.capitalize(),
        **record,
        "properties": {**head, **record["properties"]},
        "required": [*head, *record["required"]],
        "$defs": dict(sorted(known.items())),
    }
