"""One mistake at one key: what a person who writes a scenario gets wrong, generated for every key of a story."""

import copy
import json
import re
import tomllib
from typing import Any, NamedTuple

from deleverage.scenarios.faults import Fault, Path, path_text

REMOVED = object()
MISTAKES: dict[str, Any] = {
    "misspelled": None,
    "removed": REMOVED,
    "a word": "wrnog",
    "true": True,
    "a list": [],
    "a table": {},
    "negative": -1,
    "zero": 0,
    "a half": "0.5",
    "too fine": "1.0000000000001",
    "large": 10**12,
    "too large": 10**31,
}
"""What stands at the key afterwards."""


class Mistake(NamedTuple):
    """A story with one mistake: where, which, and the text."""

    path: Path
    kind: str
    text: str


def places(part: Any, path: Path = ()) -> list[Path]:
    """Return the path of every key and every place of a list, tables before what is in them."""
    keys: list[Any] = list(part) if isinstance(part, dict) else list(range(len(part))) if isinstance(part, list) else []
    return [found for key in keys for found in ((*path, key), *places(part[key], (*path, key)))]


def kinds_of(text: str) -> list[tuple[Path, str]]:
    """Return each place of a story with each mistake that can be made there."""
    every = places(tomllib.loads(text, parse_float=str))
    return [(path, kind) for path in every for kind in MISTAKES if kind != "misspelled" or isinstance(path[-1], str)]


def mistake_at(text: str, path: Path, kind: str) -> Mistake:
    """Return the story with a mistake at one of its keys."""
    return Mistake(path, kind, made(tomllib.loads(text, parse_float=str), path, kind))


def made(tables: dict[str, Any], path: Path, kind: str) -> str:
    """Return the TOML of the tables with one mistake."""
    if kind in ("misspelled", "removed"):
        return toml(_without(tables, path, kind))
    return replaced(tables, path, MISTAKES[kind])


def replaced(tables: dict[str, Any], path: Path, value: Any) -> str:
    """Return the TOML of the tables with another value at one key."""
    wrong: Any = copy.deepcopy(tables)
    parent = wrong
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    return toml(wrong)


def _without(tables: dict[str, Any], path: Path, kind: str) -> dict[str, Any]:
    """Return the tables without a key, or with it under a misspelled name."""
    wrong: Any = copy.deepcopy(tables)
    parent, key = wrong, path[-1]
    for part in path[:-1]:
        parent = parent[part]
    if kind == "misspelled":
        items = [(misspelled(name) if name == key else name, value) for name, value in parent.items()]
        parent.clear()
        parent.update(items)
    else:
        del parent[key]
    found: dict[str, Any] = wrong
    return found


def toml(tables: dict[str, Any]) -> str:
    """Return tables as TOML, each key on a line."""
    return "".join(f"{json.dumps(name)} = {inline(value)}\n" for name, value in tables.items())


def misspelled(name: str) -> str:
    """Return a name with its last two letters swapped, a short one with a letter too many."""
    swapped = name[:-2] + name[-1] + name[-2] if len(name) > 4 else name
    return swapped if swapped != name else name + "x"


def inline(value: Any) -> str:
    """Return a value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


INTERNAL = re.compile(
    r"_ppb|_ns\b|_quanta|_ticks|_grains|\bppb\b|\bquanta\b|\bDecimalText\b|\b[A-Z][a-z]+[A-Z]\w+|Traceback|<class"
)
"""How the law and the code call things: no message to whoever writes a file may."""

FOLLOWS = {
    "accounts": {"markets", "depth", "orders", "path", "rules", "assets", "impact", "population", "fund"},
    "markets": {"accounts", "path", "depth", "orders", "population", "pools", "fund", "impact", "rules"},
    "rules": {"path", "accounts", "orders"},
    "pools": {"markets", "path", "rules"},
    "path": {"markets", "rules", "pools", "fund"},
    "assets": {"accounts", "path"},
    "population": {"markets", "accounts"},
    "orders": {"rules", "impact", "path"},
    "depth": {"rules", "impact"},
}
"""Which other parts of a file may be wrong because of a mistake in one."""


def wrong_about(mistake: Mistake, faults: list[Fault]) -> str:
    """Return what is wrong with the answer to a mistake; empty: nothing. No faults mean that the story is valid."""
    where, last = path_text(mistake.path), str(mistake.path[-1])
    table = path_text(mistake.path[:-1])
    for fault in faults:
        if INTERNAL.search(str(fault)):
            return f"speaks of internals: {fault}"
    if mistake.kind == "misspelled":
        named = [fault for fault in faults if fault.path.endswith(misspelled(last)) and fault.path.startswith(table)]
        if not named:
            return "a misspelled key is not named"
        told = named[0].sentence
        if ("no key" in told or "no parameter" in told) and f"nearest is {last!r}" not in told:
            return f"the nearest key of {last} is not named: {told}"
        return ""
    top = str(mistake.path[0])
    if not faults or top == "settlement":
        return ""
    paths = [fault.path for fault in faults]
    near = any(path.startswith(where) or (table and path.startswith(table)) or where.startswith(path) for path in paths)
    follows = {path.replace("[", ".").split(".")[0] for path in paths} & {top, *FOLLOWS.get(top, ())}
    return "" if near or follows else f"names no related path: {paths}"
