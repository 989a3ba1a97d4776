"""What a unit is worth and has to hold, leg by leg: the law's exact comparison in whole quanta and a rest.

A requirement ``notional x rate / 10^9`` is kept as whole quanta and a rest in 10^-9; rests are added up apart, so that
the sum is rounded up once, as the law rounds what it shows, and compares as the law's numerators do.
"""

from typing import Any

from deleverage.engine.kernels.compiled import inlined
from deleverage.engine.kernels.cost import div_half_even

Array = Any

PPB = 1_000_000_000
MOST_LEG = float(1 << 54)
ENDLESS = 1 << 62
"""So many lots no leg has: where the last tier ends."""


@inlined
def weigh(
    head: int,
    cash: int,
    legs: Array,
    book: Array,
    changed: int,
    after: int,
    new: int,
    opens: bool,
    time_ns: int,
    age_ns: int,
) -> tuple[bool, int, int, int]:
    """Return whether all legs lie in ordinary markets, equity, the requirement that is asked for, and notional.

    Quanta; the requirement is initial margin for who ``opens``, else maintenance, rounded up.

    The row ``changed`` counts with ``after`` lots; a leg in the market ``new`` (-1: none) counts with them, too.
    ``age_ns`` > 0: a mark that is older is out of the ordinary.
    """
    memos, code_market = legs
    markets, tiers = book
    row = head
    required, rests, own, gross = 0, 0, cash, 0
    plain = True
    while row >= 0 or new >= 0:
        if row >= 0:
            market = markets[code_market[memos[row].code]]
            count = after if row == changed else memos[row].lots
            row = memos[row].next
        else:
            market, count, new = markets[new], after, -1
        own += count * (market.value - market.funding)
        notional = abs(count * market.value)
        gross += notional
        tier = tiers[tier_at(notional, market, tiers)]
        whole, rest = scaled(notional, tier.initial_rate_ppb if opens else tier.maintenance_rate_ppb)
        deduction = tier.initial_deduction_quanta if opens else tier.maintenance_deduction_quanta
        if whole >= deduction:
            required += whole - deduction
            rests += rest
        if market.trading == 0 or (age_ns > 0 and time_ns - market.mark_time_ns > age_ns):
            plain = False
    return plain, own, required + (rests + PPB - 1) // PPB, gross


@inlined
def equity(head: int, cash: int, legs: Array, book: Array) -> int:
    """Return what a unit is worth at the marks, quanta."""
    memos, code_market = legs
    row, own = head, cash
    while row >= 0:
        market = book[0][code_market[memos[row].code]]
        own += memos[row].lots * (market.value - market.funding)
        row = memos[row].next
    return own


@inlined
def scaled(notional: int, rate_ppb: int) -> tuple[int, int]:
    """Return ``notional x rate / 10^9`` as a whole and a rest in 10^-9; notional below 2^54, rate up to 10^9."""
    high, low = notional // PPB, notional % PPB
    product = low * rate_ppb
    return high * rate_ppb + product // PPB, product % PPB


@inlined
def tier_at(notional: int, market: Array, tiers: Array) -> Any:
    """Return the place of the tier that a notional falls into: the last one that starts at or below it."""
    place = market.first_tier
    last = place + market.tiers - 1
    while place < last and tiers[place + 1].from_notional_quanta <= notional:
        place += 1
    return place


@inlined
def value_fits(market: Array, price_ticks: int) -> bool:
    """Return whether the value of a lot at a price can be computed in 64 bits, with room for sums."""
    return bool(market.inverse) or float(price_ticks) * float(market.multiplier) < MOST_LEG


@inlined
def value_at(market: Array, price_ticks: int) -> Any:
    """Return the signed quanta that a lot is worth at a price, as ``MarketTerms.value_at`` does."""
    if market.inverse:
        return -div_half_even(market.multiplier, price_ticks)
    return price_ticks * market.multiplier
