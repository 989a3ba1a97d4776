"""The digest of a state: one text for one state, whatever the order in which it came about."""

from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any


def digest_of(state: Any) -> str:
    """Return the SHA-256 of a record and everything in it, as 64 hexadecimal digits."""
    sha = sha256()
    for name in _names(state.__class__):
        sha.update(f"{name}={canonical(getattr(state, name))}\n".encode("ascii"))
    return sha.hexdigest()


def canonical(value: Any) -> str:
    """Return one text for one state: mappings sorted by key, rows in field order, texts quoted so none can imitate."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "(" + ",".join(canonical(item) for item in value) + ")"
    if hasattr(value, "__dataclass_fields__"):
        return "[" + ",".join([canonical(getattr(value, name)) for name in _names(value.__class__)]) + "]"
    return repr(value)


@cache
def _names(kind: type) -> tuple[str, ...]:
    """Return the fields of a record, in order: they are asked for once for each record of the state."""
    return tuple(item.name for item in fields(kind))
