"""The first place where two documents do not say the same."""

from typing import NamedTuple

from deleverage.documents.codec import canonical
from deleverage.documents.forms import path_of
from deleverage.documents.schema import Json


class Divergence(NamedTuple):
    """The first difference: its key path, what was expected there, and what was found, as JSON texts."""

    path: str
    expected: str
    found: str


NOTHING = object()
"""What stands where only the other side has something."""


def difference(expected: Json, found: Json, *keys: str | int) -> Divergence | None:
    """Return the first place below ``keys`` where two documents differ; the order of an object's keys is no matter."""
    if expected == found:
        return None
    parts = _pairs(expected, found)
    if parts is None:
        return Divergence(path_of(keys), *("nothing" if s is NOTHING else canonical(s) for s in (expected, found)))
    differences = (difference(one, other, *keys, key) for key, one, other in parts)
    return next(divergence for divergence in differences if divergence)


def _pairs(expected: Json, found: Json) -> list[tuple[str | int, Json, Json]] | None:
    """Return the parts of two objects or arrays side by side; None where they have no parts to compare."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [(key, expected.get(key, NOTHING), found.get(key, NOTHING)) for key in {**expected, **found}]
    if isinstance(expected, list) and isinstance(found, list):
        length = max(len(expected), len(found))
        one, other = ([*side, *[NOTHING] * (length - len(side))] for side in (expected, found))
        return [(at, one[at], other[at]) for at in range(length)]
    return None
