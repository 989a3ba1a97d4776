"""Mango v4: a negative perpetual balance is settled within health, then insured, then charged to all open lots.

Source: github.com/blockworks-foundation/mango-v4 (1303a4a1), perp_liq_negative_pnl_or_bankruptcy.rs. All amounts are
exact fractions of tokens; the venue rounds the insurance up to the token's smallest unit, in the liquidator's favour.
"""

from fractions import Fraction
from typing import NamedTuple


class Account(NamedTuple):
    """The liquidated account: settlement tokens, perpetual balance in them (negative), and the health of all else."""

    tokens: Fraction
    perp: Fraction
    other_health: Fraction


class Terms(NamedTuple):
    """Asset weight of the settlement token (a debt counts 2 less it), and both tokens' prices."""

    weight: Fraction
    settle_price: Fraction
    insurance_price: Fraction


class Outcome(NamedTuple):
    """The liquidated account after it, what the liquidator gained and took on, and what all open lots are charged."""

    tokens: Fraction
    perp: Fraction
    liqor_tokens: Fraction
    liqor_perp: Fraction
    liqor_insurance: Fraction
    socialised: Fraction


def settleable(account: Account, terms: Terms) -> Fraction:
    """Return the tokens that may leave before the health without the perpetual balance reaches 0; at least 0."""
    zero = Fraction(0)
    held, debt_weight = max(zero, account.tokens), 2 - terms.weight
    owed = min(zero, account.tokens) * terms.settle_price * debt_weight
    value = held * terms.settle_price * terms.weight
    health = value + owed + account.other_health
    if health <= value:
        return max(zero, health) / (terms.settle_price * terms.weight)
    return held + (health - value) / (terms.settle_price * debt_weight)


def resolve(
    account: Account, terms: Terms, insurance: Fraction, settle_limit: Fraction, most: Fraction
) -> Outcome | None:
    """Return what the instruction does; None: nothing is owed, and it fails.

    1. Settle: the least of the debt, what health allows, the settle limit, and the liquidator's bound ``most``.
    2. Insure: of the debt beyond what health allows, as far as ``most`` and the fund reach, at insurance over
       settlement price; the liquidator takes the debt over.
    3. Charge: the rest of it, only if the fund is used up by that.
    """
    if account.perp >= 0:
        return None
    allowed = settleable(account, terms)
    settled = min(-account.perp, allowed, settle_limit, most)
    bankrupt = max(Fraction(0), -account.perp - allowed)
    ratio = terms.insurance_price / terms.settle_price
    insured = min(bankrupt, most - settled, insurance * ratio)
    paid = insured / ratio
    socialised = bankrupt - insured if paid == insurance else Fraction(0)
    left = account.perp + settled + insured + socialised
    return Outcome(account.tokens - settled, left, settled, -settled - insured, paid, socialised)
