"""The sale of one market and side in stage 2, order by order."""

from dataclasses import dataclass, field

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import FEES_POT, Market, Order, Unit, copy_unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.liquidation import cannot_carry
from deleverage.rulebook.messages import Fill, OrderChange, Payment, PotChange, Reduced, Sale
from deleverage.rulebook.orders import closes
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.quantities import div_floor, fee_ceil
from deleverage.rulebook.stages.depth import Side
from deleverage.rulebook.stages.scratch import Scratch
from deleverage.rulebook.throttle import lots_held


@dataclass
class Selling:
    """A sale as it grows: what sellers may still sell, what they have left, what was filled."""

    scratch: Scratch
    market: Market
    side: int
    found: Side
    left: dict[str, int]  # lots per seller that it may still sell
    equities: dict[str, int]  # quanta per seller, after what was filled so far
    squeezed: set[str] = field(default_factory=set)  # whose equity did not pay for all it wanted at some order
    makers: dict[str, Unit] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    orders: list[OrderChange] = field(default_factory=list)

    def slippage(self, order: Order) -> int:
        """Return the quanta a seller loses per lot against the mark at this order; negative: gains."""
        return self.side * (self.market.value_quanta - self.market.terms.value_at(order.price_ticks))

    def visit(self, order: Order) -> None:
        """Share one order over the sellers; cancel it if its owner would be unhealthy or too large, or has no use.

        A throttle without room for another lot leaves the order alone.
        """
        room_lots = self.room_lots()
        if room_lots == 0 and any(self.left.values()):
            return
        maker = copy_unit(self.makers.get(order.unit_id, self.scratch.book.units[order.unit_id]))
        offered = abs(order.lots)
        if closes(order.leg_side, order.lots):
            offered = min(offered, maker.lots_on(order.market_id, -self.side))
        if offered == 0:
            self.orders.append(OrderChange(order.order_id, 0))
            return
        if room_lots is not None:
            offered = min(offered, room_lots)
        slippage = self.slippage(order)
        shares = []
        for unit_id, lots in self.left.items():
            affordable = max(0, div_floor(self.equities[unit_id], slippage)) if slippage > 0 else lots
            shares.append(Share(unit_id, lots, min(lots, affordable)))
            if affordable < lots:
                self.squeezed.add(unit_id)
        parts = apportion(offered, shares).parts
        filled = sum(parts.values())
        if filled == 0:
            return
        bought = self._fill(order.unit_id, self.side * filled, order, "maker", order.leg_side)
        settle_unit(maker, self.market, bought.lots, bought.amount_quanta, order.leg_side)
        held = maker.legs.get(order.leg_id)
        too_large = held is not None and abs(held.lots) > self.market.terms.max_lots
        if too_large or cannot_carry(self.scratch.book, maker):
            self.orders.append(OrderChange(order.order_id, 0))
            return
        self.makers[order.unit_id] = maker
        self.orders.append(OrderChange(order.order_id, order.lots - self.side * filled))
        self.fills.append(bought)
        self.scratch.tempo.sold_notional_quanta += filled * abs(self.market.value_quanta)
        for unit_id, lots in parts.items():
            if lots:
                self._sell(unit_id, lots, order)

    def room_lots(self) -> int | None:
        """Return how many lots the throttle lets this step still sell here; ``None``: any."""
        room_quanta = self.scratch.tempo.sale_room()
        if room_quanta is None:
            return None
        return lots_held(room_quanta, self.scratch.tempo.sold_notional_quanta, abs(self.market.value_quanta))

    def _sell(self, unit_id: str, lots: int, order: Order) -> None:
        self.fills.append(self._fill(unit_id, -self.side * lots, order, "liquidated", self.found.leg_sides[unit_id]))
        self.left[unit_id] -= lots
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

    def sales(self) -> tuple[Sale, ...]:
        """Return what became of every seller's leg, in id order."""
        found, market_id, sales = self.found, self.market.terms.market_id, []
        for unit_id, want in found.wants.items():
            sold = found.allowed[unit_id] - self.left[unit_id]
            why = found.why(unit_id, sold, throttled=self.room_lots() == 0, squeezed=unit_id in self.squeezed)
            leg_side, held = found.leg_sides[unit_id], found.held[unit_id]
            sales.append(Sale(unit_id, market_id, leg_side, held, want.lots, sold, why))
        return tuple(sales)

    def emit(self, side_name: str) -> None:
        """Write what the sale did; what it could not sell at all is kept for the end of the step."""
        sales = self.sales()
        self.scratch.unsold += [sale for sale in sales if sale.sold_lots == 0]
        if not self.orders:
            return
        fees = -sum(payment.amount_quanta for payment in self.payments)
        self.scratch.emit(
            Reduced,
            round=self.scratch.round,
            market_id=self.market.terms.market_id,
            side=side_name,
            sales=sales,
            fills=tuple(self.fills),
            payments=tuple(self.payments),
            pots=(PotChange(pot_of(FEES_POT, self.market.pool_id), fees),) if fees else (),
            orders=tuple(self.orders),
        )
