"""Who of those that have stirred is unhealthy: exactly, looking closely only at whom the screen leaves in doubt."""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled
from deleverage.engine.kernels.decide import decide_exactly
from deleverage.engine.kernels.watch import GAP, MARGIN

Array = Any
Whole = Any


@compiled
def detect(
    stirred: Array,
    was_sure: Whole,
    flags: Array,
    state: Array,
    exact: Array,
    lots: Array,
    code: Array,
    memos: Array,
    quote: Array,
    units: Array,
    markets: Array,
    code_market: Array,
    worth: Array,
    spare: Array,
    rate: Array,
    deduction: Array,
    factor: Array,
    found: Array,
) -> tuple[Whole, Whole]:
    """Bring ``exact`` (1: unhealthy) of some units up to date; write who is new into ``found``.

    ``state`` has the screen's margins and the gaps, quanta (``watch``). A gap is no bound where a deduction is not in
    the screen: then, and the first time that it is one again (not ``was_sure``), whoever has a flag is looked at, too.
    Return how many are new, and whether gaps are bounds. The other tables, by code, are those of ``decide_exactly``.
    """
    value, sure = np.empty(worth.size, np.int64), True
    for place in range(worth.size):
        value[place] = markets[code_market[place]].value
        sure = sure and (spare[place] > 0 or deduction[place] == 0)
    looked = stirred
    if not (sure and was_sure):
        looked = np.flatnonzero(flags[: exact.size] | exact).astype(np.uint32)
    newly = np.uint64(0)
    for at in range(np.uint64(looked.size)):
        unit = np.uint64(looked[at])
        margin = state[unit, MARGIN]
        now = sure and margin + state[unit, GAP] < 0
        if margin < 0 and not now:
            now = decide_exactly(unit, lots, code, memos, quote, units, worth, value, rate, deduction, factor)
        if now and exact[unit] == 0:
            found[newly] = unit
            newly += np.uint64(1)
        exact[unit] = now
    return np.int64(newly), sure
