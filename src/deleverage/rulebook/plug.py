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

from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, fields
from typing import Any, Generic, NamedTuple, TypeVar, get_origin

Spec = dict[str, Any]
"""A plug in plain data: its name, and its parameters."""

P = TypeVar("P")


class Trouble(NamedTuple):
    """What is wrong with one parameter: ``words`` with a ``{}`` for each of ``values``, in the parameter's own unit.

    ``others`` are the parameters it is compared with; ``known`` what a choice may be. Whoever writes files in other
    names and units tells it in those.
    """

    parameter: str
    words: str
    values: tuple[Any, ...] = ()
    others: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def sentence(self, show: Callable[[int], str] = str) -> str:
        """Return the words, whole numbers as ``show`` writes them."""
        return self.words.format(*(show(value) if type(value) is int else value for value in self.values))

    def __str__(self) -> str:
        """Return the sentence behind the parameter's name."""
        return f"{self.parameter} {self.sentence()}"


class PlugFault(ValueError):
    """A spec or parameters that make no plug; the sentence says what was found and known, ``troubles`` of which."""

    def __init__(self, sentence: str, troubles: Iterable[Trouble] = ()) -> None:
        super().__init__(sentence)
        self.troubles = tuple(troubles)


def name_of(plug: object) -> str:
    """Return a plug's name; a class that has none of its own (a subclass, say) goes by its class's name."""
    return str(type(plug).__dict__.get("kind", type(plug).__name__))


def parameters_of(kind: type) -> list[Field[Any]]:
    """Return the fields that are parameters: those that the record shows."""
    return [item for item in fields(kind) if item.repr]


def is_required(item: Field[Any]) -> bool:
    """Return whether a parameter has to be given."""
    return item.default is MISSING and item.default_factory is MISSING


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


def at_least(record: object, least: int, *names: str) -> list[Trouble]:
    """Return the trouble with each named parameter that is no whole number from ``least`` up."""
    bound = {0: "must not be negative", 1: "must be above 0"}.get(least, "must be at least {}")
    return [
        Trouble(name, f"is {{}}, {bound}", (value, least)) if type(value) is int else _no_whole_number(name, value)
        for name in names
        if type(value := getattr(record, name)) is not int or value < least
    ]


def shares(record: object, whole: int, *names: str) -> list[Trouble]:
    """Return the trouble with each named parameter that is no share: no whole number from 0 to ``whole``."""
    return [
        Trouble(name, "is {}, allowed are {} to {}", (value, 0, whole))
        if type(value) is int
        else _no_whole_number(name, value)
        for name in names
        if type(value := getattr(record, name)) is not int or not 0 <= value <= whole
    ]


def one_of(record: object, name: str, known: Iterable[str]) -> list[Trouble]:
    """Return the trouble with a parameter that is none of the known words."""
    value, listed = getattr(record, name), tuple(known)
    if value in listed:
        return []
    return [Trouble(name, "is {}, known are {}", (repr(value), ", ".join(listed)), known=listed)]


def refuse(plug: object, troubles: list[Trouble]) -> None:
    """Raise PlugFault with all troubles, if there are any."""
    if troubles:
        told = "; ".join(f"{item.parameter} of {name_of(plug)} {item.sentence()}" for item in troubles)
        raise PlugFault(told, troubles)


def require_at_least(plug: object, least: int, *names: str) -> None:
    """Raise PlugFault for the named parameters that are no whole numbers from ``least`` up."""
    refuse(plug, at_least(plug, least, *names))


def require_share(plug: object, name: str, whole: int) -> None:
    """Raise PlugFault for a share that is no whole number from 0 to ``whole``."""
    refuse(plug, shares(plug, whole, name))


def _no_whole_number(name: str, value: object) -> Trouble:
    return Trouble(name, "is {}, it is a whole number", (repr(value),))


def require_parts(plug: object, parts: object, base: type) -> None:
    """Raise PlugFault for a combination that is not a tuple of one or more plugs of the same point."""
    if not isinstance(parts, tuple) or not parts or not all(isinstance(part, base) for part in parts):
        sentence = f"{name_of(plug)} combines one {base.__name__.lower()} or more, not {parts!r}"
        raise PlugFault(sentence, [Trouble("of", "is empty: it combines one or more")] if parts == () else ())


class Registry(Generic[P]):
    """The plugs of one point by name; every one is rebuilt from its spec."""

    def __init__(self, point: str, base: type, kinds: Iterable[type[P]]) -> None:
        """Take the point's name, the class that all its plugs share, and the plugs."""
        self.point, self.base = point, base
        self.kinds = {str(kind.__dict__["kind"]): kind for kind in kinds}

    def build(self, spec: object) -> P:
        """Return the plug of a spec; a bare text is a name with defaults. Raises PlugFault with every fault."""
        table = {"name": spec} if isinstance(spec, str) else spec
        if not isinstance(table, dict) or type(table.get("name")) is not str:
            raise PlugFault(f"a {self.point} is a name, or a table with a name, not {spec!r}")
        kind = self.kind(table["name"])
        known = {item.name: item for item in parameters_of(kind)}
        listed = ", ".join(known) or "none"
        faults = [
            f"{self.point} {table['name']} has no {key!r}, its parameters are {listed}"
            for key in table
            if key != "name" and key not in known
        ]
        if missing := [name for name, item in known.items() if name not in table and is_required(item)]:
            faults.append(f"{self.point} {table['name']} needs its parameters: {', '.join(missing)}")
        values = {}
        for name in filter(table.__contains__, known):
            try:
                values[name] = self._value(table, known[name])
            except PlugFault as fault:
                faults.append(str(fault))
        if faults:
            raise PlugFault("; ".join(sorted(faults)))
        return kind(**values)

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
