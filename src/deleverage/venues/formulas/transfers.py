"""Positions that are transferred to users: Orderly's cost, GTE's price.

Sources: OrderlyNetwork/contract-evm (425cad49), test/functionTest; code-423n4/2025-08-gte-perps (f43e1eed),
LiquidatorPanel.sol.
"""

from fractions import Fraction

from deleverage.venues.formulas.exact import Refused, toward_zero

FUNDING_UNIT = 10**17
"""Orderly's funding sums count in 10^-17 of a unit of cost per unit of quantity."""


def orderly_transfer(
    quantity: int, cost: int, last_sum: int, now_sum: int, quantity_transfer: int, cost_transfer: int
) -> tuple[int, int]:
    """Return cost and quantity of a user's position after a transfer: funding since the last one is charged first.

    ``cost + quantity x (now - last) / 10^17 + cost transfer``, the magnitude of the funding rounded down. Refused: a
    transfer that is larger than the user's position.
    """
    if abs(quantity_transfer) > abs(quantity):
        raise Refused(f"a transfer of {quantity_transfer} is larger than a position of {quantity}")
    funding = toward_zero(Fraction(quantity * (now_sum - last_sum), FUNDING_UNIT))
    return cost + funding + cost_transfer, quantity + quantity_transfer


def gte_bankruptcy_price(
    side: str, open_notional: Fraction, size: Fraction, margin: Fraction, funding: Fraction
) -> Fraction:
    """Return the price at which a position's margin is used up, exact, at least 0 (GTE).

    ``(open notional - (margin - funding)) / size`` of a long, ``+`` of a short.
    """
    left = margin - funding
    return max(Fraction(0), (open_notional - left if side == "long" else open_notional + left) / size)
