"""Ask memory for a cell before it is needed: an event touches a dozen cache lines, none of them near the last one's."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

Array = Any


def _prefetch(_context: Any, column: Any, place: Any) -> Any:
    if not isinstance(column, types.Array) or not isinstance(place, types.Integer):
        return None

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        word, byte = ir.IntType(64), ir.IntType(8)
        at = context.cast(builder, arguments[1], signature.args[1], types.int64)
        offset = builder.mul(at, builder.extract_value(array.strides, 0))
        start = builder.ptrtoint(array.data, word)
        pointer = builder.inttoptr(builder.add(start, offset), byte.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [byte.as_pointer(), *[ir.IntType(32)] * 3])
        insert: Any = cgutils.get_or_insert_function
        function = insert(builder.module, kind, "llvm.prefetch.p0i8")
        numbers = [ir.Constant(ir.IntType(32), number) for number in (0, 3, 1)]
        builder.call(function, [pointer, *numbers])
        return context.get_dummy_value()

    return types.void(column, place), generate


prefetch: Any = intrinsic(_prefetch)
"""Fetch the line of ``column[place]`` into the caches: changes nothing, and ``place`` is not checked."""
