"""Why a book cannot hold what another engine did: what no engine may break, whatever its law.

Parties and markets are known, lots and money sum to zero, and who is closed holds what is closed.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from deleverage.rulebook.book import Book, leg_id_of
from deleverage.shadow.shape import OPENING, Close, Side

CLOSED = ("liquidated", "bankrupt", "netted", "candidate")
"""Parts that give up lots which they hold."""

Leg = tuple[str, str, str]
"""Unit, market and side of a leg."""


class Unfollowed(NamedTuple):
    """Why a book cannot follow: a name that is counted, and a sentence with what was found."""

    reason: str
    sentence: str


def amount_of(book: Book, side: Side) -> int:
    """Return the quanta a side received (paid: negative); 0 in a market that is not known."""
    if side.amount_quanta is not None:
        return side.amount_quanta
    market = book.markets.get(side.market_id)
    return -side.lots * market.terms.value_at(side.price_ticks or 0) if market is not None and side.price_ticks else 0


def obstacles(book: Book, close: Close) -> Iterator[Unfollowed]:
    """Yield why a book cannot follow a close, the plainest reason first."""
    yield from unknown(book, close)
    yield from _of_orders(book, close)
    yield from of_legs(book, close)
    lots = dict.fromkeys((side.market_id for side in close.fills), 0)
    for side in close.fills:
        lots[side.market_id] += side.lots
    money = sum(amount_of(book, side) for side in close.fills)
    money += sum(payment.amount_quanta for payment in close.payments)
    money += sum(change.amount_quanta for change in close.pots)
    if any(lots.values()) or money:
        left = sum(abs(count) for count in lots.values())
        yield Unfollowed("UNBALANCED", f"the sides leave {left} lots and {money} quanta")


def unknown(book: Book, close: Close) -> Iterator[Unfollowed]:
    """Yield which name of a close stands for nothing in the book."""
    for unit_id in (side.unit_id for side in close.fills):
        if unit_id not in book.units:
            yield Unfollowed("UNKNOWN_UNIT", f"no unit {unit_id}")
    for unit_id in (payment.unit_id for payment in close.payments):
        if unit_id not in book.units:
            yield Unfollowed("UNKNOWN_UNIT", f"no unit {unit_id}")
    for side in close.fills:
        market = book.markets.get(side.market_id)
        if market is None:
            yield Unfollowed("UNKNOWN_MARKET", f"no market {side.market_id}")
        elif market.settled or (market.mark_price_ticks == 0 and close.kind != OPENING):
            yield Unfollowed("MARKET_NOT_OPEN", f"{side.market_id} is settled or has no mark")
    for pot in (change.pot for change in close.pots):
        if pot not in book.pots:
            yield Unfollowed("UNKNOWN_POT", f"no pot {pot}")


def _of_orders(book: Book, close: Close) -> Iterator[Unfollowed]:
    for order_id, left in close.orders:
        order = book.orders.get(order_id)
        if order is None:
            yield Unfollowed("UNKNOWN_ORDER", f"no order {order_id}")
        elif left and (left * order.lots < 0 or abs(left) > abs(order.lots)):
            yield Unfollowed("UNKNOWN_ORDER", f"order {order_id} has {order.lots} lots, not more than {left}")


def of_legs(book: Book, close: Close, done: Mapping[Leg, int] | None = None) -> Iterator[Unfollowed]:
    """Yield whose legs cannot be closed so; ``done`` are lots that the book has moved beyond where they began."""
    held: dict[tuple[str, str], int] = {}
    for side in close.fills:
        unit, leg_id = book.units[side.unit_id], leg_id_of(side.market_id, side.leg_side)
        hedge = book.accounts[unit.account_id].hedge
        if hedge != bool(side.leg_side) or side.leg_side not in ("", "long", "short"):
            yield Unfollowed("WRONG_SIDE", f"{side.unit_id} has no leg {leg_id}")
        if unit.isolated_market_id not in ("", side.market_id):
            yield Unfollowed("WRONG_MARKET", f"{side.unit_id} holds {unit.isolated_market_id} only")
        leg = unit.legs.get(leg_id)
        begun = (leg.lots if leg is not None else 0) - (done or {}).get(
            (side.unit_id, side.market_id, side.leg_side), 0
        )
        before = held.get((side.unit_id, leg_id), begun)
        held[side.unit_id, leg_id] = after = before + side.lots
        if side.part in CLOSED and (before * side.lots >= 0 or abs(side.lots) > abs(before)):
            yield Unfollowed("MORE_THAN_HELD", f"{side.unit_id} holds {before} lots of {leg_id}, not {-side.lots}")
        if side.leg_side and after * (1 if side.leg_side == "long" else -1) < 0:
            yield Unfollowed("MORE_THAN_HELD", f"{side.unit_id} would hold {after} lots on {leg_id}")
