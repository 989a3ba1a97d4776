"""Voluntary trades and resting orders."""

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import NamedTuple

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, Market, Unit, copy_unit, leg_id_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.ladders.rungs import (
    Ladder,
    next_fact,
    refuse,
    releases,
    require_held,
    require_id,
    require_in_band,
    require_initial,
    require_live,
    require_lots,
    require_mark,
    require_market,
    require_no_pause,
    require_own_market,
    require_price,
    require_running,
    require_side,
    require_solvent,
    require_unguarded,
    require_unit,
)
from deleverage.rulebook.liquidation import maintenance_margin_ceil
from deleverage.rulebook.margin import equity, is_unhealthy, margin_balance
from deleverage.rulebook.messages import Code, Command, Fact
from deleverage.rulebook.orders import closes, held_lots
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.guards import asset_guards


class _Side(NamedTuple):
    """One side of a trade: the unit before it, the leg, whether the trade opens anything on it, and its signed lots."""

    unit: Unit
    leg_side: str
    leg_id: str
    opens: bool
    lots: int


def _trade(book: Book, command: m.Trade, rules: Rules) -> Iterator[Fact]:
    market = require_market(book, command.market_id)
    buyer, seller = require_unit(book, command.buyer_unit_id), require_unit(book, command.seller_unit_id)
    lots, market_id, price_ticks = command.lots, command.market_id, command.price_ticks
    for unit, leg_side in ((buyer, command.buyer_side), (seller, command.seller_side)):
        require_side(book, unit, leg_side)
    refuse(lots < 1, Code.BAD_LOTS, "a trade has at least 1 lot", lots, 1)
    require_price(market, price_ticks)
    refuse(buyer is seller, Code.SELF_TRADE, "buyer and seller are the same unit", buyer.unit_id)
    require_mark(market)
    require_live(market, command.time_ns)
    sides = [
        _side(buyer, market_id, command.buyer_side, lots),
        _side(seller, market_id, command.seller_side, -lots),
    ]
    opening = any(side.opens for side in sides)
    for side in sides:
        require_own_market(side.unit, market_id)
    if opening:
        require_running(book, market_id, "both sides of a trade reduce")
    for side in sides:
        require_solvent(side.unit)
    refuse(market.reduce_only and opening, Code.MARKET_REDUCE_ONLY, "both sides of a trade reduce", market_id)
    if opening:
        require_no_pause(market, command.time_ns)
    require_in_band(market, price_ticks, rules)
    for side in sides:
        if closes(side.leg_side, side.lots):
            require_held(side.unit, side.leg_id, lots)
    value = market.terms.value_at(price_ticks)
    looked = [copy_unit(side.unit) for side in sides]
    for side, after in zip(sides, looked, strict=True):
        settle_unit(after, market, side.lots, -side.lots * value, side.leg_side)
    _require_bounds(book, market, sides, looked, asset_guards(book, rules, command.time_ns))
    for side, after in zip(sides, looked, strict=True):
        if equity(book, after) < equity(book, side.unit):
            require_unguarded(book, side.unit, rules, command.time_ns)
    against_mark = market.value_quanta - value
    fills = tuple(
        m.Fill(
            side.unit.unit_id,
            market_id,
            side.lots,
            -side.lots * value,
            side.lots * against_mark,
            part,
            side.leg_side,
        )
        for side, part in zip(sides, ("buyer", "seller"), strict=True)
    )
    yield m.Traded(**next_fact(book, command), market_id=market_id, price_ticks=price_ticks, fills=fills)
    yield from releases(book, command, looked)


