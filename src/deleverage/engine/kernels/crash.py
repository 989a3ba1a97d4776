"""Many bankrupts of one market and side, taken one by one: the queue is ranked again before each fill, exactly.

Only the one who was closed in part has another rank than before. So the queue stays what it was - places counted once,
sorted exactly one by one as they are reached - and whoever was touched waits in a heap beside it: the first of the
next queue is the better of the two fronts. Ranking once walks the same queue and asks nobody again.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.cost import share_ceil, share_floor
from deleverage.engine.kernels.heap import TOP, grade_of, is_before, push, regraded, replace_top, row_of, tag_of
from deleverage.engine.kernels.keys import GRADES, PLACES_OF_GRADE, place_of
from deleverage.engine.kernels.products import PPB, prefetch
from deleverage.engine.kernels.scores import BINANCE, BLUEFIN, RETURN_MMR
from deleverage.engine.kernels.sorting import drop_of, key_of_drop, sort_slice
from deleverage.engine.kernels.states import COST, EQUITY, LOTS, rank_again, rank_of, state_of, tier_row

Array = Any
Whole = Any

BANKRUPT, CANDIDATE, CLOSED_LOTS, OWED, MONEY, HELD_LOTS, EQUITY_BEFORE, GRADE, KEY = range(9)
"""Columns of the fills (int64): rows of both tables, lots, the shortfall that goes with them, the money that is paid,
and of the candidate what it held, its unit's equity, grade and key before the fill."""

_AHEAD = 12


@compiled
def queue_up(
    states: Array,
    homes: Array,
    tiers: Array,
    ranking: Whole,
    floor: Whole,
    whole: bool,
    value_quanta: Whole,
    factor_ppb: Whole,
    table: Array,
) -> Any:
    """Return the candidates (uint32 rows, uint64 drops) by place, and where each place starts (one more: their end)."""
    count = np.uint64(states.shape[0])
    places, drops = np.empty(states.shape[0], np.uint16), np.empty(states.shape[0], np.uint64)
    starts = np.zeros(GRADES * PLACES_OF_GRADE + 2, np.int64)
    needs_sums = ranking in (RETURN_MMR, BLUEFIN, BINANCE)
    zero = np.int64(0)
    none = (zero, zero, zero, zero, zero, zero)
    for row in range(count):
        lots, cost, equity = states[row, LOTS], states[row, COST], states[row, EQUITY]
        if needs_sums:
            margin = tier_row(table, abs(lots * value_quanta))
            state = state_of(states, row)
            grade, key = rank_again(
                ranking, floor, np.int64(homes[row]), value_quanta, np.uint64(factor_ppb), margin, state
            )
            grade = (grade & 1) + 2 * np.int64(tiers[row])
        else:
            grade, key = rank_of(ranking, floor, np.int64(tiers[row]), lots, cost, equity, value_quanta, none)
        place = np.uint64(place_of(grade, key, whole))
        places[row], drops[row] = place, drop_of(key)
        starts[place + np.uint64(2)] += 1
    total = np.int64(0)
    for slot in range(np.uint64(starts.size)):
        total += starts[slot]
        starts[slot] = total
    rows, sorted_drops = np.empty(states.shape[0], np.uint32), np.empty(states.shape[0], np.uint64)
    for row in range(count):
        behind = np.uint64(places[row]) + np.uint64(1)
        to = np.uint64(starts[behind])
        starts[behind] += 1
        rows[to], sorted_drops[to] = row, drops[row]
    return rows, sorted_drops, starts


@compiled
def asked_of(price: Any, owed: Whole, lots: Whole, value_quanta: Whole) -> Any:
    """Return the quanta that a price asks for lots whose shortfall, rounded up, is ``owed``: the least of its bounds.

    ``price`` is a share of the shortfall in ppb, quanta a lot, and a share of the notional in ppb, all rounded down;
    the last two below 0: no bound.
    """
    share_ppb, most_per_lot, most_ppb = price
    whole: Any = np.int64(PPB)
    money = owed if share_ppb == whole else share_floor(owed, share_ppb, whole)
    if most_per_lot >= 0:
        money = min(money, lots * most_per_lot)
    if most_ppb >= 0:
        money = min(money, share_floor(abs(lots * value_quanta), most_ppb, whole))
    return money


