"""MCDEX v3: what a liquidated margin account is charged, in which order.

Source: github.com/mcdexio/mai-protocol-v3 (e750be67), test/Liquidate.test.ts: rates of its test market.
"""

from fractions import Fraction
from typing import NamedTuple


class Rates(NamedTuple):
    """Gas is an amount, the others shares: of the notional, and (the fund's) of the penalty."""

    gas: Fraction = Fraction(1)
    penalty: Fraction = Fraction(5, 1000)
    vault: Fraction = Fraction(2, 10_000)
    insurance: Fraction = Fraction(1, 10)


class Liquidated(NamedTuple):
    """What is left of the account, and who got what of it."""

    cash: Fraction
    penalty: Fraction
    gas: Fraction
    vault: Fraction
    insurance: Fraction
    bankrupt: bool


TEST_MARKET = Rates()


def liquidate(mark: Fraction, cash: Fraction, position: Fraction, rates: Rates = TEST_MARKET) -> Liquidated:
    """Return an account that was closed at the mark by the keeper: gas first, then the penalty, then the vault's fee.

    Each takes at most what those before it have left; gas is charged even where nothing is left. Below zero the
    account is bankrupt. Exact.
    """
    zero = Fraction(0)
    left = cash + position * mark - rates.gas
    notional = abs(position) * mark
    penalty = min(max(zero, left), notional * rates.penalty)
    vault = min(max(zero, left - penalty), notional * rates.vault)
    return Liquidated(left - penalty - vault, penalty, rates.gas, vault, penalty * rates.insurance, left < 0)
