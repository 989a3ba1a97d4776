"""Every unit's equity and maintenance in one pass over the rows, at the speed of memory.

Rows may stand in any order, free ones (lots 0) among them. Blocks of rows are short, so that the cells of the units
they speak of are set, added to and compared while they lie in the nearest cache: with rows sorted by unit, each byte
is fetched once. Where a row comes late, its unit is compared again.

Bounds, which the door proves: ``|lots x worth|`` and ``|lots| x held`` below 2^54 a leg, at most 128 legs a unit, a
quote's magnitude below 2^61: no sum leaves int64. ``magnitudes``, which come back, are the bits of all products
together: from 2^54 on, a bound has been broken somewhere and nothing of the pass may be used. Where no lot is worth
more than ``k`` times what it needs, and the bits of all needs lie below 2^54 / k, no leg is worth 2^54: then those
stand for all, and the pass has collected no others.

A flag says that a unit lies BELOW, and NEAR as well where rounding could have done it: ``held`` is rounded up by less
than a quantum a lot, so where nothing is deducted maintenance is too high by less than one part in the least that a lot
needs. Whoever is below and not near is unhealthy then, without a second look.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.prefetch import prefetch
from deleverage.engine.kernels.wide import difference_wide, less_wide, product_wide, sum_wide

Array = Any
Whole = Any

BLOCK, AHEAD, ROWS_AHEAD, LINE = np.uint64(128), np.uint64(256), np.uint64(512), np.uint64(8)
"""How many rows are a block, how many units and rows ahead of it are asked for, and how many cells one line holds."""
LINE_BYTES, HALVES, QUARTERS = np.uint64(64), np.uint64(16), np.uint64(32)
"""And how many bytes, owners and codes; lots are of either width."""
ONE, NONE = np.uint64(1), np.uint64(0)
BOUND, LARGEST = np.int64(1 << 54), np.int64((1 << 63) - 1)
BELOW, NEAR = 1, 4
"""Bits of flags; 2 is left to ``survey``."""
PPB = 1_000_000_000
WORTH, HELD, SPARE, LEAST, SPAN = range(5)
"""Columns of the tables that a pass with tiers makes itself: all that a row needs lies in one cache line."""
_, VALUE, RATE, LESS, LESS_LOW = range(5)
"""And those of the exact pass, besides the worth; ``LESS`` is the deduction in quanta x 10^9, in halves."""


@compiled
def asked(lots: Array, owner: Array, code: Array, first: Whole) -> None:
    """Ask memory for the rows that are read a few blocks behind the one that begins: it does not ask early enough."""
    ahead = first + ROWS_AHEAD
    for row in range(ahead, ahead + BLOCK, LINE_BYTES // np.uint64(lots.itemsize)):
        prefetch(lots, row)
    for row in range(ahead, ahead + BLOCK, HALVES):
        prefetch(owner, row)
    for row in range(ahead, ahead + BLOCK, QUARTERS):
        prefetch(code, row)


@compiled
def begun(
    owner: Array, first: Whole, end: Whole, begin: Whole, quote: Array, equity: Array, maintenance: Array
) -> tuple[Whole, Whole]:
    """Set the cells, from ``begin`` on, of the units that a block speaks of; return their end and the lowest unit."""
    highest = lowest = owner[first]
    for row in range(first, end):
        highest = max(highest, owner[row])
        lowest = min(lowest, owner[row])
    until = max(begin, np.uint64(highest) + ONE)
    for unit in range(begin + AHEAD, until + AHEAD, LINE):
        prefetch(quote, unit)
        prefetch(equity, unit)
        prefetch(maintenance, unit)
    for unit in range(begin, until):
        equity[unit] = quote[unit]
        maintenance[unit] = 0
    return until, np.uint64(lowest)


@compiled
def rounding(held: Array) -> Whole:
    """Return the bits by which a requirement is shifted right to be no less than what rounding has added to it."""
    least = LARGEST
    for at in range(held.shape[0]):
        if held[at] > 0:
            least = min(least, held[at])
    bits = NONE
    while least > 1:
        least >>= 1
        bits += ONE
    return bits


@compiled
def flag_of(equity: Whole, maintenance: Whole, bits: Whole) -> Whole:
    """Return a unit's flag."""
    below = equity < maintenance
    near = equity >= maintenance - (maintenance >> np.int64(bits))
    return np.uint8(below) | (np.uint8(below & near) << np.uint8(2))


