"""Bybit's trigger: how far a symbol's result has fallen against its pool, and which of two conditions starts it.

Source: bybit-exchange.github.io/docs/v5/market/adl-alert (docs@072c197d), with three worked examples.
"""

from fractions import Fraction

DRAWDOWN, EMPTY = "contract_pnl_drawdown", "insurance_pool_equity"


def pnl_ratio(pnl_now: Fraction, pnl_peak: Fraction, largest_balance: Fraction) -> Fraction:
    """Return a symbol's fall within 8 hours against the pool's largest balance in them, exact; 0 or negative."""
    return (pnl_now - pnl_peak) / largest_balance


def fired(
    balance: Fraction, threshold: Fraction, ratio: Fraction, limit: Fraction, boundary: str = "inclusive"
) -> str | None:
    """Return which condition starts deleveraging, or None.

    The drawdown: the balance lies above the threshold and the ratio beyond the (negative) limit. The rule says below
    it, the second example triggers at it: switch ``boundary`` "inclusive" or "strict". The other: the pool is empty.
    """
    beyond = ratio <= limit if boundary == "inclusive" else ratio < limit
    if balance > threshold and beyond:
        return DRAWDOWN
    return EMPTY if balance <= 0 else None


def worth_closed(fall: Fraction, limit: Fraction, largest_balance: Fraction) -> Fraction:
    """Return the money that is closed against users: what lies beyond the limit, which the pool pays up to; exact."""
    return max(Fraction(0), (limit - fall) * largest_balance)
