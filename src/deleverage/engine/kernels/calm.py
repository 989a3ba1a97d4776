"""When nobody can be below zero: how far values may move from where everybody was looked at last.

At a reference, where a lot of market m is worth v_m, let e be a unit's equity and G = sum |lots| x |v_m|. Whoever has
e <= G / K stands on the list of the *close* and is looked at whenever somebody asks. Nobody else is below zero while no
value, and no cumulative funding, has moved by more than |v_m| / 2K: the move costs a unit at most G / K. Whatever a
kernel accepts keeps that true:

* money in raises e;
* whoever opens, or takes money out, has e >= 4 / K of what it holds at the mark, or joins the list. Seen from the
  reference that is at least (4 (1 - 1/2K) - 1) / K of G, which is more than 1 / K;
* whoever reduces by n lots at a value within |v_m| / 2K of v_m loses at most n |v_m| / K of e, and n |v_m| of G: so
  e >= G / K still holds.

A value outside ends it, as does whatever the law writes. Shares are rounded against the unit, so no quantum is lost.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels.compiled import compiled

Array = Any

ABOUT = 1 + 2.0**-40
"""More than binary64 can be off in ``is_close``: who stands at the border is on the list."""


@compiled
def is_close(equity: int, gross: int, parts: int) -> bool:
    """Return whether equity is at most ``gross / parts``, or hardly more; quanta."""
    return bool(gross > 0 and float(equity) * float(parts) <= float(gross) * ABOUT)


@compiled
def look(
    quote: Array, size: int, lots: Array, owner: Array, code: Array, rows: int, worth: Array, value: Array, parts: Array
) -> Any:
    """Return how many are below zero, how many are close for each K in ``parts`` (ascending), equities and notionals.

    ``worth`` and ``value`` are by code: of a lot at the mark, with and without cumulative funding.
    """
    equity = np.empty(size, np.int64)
    gross = np.zeros(size, np.int64)
    for number in range(np.uint64(size)):
        equity[number] = quote[number]
    for row in range(np.uint64(rows)):
        equity[owner[row]] += lots[row] * worth[code[row]]
        gross[owner[row]] += abs(lots[row] * value[code[row]])
    poor, close = 0, np.zeros(len(parts), np.int64)
    for number in range(np.uint64(size)):
        poor += equity[number] < 0
        at = 0
        while at < len(parts) and is_close(equity[number], gross[number], parts[at]):
            close[at] += 1
            at += 1
    return poor, close, equity, gross


@compiled
def listed(equity: Array, gross: Array, parts: int, close_ones: Array) -> int:
    """Write who is close into ``close_ones``, which holds them all; return how many they are."""
    count = 0
    for number in range(np.uint64(equity.shape[0])):
        if is_close(equity[number], gross[number], parts):
            close_ones[count] = number
            count += 1
    return count
