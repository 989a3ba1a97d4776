"""One record for every venue's marker on a forced close, and the small readers that all of them share.

Whatever a venue does not say is "" or ``None``; a size is in the venue's own unit, coins or contracts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deleverage.adapters.holding import Item
from deleverage.rulebook.book import LONG, SHORT
from deleverage.rulebook.quantities import BadQuantity, Scale, parse_units

ADL, LIQUIDATION, TAKEOVER, SETTLEMENT, WARNING, UNKNOWN = (
    "adl",
    "liquidation",
    "takeover",
    "settlement",
    "warning",
    "unknown",
)
ROLES = {
    ADL: "a counterparty's position closed against a bankrupt",
    LIQUIDATION: "the owner's own liquidation, a deleveraged bankrupt included",
    TAKEOVER: "transfer to the venue, a fund or a backstop",
    SETTLEMENT: "delivery or delisting of the market",
    WARNING: "the venue says how near deleveraging is; nothing is closed",
    UNKNOWN: "forced, but the record does not say on which side of it the account was",
}
"""What a marker says was done, and to whom."""

CLOSED_BY = {"sell": LONG, "buy": SHORT, "a": LONG, "b": SHORT, "ask": LONG, "bid": SHORT}
"""The side that is closed by a trade: who sells closes a long."""

_MILLISECONDS = Scale(1, 6)
_SECONDS = Scale(1, 9)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Marker:
    """A forced close, or a warning of one. ``said`` is the key and value that told it, ``raw_id`` the venue's id."""

    venue: str
    role: str
    market: str
    side: str
    size: str | None
    price: str | None
    time_ns: int | None
    account: str
    said: str
    raw_id: str


def told(item: Item, key: str, roles: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the role that a key's value stands for, and ``key=value``; a name that ends with * is a beginning."""
    value = item.cells.get(key)
    if not isinstance(value, str):
        return None
    for name, role in roles.items():
        if value == name or (name.endswith("*") and value.startswith(name[:-1])):
            return role, f"{key}={ascii(value)[1:-1][:60]}"
    return None


def first(item: Item, keys: Iterable[str]) -> str:
    """Return the first text there is under one of these keys, "" if none is."""
    found = (item.cells.get(key) for key in keys)
    return next((value for value in found if isinstance(value, str) and value), "")


def number(item: Item, *keys: str) -> str | None:
    """Return the first decimal under one of these keys, as a magnitude; ``None`` if there is none, or it is 0."""
    key = next((key for key in keys if item.has(key)), None)
    text = (item.maybe(key) or "") if key is not None else ""
    return text.removeprefix("-") if text.strip("-0.") else None


def closed(item: Item, key: str) -> str:
    """Return the side that a trade's side has closed, "" if it says none."""
    value = item.cells.get(key)
    return CLOSED_BY.get(value.lower(), "") if isinstance(value, str) else ""


def time_of(item: Item, key: str, scale: Scale = _MILLISECONDS) -> int | None:
    """Return a time in ns: a number of milliseconds (or units of ``scale``), or an ISO text in UTC."""
    if not item.has(key):
        return None
    text = item.text(key)
    try:
        return parse_units(text, scale)
    except BadQuantity:
        pass
    try:
        found = datetime.fromisoformat(text)
        since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        item.fault(key, f"{text[:40]!a} is no time: milliseconds since 1970, or YYYY-MM-DDTHH:MM:SS")
        return None
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000


def seconds_of(item: Item, key: str) -> int | None:
    """Return a time that is given in seconds, in ns."""
    return time_of(item, key, _SECONDS)