@compiled
def close_bankrupts(
    states: Array,
    homes: Array,
    tiers: Array,
    order: Array,
    bankrupt_lots: Array,
    shortfalls: Array,
    ranking: Whole,
    floor: Whole,
    whole: bool,
    value_quanta: Whole,
    factor_ppb: Whole,
    table: Array,
    price: Any,
    may_bankrupt: bool,
    reranks: bool,
) -> Array:
    """Return the fills (int64, a row each, columns above) that close bankrupts in the order in which they come.

    Candidates, all with lots: ``states`` and the market's three figures as ``states`` has them; the tier (int8) that
    each has now, and its home tier; ``order`` is the uint32 rank of its unit's id. Bankrupts: lots above 0 and the
    shortfall that lies on them, int64 >= 0. A fill asks as ``asked_of`` says and takes, unless it ``may_bankrupt``, no
    more than the candidate's equity. Shortfalls and lots of bankrupts are left as they are then; states are used up.
    """
    rows, drops, starts = queue_up(states, homes, tiers, ranking, floor, whole, value_quanta, factor_ppb, table)
    count, debtors = np.uint64(rows.size), np.uint64(bankrupt_lots.size)
    spare_drops, spare_rows = np.empty(rows.size, np.uint64), np.empty(rows.size, np.uint32)
    fills = np.empty((rows.size + bankrupt_lots.size, 9), np.int64)
    heap = np.empty((bankrupt_lots.size + 1 + TOP, 2), np.uint64)
    top, lines, orders = np.uint64(TOP), np.uint64(states.ctypes.data), np.uint64(order.ctypes.data)
    zero, one, ahead = np.uint64(0), np.uint64(1), np.uint64(_AHEAD)
    waiting, at, sorted_to, place, made, debtor, grade = zero, zero, zero, zero, zero, zero, zero
    while debtor < debtors:
        if at == sorted_to and at < count:
            while np.uint64(starts[place + one]) <= at:
                place += one
            sorted_to, grade = np.uint64(starts[place + one]), place // np.uint64(PLACES_OF_GRADE)
            if sorted_to > at + one:
                sort_slice(drops, rows, order, at, sorted_to, spare_drops, spare_rows)
        waits: Any = waiting > zero
        if waits and at < count:
            waits = is_before(heap[top, 0], heap[top, 1], drops[at], grade << np.uint64(60))
            if grade_of(heap[top, 1]) == grade and heap[top, 0] == drops[at]:
                waits = heap[top, 1] < tag_of(grade, order[rows[at]], rows[at])
        if waits:
            drop, tag = heap[top, 0], heap[top, 1]
            for near in range(top + one, min(top + np.uint64(5), top + waiting)):
                prefetch(lines + row_of(heap[near, 1]) * np.uint64(64))
        elif at < count:
            drop, tag = drops[at], tag_of(grade, order[rows[at]], rows[at])
            at += one
            if at + ahead < count:
                prefetch(lines + np.uint64(rows[at + ahead]) * np.uint64(64))
                prefetch(orders + np.uint64(rows[at + ahead]) * np.uint64(4))
        else:
            break
        row, own_grade = row_of(tag), grade_of(tag)
        while debtor < debtors:
            signed, equity = states[row, LOTS], states[row, EQUITY]
            held, need, debt = abs(signed), bankrupt_lots[debtor], shortfalls[debtor]
            lots = min(held, need)
            owed = debt if lots == need else share_ceil(debt, lots, need)
            asked = asked_of(price, owed, lots, value_quanta)
            money = asked if may_bankrupt else min(asked, max(np.int64(0), equity))
            fills[made, 0], fills[made, 1], fills[made, 2] = np.int64(debtor), np.int64(row), lots
            fills[made, 3], fills[made, 4], fills[made, 5] = owed, money, held
            fills[made, 6], fills[made, 7], fills[made, 8] = equity, np.int64(own_grade), key_of_drop(drop)
            made += one
            bankrupt_lots[debtor], shortfalls[debtor] = need - lots, debt - owed
            debtor += np.uint64(lots == need)
            if lots == held:
                if waits:
                    waiting -= one
                    if waiting > zero:
                        replace_top(heap, waiting, heap[waiting + top, 0], heap[waiting + top, 1])
                break
            states[row, LOTS], states[row, EQUITY] = signed - lots if signed > 0 else signed + lots, equity - money
            if not reranks:
                continue
            states[row, COST] -= share_floor(states[row, COST], lots, held)
            home = np.int64(homes[row])
            margin = tier_row(table, abs(states[row, LOTS] * value_quanta))
            state = state_of(states, row)
            new_grade, key = rank_again(ranking, floor, home, value_quanta, np.uint64(factor_ppb), margin, state)
            tag = regraded(tag, new_grade)
            if waits:
                replace_top(heap, waiting, drop_of(key), tag)
            else:
                push(heap, waiting, drop_of(key), tag)
                waiting += one
            break
    return fills[:made]