def _place_order(book: Book, command: m.PlaceOrder, rules: Rules) -> Iterator[Fact]:
    require_id(command.order_id, slash=True)
    refuse(command.order_id in book.orders, Code.DUPLICATE_ID, "an order of this id rests", command.order_id)
    market = require_market(book, command.market_id)
    unit = require_unit(book, command.unit_id)
    require_side(book, unit, command.leg_side)
    refuse(command.lots == 0, Code.BAD_LOTS, "an order has lots", 0)
    require_price(market, command.price_ticks)
    require_mark(market)
    require_live(market, command.time_ns)
    require_own_market(unit, command.market_id)
    require_running(book, command.market_id, "no orders")
    require_solvent(unit)
    refuse(market.reduce_only, Code.MARKET_REDUCE_ONLY, "no orders in a reduce-only market", command.market_id)
    require_no_pause(market, command.time_ns)
    require_in_band(market, command.price_ticks, rules)
    placed = m.OrderPlaced(
        **next_fact(book, command),
        order_id=command.order_id,
        unit_id=command.unit_id,
        market_id=command.market_id,
        lots=command.lots,
        price_ticks=command.price_ticks,
        leg_side=command.leg_side,
    )
    leg_id = leg_id_of(command.market_id, command.leg_side)
    if closes(command.leg_side, command.lots):
        require_held(unit, leg_id, abs(command.lots) + _closing_lots(book, unit, leg_id))
    looked = replace(book, orders=dict(book.orders), pools={})  # Pools would remember a fact that is tried only.
    apply(looked, placed)
    require_lots(market, held_lots(looked, unit).get(leg_id, 0))
    require_initial(looked, unit, asset_guards(book, rules, command.time_ns))
    yield placed


def _cancel_order(book: Book, command: m.CancelOrder, rules: Rules) -> Iterator[Fact]:
    refuse(command.order_id not in book.orders, Code.UNKNOWN_ORDER, "no such order", command.order_id)
    yield m.OrdersCancelled(**next_fact(book, command), orders=(m.OrderChange(command.order_id, 0),), reason="owner")


def _require_bounds(
    book: Book, market: Market, sides: list[_Side], looked: list[Unit], guarded: Container[str]
) -> None:
    """Refuse a trade by the state after it: lots and open interest, then the margin of each side."""
    market_id = market.terms.market_id
    opening = [(side, after) for side, after in zip(sides, looked, strict=True) if side.opens]
    for side, after in opening:
        require_lots(market, held_lots(book, after).get(side.leg_id, 0))
    total = market.open_interest_lots + sum(unit.lots_on(market_id, 1) for unit in looked)
    total -= sum(side.unit.lots_on(market_id, 1) for side in sides)
    bound = market.terms.max_open_interest_lots
    refuse(total > bound, Code.OPEN_INTEREST_ABOVE_MAXIMUM, "open interest exceeds the bound", total, bound)
    for _, after in opening:
        require_initial(book, after, guarded)
    for side, after in zip(sides, looked, strict=True):
        own, lost = equity(book, after), equity(book, side.unit) > equity(book, after)
        below = not side.opens and own < 0 and (lost or margin_balance(book, after) < 0)
        refuse(below, Code.BELOW_ZERO, f"{after.unit_id} would be left below zero", own, 0)
    for side, after in zip(sides, looked, strict=True):
        own, before = equity(book, after), equity(book, side.unit)
        worse = not side.opens and own < before and is_unhealthy(book, after)
        sentence = f"the trade would take {after.unit_id} below maintenance at a price worse than the mark"
        refuse(worse, Code.BELOW_MAINTENANCE, sentence, own, maintenance_margin_ceil(book, after))


def _side(unit: Unit, market_id: str, leg_side: str, change: int) -> _Side:
    leg_id = leg_id_of(market_id, leg_side)
    leg = unit.legs.get(leg_id)
    opens = leg is None or (leg.lots > 0) == (change > 0) or abs(change) > abs(leg.lots)
    return _Side(unit, leg_side, leg_id, not closes(leg_side, change) if leg_side else opens, change)


def _closing_lots(book: Book, unit: Unit, leg_id: str) -> int:
    mine = (order for order in book.orders.values() if (order.unit_id, order.leg_id) == (unit.unit_id, leg_id))
    return sum(abs(order.lots) for order in mine if closes(order.leg_side, order.lots))


LADDERS: dict[type[Command], Ladder] = {
    m.Trade: _trade,
    m.PlaceOrder: _place_order,
    m.CancelOrder: _cancel_order,
}
