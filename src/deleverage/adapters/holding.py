"""One position of somebody, in our words: what every shape is brought to before a book is built of it.

A shape reads, it does not judge: what is missing stays ``None`` and is asked for afterwards, by the name of the option
that supplies it. Numbers are texts, plain decimals as they were written; nothing goes through a float.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from deleverage.adapters.decimals import DECIMALS, WHOLE_DIGITS, is_beyond_use, plain
from deleverage.adapters.tables import Fault
from deleverage.scenarios.faults import nearest

CROSS, ISOLATED = "cross", "isolated"


class Place(Protocol):
    """Where something was read: a line of a table or an object of a document."""

    def fault(self, column: str, sentence: str) -> None:
        """Note a fault of a key or column there."""
        ...


@dataclass(frozen=True, slots=True)
class Holding:
    """A position. ``size`` is signed, in units of the market; ``equity`` and ``collateral`` are the margin unit's.

    ``settle`` is the settlement currency where the file says it; ``keys`` is what the file calls our fields.
    """

    place: Place
    account: str
    market: str
    size: str
    entry: str
    mark: str | None = None
    equity: str | None = None
    collateral: str | None = None
    maintenance: str | None = None
    mode: str = CROSS
    settle: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def fault(self, name: str, sentence: str) -> None:
        """Note a fault of one of our fields under the file's own name for it."""
        self.place.fault(self.keys.get(name, name), sentence)

    @property
    def unit(self) -> str:
        """The id of the margin unit: the account, or ``account:market`` of an isolated position."""
        return self.account if self.mode == CROSS else f"{self.account}:{self.market}"


@dataclass(slots=True)
class Source:
    """A file that is being read: what is wrong with it, and what the reader should know although nothing is."""

    file: str
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, sentence: str, path: str = "") -> None:
        """Note a fault of the whole file, or of a key path in it."""
        self.faults.append(Fault(self.file, 0, path, sentence))


@dataclass(frozen=True, slots=True)
class Item:
    """One object of a JSON document; its readers note a fault and return "", so that all faults are found.

    ``account`` is whose it is, where the document says so; ``outer`` holds the keys of the object around it.
    """

    source: Source
    path: str
    cells: dict[str, Any]
    account: str = ""
    outer: dict[str, Any] = field(default_factory=dict)

    def fault(self, column: str, sentence: str) -> None:
        """Note a fault of a key of this object; "" is the object itself."""
        self.source.fault(sentence, ".".join(part for part in (self.path, ascii(column)[1:-1]) if part))

    def has(self, key: str) -> bool:
        """Return whether a key is there with a value: venues write "" or null for nothing."""
        return self.cells.get(key) not in (None, "")

    def text(self, key: str) -> str:
        """Return a text or number as written; it has to be there."""
        value = self.cells.get(key)
        if isinstance(value, str) and value:
            return value
        wrong = "must be a text or a number" if self.has(key) else "is missing"
        self.fault(key, wrong)
        return ""

    def one_of(self, key: str, known: Iterable[str]) -> str:
        """Return one of the names that a key may have."""
        text = self.text(key)
        if text and text not in (names := tuple(known)):
            self.fault(key, f"{text[:40]!a} is unknown, {nearest(text, names)}")
            return ""
        return text

    def decimal(self, key: str) -> str:
        """Return a finite decimal as a plain one, exactly; exponents are what a program writes for small numbers."""
        text = self.text(key)
        if not text:
            return ""
        found = plain(text)
        if found is None:
            self.fault(key, f"{text[:64]!a} is not a decimal number")
            return ""
        if is_beyond_use(found):
            self.fault(key, f"{text[:64]} has more than {WHOLE_DIGITS} digits before the point or {DECIMALS} after it")
            return ""
        return found

    def maybe(self, key: str) -> str | None:
        """Return a decimal where there is one; "" if what is there is none."""
        return self.decimal(key) if self.has(key) else None

    def inner(self, key: str) -> "Item":
        """Return an object inside this one."""
        value = self.cells.get(key)
        if not isinstance(value, dict):
            self.fault(key, "is missing" if value is None else "must be an object")
            value = {}
        return Item(self.source, f"{self.path}.{key}" if self.path else key, value, self.account)
