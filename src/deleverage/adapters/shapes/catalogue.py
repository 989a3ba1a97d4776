"""Every shape by name, and which one a document has: told by the keys of its first record."""

from collections.abc import Callable
from typing import NamedTuple

from deleverage.adapters.holding import Holding, Item
from deleverage.adapters.shapes import binance, bybit, ccxt, hyperliquid, okx, own
from deleverage.adapters.supplied import Supplied

OWN = "own"


class Shape(NamedTuple):
    """A shape: its name, the keys that tell it, and its reader."""

    name: str
    keys: frozenset[str]
    read: Callable[[Item, Supplied], list[Holding]]


def _own(item: Item, supplied: Supplied) -> list[Holding]:
    """Return a position in our own shape: every value a text, numbers as they were written."""
    missing = [column for column in own.COLUMNS if column not in item.cells]
    wrong = [key for key, value in item.cells.items() if not isinstance(value, str)]
    for column in missing:
        item.fault(column, "is missing")
    for key in wrong:
        item.fault(key, "must be a text or a number")
    return [] if missing or wrong else own.read(item, item.account or supplied.account, bool(supplied.equity))


SHAPES = (
    Shape("hyperliquid", hyperliquid.KEYS, hyperliquid.read),
    Shape("binance", binance.KEYS, binance.read),
    Shape("okx", okx.KEYS, okx.read),
    Shape("bybit", bybit.KEYS, bybit.read),
    Shape("ccxt", ccxt.KEYS, ccxt.read),
    Shape(OWN, frozenset(own.COLUMNS), _own),
)
"""In the order in which they are tried; no record has the keys of two."""


def shape_of(items: list[Item]) -> Shape | None:
    """Return the shape of the first record whose keys tell one; our own, if a record has any of its columns."""
    for item in items:
        for shape in SHAPES:
            if shape.keys <= item.cells.keys():
                return shape
    begun = any(column in item.cells for item in items for column in own.COLUMNS)
    return SHAPES[-1] if begun else None


def known_shapes() -> str:
    """Return the shapes and the keys that tell them, for people."""
    return "; ".join(f"{shape.name} ({', '.join(sorted(shape.keys))})" for shape in SHAPES)
