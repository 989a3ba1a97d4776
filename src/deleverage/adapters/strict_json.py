"""JSON of other people, read strictly: numbers as they were written, no key twice, no NaN; one document or a line each.

Python objects take the same way: a float there is the shortest decimal that means it, which is what its owner sees.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from deleverage.adapters import tables
from deleverage.adapters.tables import Fault
from deleverage.scenarios.files import BadFile, read_bytes

LINES = (".jsonl", ".ndjson")
DEEPEST = 64


class ExactText(str):
    """A JSON number as it was written."""

    __slots__ = ()


def read_json(path: Path, faults: list[Fault]) -> Any:
    """Return the content of a JSON file, of a ``.jsonl`` file the list of its lines; ``None`` after noting a fault."""
    name = path.name
    try:
        text = read_bytes(path, tables.LARGEST_FILE_BYTES).decode("utf-8-sig")
    except BadFile as refusal:
        faults.append(Fault(str(path), 0, "", str(refusal)))
        return None
    except UnicodeDecodeError:
        faults.append(Fault(name, 0, "", "is not UTF-8 text"))
        return None
    if path.suffix.lower() not in LINES:
        return _parsed(text, name, 0, faults)
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    found = [_parsed(line, name, number, faults) for number, line in lines]
    return None if faults else found


def _parsed(text: str, name: str, line: int, faults: list[Fault]) -> Any:
    try:
        return json.loads(
            text, parse_float=ExactText, parse_int=ExactText, parse_constant=_refuse, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError) as error:
        faults.append(Fault(name, line, "", f"is not strict JSON: {error}"))
        return None


def of_objects(value: Any, depth: int = 0) -> Any:
    """Return Python objects as ``read_json`` would give them; raise ValueError for what is no JSON."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float | Decimal):
        text = repr(value) if isinstance(value, float) else str(value)
        if text.strip("-").lower() in ("nan", "inf", "infinity", "snan"):
            raise ValueError(f"{text} is no number")
        return ExactText(text)
    if depth == DEEPEST:
        raise ValueError(f"is nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        return {str(key): of_objects(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [of_objects(item, depth + 1) for item in value]
    raise ValueError(f"an object of type {type(value).__name__} is no JSON")


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        doubles = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"the key {doubles[0]!a} is there twice in one object")
    return dict(pairs)
