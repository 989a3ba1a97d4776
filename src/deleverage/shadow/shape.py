"""Our own shape of another engine's stream: one JSON object a line, and why a line is none.

The first line is the header. Behind it a line says a command of the law (``{"command": {...}}``, the documents of the
API and the vectors) or a forced close (``{"close": {...}}``). A ``RunStep`` says that the other engine looked at its
accounts now; what it closed follows it.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from deleverage.documents import BadDocument, Json, decode, encode, parse
from deleverage.rulebook.messages import Command, OrderChange, Payment, PotChange
from deleverage.rulebook.quantities import Scale
from deleverage.rulebook.rules import Rules

SHAPE = "deleverage-shadow/1"
TOLD, AT_MARKS = "told", "marks"
STEPS = {
    TOLD: "the stream says when the other engine looked: a RunStep line",
    AT_MARKS: "it looks whenever marks, prices of assets or funding have changed",
}
OPENING = "opening"
CLOSES = ("netting", "liquidation", "takeover", "adl")
KINDS = (*CLOSES, OPENING)
PARTS = ("liquidated", "maker", "bankrupt", "netted", "candidate", "taker", "holder")
"""What a side of a close is to it; a holder only has an opening position."""

LONGEST_LINE = 1 << 22


class Why(Enum):
    """Why a line of the stream cannot be read."""

    TOO_LONG = "longer than a line may be"
    NOT_JSON = "no JSON object"
    UNKNOWN_LINE = "neither header, command nor close"
    BAD_FIELD = "a field is not what it has to be"
    HEADER_MISPLACED = "the header is the first line, and only that"
    UNPAIRED = "a fill whose other side was never told"


class BadLine(Exception):
    """A line that cannot be read: the reason by name, and what was found."""

    def __init__(self, why: Why, sentence: str = "") -> None:
        """Keep reason and sentence."""
        super().__init__(sentence or why.value)
        self.why, self.sentence = why, sentence or why.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a stream says of itself; without ``rules`` the follower has to be told whose law to apply."""

    shape: str
    name: str
    currency: str
    money: Scale
    steps: str
    rules: Rules | None = None


class Side(NamedTuple):
    """One side of a close: signed lots, and either the price per lot or the whole amount received (paid: negative)."""

    unit_id: str
    market_id: str
    lots: int
    part: str
    leg_side: str = ""
    price_ticks: int | None = None
    amount_quanta: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A forced close: who was closed against whom, and what was booked with it; lots and money sum to zero."""

    time_ns: int
    kind: str
    fills: tuple[Side, ...]
    payments: tuple[Payment, ...] = ()
    pots: tuple[PotChange, ...] = ()
    orders: tuple[OrderChange, ...] = ()


Told = Header | Command | Close

_LEFT_OUT: dict[str, Json] = {"payments": [], "pots": [], "orders": []}
_LEFT_OUT_OF_SIDES: dict[str, Json] = {"leg_side": "", "price_ticks": None, "amount_quanta": None}


def read_line(line: bytes) -> Told:
    """Return what a line says; raise BadLine."""
    (name, document), *more = read_object(line).items() or [("", None)]
    if more or name not in ("header", "command", "close"):
        raise BadLine(Why.UNKNOWN_LINE, f"keys {', '.join(ascii(key)[:40] for key in (name, *dict(more)))}")
    try:
        if name == "command":
            return decode(Command, document)
        return _close(document) if name == "close" else _header(document)
    except BadDocument as fault:
        raise BadLine(Why.BAD_FIELD, f"{name}: {fault}") from None


def read_object(line: bytes) -> dict[str, Json]:
    """Return the JSON object on a line."""
    try:
        document = parse(line)
    except BadDocument as fault:
        raise BadLine(Why.NOT_JSON, str(fault)) from None
    if not isinstance(document, dict):
        raise BadLine(Why.NOT_JSON, "is no object")
    return document


def write_line(told: Told) -> Json:
    """Return the document of a line."""
    if isinstance(told, Command):
        return {"command": encode(Command, told)}
    return {"header": encode(Header, told)} if isinstance(told, Header) else {"close": encode(Close, told)}


def _header(document: Json) -> Header:
    header = decode(Header, {"rules": None, **document} if isinstance(document, dict) else document)
    for key, value, known in (("shape", header.shape, (SHAPE,)), ("steps", header.steps, tuple(STEPS))):
        require_known(value, known, key)
    return header


def _close(document: Json) -> Close:
    if isinstance(document, dict):
        document = {**_LEFT_OUT, **document}
        fills = document.get("fills")
        if isinstance(fills, list):
            parts = [{**_LEFT_OUT_OF_SIDES, **fill} if isinstance(fill, dict) else fill for fill in fills]
            document["fills"] = parts
    close = decode(Close, document)
    require_known(close.kind, KINDS, "kind")
    if not close.fills:
        raise BadDocument("nobody is closed", "fills")
    for at, fill in enumerate(close.fills):
        require_known(fill.part, PARTS, "fills", at, "part")
        if (fill.price_ticks is None) == (fill.amount_quanta is None):
            raise BadDocument("either price_ticks or amount_quanta is said", "fills", at)
        if fill.lots == 0:
            raise BadDocument("0 lots", "fills", at, "lots")
    return close


def require_known(value: str, known: tuple[str, ...], *keys: str | int) -> None:
    """Raise BadDocument where a text is none of the known ones."""
    if value not in known:
        raise BadDocument(f"{value[:40]!a} is none of {', '.join(known)}", *keys)
