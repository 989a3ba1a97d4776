"""When nobody can be below zero: how far values may move from where everybody was looked at last.

At a reference, where a lot of market m is worth v_m, let e be a unit's equity and G = sum |lots| x |v_m|. Whoever has
e < G / K stands on the list of the *close* and is looked at whenever somebody asks. Nobody else is below zero while no
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
        if gross[number] > 0:
            for at in range(len(parts)):
                if equity[number] > gross[number] // parts[at]:
                    break
                close[at] += 1
    return poor, close, equity, gross
