"""The page of every key of a scenario file, made of the schema, the rules' defaults, the plugs and the bundled stories.

``python -m tests.documents.keys --write`` renews it; a test compares it with what is in the repository.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from deleverage.rulebook.plug import is_required, name_of, parameters_of
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.rulebook.rules import PLUGS, Rules
from deleverage.scenarios.loader import bundled_names
from deleverage.scenarios.loader import text_of as story
from deleverage.scenarios.plugs import key_of, scale_of
from deleverage.scenarios.structure import schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenario-keys.md"
MONEY = Scale(1, 2)
HEAD = """# Scenario files: every table and key

Made of the schema, the rules' defaults, the plugs and the bundled stories by `make schemas`; what a story means is on
[the page of scenarios](scenarios.md), what a rule does on [the rules' page](rules.md). *left out* is what holds without
the key: `needed` is a fault, an empty cell means nothing of the kind. *shown by* names a bundled story to copy from.
NAME stands for an id of yours.
"""


def keys(part: dict[str, Any], path: str = "", needed: bool = True) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield every key below a part of the schema: path, what the schema says, whether its table needs it."""
    part = {**referred(part), **part}
    if path:
        yield path, part, needed
    for key, child in part.get("properties", {}).items():
        yield from keys(child, f"{path}.{key}" if path else key, key in part.get("required", ()))
    if "items" in part:
        for found, child, _ in keys(part["items"], f"{path}[]", True):
            if found != f"{path}[]":
                yield found, child, _
    if isinstance(part.get("additionalProperties"), dict):
        yield from keys(part["additionalProperties"], f"{path}.NAME", False)


def referred(part: dict[str, Any]) -> dict[str, Any]:
    """Return the definition that a part of the schema refers to."""
    found: dict[str, Any] = schema()["$defs"].get(part.get("$ref", "").rsplit("/", 1)[-1], {})
    return found


def value_of(part: dict[str, Any]) -> str:
    """Return what a key takes, with its unit and bounds."""
    if "enum" in part:
        return "one of " + ", ".join(f"`{word}`" for word in part["enum"])
    if "$ref" in part and not {"properties", "items"} & referred(part).keys():
        return str(referred(part)["description"]).rstrip(".")
    kind = part.get("type")
    if kind == "integer":
        low, high = part.get("minimum"), part.get("maximum")
        return f"a whole number, {low:,} to {high:,}" if high is not None else f"a whole number, {low:,} or more"
    return {"object": "a table", "array": "a list", "string": "a text", "boolean": "true or false"}[str(kind)]


def left_out(path: str, part: dict[str, Any], needed: bool) -> str:
    """Return what holds without a key."""
    if needed:
        return "needed"
    if path.startswith("rules."):
        return rule_default(path.removeprefix("rules."))
    said = re.search(r"(?:^|[;,:.(] )([^;,:.()]+?) if left out", part.get("description", ""))
    return said.group(1) if said else ""


def rule_default(key: str) -> str:
    """Return the default of a switch as a file would write it."""
    for item in fields(Rules):
        if key_of(item.name) == key:
            value = getattr(Rules(), item.name)
            if type(value) is int:
                return format_units(value, scale_of(item.name, MONEY))
            if key in PLUGS:
                return f"`{value.name if key == 'policy' else name_of(value)}`"
            return {True: "true", False: "false", None: "", (): ""}.get(value, f"`{value}`")
    return ""


def shown() -> dict[str, str]:
    """Return the first bundled story that has a key, by the key's path."""
    found: dict[str, str] = {}
    known = {path for path, _, _ in keys(schema())}

    def walk(part: Any, path: str, name: str) -> None:
        found.setdefault(path, name)
        for item in part if isinstance(part, list) else ():
            walk(item, f"{path}[]", name)
        for key, item in part.items() if isinstance(part, dict) else ():
            here = f"{path}.{key}" if path else key
            walk(item, here if here in known else f"{path}.NAME", name)

    for name in bundled_names():
        walk(tomllib.loads(story(name)), "", name)
    return found


def plug_rows() -> Iterator[str]:
    """Yield a row per plug and parameter."""
    for point, registry in PLUGS.items():
        for name, kind in registry.kinds.items():
            yield f"| `{point}` | `{name}` | | | |"
            for item in parameters_of(kind):
                scale = scale_of(item.name, MONEY)
                value = "" if is_required(item) else item.default
                default = (
                    "needed"
                    if is_required(item)
                    else format_units(value, scale)
                    if type(value) is int
                    else f"`{value}`"
                )
                unit = {"_ppb": "a decimal, 1 is the whole", "_ns": "seconds", "_quanta": "money"}
                words = next((word for end, word in unit.items() if item.name.endswith(end)), "")
                if not words:
                    words = "a whole number" if item.type is int else "a text" if item.type is str else "of this point"
                yield f"| | | `{key_of(item.name)}` | {words} | {default} |"


def page() -> str:
    """Return the whole page."""
    stories, sections = shown(), dict[str, list[str]]()
    for path, part, needed in keys(schema()):
        top = re.split(r"[.\[]", path)[0]
        whole = schema()["properties"][top]
        several = bool({"properties", "items"} & {**referred(whole), **whole}.keys())
        said = part.get("description", "").replace("|", "\\|")
        cells = (f"`{path}`", value_of(part), left_out(path, part, needed), said, stories.get(path, ""))
        sections.setdefault(top if several else "the file itself", []).append("| " + " | ".join(cells) + " |")
    lines = [HEAD]
    for title, rows in sections.items():
        lines += [
            f"## {title}",
            "",
            "| key | value | left out | meaning | shown by |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    lines += ["## Plugs", "", "A plug is a name, or a table with the name and its parameters.", ""]
    lines += ["| key of `rules` | name | parameter | value | left out |", "|---|---|---|---|---|", *plug_rows()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())
