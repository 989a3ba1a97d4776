"""What liquidation asks of a unit: the close-out threshold, and who may not be left as he is.

The common law knows one threshold below which a unit is unhealthy; a second, below it, lets lots be taken over although
nobody is bankrupt. A rate of 0 leaves the second one out.
"""

from deleverage.rulebook.book import Book, Market, Unit, market_of
from deleverage.rulebook.margin import equity, is_unhealthy, maintenance_numerator, margin_balance, required, tier_of
from deleverage.rulebook.quantities import MARGIN_SCALE, div_ceil


def leg_close_out(market: Market, lots: int) -> int:
    """Return the close-out requirement of a leg as a numerator in quanta x 10^18."""
    tier = tier_of(market, abs(lots * market.value_quanta))
    return required(market, lots, tier.close_out_rate_ppb, tier.close_out_deduction_quanta)


def close_out_numerator(book: Book, unit: Unit) -> int:
    """Return the unit's close-out requirement as a numerator in quanta x 10^18."""
    return sum(leg_close_out(book.markets[market_of(leg_id)], leg.lots) for leg_id, leg in unit.legs.items())


def maintenance_margin_ceil(book: Book, unit: Unit) -> int:
    """Return the maintenance margin in quanta, rounded up: the number shown to people."""
    return div_ceil(maintenance_numerator(book, unit), MARGIN_SCALE)


def is_below_close_out(book: Book, unit: Unit) -> bool:
    """Return whether a unit's lots may be taken over although it is not bankrupt: compared without rounding."""
    return margin_balance(book, unit) * MARGIN_SCALE < close_out_numerator(book, unit)


def cannot_carry(book: Book, unit: Unit) -> bool:
    """Return whether a unit may not be left like this by somebody else's liquidation: unhealthy, or below zero."""
    return equity(book, unit) < 0 or is_unhealthy(book, unit)
