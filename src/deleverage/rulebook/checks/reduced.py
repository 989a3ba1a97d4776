"""Stage 2: who was sold out, how many lots the rule and the depth allowed, into which orders, and what stopped it."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FEES_POT, SIGN_OF, Unit
from deleverage.rulebook.checks.view import Checks, View, require
from deleverage.rulebook.liquidation import cannot_carry
from deleverage.rulebook.margin import is_unhealthy
from deleverage.rulebook.pools import pot_of
from deleverage.rulebook.quantities import fee_ceil
from deleverage.rulebook.stages.depth import Side, side_of_market
from deleverage.rulebook.stages.grace import may_liquidate
from deleverage.rulebook.stages.guards import guards
from deleverage.rulebook.throttle import lots_held, most_at


def look_reduced(view: View, fact: m.Reduced) -> None:
    """Before the fact: who was a seller when stage 2 of the round began, and what it finds on this side of the market.

    Later sides of a round see the same sellers, each as it stands then.
    """
    if view.sellers is None or view.reduced_round != fact.round:
        require("INV-12", fact.round > view.reduced_round, f"round {fact.round} follows round {view.reduced_round}")
        view.reduced_round, view.sellers = fact.round, {unit.unit_id for unit in _sellers(view, fact.time_ns)}
    sellers = [view.book.units[unit_id] for unit_id in sorted(view.sellers)], view.sellers
    market = view.book.markets[fact.market_id]
    view.side = side_of_market(view.book, view.rules, market, SIGN_OF[fact.side], sellers, fact.time_ns)
    near = view.side.depth.near if view.side is not None else ()
    view.near = {order.order_id: (order.unit_id, abs(order.lots), order.price_ticks) for order in near}


def _sellers(view: View, time_ns: int) -> list[Unit]:
    book, guarded = view.book, guards(view.book, view.rules, time_ns)
    solvent = (unit for unit in book.sorted_units() if not unit.bankrupt)
    return [unit for unit in solvent if may_liquidate(book, guarded, unit, time_ns) and is_unhealthy(book, unit)]


def _check_reduced(view: View, fact: m.Reduced) -> None:
    for unit_id in sorted({fill.unit_id for fill in fact.fills if fill.part == "liquidated"}):
        require("INV-8", unit_id in (view.sellers or ()), f"{unit_id} was sold out and was healthy")
    _check_throttle(view, fact)
    _check_fees(view, fact)
    _check_sales(view, fact)
    _check_orders(view, fact)
    for unit_id in sorted({fill.unit_id for fill in fact.fills if fill.part == "maker"}):
        fit = not cannot_carry(view.book, view.book.units[unit_id])
        require("INV-9", fit, f"maker {unit_id} was made unhealthy by a liquidation")


def _check_throttle(view: View, fact: m.Reduced) -> None:
    lots_sold = sum(abs(fill.lots) for fill in fact.fills if fill.part == "liquidated")
    value_quanta = abs(view.book.markets[fact.market_id].value_quanta)
    most = most_at(view.rules.reduce_throttle, view.stress or 0)
    within = most is None or lots_sold <= lots_held(most - view.sold_notional, view.sold_notional, value_quanta)
    view.sold_notional += lots_sold * value_quanta
    require("INV-6", within, f"stage 2 has sold {view.sold_notional} quanta in this step, its throttle allows {most}")


def _is_throttled(view: View, market_id: str) -> bool:
    """Return whether the throttle holds no lot of a market any more."""
    most = most_at(view.rules.reduce_throttle, view.stress or 0)
    value_quanta = abs(view.book.markets[market_id].value_quanta)
    return most is not None and lots_held(most - view.sold_notional, view.sold_notional, value_quanta) == 0


def _check_sales(view: View, fact: m.Reduced) -> None:
    """Every seller is told; wanted is what the rule says, sold is what the fills say and the depth allows."""
    side = view.side
    told = [(sale.unit_id, sale.held_lots, sale.wanted_lots) for sale in fact.sales]
    known = [] if side is None else [(key, side.held[key], want.lots) for key, want in side.wants.items()]
    require("INV-10", told == known, f"{fact.market_id}: the rule says {known[:3]}, the sales {told[:3]}")
    filled: dict[str, int] = {}
    for fill in fact.fills:
        if fill.part == "liquidated":
            filled[fill.unit_id] = filled.get(fill.unit_id, 0) + abs(fill.lots)
    for sale in fact.sales:
        sold = filled.pop(sale.unit_id, 0)
        require("INV-8", sold == sale.sold_lots, f"{sale.unit_id}: {sold} lots were filled, {sale.sold_lots} told")
        _check_why(view, side, sale)
    require("INV-8", not filled, f"{sorted(filled)} were sold out and no sale says so")


def _check_why(view: View, side: Side | None, sale: m.Sale) -> None:
    assert side is not None, "a sale was told and no seller is known: the sales differ"
    allowed = side.allowed[sale.unit_id]
    within = sale.sold_lots <= allowed
    require("INV-10", within, f"{sale.unit_id} sold {sale.sold_lots} lots, rule and depth allow {allowed}")
    throttled = _is_throttled(view, sale.market_id)
    true = {side.why(sale.unit_id, sale.sold_lots, throttled=throttled, squeezed=one) for one in (False, True)}
    told = sale.why or "nothing"
    require("INV-7", sale.why in true, f"{sale.unit_id}: stopped by {told}, it was {' or '.join(sorted(true))}")


def _check_orders(view: View, fact: m.Reduced) -> None:
    """Makers bought what left their orders at the orders' prices, and only orders within the bands were touched."""
    market, sign = view.book.markets[fact.market_id], SIGN_OF[fact.side]
    left: dict[tuple[str, int], int] = {}
    for change in fact.orders:
        require("INV-10", change.order_id in view.near, f"order {change.order_id} is not within the bands")
        unit_id, lots, price_ticks = view.near[change.order_id]
        value = market.terms.value_at(price_ticks)
        left[unit_id, value] = left.get((unit_id, value), 0) + lots - abs(change.lots_left)
    for fill in fact.fills:
        lots, paid = fill.lots * sign, -fill.amount_quanta
        if fill.part == "maker":
            values = [value for (unit_id, value) in left if unit_id == fill.unit_id and fill.lots * value == paid]
            require("INV-8", bool(values), f"{fill.unit_id} paid {paid} quanta for {lots} lots, no order says so")
            left[fill.unit_id, values[0]] -= lots
            most = left[fill.unit_id, values[0]] + lots
            require("INV-8", 0 < lots <= most, f"{fill.unit_id} bought {lots} lots, {most} left its orders")


