"""Everybody's lights at one moment, kept as columns: made in one pass, read for one account in a few look-ups.

Nothing here follows the domain once it is made: arrays are copies, and of names, which are only ever added, those that
came later are not looked at.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.audit import total
from deleverage.engine.columns import SIDE_NAMES
from deleverage.engine.desk import Desk
from deleverage.engine.ranks import lights
from deleverage.engine.valuation import valued
from deleverage.rulebook.book import leg_id_of
from deleverage.rulebook.rules import Rules


class Standings(NamedTuple):
    """What was noted of everybody; ``owed_quanta``: positive equities of all but the fund's unit, and claims."""

    below_zero: bool
    owed_quanta: int
    numbers: dict[str, int]
    names: list[str]
    size: int
    apart: dict[int, tuple[int, ...]]
    head: NDArray[Any]
    following: NDArray[Any]
    code: NDArray[Any]
    side: NDArray[Any]
    market: NDArray[Any]
    market_names: list[str]
    lit: NDArray[Any]

    def lights_of(self, account_id: str) -> Iterator[tuple[str, str, int]]:
        """Yield unit, leg and lights (1 to 5, 5 is next; 0 of a bankrupt) of each leg of an account."""
        account = self.numbers.get(account_id, self.size)
        for number in (account, *self.apart.get(account, ())):
            row = int(self.head[number]) if number < self.size else -1
            while row >= 0:
                market_id = self.market_names[self.market[self.code[row]]]
                leg_id = leg_id_of(market_id, SIDE_NAMES[int(self.side[row])])
                yield self.names[number], leg_id, int(self.lit[row])
                row = int(self.following[row])


def standings(desk: Desk, rules: Rules) -> Standings:
    """Return everybody's standing now, by one look at all."""
    columns, prices, value = desk.columns, desk.columns.prices, valued(desk)
    equity, fund = value.equity[: columns.size].copy(), desk.fund_unit()
    if fund is not None:
        equity[columns.numbers[fund.unit_id]] = 0
    memos = columns.memos[: columns.rows]
    return Standings(
        bool((value.equity[: columns.size] < 0).any()),
        total(np.maximum(equity, 0)) + sum(desk.claims.values()),
        columns.numbers,
        columns.names,
        columns.size,
        columns.apart.copy(),
        columns.units["head"][: columns.size].copy(),
        memos["next"].copy(),
        memos["code"].copy(),
        memos["side"].copy(),
        prices.code_market.copy(),
        list(prices.names),
        lights(desk, rules, value),
    )
