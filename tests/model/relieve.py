"""Stages 1 and 2: orders of the distressed are cancelled, their legs netted, their lots sold into resting orders."""

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tests.model.margin import is_unhealthy
from tests.model.numbers import BILLION, ceil_part, split
from tests.model.state import Market, Order, Unit, can_only_close, fill, pay

if TYPE_CHECKING:
    from tests.model.round import Round


def relieve(now: "Round") -> None:
    """Stage 1: cancel the orders of distressed units in reach, and net their opposite legs."""
    concerned = [unit for unit in now.world.all_units() if not now.step.out_of_reach(unit) and is_distressed(now, unit)]
    names = {unit.unit_id for unit in concerned}
    for order in list(now.world.orders.values()):
        if order.unit_id in names:
            now.remove_order(order)
    for unit in concerned:
        for market in now.step.open_markets():
            net_legs(now, unit, market)


def is_distressed(now: "Round", unit: Unit) -> bool:
    """Return whether a unit is bankrupt, or has legs and is unhealthy."""
    return unit.bankrupt or (bool(unit.legs) and is_unhealthy(now.world, unit))


def net_legs(now: "Round", unit: Unit, market: Market) -> None:
    """Close the lesser of a unit's two legs in a market against the other, at the mark."""
    lots = min(unit.lots_on(market.market_id, side) for side in (1, -1))
    if lots > 0:
        for side in (1, -1):
            fill(unit, market, -side * lots, side * lots * market.lot_value)
        now.emitted = True


def reduce(now: "Round") -> None:
    """Stage 2: sell lots of unhealthy units into the resting orders."""
    sellers = [
        unit
        for unit in now.world.all_units()
        if not unit.bankrupt and not now.step.out_of_reach(unit) and is_unhealthy(now.world, unit)
    ]
    for market in now.step.open_markets():
        for side in (1, -1):
            reduce_side(now, market, side, sellers)


def reduce_side(now: "Round", market: Market, side: int, sellers: list[Unit]) -> None:
    """Sell one side of one market: every order is shared by all who still want to sell."""
    share = now.rules["reduce_share_ppb"]
    wants = {}
    for unit in sellers:
        lots = unit.lots_on(market.market_id, side)
        if lots > 0:
            wants[unit.unit_id] = max(1, ceil_part(lots, share, BILLION))
    if not wants:
        return
    groups = {now.owner_group(unit_id) for unit_id in wants}
    not_makers = {unit.unit_id for unit in sellers} | {unit.unit_id for unit in now.bankrupts()}
    orders = [
        order
        for order in now.world.orders.values()
        if order.market_id == market.market_id and order.lots * side > 0 and order.unit_id not in not_makers
    ]
    orders.sort(key=lambda order: (-side * order.price, order.sequence))
    band = now.rules["order_band_ppb"]
    for order in orders:
        if now.owner_group(order.unit_id) in groups:
            continue
        if band == 0 or abs(order.price - market.mark) * BILLION <= band * market.mark:
            sell_into(now, market, side, order, wants)


def sell_into(now: "Round", market: Market, side: int, order: Order, wants: dict[str, int]) -> None:
    """Fill one order, or cancel it where it has nothing to close or its owner could not carry the lots."""
    units = now.world.units
    offered = abs(order.lots)
    if can_only_close(order.leg_id, order.lots):
        offered = min(offered, abs(units[order.unit_id].lots(order.leg_id)))
    if offered == 0:
        now.remove_order(order)
        return
    slippage = side * (market.lot_value - market.value_at(order.price))
    members = []
    for unit_id, want in wants.items():
        cap = want
        if slippage > 0:
            cap = min(cap, max(0, floor(Fraction(now.equity(units[unit_id]), slippage))))
        members.append((unit_id, want, cap))
    parts = split(offered, members)
    total = sum(parts.values())
    if total == 0:
        return
    lot_price = market.value_at(order.price)
    trial = units[order.unit_id].copy()
    fill(trial, market, side * total, -side * total * lot_price, order.leg_id)
    if is_unhealthy(now.world, trial) or abs(trial.lots(order.leg_id)) > market.max_lots:
        now.remove_order(order)
        return
    fill(units[order.unit_id], market, side * total, -side * total * lot_price, order.leg_id)
    for unit_id, lots in sorted(parts.items()):
        if lots:
            wants[unit_id] -= lots
            fill(units[unit_id], market, -side * lots, side * lots * lot_price)
            charge_fee(now, market, units[unit_id], lots)
    order.lots -= side * total
    if order.lots == 0:
        now.remove_order(order)
    now.emitted = True


def charge_fee(now: "Round", market: Market, unit: Unit, lots: int) -> None:
    """Take the liquidation fee, at most the equity that is left."""
    fee = ceil_part(abs(lots * market.lot_value), now.rules["liquidation_fee_ppb"], BILLION)
    fee = min(fee, max(0, now.equity(unit)))
    pay(unit, -fee)
    now.world.pots["fees"] += fee
