"""The rows of the engine's tables, and what their bits mean.

A unit is a cell of the column ``quote`` and a record of one cache line. A leg is a *row*: a cell of each of the columns
``lots`` (int64, signed, 0: free), ``owner`` (uint32, its unit) and ``code`` (uint16, its place in the price tables:
market, margin tier and sign), which revaluation reads as fast as memory gives them - and a *memo*, which only trades
and scores need. The rows of a unit form a chain: ``head`` of the unit, ``next`` of the memos. Sorted by unit, chains
lie together; a leg opened later is appended.
"""

import numpy as np

UNIT = np.dtype(
    [
        ("deposits", np.int64),
        ("realised", np.int64),
        ("transfers", np.int64),
        ("result_before", np.int64),
        ("credit", np.int64),  # what its collateral counts as margin, quanta; 0 for a bankrupt
        ("account", np.int32),
        ("head", np.int32),  # its first row, -1: flat
        ("flags", np.int32),
        ("market", np.int16),  # of an isolated unit, -1: cross
        ("legs", np.int16),
        ("spare", np.int64),
    ]
)
"""A unit without its quote: 64 bytes."""

MEMO = np.dtype(
    [
        ("cost", np.int64),
        ("entry_funding", np.int64),
        ("haircut", np.int64),
        ("next", np.int32),  # the next row of the unit, -1: the last
        ("side", np.int32),  # 1, -1: the long, the short leg of hedge mode; 0: one-way mode
    ]
)
"""What a leg remembers: 32 bytes."""

BANKRUPT, HEDGE, SPECIAL, ORDERS, LONG_LEG, SHORT_LEG = 1, 2, 4, 8, 16, 32
"""Bits of ``flags``. SPECIAL: the unit has chosen leverages, assets or debts of pools, which only the law reads."""
