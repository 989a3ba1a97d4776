"""The forms that values take in a document: how each is written, read, and described to other programs.

A form is three functions. ``write`` and ``read`` are strict and each other's inverse; a fault on the way gets the key
of every part it lies in, from the inside out. ``schema`` returns the part of a JSON Schema that accepts exactly what
``read`` accepts, and puts what records say into the definitions it is handed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from deleverage.documents.schema import Json, define, described, integer_schema, name_kind

KIND = "kind"
"""The key that names the member of a family."""

LONGEST_INTEGER = 256
"""Digits of an integer. What comes in has at most 41; a product of four such numbers still fits."""

_BOUND = 10**LONGEST_INTEGER
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")


class BadDocument(ValueError):
    """A document that is not exactly what it should be: the key path from the outside in, and what is wrong there."""

    def __init__(self, sentence: str, *keys: str | int) -> None:
        """Start at the place itself; whoever lies around it puts its key before."""
        super().__init__(sentence)
        self.sentence = sentence
        self.keys = list(keys)

    @property
    def path(self) -> str:
        """The key path as people write it; empty at the top."""
        return path_of(self.keys)

    def __str__(self) -> str:
        """Return path and sentence in one line."""
        return f"{self.path}: {self.sentence}" if self.keys else self.sentence


def path_of(keys: Iterable[str | int]) -> str:
    """Return a key path as people write it: ``facts[2].fills[0].lots``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).removeprefix(".")


class Form(NamedTuple):
    """How values of one declared type are written and read, and what a schema says about them."""

    write: Callable[[Any], Json]
    read: Callable[[Json], Any]
    schema: Callable[[dict[str, Json]], Json]


def integer() -> Form:
    """An ``int`` as decimal digits: no sign but a minus, no zero in front."""
    bounded = f"an integer of at most {LONGEST_INTEGER} digits"
    digits = "an integer as a text of decimal digits"

    def write(value: Any) -> Json:
        if type(value) is not int:
            raise _fault("an integer", value)
        if not -_BOUND < value < _BOUND:
            raise _fault(bounded, "a larger one")
        return str(value)

    def read(document: Json) -> int:
        _require(type(document) is str, digits, document)
        _require(len(document.removeprefix("-")) <= LONGEST_INTEGER, bounded, document)
        _require(_INTEGER.fullmatch(document) is not None, digits, document)
        return int(document)

    return Form(write, read, lambda known: integer_schema(known, LONGEST_INTEGER))


def text() -> Form:
    """A ``str``."""
    return _same(str, "a text", "string")


def flag() -> Form:
    """A ``bool``."""
    return _same(bool, "true or false", "boolean")


def _same(kind: type, noun: str, name: str) -> Form:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise _fault(noun, value)
        return value

    return Form(same, same, lambda _: {"type": name})


def name_of(kind: type[Enum]) -> Form:
    """A member of an enumeration, by its name."""
    names = list(kind.__members__)

    def write(value: Any) -> Json:
        _require(type(value) is kind, f"a member of {kind.__name__}", value)
        return value.name

    def read(document: Json) -> Enum:
        _require(type(document) is str and document in names, f"a name of {kind.__name__}", document)
        return kind[document]

    return Form(write, read, lambda _: {"enum": names})


def free() -> Form:
    """A document inside a document, declared as ``object``: any JSON without numbers."""

    def same(value: Any) -> Json:
        if type(value) is dict:
            return {_key(key): _within(key, same, part) for key, part in value.items()}
        if type(value) is list:
            return [_within(at, same, part) for at, part in enumerate(value)]
        _require(value is None or type(value) in (str, bool), "an object, array, text, boolean or null", value)
        return value

    return Form(same, same, lambda _: {})


def optional(inner: Form) -> Form:
    """A value or None: null."""
    return Form(
        lambda value: None if value is None else inner.write(value),
        lambda document: None if document is None else inner.read(document),
        lambda known: {"anyOf": [{"type": "null"}, inner.schema(known)]},
    )


def either(kinds: Mapping[str, tuple[type, Form]]) -> Form:
    """One of several plain types: an object whose only key says which, because "5" may be a text or an integer."""
    expected = f"an object with one of the keys {', '.join(kinds)}"

    def write(value: Any) -> Json:
        for key, (kind, form) in kinds.items():
            if type(value) is kind:
                return {key: form.write(value)}
        raise _fault(f"one of {', '.join(kinds)}", value)

    def read(document: Json) -> Any:
        _require(type(document) is dict and len(document) == 1 and set(document) <= set(kinds), expected, document)
        ((key, part),) = document.items()
        return _within(key, kinds[key][1].read, part)

    def schema(known: dict[str, Json]) -> Json:
        keys = {key: described(key, form.schema(known)) for key, (_, form) in kinds.items()}
        return {
            "type": "object",
            "properties": keys,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }

    return Form(write, read, schema)


