"""What stage 2 sees of a market and side: the legs that are to be reduced, and the resting orders they may go into.

The plan and the check of it look at the same things; that is why they stand here and not in the stage.
"""

from collections.abc import Iterable
from typing import NamedTuple

from deleverage.rulebook.apportion import Share, apportion
from deleverage.rulebook.book import Book, Market, Order, Unit, market_of, side_of
from deleverage.rulebook.margin import is_unhealthy, leg_maintenance, maintenance_numerator, margin_balance
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, share_floor
from deleverage.rulebook.reduction import Bounds, Holding, Want, wanted
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.grace import is_spared


class Depth(NamedTuple):
    """Resting orders of the other side: those near enough in the order in which they are visited, and the others."""

    near: tuple[Order, ...]
    far: int  # how many lie outside the bands

    @property
    def lots(self) -> int:
        """Lots that rest near enough."""
        return sum(abs(order.lots) for order in self.near)


class Side(NamedTuple):
    """One market and side in stage 2: what each seller wants by the rule and may sell of it, and the depth for it."""

    wants: dict[str, Want]
    held: dict[str, int]
    leg_sides: dict[str, str]
    allowed: dict[str, int]  # lots that the share of depth leaves, per seller
    depth: Depth

    def why(self, unit_id: str, sold_lots: int, *, throttled: bool, squeezed: bool) -> str:
        """Return why a seller did not sell more.

        ``throttled``: the throttle holds no lot any more; ``squeezed``: its equity did not pay for what an order costs.
        """
        want = self.wants[unit_id]
        if sold_lots == want.lots:
            return want.why
        if not self.depth.near:
            return "band" if self.depth.far else "empty_book"
        if sold_lots == self.allowed[unit_id]:
            return "depth"
        if throttled:
            return "throttle"
        return "equity" if squeezed else "depth"


Sellers = tuple[list[Unit], set[str]]
"""Those who may hold lots of a market and side, in id order; and the ids of all sellers of the round: none of their
orders is sold into."""


def side_of_market(book: Book, rules: Rules, market: Market, side: int, sellers: Sellers, time_ns: int) -> Side | None:
    """Return what stage 2 finds on a side of a market; None where no seller has lots that no grace spares."""
    market_id, (units, ids) = market.terms.market_id, sellers
    wants, held, leg_sides = {}, {}, {}
    for unit in units:
        if not is_spared(book, unit, market_id, time_ns) and (found := unit.leg_on(market_id, side)) is not None:
            leg_id, leg = found
            wants[unit.unit_id] = wanted(rules.reduction, holding(book, unit, leg_id))
            held[unit.unit_id], leg_sides[unit.unit_id] = abs(leg.lots), side_of(leg_id)
    if not wants:
        return None
    selling = [unit for unit in units if unit.unit_id in wants and wants[unit.unit_id].lots]
    aside = ids | _spared_makers(book, market_id, time_ns)
    depth = _depth(book, rules, market, side, aside, selling)
    return Side(wants, held, leg_sides, _allowed(wants, depth, rules.reduction.bounds()), depth)


def holding(book: Book, unit: Unit, leg_id: str) -> Holding:
    """Return a leg as a reduction rule sees it; numerators in quanta x 10^18."""
    market = book.markets[market_of(leg_id)]
    return Holding(
        lots=abs(unit.legs[leg_id].lots),
        value_quanta=abs(market.value_quanta),
        tier_starts_quanta=tuple(tier.from_notional_quanta for tier in market.terms.tiers),
        balance=margin_balance(book, unit) * MARGIN_SCALE,
        maintenance=maintenance_numerator(book, unit),
        requirement=lambda lots: leg_maintenance(market, lots),
    )


def _allowed(wants: dict[str, Want], depth: Depth, bounds: Bounds) -> dict[str, int]:
    """Return the lots that each seller may sell: together at most the share of the depth, shared by what they want."""
    total = sum(want.lots for want in wants.values())
    if bounds.depth_share_ppb is not None:
        total = min(total, share_floor(depth.lots, bounds.depth_share_ppb, PPB))
    return apportion(total, [Share(unit_id, want.lots, want.lots) for unit_id, want in wants.items()]).parts


def _spared_makers(book: Book, market_id: str, time_ns: int) -> set[str]:
    """Return who has orders in a market, is unhealthy, and is spared: such orders would be cancelled as unfit."""
    owners = [book.units[order.unit_id] for order in book.orders.values() if order.market_id == market_id]
    spared = {unit.unit_id: unit for unit in owners if is_spared(book, unit, market_id, time_ns)}
    return {unit_id for unit_id, unit in spared.items() if is_unhealthy(book, unit)}


def _depth(book: Book, rules: Rules, market: Market, side: int, aside: set[str], selling: Iterable[Unit]) -> Depth:
    """Return the orders that lots of this side may be sold into, best price first, then by time.

    Outside the order band in either direction is skipped: a stray order is no price. So is what is further below the
    mark (for shorts: above) than the rule's slippage, and an order of the same owner group as one of those who are
    ``selling`` here: it would carry margin out of a unit that is being liquidated. So is whoever stands ``aside``.
    """
    groups = {book.accounts[unit.account_id].owner_group for unit in selling}
    mark, band, slippage = market.mark_price_ticks, rules.order_band_ppb, rules.reduction.bounds().max_slippage_ppb
    near, far = [], 0
    for order in book.orders.values():
        if order.market_id != market.terms.market_id or order.lots * side <= 0 or order.unit_id in aside:
            continue
        owner = book.units[order.unit_id]
        if owner.bankrupt or book.accounts[owner.account_id].owner_group in groups:
            continue
        outside = bool(band) and abs(order.price_ticks - mark) * PPB > band * mark
        if outside or (slippage is not None and side * (mark - order.price_ticks) * PPB > slippage * mark):
            far += 1
        else:
            near.append(order)
    return Depth(tuple(sorted(near, key=lambda order: (-side * order.price_ticks, order.sequence))), far)
