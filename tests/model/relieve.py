"""Stages 1 and 2: orders of the distressed are cancelled, their legs netted, their lots sold into resting orders."""

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from tests.model.margin import is_unhealthy
from tests.model.numbers import BILLION, ceil_part, floor_part, split
from tests.model.reduction import is_near, wanted
from tests.model.state import SIDES, Market, Order, Unit, can_only_close, fill, pay, pot, tell_fills

if TYPE_CHECKING:
    from tests.model.round import Round

Sale = tuple[str, str, str, int, int, int, str]
"""Unit, market, side of the leg in hedge mode; lots held, wanted and sold; why not more."""


def relieve(now: "Round") -> None:
    """Stage 1: cancel the orders of distressed units in reach, and net their opposite legs; a grace spares both."""
    concerned = [unit for unit in now.world.all_units() if is_distressed(now, unit)]
    names = {unit.unit_id for unit in concerned}
    for order in list(now.world.orders.values()):
        if order.unit_id in names and not now.step.is_spared(now.world.units[order.unit_id], order.leg_id):
            now.remove_order(order)
    for unit in concerned:
        for market in now.step.open_markets():
            if not now.step.is_spared(unit, market.market_id):
                net_legs(now, unit, market)
    tell_fills(now.world, now.world.time_ns)


def is_distressed(now: "Round", unit: Unit) -> bool:
    """Return whether a unit is bankrupt and in reach, or unhealthy and can be liquidated."""
    return not now.step.out_of_reach(unit) if unit.bankrupt else is_seller(now, unit)


def is_seller(now: "Round", unit: Unit) -> bool:
    """Return whether a unit is unhealthy, not bankrupt, and can be liquidated."""
    return not unit.bankrupt and now.step.can_be_liquidated(unit) and is_unhealthy(now.world, unit)


def net_legs(now: "Round", unit: Unit, market: Market) -> None:
    """Close the lesser of a unit's two legs in a market against the other, at the mark."""
    lots = min(unit.lots_on(market.market_id, side) for side in (1, -1))
    if lots > 0:
        for side in (1, -1):
            fill(unit, market, -side * lots, side * lots * market.lot_value)
        now.emitted = True


def reduce(now: "Round") -> None:
    """Stage 2: sell lots of unhealthy units into the resting orders."""
    sellers = [unit for unit in now.world.all_units() if is_seller(now, unit)]
    now.step.unsold = []
    for market in now.step.open_markets():
        for side in (1, -1):
            reduce_side(now, market, side, sellers)


def reduce_side(now: "Round", market: Market, side: int, sellers: list[Unit]) -> None:
    """Sell one side of one market: every order is shared by all who may still sell, and every seller is told."""
    rule = now.rules["reduction"]
    held = now.lots_of(market, side, [unit for unit in sellers if not now.step.is_spared(unit, market.market_id)])
    wants = {u: wanted(now.world, market, now.world.units[u], side, rule) for u in held}
    if not wants:
        return
    book = book_for(now, market, side, sellers, {u for u, (lots, _) in wants.items() if lots})
    near = [order for order in book if is_near(market, side, order.price, now.rules["order_band_ppb"], rule)]
    most = {u: lots for u, (lots, _) in wants.items()}
    if rule["name"] == "slices":
        depth = floor_part(sum(abs(order.lots) for order in near), rule.get("max_depth_share_ppb", BILLION), BILLION)
        most = split(min(sum(most.values()), depth), [(u, lots, lots) for u, lots in most.items()])
    left, too_poor, acted = dict(most), set[str](), False
    for order in near:
        if room_lots(now, market) == 0 and any(left.values()):
            break
        acted |= sell_into(now, market, side, order, left, too_poor)
    tell_fills(now.world, now.world.time_ns)
    sales = []
    for u, (lots, word) in sorted(wants.items()):
        sold = most[u] - left[u]
        why = "depth"
        if sold == lots:
            why = word
        elif not near:
            why = "band" if book else "empty_book"
        elif sold < most[u] and room_lots(now, market) == 0:
            why = "throttle"
        elif sold < most[u] and u in too_poor:
            why = "equity"
        leg_side = SIDES[side] if now.world.units[u].hedge else ""
        sales.append((u, market.market_id, leg_side, held[u], lots, sold, why))
    now.step.unsold += [sale for sale in sales if sale[5] == 0]
    if acted:
        now.step.seen["reduced"].append((now.number, market.market_id, SIDES[side], tuple(sales)))
        now.emitted = True


