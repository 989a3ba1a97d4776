"""How near to being deleveraged venues tell their users, and one number for all of it: the normalised risk in ppb.

Rules of this module:

* Risk 10^9 is next to be deleveraged, 0 is last; ``None`` is no position, or not known.
* ``encode(decode(value))`` is the value again, for every legal one; ``decode(encode(risk))`` is as fine as the scale.
* A value that a scale does not have is refused, never clipped. A scale whose venue does not say which end is next is
  read and written only with a direction that the caller names.

Deliberately absent: Phemex's ``deleveragePercentileEr`` and Deribit: a scale without a published unit, and none at all.
"""

from dataclasses import dataclass
from typing import Protocol

from deleverage.rulebook.places import Place
from deleverage.rulebook.quantities import PPB, BadQuantity, Scale, div_floor, format_units, parse_units

RISING, FALLING = "rising", "falling"
DIRECTIONS = (RISING, FALLING)
"""Larger values are closed sooner, or smaller ones."""


class BadIndicator(ValueError):
    """A value that a scale does not have, or a direction that nobody has named."""


class Indicator(Protocol):
    """A scale of a venue."""

    @property
    def name(self) -> str:
        """The name by which presets and the command line choose it."""
        ...

    @property
    def direction(self) -> str:
        """``rising`` or ``falling``, "" where the venue does not say."""
        ...

    @property
    def says(self) -> str:
        """What the venue publishes, for people."""
        ...

    def decode(self, value: object, direction: str = "") -> int | None:
        """Return the normalised risk of a published value."""
        ...

    def encode(self, risk_ppb: int | None, direction: str = "") -> str | None:
        """Return the value that the venue would publish for a risk."""
        ...


@dataclass(frozen=True, slots=True)
class Levels:
    """Steps, each as wide as the others; ``names`` from the smallest value up. ``none``: the value without position."""

    name: str
    names: tuple[str, ...]
    says: str
    direction: str = RISING
    none: str | None = None

    def decode(self, value: object, direction: str = "") -> int | None:
        """Return 0 for the last level, 10^9 for the next one, and equal steps between them."""
        text = _text(value)
        if text == self.none:
            return None
        if text not in self.names:
            known = ", ".join((*self.names, *([self.none] if self.none is not None else [])))
            raise BadIndicator(f"{self.name} has no value {text!a}, it has {known}")
        level, last = self.names.index(text), len(self.names) - 1
        risk_ppb = div_floor(level * PPB, last)
        return risk_ppb if _direction(self, direction) == RISING else PPB - risk_ppb

    def encode(self, risk_ppb: int | None, direction: str = "") -> str | None:
        """Return the level into whose share of the queue a risk falls; the next one is in the highest."""
        if risk_ppb is None:
            return self.none
        level = min(len(self.names) - 1, div_floor(_lawful(risk_ppb) * len(self.names), PPB))
        return self.names[level if _direction(self, direction) == RISING else -1 - level]


@dataclass(frozen=True, slots=True)
class Share:
    """A decimal from 0 to 1 with at most nine places; nothing published means no position."""

    name: str
    says: str
    direction: str = RISING

    def decode(self, value: object, direction: str = "") -> int | None:
        """Return the share in ppb, turned round if small shares are closed first; exactly, or not at all."""
        text = _text(value)
        if text is None:
            return None
        try:
            share_ppb = parse_units(text, Scale(1, 9))
        except BadQuantity:
            raise BadIndicator(f"{self.name}: {text[:40]!a} is no plain decimal of at most 9 places") from None
        if not 0 <= share_ppb <= PPB:
            raise BadIndicator(f"{self.name}: {text} lies outside 0 to 1")
        return share_ppb if _direction(self, direction) == RISING else PPB - share_ppb

    def encode(self, risk_ppb: int | None, direction: str = "") -> str | None:
        """Return a risk as a decimal, exactly."""
        if risk_ppb is None:
            return None
        rising = _direction(self, direction) == RISING
        return format_units(_lawful(risk_ppb) if rising else PPB - _lawful(risk_ppb), Scale(1, 9))