def _check_fees(view: View, fact: m.Reduced) -> None:
    own = pot_of(FEES_POT, view.book.pool_of(fact.market_id))
    for pot, _ in fact.pots:
        require("INV-5", pot == own, f"the fees of {fact.market_id} are due to {own}, they went to {pot}")
    sold = {fill.unit_id for fill in fact.fills if fill.part == "liquidated"}
    value = abs(view.book.markets[fact.market_id].value_quanta)
    for payment in fact.payments:
        require("INV-6", payment.unit_id in sold, f"{payment.unit_id} paid a fee and was not sold out")
        fills = [fill for fill in fact.fills if fill.unit_id == payment.unit_id]
        most = sum(fee_ceil(abs(fill.lots) * value, view.rules.liquidation_fee_ppb) for fill in fills)
        paid = -payment.amount_quanta
        require("INV-6", 0 <= paid <= most, f"{payment.unit_id} paid a fee of {paid}, at most {most} quanta are due")


def check_unsold(view: View, fact: m.StepEnded) -> None:
    """After a quiet step every leg of the unhealthy is told with the reason why nothing of it was sold."""
    view.reduced_round, view.sellers = 0, None
    if fact.stopped != "quiet":
        return  # The last round did something: what it found is not there any more.
    units = _sellers(view, fact.time_ns)
    sellers = units, {unit.unit_id for unit in units}
    guarded = guards(view.book, view.rules, fact.time_ns)
    told = {(sale.unit_id, sale.market_id, sale.leg_side): sale for sale in fact.unsold}
    known: set[tuple[str, str, str]] = set()
    for market_id, market in sorted(view.book.markets.items()):
        for sign in SIGN_OF.values() if market_id not in guarded else ():
            side = side_of_market(view.book, view.rules, market, sign, sellers, fact.time_ns)
            for unit_id in side.wants if side is not None else ():
                assert side is not None
                key = (unit_id, market_id, side.leg_sides[unit_id])
                known.add(key)
                require("INV-7", key in told, f"nothing of {unit_id}'s {market_id} was sold, and nobody says why")
                same = (told[key].held_lots, told[key].wanted_lots) == (side.held[unit_id], side.wants[unit_id].lots)
                require("INV-10", same and told[key].sold_lots == 0, f"{unit_id}: told as {told[key]}")
                _check_why(view, side, told[key])
    require("INV-7", told.keys() == known, f"{sorted(told.keys() - known)[:3]} are told and were not for sale")


CHECKS: Checks = {
    m.Reduced: _check_reduced,
}
