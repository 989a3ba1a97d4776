"""A unit's health, decided exactly as the law decides it: of one, or of all that a look has flagged."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.revalue import NEAR, flagged
from deleverage.engine.kernels.wide import difference_wide, less_wide, product_wide, scaled_wide, sum_wide

Array = Any
Whole = Any

PPB = 1_000_000_000
MARGIN_SCALE = PPB * PPB


@compiled
def decide_exactly(
    unit: Whole,
    lots: Array,
    code: Array,
    memos: Array,
    quote: Array,
    units: Array,
    worth: Array,
    value: Array,
    rate: Array,
    deduction: Array,
    factor: Array,
) -> Whole:
    """Return whether equity and credit of a unit lie below its maintenance, without any rounding.

    Tables by code: ``worth`` as always, ``value`` the quanta of a lot, of either sign, ``rate`` and ``factor`` in ppb,
    ``deduction`` in quanta. Below 2^31, 2^42 and 2^61; notionals below 2^54, equity and credit together below 2^66: no
    product leaves 2^127. The codes of the unit's legs are right; a leg's share of the open interest is not asked for.
    """
    owned, owned_low = product_wide(quote[unit], MARGIN_SCALE)
    extra, extra_low = product_wide(units[unit].credit, MARGIN_SCALE)
    owned, owned_low = sum_wide(owned, owned_low, extra, extra_low)
    high, low = np.int64(0), np.uint64(0)
    row = np.int64(units[unit].head)
    while row >= 0:
        place, mine = code[row], lots[row]
        own, own_low = product_wide(mine * worth[place], MARGIN_SCALE)
        owned, owned_low = sum_wide(owned, owned_low, own, own_low)
        notional = abs(mine * value[place])
        need, need_low = product_wide(notional, rate[place])
        less, less_low = product_wide(deduction[place], PPB)
        need, need_low = difference_wide(need, need_low, less, less_low)
        if need >= 0:
            need, need_low = scaled_wide(need, need_low, factor[place])
            most, most_low = product_wide(notional, MARGIN_SCALE)
            if less_wide(most, most_low, need, need_low):
                need, need_low = most, most_low
            high, low = sum_wide(high, low, need, need_low)
        row = np.int64(memos[row].next)
    return less_wide(owned, owned_low, high, low)


@compiled
def decide_flagged(
    flags: Array,
    size: Whole,
    plain: Whole,
    lots: Array,
    code: Array,
    memos: Array,
    quote: Array,
    units: Array,
    worth: Array,
    held: Array,
    value: Array,
    rate: Array,
    deduction: Array,
    factor: Array,
    found: Array,
) -> Any:
    """Make the flags of ``size`` units exact, write those below into ``found`` (one cell more), and return how many.

    The other tables are those of ``decide_exactly``. ``plain``: nobody has collateral. If so, and nothing is deducted,
    who is below and not near is unhealthy.
    """
    sure = plain
    for place in range(value.shape[0]):
        if value[place] != 0:
            sure = sure and held[place] > 0 and deduction[place] == 0
    kept, many = np.uint64(0), np.uint64(flagged(flags, size, found))
    for at in range(many):
        unit = np.uint64(found[at])
        if not sure or flags[unit] & NEAR:
            flags[unit] = decide_exactly(unit, lots, code, memos, quote, units, worth, value, rate, deduction, factor)
        found[kept] = unit
        kept += np.uint64(flags[unit])
    return np.int64(kept)
