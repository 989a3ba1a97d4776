"""From columns to candidates: the rows of one side of a market, what a ranking reads of them, and their units' health.

A unit's *flags* are what a revaluation has left (1: unhealthy) and BANKRUPT_UNIT. Rows have the codes of their tiers.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.cost import share_ceil
from deleverage.engine.kernels.products import plus
from deleverage.engine.kernels.revalue import BELOW, NEAR, tier_code
from deleverage.engine.kernels.states import (
    COST,
    CREDIT,
    EQUITY,
    LOTS,
    OTHER_HIGH,
    OTHER_LOW,
    OTHER_PNL,
    OTHER_VALUE,
    maintenance_of,
)

Array = Any
Whole = Any

UNHEALTHY, BANKRUPT_UNIT = 1, 2
"""Bits of a unit's flags."""
ORDINARY, LAST, WITHOUT_EQUITY, NOT_ASKED = 2, 4, 5, -1
"""Tiers as ``rulebook.stages.candidates`` numbers them; NOT_ASKED: a bankrupt."""


@compiled
def repair(
    wrong: Array,
    count: Whole,
    lots: Array,
    owner: Array,
    code: Array,
    held: Array,
    spare: Array,
    least: Array,
    most: Array,
    equity: Array,
    maintenance: Array,
    flags: Array,
) -> None:
    """Give ``count`` rows the code of their tier after a revaluation that read another one, and mend what it found.

    A lot is worth the same in every tier of a market, so only maintenance and flags change.
    """
    for at in range(np.uint64(count)):
        row = np.uint64(wrong[at])
        mass, before, unit = abs(lots[row]), code[row], np.uint64(owner[row])
        place = np.uint16(tier_code(np.int64(before), mass, least, most))
        code[row] = place
        maintenance[unit] -= max(np.int64(0), mass * held[before] - spare[before])
        maintenance[unit] += max(np.int64(0), mass * held[place] - spare[place])
        flags[unit] = BELOW | NEAR if equity[unit] < maintenance[unit] else 0


@compiled
def tier_by_health(equity: Whole, flag: Whole) -> Any:
    """Return the tier of an ordinary unit that is not in a bankrupt's account."""
    tier = np.int8(ORDINARY)
    tier = np.int8(LAST) if flag & UNHEALTHY else tier
    tier = np.int8(WITHOUT_EQUITY) if equity <= 0 else tier
    return np.int8(NOT_ASKED) if flag & BANKRUPT_UNIT else tier


@compiled
def of_units(unit: Array, equity: Array, flags: Array, own: Array, tiers: Array) -> None:
    """Copy what units are worth, and write their tiers; loop by loop, so that LLVM takes rows eight at a time."""
    for at in range(np.uint64(unit.size)):
        own[at] = equity[unit[at]]
    for at in range(np.uint64(unit.size)):
        tiers[at] = flags[unit[at]]
    for at in range(np.uint64(unit.size)):
        tiers[at] = tier_by_health(own[at], tiers[at])


@compiled
def is_within(code: Whole, least: Whole, span: Whole, even: bool, odd: bool) -> Any:
    """Return whether a code (uint16) is one of ``span`` from ``least`` on, and of a parity that is wanted."""
    return (np.uint16(code - least) < span) & (odd if code & np.uint16(1) else even)


@compiled
def gather(
    first: Whole,
    end: Whole,
    odds: Whole,
    rows: Whole,
    lots: Array,
    owner: Array,
    code: Array,
    cost: Array,
    equity: Array,
    flags: Array,
    found: Array,
    unit: Array,
    held: Array,
    place: Array,
    base: Array,
    own: Array,
    tiers: Array,
) -> Any:
    """Copy the rows with lots whose code lies in ``[first, end)``; return how many.

    ``odds`` is 1 for even codes (longs), 2 for odd ones (shorts), 3 for both.

    Written, a cell a row, with room for one more than there are: row (uint32), unit (uint32), signed lots, code, signed
    cost, the unit's equity, and its tier by health alone (int8).
    """
    count, odd, even = np.uint64(0), odds & 2 != 0, odds & 1 != 0
    least, span = np.uint16(first), np.uint16(end - first)
    for row in range(np.uint64(rows)):
        of, mine, whose = code[row], lots[row], owner[row]
        found[count], unit[count], held[count], place[count] = row, whose, mine, of
        base[count], own[count] = cost[row], equity[whose]
        tiers[count] = tier_by_health(own[count], flags[whose])
        count += np.uint64((mine != 0) & is_within(of, least, span, even, odd))
    return count


@compiled
def survey(
    chosen: Array,
    lots: Array,
    owner: Array,
    code: Array,
    memos: Array,
    units: Array,
    equity: Array,
    value: Array,
    rate: Array,
    deduction: Array,
    factor: Array,
    states: Array,
    sums: Array,
) -> Any:
    """Write the state of each chosen row (``kernels.states``) and the sums of its unit (``kernels.scores``).

    ``value`` is the signed quanta of a lot by code, the other tables are magnitudes (uint64). Returns the bits of all
    PnL together: from 2^55 on a sum may have left 64 bits, and nothing of this may be used.
    """
    bits = np.int64(0)
    for at in range(np.uint64(chosen.size)):
        mine = np.uint64(chosen[at])
        unit = np.uint64(owner[mine])
        pnl, worth, high, low = np.int64(0), np.int64(0), np.uint64(0), np.uint64(0)
        own_pnl, own_worth, own_high, own_low = np.int64(0), np.int64(0), np.uint64(0), np.uint64(0)
        row = np.int64(units[unit].head)
        while row >= 0:
            here = np.uint64(row)
            of = np.uint64(code[here])
            quanta = lots[here] * value[of]
            gain = quanta - memos[here].cost
            bits |= gain ^ (gain >> 63)
            need_high, need_low = maintenance_of(np.uint64(abs(quanta)), rate[of], deduction[of], factor[of])
            if here == mine:
                own_pnl, own_worth, own_high, own_low = gain, abs(quanta), need_high, need_low
            else:
                pnl += gain
                worth += abs(quanta)
                high, low = plus(high, low, need_high, need_low)
            row = np.int64(memos[here].next)
        states[at, LOTS], states[at, COST], states[at, EQUITY] = lots[mine], memos[mine].cost, equity[unit]
        states[at, CREDIT], states[at, OTHER_PNL], states[at, OTHER_VALUE] = units[unit].credit, pnl, worth
        states[at, OTHER_HIGH], states[at, OTHER_LOW] = np.int64(high), np.int64(low)
        high, low = plus(high, low, own_high, own_low)
        sums[at, 0], sums[at, 1] = pnl + own_pnl, worth + own_worth
        sums[at, 2], sums[at, 3] = np.int64(own_high), np.int64(own_low)
        sums[at, 4], sums[at, 5] = np.int64(high), np.int64(low)
    return bits


@compiled
def share_of_debts(debts: Array, values: Array, wholes: Array) -> Array:
    """Return the share of each debt (quanta >= 0) that goes with a leg's value among the unit's, rounded up."""
    shares = np.empty(debts.size, np.int64)
    for at in range(np.uint64(debts.size)):
        shares[at] = share_ceil(debts[at], values[at], wholes[at])
    return shares
