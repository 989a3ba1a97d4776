"""Bring the columns that repeat the records up to date, for those whose records have been written since.

A trade writes records: two cache lines a side. The columns that revaluation reads would be five more, each far from
the last one; so they are written when somebody is going to read them. ``touched`` says whose records were written: a
unit's number, or ``~row`` of a row that has become free, in the order in which it happened.
"""

from typing import Any

from deleverage.engine.kernels.compiled import inlined, lean
from deleverage.engine.kernels.day_state import TOUCHED

Array = Any


@inlined
def note(touched: Array, what: int, state: Array) -> None:
    """Write down a unit, or a freed row; beyond the room that there is only the number goes on: then all are behind."""
    if state[TOUCHED] < len(touched):
        touched[state[TOUCHED]] = what
    state[TOUCHED] += 1


@lean
def catch_up(
    touched: Array,
    units: Array,
    memos: Array,
    quote: Array,
    lots: Array,
    narrow: Array,
    owner: Array,
    code: Array,
    cost: Array,
) -> None:
    """Repeat the records of those who were touched."""
    for at in range(len(touched)):
        if touched[at] < 0:
            lots[~touched[at]] = narrow[~touched[at]] = 0
        else:
            repeat(touched[at], units, memos, quote, lots, narrow, owner, code, cost)


@lean
def catch_up_all(
    size: int,
    free: Array,
    units: Array,
    memos: Array,
    quote: Array,
    lots: Array,
    narrow: Array,
    owner: Array,
    code: Array,
    cost: Array,
) -> None:
    """Repeat the records of the first ``size`` units; ``free`` are the rows without lots."""
    for at in range(len(free)):
        lots[free[at]] = narrow[free[at]] = 0
    for number in range(size):
        repeat(number, units, memos, quote, lots, narrow, owner, code, cost)


@inlined
def repeat(
    number: int,
    units: Array,
    memos: Array,
    quote: Array,
    lots: Array,
    narrow: Array,
    owner: Array,
    code: Array,
    cost: Array,
) -> None:
    """Repeat the record of one unit and those of its legs."""
    quote[number] = units[number].quote
    row = units[number].head
    while row >= 0:
        memo = memos[row]
        lots[row], owner[row], code[row], cost[row] = memo.lots, number, memo.code, memo.cost
        narrow[row] = memo.lots
        row = memo.next
