"""Who of those below a screen is unhealthy: exactly, and looking closely only at whom the screen leaves in doubt."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.decide import decide_exactly

Array = Any
Whole = Any


@compiled
def detect(
    below: Array,
    count: Whole,
    flags: Array,
    margins: Array,
    gap: Array,
    sure: bool,
    exact: Array,
    lots: Array,
    code: Array,
    memos: Array,
    quote: Array,
    units: Array,
    worth: Array,
    value: Array,
    rate: Array,
    deduction: Array,
    factor: Array,
    found: Array,
) -> tuple[Whole, Whole]:
    """Bring ``exact`` (1: unhealthy) of the first ``count`` units in ``below`` up to date; ``found``: whoever is new.

    ``flags`` and ``margins`` are the screen's, ``gap`` is how far its margin may lie below the exact one, quanta; not
    ``sure``: the gap is no bound now. Tables are those of ``decide_exactly``. Units above the screen are struck off
    ``below``. Returns how many are left there, and how many stand in ``found``.
    """
    kept, newly = np.uint64(0), np.uint64(0)
    for at in range(np.uint64(count)):
        unit = np.uint64(below[at])
        if flags[unit] == 0:
            exact[unit] = 0
            continue
        below[kept] = unit
        kept += np.uint64(1)
        now = sure and margins[unit] + gap[unit] < 0
        if not now:
            now = decide_exactly(unit, lots, code, memos, quote, units, worth, value, rate, deduction, factor)
        if now and exact[unit] == 0:
            found[newly] = unit
            newly += np.uint64(1)
        exact[unit] = now
    return np.int64(kept), np.int64(newly)
