"""Who may fall below a threshold at the next price, and who has: lists of the few that are near, by market.

A unit's *margin* is equity, plus credit, less maintenance from above; below 0 it is unhealthy. At a *reference* - the
price tables as they once stood, market by market - a leg of ``n`` lots (as a magnitude) has the *worst part*

    worst = min over the tiers t that it may come to lie in of part(t) - n x skin,    part(t) = value(t) - need(t),

and the unit's *slack* is its quote and credit plus the worst parts. The reference of a market *holds* as long as

    (1) each tier's bounds in lots lie within the outer bounds that the reference has noted for it, and
    (2) for each code, drop + max(0, rise) <= skin, in quanta per lot. ``drop`` is what the code's worth has lost for
        its sign. ``rise`` is the growth of ``held``; plus, if ``spare`` has shrunk, the loss divided by the fewest
        lots of the tier, rounded up; or, if it has grown, less the gain divided by the most lots, rounded down.

Then no leg is worth less than its worst part. By (1) its present tier t is one of those in the minimum. Value fell by
at most n x drop. Need is max(0, n x held - spare), and with a prime for now

    need' - need <= max(0, n x (held' - held) + (spare - spare')) <= n x max(0, rise):

the first step as need >= n x held - spare and need >= 0, the second as n lies within the tier's outer bounds. So the
part fell by at most n x skin. Summed: margin >= slack while all references hold, and a unit with slack >= 0 is healthy.
Only the others are *near*, and only they are looked at when a market that they hold moves. When a market's reference
stops holding, it is taken anew, and the slack of this market's holders moves by the difference of their worst parts: no
tick touches more rows than the market has, and the legs of those that come near.

A unit's *gap* bounds how far its exact margin lies above this one; it is 0 where nobody asks. Whose margin has crossed
0 or the gap below it, and whoever stands between the two after a shift, has *stirred*: of all others who saw them last
knows whether they are exactly below, too.

A near unit's margin is kept as of the *last* tables, those of each market's last tick, and shifts with the parts of the
market that ticks. Whoever comes near is valued once, leg by leg; what a unit's margin was before is never used again.

Each market has a stretch of ``index`` with its rows, the near ones in front; ``place`` says where a row stands, and an
entry whose row has another place is stale. Near entries keep what a tick needs: lots, unit, and the unit's *stamp*. A
unit that is touched or leaves the near ones gets a new stamp, so that its old entries count no more.

Tiers cover 0 to 2^63 - 1. Bounds: as in ``revalue``, and credit below 2^60: slack stays above -2^63.
"""

from typing import Any, NamedTuple

import numpy as np

from deleverage.engine.kernels.compiled import compiled, lean
from deleverage.engine.kernels.prefetch import prefetch

Array = Any
Whole = Any

NONE, ONE, TWO = np.uint64(0), np.uint64(1), np.uint64(2)
FAR, CLOSE = np.uint64(32), np.uint64(16)
"""How many entries ahead rows, and how many ahead units, are asked for."""
LARGEST = np.int64(2**63 - 1)
WORTH, HELD, SPARE, LEAST, MOST = range(5)
"""Columns of a *table* of prices as they are: a row of one cache line by code."""
INNER_LEAST, INNER_MOST, SKIN, OUTER_LEAST, OUTER_MOST = range(3, 8)
"""Columns of ``reference``, in the place of a tier's bounds. Within the inner ones no other tier is possible."""
MARGIN, STAMP, GAP, _, WIDTH = range(5)
"""Columns of ``state``: a unit's margin in quanta, if it is near, its stamp and its gap in quanta; half a line."""


class Legs(NamedTuple):
    """The columns of the book."""

    lots: Array
    owner: Array
    code: Array
    memos: Array
    quote: Array
    units: Array


class Tables(NamedTuple):
    """The price tables by code; with ``weight`` 1 collateral counts."""

    worth: Array
    held: Array
    spare: Array
    least: Array
    most: Array
    code_market: Array
    weight: Whole


class Lists(NamedTuple):
    """What the watch keeps: two tables; by unit; by row; by entry of the index; by market (int64)."""

    reference: Array
    last: Array
    slack: Array
    state: Array
    flags: Array
    place: Array
    index: Array
    near_lots: Array
    near_unit: Array
    near_stamp: Array
    start: Array
    count: Array
    near: Array
    first_code: Array


