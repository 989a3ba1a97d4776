"""The rankings of the law in compiled form, bit for bit: operands to binary64 first, then the stated operations.

In: every ranking of one score, and ``lexicographic``, which has none. Not in: ``ethereal`` (three keys) and
``rotation`` (hangs on how many there are); for these the rulebook is asked.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.keys import NO_CANDIDATE, key_of
from deleverage.engine.kernels.products import scaled_float, wide_float

Array = Any
Whole = Any

_BLOCK = 2048

(
    BITMEX,
    PROFIT,
    RETURN,
    RETURN_LEVERAGE_WINNERS,
    RETURN_MMR,
    BLUEFIN,
    HYPERLIQUID,
    PNL_LEVERAGE,
    PNL_RATIO,
    SIZE,
    BINANCE,
    LEXICOGRAPHIC,
) = range(12)

RANKING_OF = {
    "bitmex": BITMEX,
    "profit": PROFIT,
    "return": RETURN,
    "return-leverage-winners": RETURN_LEVERAGE_WINNERS,
    "return-mmr": RETURN_MMR,
    "bluefin": BLUEFIN,
    "hyperliquid": HYPERLIQUID,
    "pnl-leverage": PNL_LEVERAGE,
    "pnl-ratio": PNL_RATIO,
    "size": SIZE,
    "binance": BINANCE,
    "lexicographic": LEXICOGRAPHIC,
}
"""The number of every ranking that a kernel knows."""
WHOLE = (PROFIT, SIZE)
"""Rankings whose score is a whole number: the key is the score itself."""

UNIT_PNL, UNIT_VALUE, LEG_HIGH, LEG_LOW, UNIT_HIGH, UNIT_LOW = range(6)
"""Columns of ``sums`` (int64): of the unit price PnL and value; the maintenance of leg and unit, wide."""
NEED_SUMS = (RETURN_MMR, BLUEFIN, BINANCE)
"""Rankings that read ``sums``; for the others it may have no rows."""


@compiled
def bitmex_key(value: Whole, pnl: Whole, base: Whole, equity: Whole) -> Any:
    """Return the key of ``ranking.bitmex_score``; all int64, value, base and equity above 0."""
    gain, worth, own = np.float64(pnl), np.float64(value), np.float64(equity)
    over, under = (worth, own) if pnl >= 0 else (own, worth)
    return key_of((gain * over) / (np.float64(base) * under))


@compiled
def _ratio(one: Whole, other: Whole) -> Any:
    return np.float64(one) / np.float64(other)


@compiled
def score_key(
    ranking: Whole, floor: Whole, lots: Whole, value: Whole, pnl: Whole, base: Whole, equity: Whole, sums: Whole
) -> Any:
    """Return the key of a candidate with equity above 0 under one of the rankings; magnitudes as in ``Candidate``."""
    zero = np.int64(0)
    if ranking == BITMEX:
        return bitmex_key(value, pnl, base, equity)
    if ranking == PROFIT:
        return pnl
    if ranking == SIZE:
        return lots
    if ranking == LEXICOGRAPHIC:
        return zero
    leverage = _ratio(value, equity)
    if ranking == PNL_LEVERAGE:
        return key_of(np.float64(pnl) * leverage)
    if ranking == PNL_RATIO:
        return key_of(_ratio(pnl, equity))
    if ranking == HYPERLIQUID:
        larger, smaller = max(value, base), min(value, base)
        return key_of((_ratio(larger, smaller) if pnl >= 0 else _ratio(smaller, larger)) * leverage)
    if ranking == RETURN:
        return key_of(_ratio(pnl, base))
    if ranking == RETURN_LEVERAGE_WINNERS:
        return key_of(_ratio(max(zero, pnl), base) * leverage)
    unit_pnl, unit_value, leg_high, leg_low, unit_high, unit_low = sums
    needed, held = wide_float(np.uint64(unit_high), np.uint64(unit_low)), scaled_float(equity)
    if ranking == RETURN_MMR:
        needed = max(needed, 1.0)
        return key_of(_ratio(pnl, base) * (needed / held if pnl >= 0 else held / needed))
    if ranking == BLUEFIN:
        rate = wide_float(np.uint64(leg_high), np.uint64(leg_low)) / scaled_float(value)
        return key_of(_ratio(max(zero, pnl), base) / max(rate, _ratio(equity, unit_value)))
    percent = _ratio(max(zero, unit_pnl), max(np.int64(floor), equity - unit_pnl))
    return key_of(percent * (needed / held))


@compiled
def _look_up(lots: Array, code: Array, value_of: Array, values: Array) -> None:
    for row in range(np.uint64(lots.size)):
        values[row] = lots[row] * value_of[code[row]]


@compiled
def bitmex_keys(values: Array, cost: Array, equity: Array, keys: Array) -> None:
    """Write keys, of four columns and no table: so few that LLVM can tell them apart and takes rows eight at a time."""
    for row in range(np.uint64(keys.size)):
        own = equity[row]
        key = bitmex_key(abs(values[row]), values[row] - cost[row], max(np.int64(1), abs(cost[row])), own)
        keys[row] = key if own > 0 else 0


@compiled
def _grade(tiers: Array, lots: Array, equity: Array, grades: Array) -> None:
    for row in range(np.uint64(grades.size)):
        grade = np.uint8(2 * np.int64(tiers[row]) + np.int64(equity[row] > 0))
        grades[row] = np.uint8(NO_CANDIDATE) if (tiers[row] < 0) | (lots[row] == 0) else grade


@compiled
def score_rows(
    ranking: Whole,
    floor: Whole,
    tiers: Array,
    lots: Array,
    code: Array,
    value_of: Array,
    cost: Array,
    equity: Array,
    sums: Array,
    keys: Array,
    grades: Array,
) -> None:
    """Write key (int64) and grade (uint8) of every row; one tier (int8), signed lots, cost and unit's equity a row.

    ``value_of[code]`` is the signed value of a lot at the mark. A tier below 0 is no candidate, nor is a free row.
    """
    if ranking == BITMEX:
        values = np.empty(_BLOCK, np.int64)
        for first in range(0, lots.size, _BLOCK):
            end = min(first + _BLOCK, lots.size)
            _look_up(lots[first:end], code[first:end], value_of, values)
            bitmex_keys(values, cost[first:end], equity[first:end], keys[first:end])
            _grade(tiers[first:end], lots[first:end], equity[first:end], grades[first:end])
        return
    scored = ranking != LEXICOGRAPHIC
    none = (np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0))
    for row in range(np.uint64(lots.size)):
        value, own, base = lots[row] * value_of[code[row]], equity[row], max(np.int64(1), abs(cost[row]))
        keys[row] = 0
        if tiers[row] < 0 or lots[row] == 0:
            grades[row] = NO_CANDIDATE
            continue
        grades[row] = 2 * np.int64(tiers[row]) + np.int64(scored and own > 0)
        if not scored or own <= 0:
            continue
        of_unit = none
        if sums.shape[0] > 0:
            one = sums[row]
            of_unit = (one[0], one[1], one[2], one[3], one[4], one[5])
        keys[row] = score_key(ranking, floor, abs(lots[row]), abs(value), value - cost[row], base, own, of_unit)
