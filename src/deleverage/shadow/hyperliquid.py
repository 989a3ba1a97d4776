"""Hyperliquid's own records as a stream: markets, states of accounts, marks, and fills of everybody.

Lines, in any order but this sense: ``{"universe": [...]}`` (of ``meta``) lists markets; a ``clearinghouseState`` with
its ``user`` says what an account holds when it is first heard of; ``activeAssetCtx`` brings marks; ``userFills``,
blocks of a node (``{"events": [[user, fill], ...]}``) and single fills with a ``user`` bring trades. Both sides of a
trade are needed, they find each other by ``tid``. A fill whose ``dir`` is Auto-Deleveraging, or that has a
``liquidation``, is a forced close; the ``markPx`` in it is a mark.

Not in these records, and so not followed: fees, deposits and withdrawals, margin moved by hand. Isolated positions are
held by the account as a whole. What a position of the beginning was opened against is the unit ``outside``.
"""

import json
from collections.abc import Iterator
from typing import Any

from deleverage.adapters.holding import Item, Source
from deleverage.adapters.markers.decentralised import AUTO_DELEVERAGING
from deleverage.adapters.markers.marker import time_of
from deleverage.adapters.strict_json import of_objects
from deleverage.rulebook.book import Book, Market
from deleverage.rulebook.messages import Command, ListMarket, OpenAccount, Trade
from deleverage.rulebook.quantities import BadQuantity, parse_units
from deleverage.shadow.hyperliquid_state import MONEY, mark_of, objects, opening, terms_of
from deleverage.shadow.shape import AT_MARKS, SHAPE, BadLine, Close, Header, Side, Why, read_object

SIDES = ("A", "B")