# -- tables -------------------------------------------------------------------------------------------------------


@compiled
def present(first: Whole, end: Whole, worth: Array, held: Array, spare: Array, least: Array, most: Array) -> Array:
    """Return the table of the codes from ``first`` to ``end``, one market's, as they are."""
    table = np.zeros((end - first, 8), np.int64)
    for code in range(first, end):
        table[code - first, WORTH], table[code - first, HELD] = worth[code], held[code]
        table[code - first, SPARE], table[code - first, LEAST] = spare[code], least[code]
        table[code - first, MOST] = most[code]
    return table


@lean
def has_stirred(before: Whole, now: Whole, gap: Whole) -> Whole:
    """Return whether a margin has crossed 0 or the gap below it, or lies between them."""
    return (before < 0) != (now < 0) or (before + gap < 0) != (now + gap < 0) or (now < 0 <= now + gap)


@compiled
def refer(reference: Array, first: Whole, end: Whole, table: Array, one_in: Whole) -> None:
    """Take a market's reference from its table; the skin is one part in ``one_in`` of what a lot is worth."""
    skin = np.int64(1)
    for code in range(first, end):
        skin = max(skin, abs(table[code - first, WORTH]) // one_in)
    for code in range(first, end):
        least, most = table[code - first, LEAST], table[code - first, MOST]
        reference[code, WORTH] = table[code - first, WORTH]
        reference[code, HELD] = table[code - first, HELD]
        reference[code, SPARE] = table[code - first, SPARE]
        reference[code, SKIN] = skin
        reference[code, OUTER_LEAST] = max(np.int64(0), least - 2 * (least // one_in) - 1)
        reference[code, OUTER_MOST] = LARGEST if most > LARGEST // 2 else most + 2 * (most // one_in) + 1
    for code in range(first, end):
        lower, upper = code - 2, code + 2
        reference[code, INNER_LEAST] = reference[lower, OUTER_MOST] if lower >= first else 0
        reference[code, INNER_MOST] = reference[upper, OUTER_LEAST] if upper < end else LARGEST


@compiled
def holds(reference: Array, first: Whole, end: Whole, table: Array) -> Whole:
    """Return whether a market's reference still bounds its parts at the prices of a table: (1) and (2) above."""
    for code in range(first, end):
        now = code - first
        if table[now, LEAST] < reference[code, OUTER_LEAST] or table[now, MOST] > reference[code, OUTER_MOST]:
            return False
        drop = reference[code, WORTH] - table[now, WORTH]
        if now & 1:
            drop = -drop
        rise = table[now, HELD] - reference[code, HELD]
        gain = table[now, SPARE] - reference[code, SPARE]
        if gain < 0:
            fewest = max(np.int64(1), reference[code, OUTER_LEAST])
            rise += (fewest - 1 - gain) // fewest
        else:
            rise -= gain // reference[code, OUTER_MOST]
        if drop + max(np.int64(0), rise) > reference[code, SKIN]:
            return False
    return True


@lean
def priced(mine: Whole, worth: Whole, held: Whole, spare: Whole) -> Whole:
    """Return value less need of a leg of ``mine`` signed lots; quanta."""
    return mine * worth - max(np.int64(0), abs(mine) * held - spare)


@lean
def worst_part(mine: Whole, reference: Array, code: Whole, first: Whole, end: Whole) -> Whole:
    """Return the least that a leg can be worth while the reference of its market holds.

    The market's codes lie from ``first`` to ``end``; the tier in ``code`` may be out of date.
    """
    mass = abs(mine)
    worst = LARGEST
    for other in range(first + ((code - first) & 1), end, 2):
        if reference[other, OUTER_LEAST] <= mass < reference[other, OUTER_MOST]:
            worth, held, spare = reference[other, WORTH], reference[other, HELD], reference[other, SPARE]
            worst = min(worst, priced(mine, worth, held, spare))
    return worst - mass * reference[code, SKIN]


# -- units --------------------------------------------------------------------------------------------------------


@lean
def exchange(at: Whole, other: Whole, index: Array, place: Array) -> None:
    """Let two entries of the index change places."""
    row, other_row = np.uint64(index[at]), np.uint64(index[other])
    if place[row] == at:
        place[row] = other
    if place[other_row] == other:
        place[other_row] = at
    index[at], index[other] = other_row, row


@lean
def judge(units: Array, legs: Legs, tables: Tables, lists: Lists, changed: Array, changes: Whole) -> Whole:
    """Value units leg by leg at the last tables, enter all legs of the near ones in front, and set their flags.

    Whoever was or is below is written behind the ``changes`` units of ``changed``; return how many stand there then.
    """
    lots, codes, memos, code_market = legs.lots, legs.code, legs.memos, tables.code_market
    index, place, start, near, last = lists.index, lists.place, lists.start, lists.near, lists.last
    near_lots, near_unit, near_stamp, state = lists.near_lots, lists.near_unit, lists.near_stamp, lists.state
    records, quote, slacks, flags = legs.units, legs.quote, lists.slack, lists.flags
    for which in range(units.shape[0]):
        if which + 8 < units.shape[0]:
            far, row = np.uint64(units[which + 8]), np.int64(records[np.uint64(units[which + 4])].head)
            prefetch(records, far)
            prefetch(quote, far)
            prefetch(slacks, far)
            prefetch(state, far)
            if row >= 0:
                prefetch(lots, row)
                prefetch(codes, row)
                prefetch(memos, row)
                prefetch(place, row)
        unit = np.uint64(units[which])
        is_near = slacks[unit] < 0
        margin = quote[unit] + tables.weight * records[unit].credit
        row = np.int64(records[unit].head)
        while row >= 0:
            mine, code = lots[row], np.uint64(codes[row])
            market, mass = np.uint64(code_market[code]), abs(mine)
            while mass >= last[code, MOST]:
                code += TWO
            while mass < last[code, LEAST]:
                code -= TWO
            margin += priced(mine, last[code, WORTH], last[code, HELD], last[code, SPARE])
            if is_near:
                at, border = np.uint64(place[row]), np.uint64(start[market] + near[market])
                if at >= border:
                    exchange(at, border, index, place)
                    near[market] += 1
                    at = border
                near_lots[at], near_unit[at], near_stamp[at] = mine, unit, state[unit, STAMP]
            row = np.int64(memos[row].next)
        state[unit, MARGIN] = margin
        if margin < 0 or flags[unit]:
            flags[unit] = margin < 0
            changed[changes] = unit
            changes += 1
    return changes


# -- ticks --------------------------------------------------------------------------------------------------------


@compiled
def tick(
    market: Whole,
    worth: Array,
    held: Array,
    spare: Array,
    least: Array,
    most: Array,
    first_code: Array,
    reference: Array,
    last: Array,
    near_lots: Array,
    near_unit: Array,
    near_stamp: Array,
    state: Array,
    flags: Array,
    index: Array,
    place: Array,
    start: Array,
    near: Array,
    changed: Array,
) -> Whole:
    """Bring the flags up to date after one market's prices have changed; return how many units stand in ``changed``.

    -1: its reference does not hold any more and has to be renewed; nothing is written. Whoever has stirred is in
    ``changed``, some more than once; it needs two cells for each entry of the market. Few arguments, as handing them
    over takes as long as the few that are near: of ``Tables`` and ``Lists``.
    """
    begin, end = first_code[market], first_code[market + 1]
    table = present(begin, end, worth, held, spare, least, most)
    if not holds(reference, begin, end, table):
        return -1
    before = last[begin:end].copy()
    last[begin:end] = table
    entries = near_lots, near_unit, near_stamp, index, place
    near[market], changes = sweep(start[market], near[market], before, table, entries, state, flags, changed)
    return changes


@lean
def sweep(
    start: Whole, near: Whole, before: Array, table: Array, entries: Any, state: Array, flags: Array, changed: Array
) -> tuple[Whole, Whole]:
    """Shift the margin of those who are near in a market, from the back; strike off who is not near any more.

    Return how many entries are left, and how many units stand in ``changed``.
    """
    near_lots, near_unit, near_stamp, index, place = entries
    changes = 0
    first, at = np.uint64(start), np.uint64(start + near)
    while at > first:
        at -= ONE
        if at >= first + CLOSE:
            prefetch(state, near_unit[at - CLOSE])
        unit, mine = np.uint64(near_unit[at]), near_lots[at]
        if state[unit, STAMP] != near_stamp[at]:
            near -= 1
            final = np.uint64(start + near)
            exchange(at, final, index, place)
            near_lots[at], near_unit[at], near_stamp[at] = near_lots[final], near_unit[final], near_stamp[final]
        else:
            margin, mass = state[unit, MARGIN], abs(mine)
            now = then = np.uint64(mine < 0)
            while mass >= table[now, MOST]:
                now += TWO
            while mass >= before[then, MOST]:
                then += TWO
            shifted = margin + priced(mine, table[now, WORTH], table[now, HELD], table[now, SPARE])
            shifted -= priced(mine, before[then, WORTH], before[then, HELD], before[then, SPARE])
            state[unit, MARGIN] = shifted
            if has_stirred(margin, shifted, state[unit, GAP]):
                flags[unit] = shifted < 0
                changed[changes] = unit
                changes += 1
    return near, changes


@compiled
def renew(market: Whole, legs: Legs, tables: Tables, lists: Lists, one_in: Whole, changed: Array) -> Whole:
    """Do what ``tick`` does where the reference does not hold any more, and take it anew."""
    first, end = lists.first_code[market], lists.first_code[market + 1]
    table = present(first, end, tables.worth, tables.held, tables.spare, tables.least, tables.most)
    before, reference = lists.last[first:end].copy(), lists.reference[first:end].copy()
    lists.last[first:end] = table
    refer(lists.reference, first, end, table, one_in)
    new, come = lists.reference[first:end].copy(), np.empty(lists.count[market], np.uint32)
    count, changes = move(market, first, before, table, reference, new, come, legs, lists, changed)
    return judge(come[:count], legs, tables, lists, changed, changes)


@lean
def move(
    market: Whole,
    first: Whole,
    before: Array,
    table: Array,
    old: Array,
    new: Array,
    come: Array,
    legs: Legs,
    lists: Lists,
    changed: Array,
) -> tuple[Whole, Whole]:
    """Shift the slack of a market's holders from the old to the new reference, and the margin of those who were near.

    The units that come near, whose margin has yet to be found, are written into ``come``. Return how many those are,
    and how many units stand in ``changed``.
    """
    lots, owner, codes = legs.lots, legs.owner, legs.code
    index, place, slacks, state, flags = lists.index, lists.place, lists.slack, lists.state, lists.flags
    start, first_code, changes, count = np.uint64(lists.start[market]), np.uint64(first), 0, 0
    end = start + np.uint64(lists.count[market])
    for at in range(start, end):
        if at + FAR < end:
            far = np.uint64(index[at + FAR])
            prefetch(place, far)
            prefetch(owner, far)
            prefetch(lots, far)
            prefetch(codes, far)
            prefetch(slacks, np.uint64(owner[index[at + CLOSE]]))
        row = np.uint64(index[at])
        if np.uint64(place[row]) == at:
            unit, mine, code = np.uint64(owner[row]), lots[row], np.uint64(codes[row]) - first_code
            slack, mass = slacks[unit], abs(mine)
            least = max(old[code, INNER_LEAST], new[code, INNER_LEAST])
            if least <= mass < min(old[code, INNER_MOST], new[code, INNER_MOST]):
                shifted = slack + priced(mine, new[code, WORTH], new[code, HELD], new[code, SPARE])
                shifted -= priced(mine, old[code, WORTH], old[code, HELD], old[code, SPARE])
                shifted -= mass * (new[code, SKIN] - old[code, SKIN])
            else:
                shifted = slack + worst_part(mine, new, np.int64(code), 0, new.shape[0])
                shifted -= worst_part(mine, old, np.int64(code), 0, old.shape[0])
            slacks[unit] = shifted
            if slack < 0:
                margin = state[unit, MARGIN]
                now = then = code & ONE
                while mass >= table[now, MOST]:
                    now += TWO
                while mass >= before[then, MOST]:
                    then += TWO
                moved = margin + priced(mine, table[now, WORTH], table[now, HELD], table[now, SPARE])
                moved -= priced(mine, before[then, WORTH], before[then, HELD], before[then, SPARE])
                state[unit, MARGIN] = moved
                state[unit, STAMP] += shifted >= 0
                if has_stirred(margin, moved, state[unit, GAP]):
                    flags[unit] = moved < 0
                    changed[changes] = unit
                    changes += 1
            elif shifted < 0:
                come[count] = unit
                count += 1
    return count, changes


@compiled
def touch(touched: Array, legs: Legs, tables: Tables, lists: Lists, changed: Array) -> tuple[Whole, Whole]:
    """Look again at units whose money or legs have changed, and enter their new rows.

    Return how many units stand in ``changed``, and how many were seen: fewer than were touched if a stretch is full.
    """
    for seen in range(touched.shape[0]):
        unit = np.uint64(touched[seen])
        slack = legs.quote[unit] + tables.weight * legs.units[unit].credit
        row = np.int64(legs.units[unit].head)
        while row >= 0:
            code = np.int64(legs.code[row])
            market = np.int64(tables.code_market[code])
            start, after = lists.start[market], lists.start[market] + lists.count[market]
            if not start <= lists.place[row] < after:
                if after == lists.start[market + 1]:
                    return judge(touched[:seen], legs, tables, lists, changed, 0), seen
                lists.index[after] = row
                lists.place[row] = after
                lists.count[market] += 1
            first, end = lists.first_code[market], lists.first_code[market + 1]
            slack += worst_part(legs.lots[row], lists.reference, code, first, end)
            row = np.int64(legs.memos[row].next)
        lists.slack[unit] = slack
        lists.state[unit, STAMP] += 1
    return judge(touched, legs, tables, lists, changed, 0), touched.shape[0]


# -- from nothing -------------------------------------------------------------------------------------------------


@compiled
def counted(rows: Whole, legs: Legs, tables: Tables, counts: Array) -> None:
    """Count each market's rows."""
    lots, codes, code_market = legs.lots, legs.code, tables.code_market
    for row in range(np.uint64(rows)):
        counts[code_market[codes[row]]] += lots[row] != 0


@compiled
def built(rows: Whole, size: Whole, legs: Legs, tables: Tables, lists: Lists, one_in: Whole, changed: Array) -> Whole:
    """Enter all rows, take all references, set all slack and flags; return how many units are below: ``changed``.

    The stretches of ``index`` are empty, ``place`` is -1, ``flags`` and ``near`` are 0.
    """
    for market in range(lists.near.shape[0]):
        first, end = lists.first_code[market], lists.first_code[market + 1]
        table = present(first, end, tables.worth, tables.held, tables.spare, tables.least, tables.most)
        refer(lists.reference, first, end, table, one_in)
        lists.last[first:end] = table
    quote, units, slacks = legs.quote, legs.units, lists.slack
    for unit in range(np.uint64(size)):
        slacks[unit] = quote[unit] + tables.weight * units[unit].credit
    entered(rows, legs, tables, lists)
    near, count = np.empty(size, np.uint32), NONE
    for unit in range(np.uint64(size)):
        if slacks[unit] < 0:
            near[count] = unit
            count += ONE
    return judge(near[: np.int64(count)], legs, tables, lists, changed, 0)


@compiled
def entered(rows: Whole, legs: Legs, tables: Tables, lists: Lists) -> None:
    """Enter all rows in the index, and add their worst parts to the slack of their units."""
    lots, owner, codes, code_market = legs.lots, legs.owner, legs.code, tables.code_market
    index, place, slacks, reference = lists.index, lists.place, lists.slack, lists.reference
    after = lists.start[:-1].copy()
    for row in range(np.uint64(rows)):
        mine = lots[row]
        if mine != 0:
            code = np.uint64(codes[row])
            market = np.uint64(code_market[code])
            index[after[market]] = row
            place[row] = after[market]
            after[market] += 1
            mass = abs(mine)
            if reference[code, INNER_LEAST] <= mass < reference[code, INNER_MOST]:
                worst = priced(mine, reference[code, WORTH], reference[code, HELD], reference[code, SPARE])
                worst -= mass * reference[code, SKIN]
            else:
                first, end = lists.first_code[market], lists.first_code[market + ONE]
                worst = worst_part(mine, reference, np.int64(code), first, end)
            slacks[owner[row]] += worst
    lists.count[:] = after - lists.start[:-1]
