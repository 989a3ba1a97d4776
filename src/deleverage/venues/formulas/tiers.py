"""The amount that makes a table of maintenance rates continuous (Binance, and everybody who publishes one)."""

from fractions import Fraction


def maintenance_amounts(starts: list[Fraction], rates: list[Fraction]) -> list[Fraction]:
    """Return each tier's deduction, exact: ``before + start x (rate - rate before)``, 0 for the first.

    So the requirement ``notional x rate - deduction`` is the same on both sides of a tier's start: nobody can be
    liquidated by a notional that grows by one unit.
    """
    amounts = [Fraction(0)]
    for start, rate, before in zip(starts[1:], rates[1:], rates, strict=False):
        amounts.append(amounts[-1] + start * (rate - before))
    return amounts
