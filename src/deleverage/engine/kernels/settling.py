"""What a trade writes: cash, what was realised, the leg with its memos, and its place in the chain of its unit."""

from typing import Any

from deleverage.engine.kernels.compiled import inlined
from deleverage.engine.kernels.cost import share_floor
from deleverage.engine.kernels.day_state import FREE, ROWS
from deleverage.engine.kernels.repeat import note
from deleverage.engine.kernels.weighing import tier_at

Array = Any


@inlined
def find(head: int, market: int, side: int, legs: Array) -> tuple[int, int]:
    """Return the row of a unit's leg in a market, -1 where there is none, and its lots."""
    memos, code_market = legs
    row = head
    while row >= 0:
        if code_market[memos[row].code] == market and memos[row].side == side:
            return row, memos[row].lots
        row = memos[row].next
    return -1, 0


@inlined
def settle(
    number: int,
    side: int,
    row: int,
    held: int,
    change: int,
    value: int,
    place: int,
    columns: Array,
    book: Array,
    state: Array,
) -> None:
    """Write one side of a trade, as ``closing.settle_unit`` does: cash, what was realised, the leg and its memos."""
    units, memos, free, touched = columns
    unit, market = units[number], book[0][place]
    amount, after = -change * value, held + change
    unit.quote += amount + change * market.funding
    if row < 0:
        if state[FREE] > 0:
            state[FREE] -= 1
            row = free[state[FREE]]
        else:
            row = state[ROWS]
            state[ROWS] += 1
        memo = memos[row]
        memo.side, memo.next = side, unit.head
        memo.cost, memo.entry_funding, memo.haircut = -amount, change * market.funding, 0
        unit.head = row
        unit.legs += 1
    else:
        memo = memos[row]
        if (held > 0) == (change > 0):
            memo.cost -= amount
            memo.entry_funding += change * market.funding
        else:
            whole, closed = abs(held), min(abs(held), abs(change))
            cost, funding = memo.cost, memo.entry_funding
            if closed < whole:
                cost, funding = share_floor(cost, closed, whole), share_floor(funding, closed, whole)
            sign = 1 if held > 0 else -1
            unit.realised += sign * closed * value - cost - (sign * closed * market.funding - funding)
            if closed < whole:
                memo.haircut -= share_floor(memo.haircut, closed, whole)
                memo.cost -= cost
                memo.entry_funding -= funding
            elif after != 0:
                memo.cost, memo.entry_funding, memo.haircut = after * value, after * market.funding, 0
            else:
                drop(unit, row, memos)
                unit.legs -= 1
                note(touched, ~row, state)
                free[state[FREE]] = row
                state[FREE] += 1
    memo.lots = after
    if after != 0:
        tier = tier_at(abs(after * market.value), market, book[1]) - market.first_tier
        memo.code = market.first_code + 2 * tier + (after < 0)
    note(touched, number, state)
    unit.debt_pool = market.pool + 1 if unit.head < 0 else 0


@inlined
def drop(unit: Array, row: int, memos: Array) -> None:
    """Take a row out of the chain of its unit."""
    if unit.head == row:
        unit.head = memos[row].next
        return
    before = unit.head
    while memos[before].next != row:
        before = memos[before].next
    memos[before].next = memos[row].next
