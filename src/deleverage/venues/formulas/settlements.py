"""Money that is paid out when a market ends: dYdX v1, and the defect of paying whoever comes first."""

from fractions import Fraction

from deleverage.venues.formulas.exact import floor


def final_settlement_floor(cash: Fraction, size: Fraction, price: Fraction) -> int:
    """Return what an account may withdraw in final settlement: the floor of its net value, 0 if that is negative.

    Rounded once, on the net: legs that are rounded apart would pay another amount. The vault keeps the fraction.
    Source: github.com/dydxprotocol/perpetual (87f22632), P1FinalSettlement.
    """
    return max(0, floor(cash + size * price))


def first_come(vault: int, claims: list[int]) -> list[int]:
    """Return what claims are paid in their order while the vault lasts: a defect of dYdX v1, kept by name.

    The law pays everybody the same share instead (``exchange-rate``, or the scaled withdrawal after a residual).
    """
    paid = []
    for claim in claims:
        paid.append(min(claim, vault))
        vault -= paid[-1]
    return paid
