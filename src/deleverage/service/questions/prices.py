"""The mark at which a unit would be unhealthy, found by the law's own comparison."""

from dataclasses import replace

from deleverage.rulebook.book import Book, Market, Unit
from deleverage.rulebook.margin import is_unhealthy


def liquidation_price(own: Book, unit: Unit, market: Market) -> int | None:
    """Return the first mark (ticks) away from now at which a unit would be unhealthy, all other marks as they are.

    Of two, one on each side, it is the nearer. A unit with legs on both sides may be unhealthy where it gains: its
    requirement grows with the price on both. Each is looked for by halving: it needs as many comparisons as a price has
    bits. None: no mark of the market is one, or the unit is unhealthy now. Where requirements follow the mark so oddly
    that a unit recovers further out, it is one of the marks behind which it is unhealthy first.
    """
    now = market.mark_price_ticks
    if unit.bankrupt or not now or is_unhealthy(own, unit):
        return None
    found = [_first(own, unit, market, end) for end in (1, market.terms.max_price_ticks)]
    return min((price for price in found if price is not None), key=lambda price: abs(price - now), default=None)


def _first(own: Book, unit: Unit, market: Market, end: int) -> int | None:
    """Return the first mark on the way to an end at which a unit is unhealthy; None where it is healthy there."""
    healthy, wrong = market.mark_price_ticks, end
    if not _is_unhealthy_at(own, unit, market, wrong):
        return None
    while abs(healthy - wrong) > 1:
        middle = (healthy + wrong) >> 1
        if _is_unhealthy_at(own, unit, market, middle):
            wrong = middle
        else:
            healthy = middle
    return wrong


def _is_unhealthy_at(own: Book, unit: Unit, market: Market, price_ticks: int) -> bool:
    """Return whether a unit is unhealthy with another mark in one market."""
    moved = replace(market, mark_price_ticks=price_ticks)
    tried = replace(own, markets=own.markets | {market.terms.market_id: moved})
    return is_unhealthy(tried, unit)
