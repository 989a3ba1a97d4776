"""Stages 1 and 2: relieve held margin, then reduce unhealthy units into the resting orders.

A liquidation sells only what its own equity can pay for in slippage, shares the depth with the others of the same step
by the splitting function - never first come - and never makes a maker unhealthy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FEES_POT, LONG, SHORT, Market, Order, Unit, copy_unit, side_of
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.margin import closes, is_unhealthy
from deleverage.rulebook.messages import Fill, Netted, OrderChange, OrdersCancelled, Payment, PotChange, Reduced
from deleverage.rulebook.quantities import PPB, div_floor, fee_ceil, share_ceil
from deleverage.rulebook.stages.scratch import SIDES, Scratch


def relieve(scratch: Scratch) -> None:
    """Stage 1: cancel every open order of units that are bankrupt or unhealthy, and net their opposite legs."""
    distressed = {unit.unit_id for unit in scratch.unhealthy_units()}
    distressed |= {unit.unit_id for unit in scratch.bankrupt_units() if not scratch.out_of_reach(unit)}
    cancelled = scratch.cancellations(lambda order: order.unit_id in distressed)
    if cancelled:
        scratch.emit(OrdersCancelled, orders=cancelled, reason="relieve")
    fills = [fill for unit_id in sorted(distressed) for fill in _net(scratch, scratch.book.units[unit_id])]
    if fills:
        scratch.emit(Netted, fills=tuple(fills))


def _net(scratch: Scratch, unit: Unit) -> Iterator[Fill]:
    """Close opposite legs of one unit against each other at the mark: no equity moves, the requirement falls."""
    for market_id, market in scratch.open_markets():
        lots = min(unit.lots_on(market_id, 1), unit.lots_on(market_id, -1))
        if lots:
            amount = lots * market.value_quanta
            yield Fill(unit.unit_id, market_id, -lots, amount, 0, "netted", LONG)
            yield Fill(unit.unit_id, market_id, lots, -amount, 0, "netted", SHORT)


@dataclass
class _Sale:
    """The sale of one market and side as it grows: what sellers still want, what they have left, what was filled."""

    scratch: Scratch
    market: Market
    side: int
    wanted: dict[str, int]  # lots per seller
    leg_sides: dict[str, str]  # which leg of the seller
    equities: dict[str, int]  # quanta per seller, after what was filled so far
    makers: dict[str, Unit] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    orders: list[OrderChange] = field(default_factory=list)

    def slippage(self, order: Order) -> int:
        """Return the quanta a seller loses per lot against the mark at this order; negative: gains."""
        return self.side * (self.market.value_quanta - self.market.terms.value_at(order.price_ticks))

    def visit(self, order: Order) -> None:
        """Share one order over the sellers; cancel it if its owner would be unhealthy or too large, or has no use."""
        maker = copy_unit(self.makers.get(order.unit_id, self.scratch.book.units[order.unit_id]))
        offered = abs(order.lots)
        if closes(order.leg_side, order.lots):
            offered = min(offered, maker.lots_on(order.market_id, -self.side))
        if offered == 0:
            self.orders.append(OrderChange(order.order_id, 0))
            return
        slippage = self.slippage(order)
        shares = []
        for unit_id, lots in self.wanted.items():
            affordable = max(0, div_floor(self.equities[unit_id], slippage)) if slippage > 0 else lots
            shares.append(Share(unit_id, lots, min(lots, affordable)))
        parts = apportion(offered, shares).parts
        filled = sum(parts.values())
        if filled == 0:
            return
        bought = self._fill(order.unit_id, self.side * filled, order, "maker", order.leg_side)
        settle_unit(maker, self.market, bought.lots, bought.amount_quanta, order.leg_side)
        held = maker.legs.get(order.leg_id)
        too_large = held is not None and abs(held.lots) > self.market.terms.max_lots
        if too_large or is_unhealthy(self.scratch.book, maker):
            self.orders.append(OrderChange(order.order_id, 0))
            return
        self.makers[order.unit_id] = maker
        self.orders.append(OrderChange(order.order_id, order.lots - self.side * filled))
        self.fills.append(bought)
        for unit_id, lots in parts.items():
            if lots:
                self._sell(unit_id, lots, order)

    def _sell(self, unit_id: str, lots: int, order: Order) -> None:
        self.fills.append(self._fill(unit_id, -self.side * lots, order, "liquidated", self.leg_sides[unit_id]))
        self.wanted[unit_id] -= lots
        left = self.equities[unit_id] - lots * self.slippage(order)
        fee = fee_ceil(abs(lots * self.market.value_quanta), self.scratch.rules.liquidation_fee_ppb)
        fee = min(fee, max(0, left))
        self.equities[unit_id] = left - fee
        if fee:
            self.payments.append(Payment(unit_id, -fee))

    def _fill(self, unit_id: str, lots: int, order: Order, part: str, leg_side: str) -> Fill:
        market = self.market
        amount = -lots * market.terms.value_at(order.price_ticks)
        money = amount + lots * market.value_quanta
        return Fill(unit_id, market.terms.market_id, lots, amount, money, part, leg_side)


def reduce(scratch: Scratch) -> None:
    """Stage 2: sell lots of unhealthy units into the book, one fact per market and side."""
    sellers = {unit.unit_id for unit in scratch.unhealthy_units()}
    if not sellers or not scratch.book.orders:
        return
    for market_id, market in scratch.open_markets():
        for side_name, side in SIDES:
            wanted, leg_sides = {}, {}
            for unit_id in sorted(sellers):
                if (found := scratch.book.units[unit_id].leg_on(market_id, side)) is not None:
                    lots = share_ceil(abs(found[1].lots), scratch.rules.reduce_share_ppb, PPB)
                    wanted[unit_id], leg_sides[unit_id] = max(1, lots), side_of(found[0])
            if wanted:
                equities = {unit_id: scratch.equity(unit_id) for unit_id in wanted}
                sale = _Sale(scratch, market, side, wanted, leg_sides, equities)
                for order in _visible_orders(scratch, market, side, sellers, list(wanted)):
                    sale.visit(order)
                _emit(sale, side_name)


def _emit(sale: _Sale, side_name: str) -> None:
    fees = -sum(payment.amount_quanta for payment in sale.payments)
    if sale.orders:
        sale.scratch.emit(
            Reduced,
            market_id=sale.market.terms.market_id,
            side=side_name,
            fills=tuple(sale.fills),
            payments=tuple(sale.payments),
            pots=(PotChange(FEES_POT, fees),) if fees else (),
            orders=tuple(sale.orders),
        )


def _visible_orders(scratch: Scratch, market: Market, side: int, sellers: set[str], selling: list[str]) -> list[Order]:
    """Return the orders that lots of this side may be sold into, best price first, then by time.

    Outside the band in either direction is skipped: a stray order is no price. So is an order of the same owner group
    as one of those who are ``selling`` here: it would carry margin out of a unit that is being liquidated.
    """
    groups = {scratch.owner_group(unit_id) for unit_id in selling}
    mark, band = market.mark_price_ticks, scratch.rules.order_band_ppb
    visible = []
    for order in scratch.book.orders.values():
        if order.market_id != market.terms.market_id or order.lots * side <= 0 or order.unit_id in sellers:
            continue
        if scratch.book.units[order.unit_id].bankrupt or scratch.owner_group(order.unit_id) in groups:
            continue
        if band and abs(order.price_ticks - mark) * PPB > band * mark:
            continue
        visible.append(order)
    return sorted(visible, key=lambda order: (-side * order.price_ticks, order.sequence))
