"""A candidate between two fills: one cache line, of which rank, tier and health are computed anew.

A state is eight int64: signed lots, signed cost, the unit's equity, what its collateral counts as margin; and of the
unit's *other* legs, which a fill does not touch, price PnL, value as magnitude, and maintenance as a wide number.
Rows of a market's margin table (int64) are the notional from which they hold, the maintenance rate in ppb and the
deduction in quanta. A factor that hangs on the leg's size is not known here: such a market is the rulebook's.

Numbers are handed on, not arrays, where it must be fast: each array that a kernel takes is counted in and out.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.products import PPB, SCALE, high_product, is_less, minus, plus, times
from deleverage.engine.kernels.scores import LEXICOGRAPHIC, score_key

Array = Any
Whole = Any

LOTS, COST, EQUITY, CREDIT, OTHER_PNL, OTHER_VALUE, OTHER_HIGH, OTHER_LOW = range(8)
"""Columns of a state."""
FUND_TIER, LAST_TIER, NO_EQUITY_TIER = 0, 4, 5


@compiled
def tier_row(table: Array, notional: Whole) -> Any:
    """Return rate and deduction of the tier that a notional falls into: the last one that starts at or below it."""
    chosen: Whole = np.uint64(0)
    for tier in range(np.uint64(table.shape[0])):
        if table[tier, 0] <= notional:
            chosen = tier
    return table[chosen, 1], table[chosen, 2]


@compiled
def state_of(states: Array, row: Whole) -> Any:
    """Return the eight numbers of a state."""
    return (
        states[row, LOTS],
        states[row, COST],
        states[row, EQUITY],
        states[row, CREDIT],
        states[row, OTHER_PNL],
        states[row, OTHER_VALUE],
        states[row, OTHER_HIGH],
        states[row, OTHER_LOW],
    )


@compiled
def maintenance_of(notional: Whole, rate_ppb: Whole, deduction_quanta: Whole, factor_ppb: Whole) -> Any:
    """Return the maintenance requirement of a notional in its tier, wide (``margin.required``); all uint64."""
    high, low = high_product(notional, rate_ppb), notional * rate_ppb
    less_high, less_low = high_product(deduction_quanta, PPB), deduction_quanta * PPB
    if is_less(high, low, less_high, less_low):
        return np.uint64(0), np.uint64(0)
    high, low = minus(high, low, less_high, less_low)
    high, low = times(high, low, factor_ppb)
    most_high, most_low = high_product(notional, SCALE), notional * SCALE
    if is_less(most_high, most_low, high, low):
        return most_high, most_low
    return high, low


@compiled
def tier_of(home: Whole, equity: Whole, credit: Whole, needed_high: Whole, needed_low: Whole) -> Any:
    """Return the tier of a unit whose tier is ``home`` as long as nothing but its own account speaks against it.

    ``needed`` is its maintenance, wide. The fund's inventory is never excluded; who has no equity is asked last of all,
    before it whoever is unhealthy.
    """
    if home == FUND_TIER:
        return np.int64(FUND_TIER)
    if equity <= 0:
        return np.int64(NO_EQUITY_TIER)
    balance = np.uint64(equity + credit)
    if is_less(high_product(balance, SCALE), balance * SCALE, needed_high, needed_low):
        return np.int64(LAST_TIER)
    return np.int64(home)


@compiled
def rank_of(
    ranking: Whole, floor: Whole, tier: Whole, lots: Whole, cost: Whole, equity: Whole, value_quanta: Whole, sums: Whole
) -> Any:
    """Return grade and key of a candidate with signed lots and cost; ``sums`` as ``scores`` names them."""
    if equity <= 0 or ranking == LEXICOGRAPHIC:
        return np.int64(2 * tier), np.int64(0)
    value, base = lots * value_quanta, max(np.int64(1), abs(cost))
    key = score_key(ranking, floor, abs(lots), abs(value), value - cost, base, equity, sums)
    return np.int64(2 * tier + 1), key


@compiled
def rank_again(
    ranking: Whole, floor: Whole, home: Whole, value_quanta: Whole, factor_ppb: Whole, tier: Whole, state: Any
) -> Any:
    """Return grade and key of a candidate as it stands: tier, health and score computed anew.

    ``tier`` is rate and deduction of its leg's margin tier, ``state`` the eight numbers of its state.
    """
    lots, cost, equity, credit, other_pnl, other_value, other_high, other_low = state
    value = lots * value_quanta
    leg_high, leg_low = maintenance_of(np.uint64(abs(value)), np.uint64(tier[0]), np.uint64(tier[1]), factor_ppb)
    high, low = plus(np.uint64(other_high), np.uint64(other_low), leg_high, leg_low)
    unit_pnl, unit_value = other_pnl + value - cost, other_value + abs(value)
    sums = (unit_pnl, unit_value, np.int64(leg_high), np.int64(leg_low), np.int64(high), np.int64(low))
    grade_tier = tier_of(home, equity, credit, high, low)
    return rank_of(ranking, floor, grade_tier, lots, cost, equity, value_quanta, sums)


@compiled
def tier_rows(states: Array, homes: Array, value_quanta: Whole, factor_ppb: Whole, table: Array, tiers: Array) -> None:
    """Write the tier (int8) of every candidate as it stands, exactly; ``homes`` (int8) as in ``tier_of``."""
    for row in range(np.uint64(states.shape[0])):
        notional = abs(states[row, LOTS] * value_quanta)
        chosen: Whole = np.uint64(0)
        for tier in range(np.uint64(table.shape[0])):
            if table[tier, 0] <= notional:
                chosen = tier
        rate, deduction = np.uint64(table[chosen, 1]), np.uint64(table[chosen, 2])
        high, low = maintenance_of(np.uint64(notional), rate, deduction, np.uint64(factor_ppb))
        high, low = plus(np.uint64(states[row, OTHER_HIGH]), np.uint64(states[row, OTHER_LOW]), high, low)
        tiers[row] = tier_of(np.int64(homes[row]), states[row, EQUITY], states[row, CREDIT], high, low)
