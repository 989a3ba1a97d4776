"""Every record of the law as JSON and back, driven by what its fields are declared as.

Rules of this module:

* It knows forms - integer, text, flag, name, array, object, record, family - and no single command or fact: what is
  added to the language is encoded as it is declared.
* Integers are decimal strings, because other people's JSON loses what lies beyond 2^53; their unit ends their key.
* One value, one document: nothing is left out because it is the default, and no other spelling of it is accepted.
* Decoding trusts nobody. A missing or unknown key, a number, a text of the wrong form is a ``BadDocument`` with the
  path of the key; so is, on encoding, a value that is not exactly what its field is declared as.

Deliberately absent: files, versions, and whether a command is lawful (that is the law's to say).
"""

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from deleverage.documents.forms import (
    BadDocument,
    Form,
    array,
    either,
    family,
    flag,
    free,
    integer,
    keyed,
    later,
    name_of,
    optional,
    places,
    record,
    text,
)
from deleverage.documents.published import COMMANDS, FACTS
from deleverage.documents.schema import Json
from deleverage.rulebook import messages
from deleverage.rulebook.file_policy import FilePolicy
from deleverage.rulebook.rules import PLUGS
from deleverage.rulebook.selection import Policy

CATALOGUES: dict[object, list[type]] = {
    Policy if point == "policy" else registry.base: list(registry.kinds.values()) for point, registry in PLUGS.items()
}
CATALOGUES[Policy].append(FilePolicy)  # one of nobody's spec: only its own file makes it
"""Plug points, each with the classes that a document may name."""

PUBLISHED = (*COMMANDS, *FACTS)

Kind = TypeVar("Kind")


def encode(kind: type[Kind], value: Kind) -> Json:
    """Return the document of a value declared as ``kind``: a record, or a family such as ``Command``.

    Raises BadDocument where a part of it is not exactly of its declared type.
    """
    declared: Any = kind
    return form_of(declared).write(value)


def decode(kind: type[Kind], document: Json) -> Kind:
    """Return the value that a document says, or raise BadDocument at the first thing that is wrong with it."""
    declared: Any = kind
    try:
        value: Kind = form_of(declared).read(document)
    except RecursionError:
        raise BadDocument("is nested too deeply") from None
    return value


def canonical(document: Json) -> str:
    """Return the one text of a document: ASCII, no blanks, keys in the order in which they are declared."""
    return _CANONICAL.encode(document)


def parse(content: bytes) -> Json:
    """Return the document in a UTF-8 text; BadDocument where it is no JSON, or a key stands twice in one object."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except BadDocument:
        raise
    except UnicodeDecodeError as error:
        raise BadDocument(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise BadDocument(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise BadDocument("is nested too deeply") from None
    except ValueError:
        raise BadDocument("a number has too many digits") from None


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    document: dict[str, Json] = {}
    for key, part in pairs:
        if key in document:
            raise BadDocument(f"the key {ascii(key)[:80]} stands twice in one object")
        document[key] = part
    return document


@cache
def form_of(hint: Any) -> Form:
    """Return how values declared as ``hint`` are written and read; TypeError where no form fits."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kinds = [part for part in parts if part is not NoneType]
        one = form_of(kinds[0]) if len(kinds) == 1 else either({_KEYS[kind]: (kind, form_of(kind)) for kind in kinds})
        return optional(one) if NoneType in parts else one
    if origin is tuple:
        return array(form_of(parts[0])) if parts[-1] is Ellipsis else places([form_of(part) for part in parts])
    if origin is dict and parts[0] is str:
        return keyed(form_of(parts[1]))
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return name_of(hint)
        base: Any = hint
        if hint in CATALOGUES:
            return later(cache(partial(_family, base)))  # A plug may hold plugs of its own point.
        if members_of(hint):
            return _family(base)
        if is_dataclass(hint) or hasattr(hint, "_fields"):
            return _record(hint)
    raise TypeError(f"{hint} has no form in a document")


def members_of(base: type) -> dict[str, type]:
    """Return the classes that a document of this family may name, in their published order; none: no family.

    A base class of the law's language has its leaves there, a plug point the classes of its catalogue.
    """
    if base in CATALOGUES:
        return {member.__name__: member for member in CATALOGUES[base]}
    if not base.__module__.startswith(messages.__name__):
        return {}
    language = [kind for kind in vars(messages).values() if isinstance(kind, type)]
    below = [kind for kind in language if kind is not base and issubclass(kind, base)]
    leaves = {kind.__name__: kind for kind in below if not any(o is not kind and issubclass(o, kind) for o in below)}
    return {name: leaves[name] for name in (*PUBLISHED, *leaves) if name in leaves}


def _family(base: Any) -> Form:
    return family(base, {name: _record(kind) for name, kind in members_of(base).items()})


def _record(kind: Any) -> Form:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
    return record(kind, {name: form_of(hints[name]) for name in names})


_PLAIN: dict[object, Form] = {int: integer(), str: text(), bool: flag(), object: free()}
_KEYS = {int: "integer", str: "text"}
_CANONICAL = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
