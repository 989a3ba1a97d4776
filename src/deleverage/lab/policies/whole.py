"""Columns of whole numbers: int64 as long as they fit, Python's integers beyond; sums and ratios stay exact."""

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from deleverage.lab.policies.policy import Unfit
from deleverage.lab.policies.policy import total as total
from deleverage.lab.policies.winners import Ratio

Column = Any
"""Whole numbers, one a winner: int64, or objects where one is too large for it."""

BOUND = 1 << 62
"""The engine's kernels take what is smaller, each and in all."""

WIDEST = 700
"""Bits of the largest weight: products with a budget stay far below what binary64 can compare."""

GRID = 10**9
"""A weight whose exact denominators are too many is rounded to this part of one."""


def fits(column: Column) -> bool:
    """Return whether numbers >= 0 are below the bound of the engine, each and in all."""
    return total(column) < BOUND


def column_of(numbers: list[int]) -> Column:
    """Return a column of int64, of Python's integers where the numbers are beyond the engine's bound."""
    return np.array(numbers, np.int64 if sum(map(abs, numbers)) < BOUND else object)


def floats(column: Column) -> Any:
    """Return the numbers as the nearest binary64."""
    return column.astype(np.float64)


def narrow(column: Column) -> Column:
    """Return int64 where numbers >= 0 of any width fit."""
    return column.astype(np.int64) if column.dtype == object and widest(column) < 63 else column


def widest(column: Column) -> int:
    """Return how many bits the largest of numbers >= 0 has."""
    return int(column.max()).bit_length() if len(column) else 0


def product(*columns: Column) -> Column:
    """Return the exact product of columns >= 0, as int64 where even the sum of all fits."""
    bits = sum(map(widest, columns))
    wide = bits + len(columns[0]).bit_length() > 62
    result = columns[0].astype(object) if wide else columns[0]
    for column in columns[1:]:
        result = result * (column.astype(object) if wide else column)
    return result


def scaled(ratio: Ratio, power: int) -> tuple[Column, int, str]:
    """Return fractions as whole numbers, the scale that makes them so, and a note where they had to be rounded.

    Exact by the common denominator where it is below 2^62 and no number to the ``power`` is too wide; else rounded
    half-even to 10^-9.
    """
    if len(ratio) and (low := ratio.under.min()) <= 0:
        raise Unfit(f"a leverage is over {low}, allowed is what is above 0")
    if len(ratio) and (low := ratio.over.min()) < 0:
        raise Unfit(f"the least leverage is {Fraction(int(low), 1)} over its denominator, allowed are 0 and more")
    common = 1
    for under in np.unique(ratio.under).tolist():
        common = lcm(common, under)
        if common >= BOUND:
            break
    if common < BOUND:
        numbers = product(ratio.over, (common // ratio.under.astype(object)))
        if not len(numbers) or int(numbers.max()).bit_length() * power <= WIDEST - 62:
            return numbers, common, ""
    numbers = half_even(ratio.over.astype(object) * GRID, ratio.under.astype(object))
    if len(numbers) and int(numbers.max()).bit_length() * power > WIDEST - 62:
        raise Unfit(f"the largest leverage is {int(numbers.max()) // GRID}, too large to be raised to {power}")
    return column_of(numbers.tolist()), GRID, "leverage rounded half-even to 10^-9"


def half_even(over: Column, under: Column) -> Column:
    """Return quotients of object columns >= 0 rounded to the nearest whole number, halves to even."""
    quotient = over // under
    doubled = 2 * (over - quotient * under)
    up = (doubled > under) | ((doubled == under) & (quotient % 2 == 1))
    return quotient + up.astype(object)


def floors(weights: Column, over: int, under: int, most: Column) -> Column:
    """Return floor(weight x over / under), at most ``most``: in binary64, in integers where that leaves a doubt."""
    ideal = floats(weights) * (over / under)
    guess = np.floor(ideal)
    error = ideal * 2.0**-50
    doubtful = np.flatnonzero((ideal - guess <= error) | (guess + 1 - ideal <= error))
    result = np.minimum(np.where(ideal < 2.0**62, guess, 0).astype(np.int64).astype(most.dtype), most)
    exact = weights[doubtful].astype(object) * over // under
    result[doubtful] = np.minimum(exact, most[doubtful].astype(object))
    return result
