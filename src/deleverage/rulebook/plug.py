"""The plug points of a preset share one mechanism: frozen records that their name and parameters rebuild.

    auction          at which discount are the solvent on offer first?     auction.py
    trigger          may stage 5 start for these bankrupt lots?           trigger.py
    selection        whose lots are closed, and how many                  selection.py
    price            the money that is asked for them                     price.py
    pace             how much one step may do                             pace.py
    funding source   what the fund offers, before or after stage 5        funding_source.py
    loss rule        who bears what stage 5 could not collect             losses/

A plug is a frozen dataclass: ``kind`` is its name, its fields are its parameters. It is handed a small record and gives
a value back; the floors lie so that no plug can see the book. A *spec* is the same in plain data, ``{"name": kind,
parameter: value}``, with specs where a parameter is a plug itself: ``build`` and ``spec_of`` are each other's inverse.
"""

from collections.abc import Iterable
from dataclasses import Field, fields
from typing import Any, Generic, TypeVar, get_origin

Spec = dict[str, Any]
"""A plug in plain data: its name, and its parameters."""

P = TypeVar("P")


class PlugFault(ValueError):
    """A spec or a parameter that makes no plug; the sentence names what was found and what is known."""


def name_of(plug: object) -> str:
    """Return a plug's name; a class that has none of its own (a subclass, say) goes by its class's name."""
    return str(type(plug).__dict__.get("kind", type(plug).__name__))


def parameters_of(kind: type) -> list[Field[Any]]:
    """Return the fields that are parameters: those that the record shows."""
    return [item for item in fields(kind) if item.repr]


def spec_of(plug: object) -> Spec:
    """Return a plug in plain data."""
    values = {item.name: getattr(plug, item.name) for item in parameters_of(type(plug))}
    return {"name": name_of(plug), **{name: _plain(value) for name, value in values.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return spec_of(value) if hasattr(value, "__dataclass_fields__") else value


def text_of(plug: object) -> str:
    """Return a plug as people read it in a fact: its name, and its parameters in brackets if it has any."""
    return _text(spec_of(plug))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if not isinstance(value, dict):
        return str(value)
    parameters = [f"{name}={_text(item)}" if name != "of" else _text(item) for name, item in value.items()][1:]
    return f"{value['name']}({', '.join(parameters)})" if parameters else str(value["name"])


def require_at_least(plug: object, least: int, *names: str) -> None:
    """Raise PlugFault for the first named parameter that is no whole number from ``least`` up."""
    for name in names:
        value = getattr(plug, name)
        if type(value) is not int or value < least:
            raise PlugFault(f"{name} of {name_of(plug)} is {value!r}, allowed are whole numbers from {least}")


def require_share(plug: object, name: str, whole: int) -> None:
    """Raise PlugFault for a share that is no whole number from 0 to ``whole``."""
    value = getattr(plug, name)
    if type(value) is not int or not 0 <= value <= whole:
        raise PlugFault(f"{name} of {name_of(plug)} is {value!r}, allowed are 0 to {whole}")


def require_parts(plug: object, parts: object, base: type) -> None:
    """Raise PlugFault for a combination that is not a tuple of one or more plugs of the same point."""
    if not isinstance(parts, tuple) or not parts or not all(isinstance(part, base) for part in parts):
        raise PlugFault(f"{name_of(plug)} combines one {base.__name__.lower()} or more, not {parts!r}")


class Registry(Generic[P]):
    """The plugs of one point by name; every one is rebuilt from its spec."""

    def __init__(self, point: str, base: type, kinds: Iterable[type[P]]) -> None:
        """Take the point's name, the class that all its plugs share, and the plugs."""
        self.point, self.base = point, base
        self.kinds = {str(kind.__dict__["kind"]): kind for kind in kinds}

    def build(self, spec: object) -> P:
        """Return the plug of a spec; a bare text is a name with default parameters. Raises PlugFault."""
        table = {"name": spec} if isinstance(spec, str) else spec
        if not isinstance(table, dict) or type(table.get("name")) is not str:
            raise PlugFault(f"a {self.point} is a name, or a table with a name, not {spec!r}")
        kind = self.kind(table["name"])
        known = {item.name: item for item in parameters_of(kind)}
        for key in table:
            if key != "name" and key not in known:
                listed = ", ".join(known) or "none"
                raise PlugFault(f"{self.point} {table['name']} has no {key!r}, its parameters are {listed}")
        values = {name: self._value(table, item) for name, item in known.items() if name in table}
        try:
            return kind(**values)
        except TypeError:
            missing = ", ".join(name for name in known if name not in table)
            raise PlugFault(f"{self.point} {table['name']} needs its parameters: {missing}") from None

    def kind(self, name: str) -> type[P]:
        """Return the class of a name; an unknown one is refused with the known ones."""
        if name not in self.kinds:
            raise PlugFault(f"{self.point} {name!r} is unknown, known are {', '.join(sorted(self.kinds))}")
        return self.kinds[name]

    def _value(self, table: Spec, item: Field[Any]) -> Any:
        value = table[item.name]
        if get_origin(item.type) is tuple:
            if not isinstance(value, list | tuple):
                raise PlugFault(f"{item.name} of {self.point} {table['name']} is a list, not {value!r}")
            return tuple(self.build(part) for part in value)
        if item.type is self.base:
            return self.build(value)
        if type(value) is not item.type:
            wanted = "a whole number" if item.type is int else "a text"
            raise PlugFault(f"{item.name} of {self.point} {table['name']} is {value!r}, it is {wanted}")
        return value