@compiled
def compared(
    owner: Array,
    first: Whole,
    end: Whole,
    lowest: Whole,
    done: Whole,
    equity: Array,
    maintenance: Array,
    flags: Array,
    bits: Whole,
) -> Any:
    """Compare the units before a block's last one, and late ones again; return the first that is not compared."""
    if lowest < done:
        for row in range(first, end):
            unit = owner[row]
            flags[unit] = flag_of(equity[unit], maintenance[unit], bits)
    until = max(done, np.uint64(owner[end - ONE]))
    for unit in range(done, until):
        flags[unit] = flag_of(equity[unit], maintenance[unit], bits)
    return until


@compiled
def ended(
    begin: Whole,
    done: Whole,
    size: Whole,
    quote: Array,
    equity: Array,
    maintenance: Array,
    flags: Array,
    bits: Whole,
) -> None:
    """Set what no row has spoken of, and compare the rest."""
    for unit in range(begin, size):
        equity[unit] = quote[unit]
        maintenance[unit] = 0
    for unit in range(done, size):
        flags[unit] = flag_of(equity[unit], maintenance[unit], bits)


@compiled
def all_bits(needs: Whole, lots: Array, code: Array, rows: Whole, worth: Array, held: Array) -> Whole:
    """Return the magnitudes, where the bits of all needs are known: the same, unless a leg may be worth too much."""
    times = np.int64(1)
    for at in range(worth.shape[0]):
        if held[at] > 0:
            times = max(times, abs(worth[at]) // held[at] + 1)
        elif worth[at] != 0:
            times = BOUND + 1
    if 0 <= needs < BOUND // times:
        return needs
    magnitudes = needs
    for row in range(rows):
        value = np.int64(lots[row]) * worth[code[row]]
        magnitudes |= value ^ (value >> 63)
    return magnitudes


@compiled
def revalue(
    lots: Array,
    owner: Array,
    code: Array,
    rows: Whole,
    quote: Array,
    size: Whole,
    worth: Array,
    held: Array,
    equity: Array,
    maintenance: Array,
    flags: Array,
) -> Whole:
    """Fill ``equity``, ``maintenance`` (quanta) and ``flags`` of ``size`` units; return the magnitudes.

    For books in which every market has one tier and no deduction. Maintenance is from above, as ``held`` is.
    """
    begin, done, magnitudes, bits = NONE, NONE, np.int64(0), rounding(held)
    first, last = NONE, np.uint64(rows)
    while first < last:
        end = min(last, first + BLOCK)
        asked(lots, owner, code, first)
        begin, lowest = begun(owner, first, end, begin, quote, equity, maintenance)
        for row in range(first, end):
            unit, place, mine = owner[row], code[row], np.int64(lots[row])
            value, need = mine * worth[place], abs(mine) * held[place]
            magnitudes |= need
            equity[unit] += value
            maintenance[unit] += need
        done = compared(owner, first, end, lowest, done, equity, maintenance, flags, bits)
        first = end
    ended(begin, done, np.uint64(size), quote, equity, maintenance, flags, bits)
    return all_bits(magnitudes, lots, code, last, worth, held)


@compiled
def revalue_tiers(
    lots: Array,
    owner: Array,
    code: Array,
    rows: Whole,
    quote: Array,
    size: Whole,
    worth: Array,
    held: Array,
    spare: Array,
    least: Array,
    most: Array,
    equity: Array,
    maintenance: Array,
    flags: Array,
    wrong: Array,
) -> tuple[Whole, Whole]:
    """Fill the same with tiers and deductions; return the magnitudes and how many rows have a code of another tier.

    Those rows stand in ``wrong``, as many as it holds: recode them and call again. Each leg's need is at least 0.
    """
    table = np.empty((worth.shape[0], 8), np.int64)  # a cache line by code
    for at in range(worth.shape[0]):
        table[at, WORTH], table[at, HELD], table[at, SPARE] = worth[at], held[at], spare[at]
        table[at, LEAST], table[at, SPAN] = least[at], most[at] - least[at]
    begin, done, magnitudes, count, bits = NONE, NONE, np.int64(0), np.int64(0), rounding(held)
    first, last = NONE, np.uint64(rows)
    while first < last:
        end = min(last, first + BLOCK)
        asked(lots, owner, code, first)
        begin, lowest = begun(owner, first, end, begin, quote, equity, maintenance)
        misplaced: Whole = False
        for row in range(first, end):
            unit, place, mine = owner[row], code[row], np.int64(lots[row])
            mass = abs(mine)
            value, gross = mine * table[place, WORTH], mass * table[place, HELD]
            misplaced |= np.uint64(mass - table[place, LEAST]) >= np.uint64(table[place, SPAN])
            magnitudes |= gross
            equity[unit] += value
            maintenance[unit] += max(np.int64(0), gross - table[place, SPARE])
        if misplaced:
            count = noted(lots, code, first, end, least, most, wrong, count)
        done = compared(owner, first, end, lowest, done, equity, maintenance, flags, bits)
        first = end
    ended(begin, done, np.uint64(size), quote, equity, maintenance, flags, bits)
    return all_bits(magnitudes, lots, code, last, worth, held), count


@compiled
def noted(
    lots: Array, code: Array, first: Whole, end: Whole, least: Array, most: Array, wrong: Array, count: Whole
) -> Whole:
    """Write the misplaced rows of a block behind the ``count`` that are known; return how many there are then."""
    for row in range(first, end):
        mass, place = abs(np.int64(lots[row])), code[row]
        if mass != 0 and not least[place] <= mass < most[place]:
            if count < wrong.shape[0]:
                wrong[count] = row
            count += 1
    return count


@compiled
def tier_code(place: Whole, mass: Whole, least: Array, most: Array) -> Whole:
    """Return the code of the same market and sign whose tier ``mass`` lots fall into; tiers cover 0 to 2^63 - 1."""
    while mass >= most[place]:
        place += 2
    while mass < least[place]:
        place -= 2
    return place


@compiled
def flagged(flags: Array, size: Whole, found: Array) -> Whole:
    """Write the units that have a flag into ``found``, ascending; return how many. ``found`` has to hold one more.

    Eight flags are read at once: few are set.
    """
    count, whole = NONE, np.uint64(size) // LINE
    words = flags[: np.int64(whole * LINE)].view(np.uint64)
    for word in range(whole):
        if words[word]:
            for unit in range(word * LINE, (word + ONE) * LINE):
                found[count] = unit
                count += np.uint64(flags[unit] != 0)
    for unit in range(whole * LINE, np.uint64(size)):
        found[count] = unit
        count += np.uint64(flags[unit] != 0)
    return np.int64(count)


@compiled
def is_below(equity: Whole, high: Whole, low: Whole) -> Whole:
    """Return whether an equity in quanta lies below a requirement in quanta x 10^9."""
    owned = product_wide(equity, PPB)
    return less_wide(owned[0], owned[1], high, low)


@compiled
def revalue_exactly(
    lots: Array,
    owner: Array,
    code: Array,
    rows: Whole,
    quote: Array,
    size: Whole,
    worth: Array,
    value: Array,
    rate: Array,
    deduction: Array,
    equity: Array,
    high: Array,
    low: Array,
    flags: Array,
) -> None:
    """Fill equity, the exact maintenance in quanta x 10^9 (``high``, ``low``) and the exact flags of ``size`` units.

    Tables by code: ``value`` the quanta of a lot as a magnitude, ``rate`` in ppb, at most 10^9 (so no leg needs more
    than it is worth), ``deduction`` in quanta. For markets whose factor is one, and rows whose codes are right.
    """
    table = np.empty((worth.shape[0], 8), np.int64)
    for at in range(worth.shape[0]):
        less = product_wide(deduction[at], PPB)
        table[at, WORTH], table[at, VALUE], table[at, RATE] = worth[at], value[at], rate[at]
        table[at, LESS], table[at, LESS_LOW] = less[0], np.int64(less[1])
    begin, done, first, last, all_units = NONE, NONE, NONE, np.uint64(rows), np.uint64(size)
    while first < last:
        end = min(last, first + BLOCK)
        asked(lots, owner, code, first)
        before = begin
        begin, lowest = begun(owner, first, end, begin, quote, equity, high)
        for unit in range(before + AHEAD, begin + AHEAD, LINE):
            prefetch(low, unit)
        for unit in range(before, begin):
            low[unit] = NONE
        for row in range(first, end):
            unit, place, mine = owner[row], code[row], np.int64(lots[row])
            equity[unit] += mine * table[place, WORTH]
            need = product_wide(abs(mine) * table[place, VALUE], table[place, RATE])
            need = difference_wide(need[0], need[1], table[place, LESS], np.uint64(table[place, LESS_LOW]))
            keep = ~(need[0] >> 63)
            high[unit], low[unit] = sum_wide(high[unit], low[unit], need[0] & keep, need[1] & np.uint64(keep))
        if lowest < done:
            for row in range(first, end):
                unit = owner[row]
                flags[unit] = is_below(equity[unit], high[unit], low[unit])
        until = max(done, np.uint64(owner[end - ONE]))
        for unit in range(done, until):
            flags[unit] = is_below(equity[unit], high[unit], low[unit])
        done, first = until, end
    for unit in range(begin, all_units):
        equity[unit] = quote[unit]
        high[unit] = 0
        low[unit] = NONE
    for unit in range(done, all_units):
        flags[unit] = is_below(equity[unit], high[unit], low[unit])
