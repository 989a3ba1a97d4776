"""Leverages that owners choose: how low the initial rate of a market may go."""

from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.margin import tier_of
from deleverage.rulebook.orders import held_lots


def least_initial_rate(book: Book, unit: Unit, market_id: str) -> int:
    """Return the initial rate in ppb that a leverage in a market may not go below: the highest of the held legs' tiers.

    Without a leg or an order there, the first tier's.
    """
    market = book.markets[market_id]
    held = [lots for leg_id, lots in held_lots(book, unit).items() if market_of(leg_id) == market_id]
    return max(tier_of(market, lots * abs(market.value_quanta)).initial_rate_ppb for lots in held or [0])
