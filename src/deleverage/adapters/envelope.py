"""The wrappings that venues and programs put around records: unwrapped, with the path to every record.

A record is an object that is no wrapping. A wrapping is a list; an object with one of the keys below; or an object
whose every value is again a list or an object - then its keys are the accounts.
"""

from collections.abc import Iterator
from typing import Any

from deleverage.adapters.holding import Item, Source

WRAPPINGS = ("result", "params", "list", "data", "positions", "fills", "clearinghouseState", "state")
"""Bybit and Deribit, OKX, our own, Hyperliquid."""

WHOLE = ("assetPositions", "adlQuantile", "position")
"""What no wrapping has: an object with one of these keys is a record, whatever else it holds."""

DEEPEST = 8


def records(content: Any, source: Source, wrappings: tuple[str, ...] = WRAPPINGS) -> list[Item]:
    """Return the records of a document in their order; what is neither record nor wrapping is noted."""
    return list(_walk(content, Item(source, "", {}), wrappings, 0))


def _walk(value: Any, around: Item, wrappings: tuple[str, ...], depth: int) -> Iterator[Item]:
    """Yield what lies in a value; ``around`` carries the path to it, whose it is, and the object around it."""
    source, path, account, outer = around.source, around.path, around.account, around.outer
    if depth > DEEPEST:
        source.fault(f"is wrapped more than {DEEPEST} times", path)
    elif isinstance(value, list):
        if _is_pair(value):
            yield from _walk(value[1], Item(source, f"{path}[1]", {}, value[0], outer), wrappings, depth + 1)
            return
        for number, part in enumerate(value):
            yield from _walk(part, Item(source, f"{path}[{number}]", {}, account, outer), wrappings, depth + 1)
    elif not isinstance(value, dict):
        source.fault("is no object", path)
    elif any(key in value for key in WHOLE):
        owner = value.get("user")
        yield Item(source, path, value, owner if isinstance(owner, str) else account, outer)
    elif inner := [key for key in wrappings if isinstance(value.get(key), list | dict)]:
        owner = value.get("user")
        whose = owner if isinstance(owner, str) else account
        for key in inner:
            yield from _walk(value[key], Item(source, _below(path, key), {}, whose, value), wrappings, depth + 1)
    elif value and all(isinstance(part, list | dict) for part in value.values()):
        for key, part in value.items():
            yield from _walk(part, Item(source, _below(path, key), {}, key, outer), wrappings, depth + 1)
    else:
        yield Item(source, path, value, account, outer)


def _is_pair(value: list[Any]) -> bool:
    """Return whether a list is a user's name and what belongs to it."""
    return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)


def _below(path: str, key: str) -> str:
    shown = ascii(key)[1:-1][:40]
    return f"{path}.{shown}" if path else shown
