"""The rows of the engine's tables, and what their bits mean.

A unit is a record of one cache line, a leg a record of 40 bytes (a *memo*): what a trade reads. The legs of a unit form
a chain: ``head`` of the unit, ``next`` of the memos. Sorted by unit, chains lie together; a leg opened later is
appended.

What revaluation reads of all of them is repeated in columns, so that it comes as fast as memory gives it: ``quote`` of
units (int64); ``lots`` (int64, signed, 0: free), ``owner`` (uint32, its unit) ``code`` (uint16, its place in the
price tables: market, margin tier and sign) and ``cost`` of legs. Kernels that answer events write records alone, and
note whose; the columns follow when somebody reads them (``repeat``). Whoever else writes a record writes its column.
"""

import numpy as np

UNIT = np.dtype(
    [
        ("quote", np.int64),
        ("deposits", np.int64),
        ("realised", np.int64),
        ("transfers", np.int64),
        ("result_before", np.int64),
        ("credit", np.int64),  # what its collateral counts as margin, quanta; 0 for a bankrupt
        ("account", np.int32),
        ("head", np.int32),  # its first leg, -1: flat
        ("flags", np.int16),
        ("market", np.int16),  # of an isolated unit, -1: cross
        ("legs", np.int16),
        ("debt_pool", np.int16),  # flat: 1 + the pool of the market it was closed in last; 0: none
    ]
)
"""A unit: 64 bytes."""

MEMO = np.dtype(
    [
        ("lots", np.int64),
        ("cost", np.int64),
        ("entry_funding", np.int64),
        ("haircut", np.int64),
        ("next", np.int32),  # the next leg of the unit, -1: the last
        ("side", np.int16),  # 1, -1: the long, the short leg of hedge mode; 0: one-way mode
        ("code", np.uint16),
    ]
)
"""A leg: 40 bytes."""

MARKET = np.dtype(
    [
        ("value", np.int64),  # signed quanta a lot is worth at the mark; 0: no mark yet
        ("funding", np.int64),  # what one long lot has paid since the listing, quanta
        ("carry", np.int64),  # what rounding has not charged of it yet, quanta x 10^9
        ("mark_ticks", np.int64),
        ("previous_ticks", np.int64),
        ("mark_time_ns", np.int64),
        ("multiplier", np.int64),  # quanta per tick and lot; of an inverse contract its face in quanta x ticks
        ("max_lots", np.int64),
        ("max_price_ticks", np.int64),
        ("max_open_interest_lots", np.int64),
        ("min_value_quanta", np.int64),
        ("open_interest_lots", np.int64),
        ("expiry_ns", np.int64),  # 2^62: none
        ("calm_from_ns", np.int64),  # neither pause nor grace from here on
        ("widest_quanta", np.int64),  # the most that one lot adds to any sum, at the mark
        ("most_lots", np.int64),  # no leg has more
        ("calm_low", np.int64),  # while a lot's value stays between these two (``calm``)
        ("calm_high", np.int64),
        ("calm_funding_low", np.int64),  # and what one long lot has paid between these
        ("calm_funding_high", np.int64),
        ("first_code", np.int32),
        ("first_tier", np.int32),
        ("tiers", np.int32),
        ("pool", np.int32),
        ("inverse", np.int32),
        ("trading", np.int32),  # 1: an ordinary day; 0: halted, settled, guarded, reduce-only, or odd requirements
        ("moved", np.int32),  # 1: a kernel has changed mark or open interest
        ("spare", np.int32),
    ]
)
"""What kernels know of a market: 192 bytes. Whatever is out of the ordinary is ``trading`` 0, and left to the law."""

TIER = np.dtype(
    [
        ("from_notional_quanta", np.int64),
        ("maintenance_rate_ppb", np.int64),
        ("maintenance_deduction_quanta", np.int64),
        ("initial_rate_ppb", np.int64),
        ("initial_deduction_quanta", np.int64),
        ("spare_quanta", np.int64),  # what the screen deducts of maintenance, factor one; 0: it may be cut off
    ]
)
"""One step of a market's margin table; close-out rates are read by the law alone."""

EVENT = np.dtype(
    [
        ("time_ns", np.int64),
        ("amount", np.int64),  # lots of a trade, quanta of money in or out, sources of a mark, rate of funding in ppb
        ("price_ticks", np.int64),
        ("kind", np.int32),
        ("market", np.int32),
        ("one", np.int32),  # the buyer, the unit whose money it is, or 1: a confirmed mark
        ("other", np.int32),  # the seller
        ("one_side", np.int16),
        ("other_side", np.int16),
        ("spare", np.int32),
    ]
)
"""A command of an ordinary day, all names replaced by numbers: 48 bytes."""

LAW, TRADE, DEPOSIT, WITHDRAW, MARK, FUNDING = range(6)
"""Kinds of events; LAW stands for a command that no kernel answers."""

TOLD = np.dtype(
    [
        ("seen", np.int64),  # of a trade: the value of a lot; of a mark: the mark before; of funding: quanta per lot
        ("found", np.int64),
        ("bound", np.int64),
        ("unit", np.int32),
        ("refused", np.int32),  # 0: accepted
    ]
)
"""What a kernel tells of an event: what its fact needs, or why it is refused, with the compared numbers."""

TOO_LITTLE_MARGIN, TOO_LITTLE_EQUITY = 1, 2
"""Why a kernel refuses: a side of a trade would hold less than the initial margin; no such money is free."""

BANKRUPT, HEDGE, SPECIAL, ORDERS, LONG_LEG, SHORT_LEG, CLOSE = 1, 2, 4, 8, 16, 32, 64
"""Bits of ``flags``. SPECIAL: the unit has chosen leverages, assets or debts of pools, which only the law reads.
CLOSE: it stands in the list of those who could fall below zero soon (``calm``)."""
