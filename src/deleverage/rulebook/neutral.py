"""The neutral: cross accounts whose long and short delta in an underlying nearly offset are closed after the others.

Closing one leg of a hedge makes an account directional that was not. So a venue may let such accounts stand behind all
ordinary candidates (OKX 2025-11, Binance 2026-01, Bybit 2026-03, Bitget). Who may be in the mode - VIP level, margin
mode, opting in - is the venue's business; the book is only told that an account is.

Deliberately absent: hedges outside the domain (spot, options), and the excess of a hedge as a candidate of its own.
"""

from deleverage.rulebook.book import Book, Unit, market_of
from deleverage.rulebook.margin import leg_value
from deleverage.rulebook.quantities import PPB

BOUNDARIES = ("strict", "inclusive")
"""Whether a difference of exactly the share is still neutral: Binance says below it, Bybit at most."""


def deltas(book: Book, unit: Unit, underlying: str) -> tuple[int, int]:
    """Return the notional of the unit's long and of its short legs in an underlying, at the last accepted marks."""
    sides = [0, 0]
    for leg_id, leg in unit.legs.items():
        market = book.markets[market_of(leg_id)]
        if market.terms.underlying_id == underlying:
            sides[leg.lots < 0] += abs(leg_value(leg, market))
    return sides[0], sides[1]


def is_neutral(book: Book, unit: Unit, underlying: str, within_ppb: int, boundary: str) -> bool:
    """Return whether the sides differ by less than a share of the larger one (inclusive: at most); 0 is off."""
    if within_ppb == 0 or unit.isolated_market_id or not book.accounts[unit.account_id].neutral:
        return False
    long_quanta, short_quanta = deltas(book, unit, underlying)
    apart = abs(long_quanta - short_quanta) * PPB
    most = within_ppb * max(long_quanta, short_quanta)
    return apart <= most if boundary == "inclusive" else apart < most
