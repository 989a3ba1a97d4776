"""Whole numbers of 128 bits, as pairs: a signed high half and an unsigned low half, ``high * 2^64 + low``.

Requirements are kept in quanta x 10^9 or 10^18, which no int64 holds. Each function is a few machine instructions:
LLVM's own i128, without any call. There is no division, and nothing notices an overflow: who calls knows the bounds.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

I64 = ir.IntType(64)
I128 = ir.IntType(128)
PAIR: Any = types.Tuple((types.int64, types.uint64))  # type: ignore[no-untyped-call]


def instructions(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that stands for the code that ``build`` gives, wherever a kernel calls it."""
    return intrinsic(build)


def joined(builder: Any, high: Any, low: Any) -> Any:
    """Return the i128 of two halves."""
    return builder.or_(builder.shl(builder.sext(high, I128), ir.Constant(I128, 64)), builder.zext(low, I128))


def pair(context: Any, builder: Any, number: Any) -> Any:
    """Return the halves of an i128 as a Numba tuple."""
    high = builder.trunc(builder.ashr(number, ir.Constant(I128, 64)), I64)
    return context.make_tuple(builder, PAIR, [high, builder.trunc(number, I64)])


def emitted(result: Any, inputs: Sequence[Any], emit: Callable[[Any, Any, Any], Any]) -> tuple[Any, Any]:
    """Return the signature and the code of an intrinsic that takes these types and emits that."""
    return result(*inputs), lambda context, builder, _, values: emit(context, builder, values)


@instructions
def product_wide(typing: Any, left: Any, right: Any) -> Any:
    """Return ``left * right`` of two int64, exact."""

    def emit(context: Any, builder: Any, values: Any) -> Any:
        return pair(context, builder, builder.mul(builder.sext(values[0], I128), builder.sext(values[1], I128)))

    return emitted(PAIR, (types.int64, types.int64), emit)


@instructions
def sum_wide(typing: Any, high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    """Return the sum of two wide numbers; exact below 2^127."""

    def emit(context: Any, builder: Any, values: Any) -> Any:
        return pair(context, builder, builder.add(joined(builder, *values[:2]), joined(builder, *values[2:])))

    return emitted(PAIR, (types.int64, types.uint64, types.int64, types.uint64), emit)


@instructions
def difference_wide(typing: Any, high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    """Return the first wide number less the second; exact below 2^127."""

    def emit(context: Any, builder: Any, values: Any) -> Any:
        return pair(context, builder, builder.sub(joined(builder, *values[:2]), joined(builder, *values[2:])))

    return emitted(PAIR, (types.int64, types.uint64, types.int64, types.uint64), emit)


@instructions
def scaled_wide(typing: Any, high: Any, low: Any, factor: Any) -> Any:
    """Return a wide number times an int64; exact below 2^127."""

    def emit(context: Any, builder: Any, values: Any) -> Any:
        number = builder.mul(joined(builder, *values[:2]), builder.sext(values[2], I128))
        return pair(context, builder, number)

    return emitted(PAIR, (types.int64, types.uint64, types.int64), emit)


@instructions
def less_wide(typing: Any, high: Any, low: Any, other_high: Any, other_low: Any) -> Any:
    """Return whether the first wide number lies below the second."""

    def emit(context: Any, builder: Any, values: Any) -> Any:
        return builder.icmp_signed("<", joined(builder, *values[:2]), joined(builder, *values[2:]))

    return emitted(types.boolean, (types.int64, types.uint64, types.int64, types.uint64), emit)
