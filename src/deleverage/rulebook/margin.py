"""What a unit is worth, what it must hold, and how its debt lies on its legs.

Signs: equity is owed to the unit +; requirements are >= 0. Requirements are kept as *numerators* in quanta x 10^18
(``MARGIN_SCALE``), so that a threshold is compared without any rounding; the numbers shown are rounded up. Three
thresholds, one form: initial (may not open), maintenance (liquidation), close-out (takeover).

Deliberately absent: what happens to an unhealthy unit, and every price that is not the last accepted mark.
"""

from collections.abc import Container

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Leg, Market, Tier, Unit, market_of
from deleverage.rulebook.orders import closes, held_lots
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, div_ceil, initial_rate_ceil, sign


def leg_value(leg: Leg, market: Market) -> int:
    """Return the quanta the leg's lots are worth at the mark, signed as value x lots. Exact."""
    return leg.lots * market.value_quanta


def equity(book: Book, unit: Unit) -> int:
    """Return quote plus the inventory at the last accepted marks, funding folded in; quanta, exact."""
    total = unit.quote
    for leg_id, leg in unit.legs.items():
        market = book.markets[market_of(leg_id)]
        total += leg.lots * (market.value_quanta - market.funding_quanta)
    return total


def margin_value(book: Book, unit: Unit, without: Container[str] = ()) -> int:
    """Return the quanta that the unit's collateral counts as margin, each asset rounded down; ``without`` count 0.

    Never part of a conservation sum, and 0 for a bankrupt unit or while the assets are pledged for what others carried.
    """
    if unit.bankrupt or unit.carried:
        return 0
    counted = (book.assets[key].margin_value(grains) for key, grains in unit.assets.items() if key not in without)
    return sum(counted)


def margin_balance(book: Book, unit: Unit, without: Container[str] = ()) -> int:
    """Return equity plus the margin value of the collateral: what every margin threshold is compared with."""
    return equity(book, unit) + margin_value(book, unit, without)


def tier_of(market: Market, notional_quanta: int) -> Tier:
    """Return the margin tier that a notional falls into: the last one that starts at or below it."""
    chosen = market.terms.tiers[0]
    for tier in market.terms.tiers:
        if tier.from_notional_quanta <= notional_quanta:
            chosen = tier
    return chosen


def required(market: Market, lots: int, rate_ppb: int, deduction_quanta: int) -> int:
    """Return one requirement of some lots as a numerator: the table's, times the factor, from 0 to the notional.

    Nobody has to hold more than a position is worth: a long that is paid in full is never unhealthy (dYdX: at most 1).
    """
    notional_quanta = abs(lots * market.value_quanta)
    table = max(0, notional_quanta * rate_ppb - deduction_quanta * PPB)
    factor_ppb = market.terms.schedule.leg_factor_ppb(market.factor_ppb, abs(lots), market.measured_lots)
    return min(notional_quanta * MARGIN_SCALE, table * factor_ppb)


def leg_maintenance(market: Market, lots: int) -> int:
    """Return the maintenance requirement of a leg as a numerator in quanta x 10^18."""
    tier = tier_of(market, abs(lots * market.value_quanta))
    return required(market, lots, tier.maintenance_rate_ppb, tier.maintenance_deduction_quanta)


def leg_initial(market: Market, lots: int, leverage_ppb: int = 0) -> int:
    """Return the initial requirement of lots held or ordered as a numerator in quanta x 10^18.

    That of the tier, or of the leverage that the owner chose (0: none), whichever is larger.
    """
    notional_quanta = abs(lots * market.value_quanta)
    tier = tier_of(market, notional_quanta)
    of_tier = required(market, lots, tier.initial_rate_ppb, tier.initial_deduction_quanta)
    if leverage_ppb == 0:
        return of_tier
    return max(of_tier, notional_quanta * initial_rate_ceil(leverage_ppb) * PPB)


def maintenance_numerator(book: Book, unit: Unit) -> int:
    """Return the unit's maintenance requirement as a numerator in quanta x 10^18."""
    return sum(leg_maintenance(book.markets[market_of(leg_id)], leg.lots) for leg_id, leg in unit.legs.items())


def initial_numerator(book: Book, unit: Unit) -> int:
    """Return the initial requirement of positions and open orders as a numerator in quanta x 10^18."""
    total = 0
    for leg_id, lots in held_lots(book, unit).items():
        market_id = market_of(leg_id)
        total += leg_initial(book.markets[market_id], lots, unit.leverages.get(market_id, 0))
    return total


def is_unhealthy(book: Book, unit: Unit) -> bool:
    """Return whether the margin balance lies below maintenance: compared as numerators, without rounding."""
    return margin_balance(book, unit) * MARGIN_SCALE < maintenance_numerator(book, unit)


def free_quanta(book: Book, unit: Unit) -> int:
    """Return the money that may leave the unit, at least 0.

    It is what the margin balance has above the initial requirement (rounded up), but no more than the equity: nobody
    lends against collateral.
    """
    own = equity(book, unit)
    above = own + margin_value(book, unit) - div_ceil(initial_numerator(book, unit), MARGIN_SCALE)
    return max(0, min(own, above))


def equity_shares(book: Book, unit: Unit, split_by: str) -> dict[str, int]:
    """Return the unit's equity split over its legs, signed like the equity; a flat unit's lies on leg id "".

    Weights are the legs' maintenance (``split_by`` "notional": their notional), equal if all are 0; the parts sum to
    the equity exactly, left-overs by largest remainder.
    """
    total = equity(book, unit)
    if not unit.legs:
        return {"": total}
    weights = {}
    for leg_id, leg in unit.sorted_legs():
        market = book.markets[market_of(leg_id)]
        notional = abs(leg_value(leg, market))
        weights[leg_id] = notional if split_by == "notional" else leg_maintenance(market, leg.lots)
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    split = apportion(abs(total), [Share(leg_id, weight) for leg_id, weight in weights.items()])
    return {leg_id: sign(total) * part for leg_id, part in split.parts.items()}


def price_pnl(leg: Leg, market: Market) -> int:
    """Return value at the mark less cost; quanta, exact."""
    return leg_value(leg, market) - leg.cost


def gain(leg: Leg, market: Market) -> int:
    """Return price PnL less funding paid less gains already cut: what a haircut may still cut, if positive."""
    funding_paid = leg.lots * market.funding_quanta - leg.entry_funding
    return price_pnl(leg, market) - funding_paid - leg.haircut


def released_quanta(book: Book, unit: Unit) -> int:
    """Return what a flat isolated unit gives back to its account's cross unit: all its cash, 0 if it may keep it."""
    if not unit.isolated_market_id or unit.legs or unit.bankrupt or unit.quote <= 0:
        return 0
    mine = (order for order in book.orders.values() if order.unit_id == unit.unit_id)
    waits = any(not closes(order.leg_side, order.lots) for order in mine)
    return 0 if waits else unit.quote
