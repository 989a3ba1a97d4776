"""A table of rows as bytes, at a third of its size: what is the same in all rows is written once.

Numbers are folded first, so that small ones have few bytes whatever their sign: n is 2n, and -n is 2n - 1; places of
names count from 1, and 0 is nobody. Then, little-endian: a mask of 64 bits, the first row, and for each bit that is set
a plane: the byte at this place of every row. A bit is set where not all rows have the same byte, and nowhere else.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.journal.rows import ROW

_NUMBERS, _NAMES = slice(0, 5), slice(12, 16)
"""Where a row has its numbers, in words of 8 bytes, and its names, in words of 4."""


def shrunk(table: NDArray[Any]) -> bytes:
    """Return a table's bytes."""
    words = np.ascontiguousarray(table).view("<i8").reshape(-1, 8).copy()
    numbers = words[:, _NUMBERS]
    numbers[...] = (numbers << 1) ^ (numbers >> 63)
    words.view("<u4")[:, _NAMES] += np.uint32(1)
    places = words.view("u1")
    varies = _varies(places)
    return np.packbits(varies, bitorder="little").tobytes() + places[:1].tobytes() + places.T[varies].tobytes()


def grown(content: bytes, at: int, count: int) -> tuple[NDArray[Any], int]:
    """Return the table of so many rows, one at least, and where it ends; ValueError where it is none."""
    varies = np.unpackbits(np.frombuffer(content, "u1", 8, at), bitorder="little").astype(np.bool_)
    first = np.frombuffer(content, "u1", ROW.itemsize, at + 8)
    at += 8 + ROW.itemsize
    told = int(np.count_nonzero(varies)) * count
    planes = np.frombuffer(content, "u1", told, at).reshape(-1, count)
    places = np.empty((count, ROW.itemsize), "u1")
    places[:] = first
    places[:, varies] = planes.T
    if not np.array_equal(first, places[:1].ravel()) or not np.array_equal(varies, _varies(places)):
        raise ValueError("a plane of its rows is written that need not be, or not as the first row has it")
    words = places.view("<i8")
    numbers = words[:, _NUMBERS]
    numbers[...] = ((numbers >> 1) & 0x7FFF_FFFF_FFFF_FFFF) ^ -(numbers & 1)
    words.view("<u4")[:, _NAMES] -= np.uint32(1)
    return words.view(ROW).ravel(), at + told


def _varies(places: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return for each place of a row whether its byte is not the same in all rows."""
    differs: NDArray[np.uint8] = np.bitwise_or.reduce(places ^ places[:1], axis=0)
    return differs.astype(np.bool_)
