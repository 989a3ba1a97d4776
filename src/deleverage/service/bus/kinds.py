"""Questions, acts and views by name: what travels is a name and a document, what arrives is the same record again."""

import importlib
import pkgutil
from functools import cache
from typing import TypeVar

import msgspec

from deleverage.service import acts, questions
from deleverage.service.acts import Act
from deleverage.service.questions import Question, View

Record = TypeVar("Record", Question, View, Act)

_OURS = "deleverage.service."


class Named(msgspec.Struct, frozen=True, array_like=True):
    """A record as it travels."""

    name: str
    document: bytes


def named(record: Question | View | Act) -> Named:
    """Return a record under its name."""
    return Named(name_of(type(record)), msgspec.json.encode(record))


def read(base: type[Record], given: Named) -> Record:
    """Return the record; ValueError where it is none of this kind, as this program knows them."""
    kind = kinds(base).get(given.name)
    if kind is None:
        raise ValueError(f"no {base.__name__.lower()} of the name {given.name!a:.80}")
    record: Record = msgspec.json.decode(given.document, type=kind)
    return record


def name_of(kind: type[object]) -> str:
    """Return the name of a class: where it stands in the service, as two may be called alike."""
    return f"{kind.__module__.removeprefix(_OURS)}.{kind.__name__}"


@cache
def kinds(base: type[Record]) -> dict[str, type[Record]]:
    """Return every record of a kind by name."""
    for package in (questions, acts):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    found: dict[str, type[Record]] = {}
    waiting = list(base.__subclasses__())
    while waiting:
        kind = waiting.pop()
        found[name_of(kind)] = kind
        waiting += kind.__subclasses__()
    return found
