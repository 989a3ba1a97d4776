"""Drift v2: the charge per lot of a socialised loss, the lots that cover a shortage, and the fund's fee.

Source: github.com/drift-labs/protocol-v2 (0ae3e3b1), programs/drift/src/math/liquidation.rs. Quote is in 10^-6, base in
10^-9, rates of funding in 10^-9.
"""

from fractions import Fraction

from deleverage.venues.formulas.exact import Refused, ceil, floor

FEE_SHARE = Fraction(95, 100)
"""Of the margin that is left, so much may go to the insurance fund."""
FULL_BELOW = 50
"""A shortage below so many dollars is liquidated at once."""


def socialised_rate(loss: int, long_base: int, short_base: int) -> int:
    """Return by how much the cumulative funding of longs rises and that of shorts falls, for a loss (magnitude).

    ``ceil(loss x 10^9 / (long + short)) x 1000``. Rounded up: a little more than the loss is collected, which the
    market's pool keeps. Refused without open interest: the venue's call fails and the account stays as it is.
    """
    if long_base + short_base == 0:
        raise Refused("nobody holds the market: there is nobody to charge")
    return ceil(Fraction(loss * 10**9, long_base + short_base)) * 1000


def base_to_cover(
    shortage: Fraction, price: Fraction, margin_ratio: Fraction, fees: Fraction, quote_price: Fraction
) -> int:
    """Return the base (10^-9) whose closing frees a shortage of margin, rounded down; ``fees``: liquidator and fund.

    ``shortage / (price x (margin_ratio - fees) x quote_price)``. Refused where the fees eat the margin.
    """
    freed = price * (margin_ratio - fees) * quote_price
    if freed <= 0:
        raise Refused("closing a lot frees no margin")
    return floor(shortage / freed * 10**9)


def fund_fee(
    shortage: Fraction,
    base: Fraction,
    price: Fraction,
    margin_ratio: Fraction,
    liquidator_fee: Fraction,
    most: Fraction,
) -> int:
    """Return the insurance fund's fee in 10^-6 of the notional, rounded down: 95 % of what the margin leaves, capped.

    ``(margin_ratio - liquidator_fee - shortage / (base x price)) x 0.95``, from 0 to ``most``.
    """
    left = margin_ratio - liquidator_fee - shortage / (base * price)
    return floor(min(most, max(Fraction(0), left * FEE_SHARE)) * 10**6)


def is_closed_at_once(shortage: Fraction) -> bool:
    """Return whether a shortage (dollars) is so small that the whole position is liquidated."""
    return shortage < FULL_BELOW
