"""Products that need more than 64 bits; nothing here wraps within its bounds.

A *wide* number is a pair of uint64, high and low: a requirement in quanta x 10^18. Wide numbers are not negative.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deleverage.engine.kernels.compiled import compiled

Whole = Any
"""An int64 or uint64 inside a kernel, a plain int outside."""

SCALE = np.uint64(10**18)
"""Requirements are quanta x 10^18, as in ``quantities``."""
PPB = np.uint64(10**9)


def _high_product(_context: Any, one: Any, other: Any) -> Any:

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        first, second = (builder.zext(argument, wide) for argument in arguments)
        both = builder.mul(first, second)
        return builder.trunc(builder.lshr(both, wide(64)), context.get_value_type(types.uint64))

    return types.uint64(types.uint64, types.uint64), emit


def _leading_zeros(_context: Any, number: Any) -> Any:

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), emit


def _prefetch(_context: Any, address: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        insert: Any = cgutils.get_or_insert_function
        fetch = insert(builder.module, kind, "llvm.prefetch.p0")
        builder.call(fetch, [builder.inttoptr(arguments[0], byte), number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.uint64), emit


prefetch: Any = intrinsic(_prefetch)
"""Ask for the cache line at an address that will be written soon; any address is harmless."""
high_product: Any = intrinsic(_high_product)
"""The upper 64 bits of the product of two uint64."""
leading_zeros: Any = intrinsic(_leading_zeros)
"""How many of the upper bits of a uint64 above 0 are not set."""


@compiled
def times(high: Whole, low: Whole, factor: Whole) -> Any:
    """Return a wide number times a uint64; the product is below 2^128."""
    return high * factor + high_product(low, factor), low * factor


@compiled
def is_less(high: Whole, low: Whole, other_high: Whole, other_low: Whole) -> Any:
    """Return whether one wide number is below another."""
    return high < other_high or (high == other_high and low < other_low)


@compiled
def plus(high: Whole, low: Whole, other_high: Whole, other_low: Whole) -> Any:
    """Return the sum of two wide numbers, below 2^128."""
    total = low + other_low
    return high + other_high + np.uint64(total < low), total


@compiled
def minus(high: Whole, low: Whole, other_high: Whole, other_low: Whole) -> Any:
    """Return a wide number less another that is not above it."""
    return high - other_high - np.uint64(low < other_low), low - other_low


@compiled
def wide_float(high: Whole, low: Whole) -> Any:
    """Return the binary64 nearest to a wide number, half to even.

    The upper 64 bits keep a sticky last bit for all that is below them, so the one conversion rounds once.
    """
    if high == np.uint64(0):
        return np.float64(low)
    shift = leading_zeros(high)
    top, rest = high, low
    if shift > np.uint64(0):
        top, rest = (high << shift) | (low >> (np.uint64(64) - shift)), low << shift
    if rest != np.uint64(0):
        top |= np.uint64(1)
    power = np.uint64((np.uint64(1023 + 64) - shift) << np.uint64(52)).view(np.float64)
    return np.float64(top) * power


@compiled
def scaled_float(quanta: Whole) -> Any:
    """Return the binary64 nearest to quanta x 10^18, half to even; quanta >= 0."""
    unsigned = np.uint64(quanta)
    return wide_float(high_product(unsigned, SCALE), unsigned * SCALE)
