"""The memory floor: the time to add up a buffer of exactly the bytes that a computation must touch.

Cold in the same way: before each sample, of floors and of everybody else, another buffer of ``SWEEP_BYTES`` is read, so
that neither starts with its data in the caches that the core has for itself. A last-level cache that is
larger than that keeps what it keeps, for both alike: they touch as many bytes, once a round.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

SWEEP_BYTES = 64 * 2**20

POSITION_BYTES, UNIT_BYTES, CANDIDATE_BYTES, WINNER_BYTES = 10, 29, 28, 24
"""What must be read and written whatever the layout is: revaluation, selection (and lights), splits."""


def revaluation_bytes(positions: int, units: int) -> int:
    """Return the bytes of a full revaluation."""
    return POSITION_BYTES * positions + UNIT_BYTES * units


def floor(size_bytes: int) -> Callable[[], int]:
    """Return a call that reads a buffer of so many bytes (rounded up to eight) once, all of it."""
    total = _total()
    buffer = np.arange(-(-size_bytes // 8), dtype=np.int64)
    return lambda: int(total(buffer))


def sweeper() -> Callable[[], object]:
    """Return a call that pushes everything else out of the core's own caches."""
    total = _total()
    buffer = np.ones(SWEEP_BYTES // 8, np.int64)
    return lambda: int(total(buffer))


@cache
def _total() -> Any:
    """Return a compiled sum: on small buffers faster than NumPy's, so that the floor is not too high."""
    import numba

    def total(buffer: Any) -> Any:
        result = np.int64(0)
        for at in range(buffer.size):
            result += buffer[at]
        return result

    return numba.njit(nogil=True)(total)
