"""Plug point *price*: the money that stage 5 asks for the lots it closes.

Every price is said as money above (or below) the mark that candidates give up for the closed lots. ``asked`` clips it
to [0, shortfall of these lots]: a forced close leaves the bankrupt between its old value and zero. What a price does
not ask has no lots any more and goes to stage 6 (or, deleveraging first, to the fund): no difference lacks an owner.

Deliberately absent: *entry* (each candidate would be asked another amount per lot: the money would hang on who is
selected, not on the pool) and *tick rounding* (amounts are law and a price is a display: a rounded price would only
move money between two named owners to print nicely).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from deleverage.rulebook.plug import PlugFault, Registry, require_share
from deleverage.rulebook.quantities import PPB, share_floor


class Closed(NamedTuple):
    """The lots that stage 5 closes in one pool (one by one: with one fill), and what they owe.

    ``side`` is 1 for bankrupt longs, -1 for shorts. ``value_quanta`` is what one lot is worth at the mark,
    ``previous_value_quanta`` at the mark before; both signed.
    """

    side: int
    lots: int
    shortfall_quanta: int
    value_quanta: int
    previous_value_quanta: int

    @property
    def notional_quanta(self) -> int:
        """The value of the lots at the mark, magnitude."""
        return self.lots * abs(self.value_quanta)


class Price(ABC):
    """A price rule."""

    __slots__ = ()
    kind: ClassVar[str]

    @abstractmethod
    def money(self, closed: Closed) -> int:
        """Return the quanta that candidates give up against the mark, before ``asked`` clips them."""


def asked(price: Price, closed: Closed) -> int:
    """Return the quanta that stage 5 asks for closed lots: the price's money, clipped to [0, their shortfall]."""
    return max(0, min(price.money(closed), closed.shortfall_quanta))


@dataclass(frozen=True, slots=True)
class Bankruptcy(Price):
    """Ask for the whole shortfall: candidates take the lots at the bankrupts' zero price.

    Formula: M = S, the shortfall of the closed lots.
    Who uses it: BitMEX, Binance, Bybit, Bitget and most others; dYdX v4 below zero.
    Assumes: a winner's gain is what the loser lost; candidates in loss may be asked as well.
    """

    kind: ClassVar[str] = "bankruptcy"

    def money(self, closed: Closed) -> int:
        """Return the shortfall."""
        return closed.shortfall_quanta


@dataclass(frozen=True, slots=True)
class Mark(Price):
    """Ask for nothing: the lots are closed at the mark, the shortfall is somebody else's.

    Formula: M = 0.
    Who uses it: OKX, CoinEx, HashKey, Aevo, Injective's offset.
    Assumes: fund or socialisation carry the whole shortfall.
    """

    kind: ClassVar[str] = "mark"

    def money(self, closed: Closed) -> int:
        """Return 0."""
        return 0


@dataclass(frozen=True, slots=True)
class PreviousMark(Price):
    """Ask for the lots' move since the mark before: candidates do not have the last jump.

    Formula: M = lots x side x (value at the previous mark - value at the mark), clipped to [0, S].
    Who uses it: Hyperliquid ("previous mark price").
    Assumes: the marks come in steps that somebody can name; with a fine clock it is nearly the mark.
    """

    kind: ClassVar[str] = "previous-mark"

    def money(self, closed: Closed) -> int:
        """Return what the lots were worth more at the mark before."""
        return closed.lots * closed.side * (closed.previous_value_quanta - closed.value_quanta)


@dataclass(frozen=True, slots=True)
class Spread(Price):
    """Ask for a spread on the mark, against the candidate.

    Formula: M = floor(|lots x value| x spread_ppb / 10^9), clipped to [0, S]; the candidate keeps the last quantum.
    Who uses it: Deribit's reference price with a spread (there in the receiver's favour, which asks nothing here).
    Assumes: a spread on the value of the lots; for an inverse contract that is not the same share of its price.
    """

    spread_ppb: int
    kind: ClassVar[str] = "spread"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self, "spread_ppb", PPB)

    def money(self, closed: Closed) -> int:
        """Return the spread on the notional."""
        return share_floor(closed.notional_quanta, self.spread_ppb, PPB)


@dataclass(frozen=True, slots=True)
class Blend(Price):
    """Ask for a share of the shortfall: a price between mark (0) and bankruptcy (1).

    Formula: M = floor(S x share_ppb / 10^9); the candidates keep the last quantum.
    Who uses it: FTX (two thirds zero price, one third mark).
    Assumes: the rest has another payer: stage 6, or the fund where deleveraging goes first.
    """

    share_ppb: int
    kind: ClassVar[str] = "blend"

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        require_share(self, "share_ppb", PPB)

    def money(self, closed: Closed) -> int:
        """Return the share of the shortfall."""
        return share_floor(closed.shortfall_quanta, self.share_ppb, PPB)


@dataclass(frozen=True, slots=True)
class Capped(Price):
    """Ask what another price asks, but at most a share of the notional.

    Formula: M = min(money of ``price``, floor(|lots x value| x most_ppb / 10^9)).
    Who uses it: no venue states it; price bands around the mark come to it. A capped bankruptcy price is a spread.
    Assumes: beyond the cap a close would be felt as confiscation, and stage 6 spreads the rest more widely.
    """

    price: Price
    most_ppb: int
    kind: ClassVar[str] = "capped"

    def __post_init__(self) -> None:
        """Refuse what is no price, and what is no share."""
        if not isinstance(self.price, Price):
            raise PlugFault(f"price of capped is {self.price!r}, it is a price")
        require_share(self, "most_ppb", PPB)

    def money(self, closed: Closed) -> int:
        """Return the lesser of the two."""
        return min(self.price.money(closed), share_floor(closed.notional_quanta, self.most_ppb, PPB))


PRICES: Registry[Price] = Registry("price", Price, (Bankruptcy, Mark, PreviousMark, Spread, Blend, Capped))
"""Every price rule by name."""
