"""What a key that sees only its own accounts is shown of an answer, which may tell of others, too.

A fact that names somebody else is shown as its kind, number and time, with those records of its arrays that name the
key's own units and nobody else. Of a bid that was refused before its lots were on offer nothing is told: the law's
reason would say how a stranger's unit fares. Deny by default: a text in an array, or an order, is shown to nobody.
"""

from collections.abc import Callable
from typing import Any

from deleverage.journal.parts import NAMING
from deleverage.rulebook.messages import Bid, Code

Json = dict[str, Any]
Own = Callable[[str], bool]

_PLAIN = ("kind", "seq", "time_ns")
_OF_THE_BIDDER = frozenset(
    code.name
    for code in (
        Code.MORE_THAN_HELD,
        Code.MORE_THAN_NEEDED,
        Code.DISCOUNT_TOO_SMALL,
        Code.LOTS_ABOVE_MAXIMUM,
        Code.BELOW_INITIAL_MARGIN,
    )
)


def seen(document: Json, kind: str, own: Own) -> Json:
    """Return the result of a command of a kind as its key may see it; ``own``: whether a unit or account is its own."""
    if "facts" in document:
        return document | {"facts": [fact_seen(fact, own) for fact in document["facts"]]}
    if "rejection" in document and kind == Bid.__name__ and document["rejection"]["code"] not in _OF_THE_BIDDER:
        told = {
            "code": Code.NO_AUCTION.name,
            "sentence": "no such lots are on offer",
            "found": {"text": ""},
            "bound": {"text": ""},
        }
        return document | {"rejection": document["rejection"] | told}
    return document


def fact_seen(fact: Json, own: Own) -> Json:
    """Return a fact, whole where it names nobody but the key's own."""
    if all(own(name) for name in _named(fact)):
        return fact
    shown: Json = {key: fact[key] for key in _PLAIN if key in fact}
    for key, value in fact.items():
        if isinstance(value, list):
            mine = [item for item in value if isinstance(item, dict) and _is_own(item, own)]
            shown |= {key: mine} if mine else {}
    return shown


def _is_own(record: Json, own: Own) -> bool:
    names = _named(record)
    return bool(names) and all(own(name) for name in names) and "order_id" not in record


def _named(part: Any) -> list[str]:
    """Return every unit and account that a document names, and every text of an array: it may begin with one."""
    if isinstance(part, list):
        return [name for item in part for name in ([item] if isinstance(item, str) else _named(item))]
    if not isinstance(part, dict):
        return []
    found = [value for key, value in part.items() if isinstance(value, str) and key.endswith(NAMING) and value]
    return found + [name for value in part.values() for name in _named(value)]