def book_for(now: "Round", market: Market, side: int, sellers: list[Unit], selling: set[str]) -> list[Order]:
    """Return the orders that may be sold into, best price first, then by placement."""
    groups = {now.owner_group(u) for u in selling}
    not_makers = {unit.unit_id for unit in sellers} | {unit.unit_id for unit in now.bankrupts()}
    orders = [
        order
        for order in now.world.orders.values()
        if order.market_id == market.market_id
        and order.lots * side > 0
        and order.unit_id not in not_makers
        and not is_ill_and_spared(now, now.world.units[order.unit_id], market)
        and now.owner_group(order.unit_id) not in groups
    ]
    return sorted(orders, key=lambda order: (-side * order.price, order.sequence))


def is_ill_and_spared(now: "Round", unit: Unit, market: Market) -> bool:
    """Return whether a unit is unhealthy and a grace spares it in a market: its orders there stay as they are."""
    return now.step.is_spared(unit, market.market_id) and is_unhealthy(now.world, unit)


def room_lots(now: "Round", market: Market) -> int | None:
    """Return how many lots the throttle still lets the step sell in a market, None if it is not bounded."""
    left = now.step.reducing.left()
    return None if left is None else now.step.reducing.holds(left, market.lot_value)


def sell_into(now: "Round", market: Market, side: int, order: Order, left: dict[str, int], too_poor: set[str]) -> bool:
    """Fill one order, or cancel it where it has nothing to close or its owner could not carry the lots.

    Lots that are sold are taken off what is ``left``, and who cannot pay for the slippage is added to the ``too_poor``.
    """
    units = now.world.units
    offered = abs(order.lots)
    if can_only_close(order.leg_id, order.lots):
        offered = min(offered, abs(units[order.unit_id].lots(order.leg_id)))
    if offered == 0:
        now.remove_order(order)
        return True
    room = room_lots(now, market)
    if room is not None:
        offered = min(offered, room)
    slippage = side * (market.lot_value - market.value_at(order.price))
    members = []
    for unit_id, allowed in left.items():
        cap = allowed
        if slippage > 0:
            cap = min(cap, max(0, floor(Fraction(now.equity(units[unit_id]), slippage))))
        if cap < allowed:
            too_poor.add(unit_id)
        members.append((unit_id, allowed, cap))
    parts = split(offered, members)
    total = sum(parts.values())
    if total == 0:
        return False
    lot_price = market.value_at(order.price)
    trial = units[order.unit_id].copy()
    fill(trial, market, side * total, -side * total * lot_price, order.leg_id)
    is_ill = is_unhealthy(now.world, trial) or now.equity(trial) < 0
    if is_ill or abs(trial.lots(order.leg_id)) > market.max_lots:
        now.remove_order(order)
        return True
    fill(units[order.unit_id], market, side * total, -side * total * lot_price, order.leg_id)
    for unit_id, lots in sorted(parts.items()):
        if lots:
            left[unit_id] -= lots
            fill(units[unit_id], market, -side * lots, side * lots * lot_price)
            charge_fee(now, market, units[unit_id], lots)
    now.step.reducing.done += total * abs(market.lot_value)
    order.lots -= side * total
    if order.lots == 0:
        now.remove_order(order)
    return True


def charge_fee(now: "Round", market: Market, unit: Unit, lots: int) -> None:
    """Take the liquidation fee, at most the equity that is left."""
    fee = ceil_part(abs(lots * market.lot_value), now.rules["liquidation_fee_ppb"], BILLION)
    fee = min(fee, max(0, now.equity(unit)))
    pay(unit, -fee)
    now.world.pots[pot("fees", market.pool)] += fee