def array(item: Form) -> Form:
    """A tuple of any length."""

    def write(value: Any) -> Json:
        _require(type(value) is tuple, "a tuple", value)
        return [_within(at, item.write, part) for at, part in enumerate(value)]

    def read(document: Json) -> Any:
        _require(type(document) is list, "an array", document)
        return tuple([_within(at, item.read, part) for at, part in enumerate(document)])

    return Form(write, read, lambda known: {"type": "array", "items": item.schema(known)})


def places(items: Sequence[Form]) -> Form:
    """A tuple with a type for each place: an array of that length."""
    count = len(items)

    def write(value: Any) -> Json:
        _require(type(value) is tuple and len(value) == count, f"a tuple of {count}", value)
        return [_within(at, items[at].write, part) for at, part in enumerate(value)]

    def read(document: Json) -> Any:
        _require(type(document) is list and len(document) == count, f"an array of {count}", document)
        return tuple([_within(at, items[at].read, part) for at, part in enumerate(document)])

    def schema(known: dict[str, Json]) -> Json:
        each = [item.schema(known) for item in items]
        return {"type": "array", "prefixItems": each, "items": False, "minItems": count}

    return Form(write, read, schema)


def keyed(item: Form) -> Form:
    """A mapping from ids: an object, keys in the order of their code points."""

    def write(value: Any) -> Json:
        _require(type(value) is dict, "a mapping", value)
        return {key: _within(key, item.write, value[key]) for key in sorted(map(_key, value))}

    def read(document: Json) -> Any:
        _require(type(document) is dict, "an object", document)
        return {key: _within(key, item.read, part) for key, part in document.items()}

    return Form(write, read, lambda known: {"type": "object", "additionalProperties": item.schema(known)})


def record(kind: Any, parts: Mapping[str, Form], member: bool = False) -> Form:
    """A dataclass or named tuple: an object with exactly its fields as keys, in the order of their declaration."""

    noun, writers = f"a {kind.__name__}", [(name, form.write) for name, form in parts.items()]

    def write(value: Any) -> Json:
        if type(value) is not kind:
            raise _fault(noun, value)
        document, name = dict[str, Json](), ""
        try:
            for name, act in writers:
                document[name] = act(getattr(value, name))
        except BadDocument as fault:
            fault.keys.insert(0, name)
            raise
        return document

    def read(document: Json) -> Any:
        _require(type(document) is dict, "an object", document)
        for name in parts:
            if name not in document:
                raise BadDocument(f"the key {name!a} is missing")
        for name in document:
            if name not in parts:
                raise BadDocument(f"the key {ascii(name)[:80]} is unknown")
        values = {name: _within(name, form.read, document[name]) for name, form in parts.items()}
        try:
            return kind(**values)
        except ValueError as error:  # what a preset or policy refuses about itself
            raise BadDocument(str(error)) from None

    def schema(known: dict[str, Json]) -> Json:
        known.setdefault(kind.__name__, {})  # Its place, should one of its parts contain it again.
        return define(known, kind, {name: described(name, form.schema(known)) for name, form in parts.items()})

    return Form(write, read, schema)


def later(form: Callable[[], Form]) -> Form:
    """A form that is looked up when it is used: a record may contain records of its own family."""
    return Form(
        lambda value: form().write(value),
        lambda document: form().read(document),
        lambda known: form().schema(known),
    )


def family(base: type, members: Mapping[str, Form]) -> Form:
    """A base class or plug point: the object of one of its members, with the member's name first under ``kind``."""
    expected = f"one of {', '.join(members)}"

    def write(value: Any) -> Json:
        name = type(value).__name__
        _require(name in members, f"a {base.__name__} of the law", value)
        return {KIND: name, **members[name].write(value)}

    def read(document: Json) -> Any:
        _require(type(document) is dict, "an object", document)
        if KIND not in document:
            raise BadDocument(f"the key {KIND!a} is missing")
        name = document[KIND]
        if type(name) is not str or name not in members:
            raise BadDocument(f"{expected} is expected, found {_shown(name)}", KIND)
        return members[name].read({key: part for key, part in document.items() if key != KIND})

    def schema(known: dict[str, Json]) -> Json:
        return {"oneOf": [name_kind(known, KIND, name, member.schema) for name, member in members.items()]}

    return Form(write, read, schema)


def _within(key: str | int, act: Callable[[Any], Any], part: Any) -> Any:
    """Return what a part is written or read as; a fault in it gets the part's key."""
    try:
        return act(part)
    except BadDocument as fault:
        fault.keys.insert(0, key)
        raise


def _key(key: Any) -> str:
    _require(type(key) is str, "a text as key", key)
    return str(key)


def _require(holds: bool, expected: str, found: Any) -> None:
    if not holds:
        raise _fault(expected, found)


def _fault(expected: str, found: Any) -> BadDocument:
    return BadDocument(f"{expected} is expected, found {_shown(found)}")


def _shown(found: Any) -> str:
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "an array"
    shown = ascii(found)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."
