"""Derive v2: what a bidder is paid for an insolvent account, and when withdrawals are blocked.

Source: github.com/derivexyz/v2-core (7736900d), src/liquidation, test/auction/unit-tests.
"""

from fractions import Fraction


def insolvent_bid(value: Fraction, margin: Fraction, elapsed: Fraction, part: Fraction) -> Fraction:
    """Return the cash that a bidder gets with a part of an insolvent account, exact; the security module pays.

    From ``max(0, -value)`` linearly to ``-margin`` over the length of the auction (``elapsed`` from 0 to 1); ``value``
    is the account at the marks, ``margin`` its maintenance as the venue signs it (negative: required).
    """
    start = max(Fraction(0), -value)
    return (start + (-margin - start) * min(Fraction(1), elapsed)) * part


def blocks_withdrawals(insolvent_margin: Fraction, module_balance: Fraction) -> bool:
    """Return whether nobody may withdraw: the insolvent require more than the security module holds, strictly."""
    return insolvent_margin > module_balance
