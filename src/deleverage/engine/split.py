"""The splits of the law on columns: within the bounds by kernels in linear time, beyond them by the rulebook itself.

Columns are int64, one cell a recipient, all of one length; ``order`` is the rank of the recipient's identifier, by
which ties fall, unique and int32. Answers come in the same order of rows, the same units, the same to the unit.
"""

from typing import Any

import numpy as np

from deleverage.engine.kernels import largest, split
from deleverage.rulebook.apportion import Share
from deleverage.rulebook.apportion import apportion as lawful
from deleverage.rulebook.ranking import Candidate
from deleverage.rulebook.selection import Levelling, ProRata, Shares, TopBySize

Array = Any

NO_CAP = (1 << 63) - 1
"""In a column of caps: this recipient has none."""

INT64 = 1 << 63


def apportion(amount: int, weights: Array, order: Array, caps: Array | None = None) -> tuple[Array, int]:
    """Return everybody's part of ``amount`` >= 0 by weights >= 0 under caps, and the rest that no cap could hold.

    Rounding: the floor of the ideal, then one unit more for the largest fractions, ties by order. Parts beyond int64
    come back as Python's integers; a negative amount is a ValueError.
    """
    if 0 <= amount < INT64:
        parts = np.empty(weights.size, np.int64)
        if caps is None:
            rest = split.split(amount, weights, order, parts)
        else:
            rest = split.fill(amount, weights, caps, order, parts)
        if rest != split.OUTSIDE:
            return parts, rest
    bounds = [None] * weights.size if caps is None else [None if cap == NO_CAP else cap for cap in caps.tolist()]
    keys = order.tolist()
    answer = lawful(amount, [Share(*share) for share in zip(keys, weights.tolist(), bounds, strict=True)])
    return _column([answer.parts[key] for key in keys]), answer.rest


def pro_rata(need_lots: int, lots: Array, order: Array) -> Array:
    """Return the same share of everybody's lots, ``need_lots`` in all: at most what all hold."""
    parts = np.empty(lots.size, np.int64)
    if 0 <= need_lots <= split.total(lots) and split.split(need_lots, lots, order, parts) == 0:
        return parts
    return _asked(ProRata(), need_lots, lots, order)


def per_capita(need_lots: int, lots: Array, order: Array) -> Array:
    """Return equally many lots of everybody, of a smaller one all it has; ``need_lots`` in all."""
    return apportion(need_lots, np.ones(lots.size, np.int64), order, lots)[0]


def levelling(need_lots: int, lots: Array, order: Array) -> Array:
    """Return what lies above a common level, ``need_lots`` in all; the last of them, one lot each, by order."""
    parts = np.empty(lots.size, np.int64)
    if 0 <= need_lots < INT64 and largest.cut(need_lots, lots, order, parts) == 0:
        return parts
    return _asked(Levelling(), need_lots, lots, order)


def top_by_size(need_lots: int, count: int, lots: Array, order: Array) -> Array:
    """Return the same share of the lots of the ``count`` >= 1 largest, as many more as hold ``need_lots``."""
    chosen = np.empty(lots.size, np.bool_)
    if 0 <= need_lots <= split.total(lots) and largest.choose(need_lots, count, lots, order, chosen) == 0:
        parts = np.zeros(lots.size, np.int64)
        parts[chosen] = pro_rata(need_lots, lots[chosen], order[chosen])
        return parts
    return _asked(TopBySize(count), need_lots, lots, order)


def _asked(policy: Shares, need_lots: int, lots: Array, order: Array) -> Array:
    """Return what the rulebook's policy gives; identifiers are the ranks, as long as each other so that they sort."""
    keys = [f"{rank:010}" for rank in order.tolist()]
    rows = zip(keys, lots.tolist(), strict=True)
    parts = policy.share(need_lots, [Candidate(key, 0, held, 0, 0, 0, 0, 0, 0, 0, 0) for key, held in rows])
    return _column([parts.get(key, 0) for key in keys])


def _column(numbers: list[int]) -> Array:
    """Return a column of int64, of Python's integers where one does not fit."""
    return np.array(numbers, np.int64 if all(abs(number) < INT64 for number in numbers) else object)