_DIGITS = tuple("012345")
_UNSTATED = "the text does not say which end is next"
_EVERY: tuple[Indicator, ...] = (
    Levels("lights", _DIGITS[1:], "five lights, 5 is next"),
    Share("percentile", "share of the queue up to and including oneself: small is next", FALLING),
    Levels("binance", _DIGITS[:5], "adlQuantile 0 to 4, 4 is next; HEDGE beside LONG and SHORT is a sign, not a value"),
    Levels("binance-symbol", ("low", "medium", "high"), "adlRisk of a whole symbol: low, medium, high"),
    Levels("aster", _DIGITS[:5], "adlQuantile 0 to 4, as Binance"),
    Levels("bybit", _DIGITS[1:], "adlRankIndicator 1 to 5, 5 is next; 0 is empty", none="0"),
    Levels("okx", _DIGITS, "adl 0 to 5, smaller is weaker"),
    Levels("okx-older", _DIGITS[1:], "adl 1 to 5, as older pages have it"),
    Levels("gate", _DIGITS[1:], "adl_ranking 1 is next, 5 is last; 6 is none, or in liquidation", FALLING, none="6"),
    Levels("htx", _DIGITS[1:], "adl_risk_percent 1 to 5, 5 is next"),
    Levels("whitebit", _DIGITS[:5], "adl-quantile 0 to 4 per side, 4 is next; null is no exposure"),
    Share("bitget", "adlRank 0 to 1, closer to 1 is sooner"),
    Share("kucoin", f"delevPercentage 0 to 1; {_UNSTATED}", ""),
    Share("bitmex", f"deleveragePercentile 0 to 1; {_UNSTATED}", ""),
    Share("phemex", f"deleveragePercentileRr, 0 to 1 by its name; {_UNSTATED}", ""),
    Levels("kraken", ("20", "40", "60", "80", "100"), f"percentile 20 to 100 in steps of 20; {_UNSTATED}", ""),
)
INDICATORS = {indicator.name: indicator for indicator in _EVERY}
"""Every scale by its name."""

BY_ACCOUNT = frozenset({"binance", "aster"})
"""Scales whose formula counts accounts; all others count lots, as BitMEX's worked queue does."""


def risk_of(place: Place) -> int:
    """Return the risk of a place in a queue in ppb: the share of the lots behind it, rounded down; the first has 10^9.

    So the last has 0, and the five lights of BitMEX's published queue come out of it.
    """
    return PPB if place.rank == 1 else PPB - place.percentile_ppb


def risk_by_account(place: Place, count: int) -> int:
    """Return the risk of a place among ``count`` in ppb, by accounts instead of lots, rounded down."""
    return PPB if place.rank == 1 else div_floor((count - place.rank) * PPB, count)


def _direction(indicator: Indicator, named: str) -> str:
    """Return which way a scale runs: as the venue says, else as the caller says."""
    if named and named not in DIRECTIONS:
        raise BadIndicator(f"direction {named!a} is unknown, known are {', '.join(DIRECTIONS)}")
    if indicator.direction and named not in ("", indicator.direction):
        raise BadIndicator(f"{indicator.name} is {indicator.direction}, its venue says so")
    if not (indicator.direction or named):
        raise BadIndicator(f"{indicator.name}: {_UNSTATED}; name a direction, {' or '.join(DIRECTIONS)}")
    return indicator.direction or named


def _text(value: object) -> str | None:
    """Return a published value as text: texts and whole numbers only, a float is not what the venue has written."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadIndicator(f"a value of type {type(value).__name__} is no indicator: give the text that the venue has sent")


def _lawful(risk_ppb: int) -> int:
    if not 0 <= risk_ppb <= PPB:
        raise BadIndicator(f"a risk of {risk_ppb} ppb lies outside 0 to {PPB}")
    return risk_ppb
