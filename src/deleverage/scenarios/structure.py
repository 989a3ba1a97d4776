"""The shape of a scenario file: strict TOML, then the JSON Schema beside this module, all faults at once.

Where a value has the wrong shape, a harmless one takes its place, so that the checks between the parts can still say
what else is wrong; the document is refused in any case.
"""

import copy
import json
import re
import tomllib
from functools import cache
from importlib import resources
from typing import Any

from deleverage.scenarios.faults import DecimalText, Fault, Path, Reader, ScenarioError, nearest, path_text, shown

KINDS = {
    "object": "a table",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a decimal",
    "boolean": "true or false",
}


def parse(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text, decimals as they were written; bad TOML is a fault with line and column."""
    try:
        return tomllib.loads(text, parse_float=DecimalText)
    except (ValueError, RecursionError) as error:  # bad TOML, a number of thousands of digits, a tower of brackets
        raise ScenarioError([Fault("", f"is no TOML: {error}")]) from None


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario."""
    text = resources.files("deleverage.scenarios").joinpath("schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check_shape(document: dict[str, Any], reader: Reader, shape: dict[str, Any] | None = None) -> dict[str, Any]:
    """Note every fault of shape, and return the document with harmless values in the places that have one.

    ``shape`` is the JSON Schema of another kind of file; left out, a scenario's.

    The reader is told to keep quiet about those places from then on: what is said once is not said twice.
    """
    if _too_deep(document):
        raise ScenarioError([Fault("", f"has tables within tables, deeper than {_DEEPEST}")])
    mended = copy.deepcopy(document)
    shape = schema() if shape is None else shape
    validator = _validator(shape)
    first = True
    for _ in range(_PASSES):
        errors = sorted(validator.iter_errors(mended), key=lambda e: path_text(tuple(e.absolute_path)))
        found = [fault for error in errors for fault in _faults(error, tuple(error.absolute_path))]
        for path, sentence in found if first else []:
            reader.fault(path, sentence)
        for path, _ in found:
            reader.mute(path)
        for error in errors:
            _mend(mended, error, tuple(error.absolute_path), shape)
        first = False
    return mended


def _too_deep(document: dict[str, Any]) -> bool:
    """Return whether tables and lists lie so deep within each other that walking them would fall over."""
    layer: list[Any] = [document]
    for _ in range(_DEEPEST):
        layer = [child for part in layer for child in _children(part)]
        if not layer:
            return False
    return True


def _children(part: Any) -> list[Any]:
    items = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [item for item in items if isinstance(item, dict | list)]


_DEEPEST = 50
"""No key of the format lies deeper than six; beyond a few hundred, Python's own recursion ends."""

_PASSES = 4
"""A mended place may lack keys of its own; the schema is four tables deep."""


def _mend(document: Any, error: Any, where: Path, shape: dict[str, Any]) -> None:
    """Put a value of the right shape into a place that has a wrong one (or none)."""
    if error.validator == "additionalProperties":
        for key in set(error.instance) - set(error.schema.get("properties", {})):
            error.instance.pop(key, None)
    elif error.validator == "required":
        for key in error.validator_value:
            error.instance.setdefault(key, _harmless(error.schema["properties"][key], (*where, key), shape))
    elif where:
        for part in where[:-1]:
            document = document[part]
        document[where[-1]] = _harmless(error.schema, where, shape)


def _harmless(part: dict[str, Any], where: Path, shape: dict[str, Any]) -> Any:
    """Return a value that this part of the schema accepts."""
    if "$ref" in part:
        part = shape["$defs"][part["$ref"].rsplit("/", 1)[1]]
    if "enum" in part:
        return part["enum"][0]
    kinds = part.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "integer":
        return part.get("maximum", max(1, part.get("minimum", 1)))
    if kind == "string":
        return "?" + path_text(where).replace("/", "?")[-60:]
    return {"object": {}, "array": [], "boolean": False}[kind]


def _validator(shape: dict[str, Any]) -> Any:
    """Return a validator for which a decimal is a number, though it is kept as text; bounds are for whole numbers."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def whole(_: Any, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def number(_: Any, value: Any) -> bool:
        return whole(_, value) or isinstance(value, DecimalText)

    def text(_: Any, value: Any) -> bool:
        return isinstance(value, str) and not isinstance(value, DecimalText)

    def pattern(_: Any, expression: str, value: Any, part: Any) -> Any:
        # In Python "$" also matches before a last line break, in JSON Schema it does not.
        if text(None, value) and not re.fullmatch(expression, value):
            yield ValidationError(part.get("description", ""))

    def bound(keyword: str) -> Any:
        original = Draft202012Validator.VALIDATORS[keyword]

        def check(validator: Any, limit: Any, value: Any, part: Any) -> Any:
            return original(validator, limit, value, part) if whole(None, value) else ()

        return check

    checker = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": whole, "number": number, "string": text})
    changed = {"pattern": pattern, **{keyword: bound(keyword) for keyword in ("minimum", "maximum")}}
    lenient = validators.extend(Draft202012Validator, changed, type_checker=checker)  # type: ignore[no-untyped-call]
    return lenient(shape)


def _faults(error: Any, where: Path) -> list[tuple[Path, str]]:
    """Return the faults behind one schema error, in words."""
    found, bound = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(found) - set(known))
        return [((*where, key), f"is no key here, {nearest(key, known)}") for key in unknown]
    if error.validator == "required":
        missing = [key for key in bound if key not in found and f"'{key}' is a required" in error.message]
        return [((*where, key), "is missing") for key in missing]
    if error.validator == "type":
        kinds = [bound] if isinstance(bound, str) else bound
        wanted = "a number" if "number" in kinds else " or ".join(KINDS[kind] for kind in kinds)
        return [(where, f"is {shown(found)}, must be {wanted}")]
    if error.validator == "enum":
        return [(where, f"is {shown(found)}, {nearest(str(found), bound)}")]
    if error.validator == "pattern":
        return [(where, f"is {shown(found)}, must be: {error.message[:1].lower()}{error.message[1:].rstrip('.')}")]
    if error.validator in ("minItems", "minLength", "minProperties"):
        return [(where, "is empty")]
    if error.validator in ("minimum", "maximum"):
        return [(where, f"is {found}, the {error.validator} is {bound}")]
    return [(where, str(error.message))]


__all__ = ["check_shape", "parse", "path_text", "schema"]