class Hyperliquid:
    """Reads such lines; ``halves`` are fills whose other side has not been told yet, by coin and ``tid``."""

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self.halves: dict[str, str] = {}
        self._new: set[str] = set()  # whom the line at hand has opened
        self._marks: dict[str, int] = {}  # and what it has marked

    def header(self, line: bytes) -> Header:
        """Return what is known without being told; the first line is read as every other."""
        return Header(shape=SHAPE, name="hyperliquid", currency="USDC", money=MONEY, steps=AT_MARKS)

    def kept(self) -> dict[str, str]:
        """Return the fills that wait for their other side."""
        return self.halves

    def take(self, kept: dict[str, str]) -> None:
        """Go on waiting for these."""
        self.halves = dict(kept)

    def read(self, line: bytes, number: int, book: Book) -> list[Command | Close]:
        """Return what a line says; where a part of it cannot be read, BadLine, and nothing was said."""
        source, kept = Source(f"line {number}"), dict(self.halves)
        self._new, self._marks = set(), {}
        try:
            told = list(self._told(Item(source, "", of_objects(read_object(line))), book))
        except BadQuantity as fault:
            source.fault(str(fault))
        except ValueError as fault:
            raise BadLine(Why.NOT_JSON, str(fault)) from None
        if source.faults:
            self.halves = kept
            sentences = [f"{fault.column or 'line'}: {fault.sentence}" for fault in source.faults[:3]]
            raise BadLine(Why.BAD_FIELD, "; ".join(sentences))
        return told

    def _told(self, item: Item, book: Book) -> Iterator[Command | Close]:
        cells = _inside(item.cells)
        inner, whole = Item(item.source, "", cells), item.cells
        when = next((time_of(Item(item.source, "", part), "time") for part in (cells, whole) if "time" in part), None)
        now = book.time_ns if when is None else when
        whose = inner if "user" in cells else item
        if "universe" in cells:
            new = (part for part in objects(inner, "universe") if part.text("name") not in book.markets)
            yield from (ListMarket(time_ns=now, terms=terms_of(part)) for part in new)
        elif "assetPositions" in cells:
            if whose.text("user") not in book.accounts:
                yield from opening(inner, whose.text("user"), book, now)
        elif "ctx" in cells:
            yield mark_of(book, inner.text("coin"), inner.inner("ctx").decimal("markPx"), now)
        elif "events" in cells or "fills" in cells or "px" in cells:
            for fill in _fills(inner, whose):
                yield from self._fill(fill, book)
        else:
            raise BadLine(Why.UNKNOWN_LINE, f"keys {', '.join(ascii(key)[:40] for key in cells)}")

    def _fill(self, fill: Item, book: Book) -> Iterator[Command | Close]:
        """Yield the trade or close of a fill whose other side is there, with whoever is new."""
        market, when = book.markets.get(fill.text("coin")), time_of(fill, "time")
        size, price, side = fill.decimal("sz"), fill.decimal("px"), fill.one_of("side", SIDES)
        tid = f"{fill.text('coin')} {fill.text('tid')}"
        if not fill.account:
            fill.fault("user", "is missing")
        if market is None:
            fill.fault("coin", "is a market not listed yet")
        if market is None or when is None or not (size and price and side and fill.account):
            return
        lots, ticks = parse_units(size, market.terms.lot), parse_units(price, market.terms.tick)
        other = self.halves.pop(tid, None)
        if other is None:
            self.halves[tid] = json.dumps([fill.account, fill.cells])
            return
        account, cells = json.loads(other)
        pair = [fill, Item(fill.source, fill.path, cells, account)]
        if cells["side"] == side or (cells["sz"], cells["px"]) != (fill.cells["sz"], fill.cells["px"]):
            fill.fault("tid", "is of two fills that are not the sides of one trade")
            return
        yield from self._both(pair if side == "B" else pair[::-1], market, lots, ticks, when, book)

    def _both(
        self, pair: list[Item], market: Market, lots: int, ticks: int, when: int, book: Book
    ) -> Iterator[Command | Close]:
        """Yield what buyer and seller tell together."""
        for one in pair:
            if one.account not in book.accounts and one.account not in self._new:
                self._new.add(one.account)
                yield OpenAccount(time_ns=when, account_id=one.account)
        market_id = market.terms.market_id
        forced = [one.inner("liquidation") for one in pair if isinstance(one.cells.get("liquidation"), dict)]
        if not forced:
            (buyer, seller), what = (one.account for one in pair), {"market_id": market_id, "lots": lots}
            yield Trade(time_ns=when, buyer_unit_id=buyer, seller_unit_id=seller, price_ticks=ticks, **what)  # type: ignore[arg-type]
            return
        if forced[0].has("markPx"):
            mark = mark_of(book, market_id, forced[0].decimal("markPx"), when)
            if self._marks.get(market_id, market.mark_price_ticks) != mark.marks[0].price_ticks:
                self._marks[market_id] = mark.marks[0].price_ticks
                yield mark
        kind, loser, other = _kind(pair, forced[0])
        whom = forced[0].text("liquidatedUser")
        sides = [
            Side(one.account, market_id, sign * lots, loser if one.account == whom else other, "", ticks)
            for one, sign in zip(pair, (1, -1), strict=True)
        ]
        yield Close(time_ns=when, kind=kind, fills=tuple(sides))


def _kind(pair: list[Item], forced: Item) -> tuple[str, str, str]:
    """Return what a forced close is called, and what its two sides are to it."""
    if AUTO_DELEVERAGING in (one.cells.get("dir") for one in pair):
        return "adl", "bankrupt", "candidate"
    if forced.cells.get("method") == "backstop":
        return "takeover", "liquidated", "taker"
    return "liquidation", "liquidated", "maker"


def _fills(item: Item, whose: Item) -> list[Item]:
    """Return the fills of a block, of a user, or the one that stands for itself; each with its user."""
    if "events" in item.cells:
        events = item.cells["events"]
        pairs = [event for event in events if _is_event(event)] if isinstance(events, list) else []
        if not isinstance(events, list) or len(pairs) < len(events):
            item.fault("events", "must be a list of [user, fill]")
        return [Item(item.source, f"events[{at}]", fill, user) for at, (user, fill) in enumerate(pairs)]
    user = whose.text("user")
    parts = objects(item, "fills") if "fills" in item.cells else [item]
    return [Item(item.source, part.path, part.cells, user) for part in parts]


def _is_event(event: Any) -> bool:
    return isinstance(event, list) and len(event) == 2 and isinstance(event[0], str) and isinstance(event[1], dict)


def _inside(cells: dict[str, Any]) -> dict[str, Any]:
    """Return the object in the wrappings of a channel or an answer."""
    for key in ("data", "meta", "clearinghouseState"):
        inner = cells.get(key)
        if isinstance(inner, dict):
            return _inside(inner)
    return cells
