"""Terms of the markets of ordinary days: every contract, one to eight tiers with deductions, fine and coarse lots."""

from random import Random

from deleverage.rulebook.book import CONTRACTS, MarketTerms, Tier
from deleverage.rulebook.schedule import Driver, Schedule

PPB = 10**9
WIDEST = 1 << 59
"""No number of terms is above this: columns hold it."""
MOVING = Schedule(cap_ppb=2 * PPB, max_step_ppb=PPB, volatility=Driver(10**7, PPB), unit_share=Driver(300_000_000, PPB))
"""Requirements that follow the market, and the share that a leg has of it."""


def random_terms(rng: Random, market_id: str, size: int) -> tuple[MarketTerms, int]:
    """Return terms under which a usual leg is worth about ``size`` quanta, and a first price in ticks."""
    contract = rng.choice(CONTRACTS)
    lots = min(size, rng.choice((3, 40, 1000, 10**5, 10**7, 10**12)))  # a usual leg has so many
    value = max(1, size // lots)
    price = rng.choice((100, 997, 10_000, 123_457, 10**6))
    if contract == "inverse":
        price = max(2, min(price, WIDEST // value))
        multiplier = value * price
    else:
        price = max(2, min(price, value))
        multiplier = max(1, value // price)
    loose = rng.random() < 0.8
    terms = MarketTerms(
        market_id,
        0 if contract == "inverse" else multiplier,
        random_tiers(rng, size),
        max_lots=min(WIDEST, lots * (10**6 if loose else rng.choice((1, 3, 10)))),
        max_price_ticks=min(WIDEST, price * 1000),
        max_open_interest_lots=min(WIDEST, lots * (10**7 if loose else rng.choice((2, 10, 30)))),
        contract=contract,
        face_quanta_ticks=multiplier if contract == "inverse" else 0,
        min_value_quanta=max(1, value // rng.choice((3, 100, 10**6))) if rng.random() < 0.3 else 1,
        expiry_ns=rng.choice((0, 0, 0, 0, 60 * PPB)),
        schedule=rng.choice((Schedule(), Schedule(), Schedule(), MOVING)),
        underlying=rng.choice(("", "coin")),
    )
    return terms, price


def random_tiers(rng: Random, size: int) -> tuple[Tier, ...]:
    """Return one to eight tiers around legs of ``size`` quanta; deductions make requirements continuous, or not."""
    count, style = rng.choice((1, 1, 2, 3, 5, 8)), rng.choice(("none", "continuous", "some"))
    initial = rng.choice((10_000_000, 50_000_000, 100_000_001, 250_000_000, PPB))
    maintenance = initial * rng.choice((4, 5, 7, 10)) // 10
    close_out = rng.choice((0, 0, maintenance // 2, maintenance))
    rates: tuple[int, ...] = (close_out, maintenance, initial)
    start = 0
    tiers: list[Tier] = []
    for at in range(count):
        tier = Tier(start, rates[1], rates[2], close_out_rate_ppb=rates[0])
        if tiers and style != "none":
            deductions = [
                before + start * (rate - rate_before) // PPB
                for before, rate, rate_before in zip(_deductions(tiers[-1]), rates, _rates(tiers[-1]), strict=True)
            ]
            if style == "some":
                deductions = [deductions[0], deductions[1] // 2, deductions[2] // 3]
            better = Tier(start, rates[1], rates[2], deductions[1], deductions[2], rates[0], deductions[0])
            tier = better if _in_order(better) else tier
        tiers.append(tier)
        start = max(start + 1, size * 2**at // 8)
        rates = tuple(min(PPB, rate * 5 // 4) for rate in rates)
    return tuple(tiers)


def _rates(tier: Tier) -> tuple[int, ...]:
    return tier.close_out_rate_ppb, tier.maintenance_rate_ppb, tier.initial_rate_ppb


def _deductions(tier: Tier) -> tuple[int, ...]:
    return tier.close_out_deduction_quanta, tier.maintenance_deduction_quanta, tier.initial_deduction_quanta


def _in_order(tier: Tier) -> bool:
    """Return whether the three requirements are in order where the tier starts, as the door asks."""
    start = tier.from_notional_quanta
    amounts = [start * rate - kept * PPB for rate, kept in zip(_rates(tier), _deductions(tier), strict=True)]
    return all(not _rates(tier)[at] or amounts[at] <= amounts[at + 1] for at in range(2))
