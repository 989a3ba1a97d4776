"""Books into columns: the law's own, and populations that come as arrays."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.columns import Special
from deleverage.engine.engine import Engine
from deleverage.engine.kernels.records import HEDGE, SPECIAL
from deleverage.rulebook.book import Book
from deleverage.rulebook.rules import Rules


def load(book: Book, rules: Rules) -> Engine:
    """Return an engine with the state of a book, which stays as it is; ``wide`` if columns cannot hold it."""
    engine = Engine(rules)
    copied = book.copy()
    desk = engine.desk
    for item in fields(Book):
        if item.name not in ("accounts", "units"):
            setattr(desk, item.name, getattr(copied, item.name))
    engine.adopt(copied)
    return engine


class Kinds(NamedTuple):
    """What is not plain about a population, a cell a unit; ``side`` one a leg.

    ``account`` is the place of the unit's cross unit in the population, its own of a cross unit. ``isolated`` is the
    number of a market, -1 for a cross unit; ``hedge`` units have both legs of a market, and of each leg the ``side``
    (1, -1; 0 in one-way mode). ``credit`` is what a unit's collateral counts as margin, in quanta: so many grains of
    ``asset_id``, of which each counts for one quantum.
    """

    account: NDArray[Any]
    isolated: NDArray[Any]
    hedge: NDArray[np.bool_]
    side: NDArray[Any]
    credit: NDArray[np.int64]
    asset_id: str


def add_population(
    engine: Engine,
    names: Sequence[str],
    deposits: NDArray[np.int64],
    owner: NDArray[Any],
    market: NDArray[Any],
    lots: NDArray[np.int64],
    cost: NDArray[np.int64],
    kinds: Kinds | None = None,
) -> None:
    """Add units with legs, as if each had deposited and traded: for populations that no log has made.

    ``names`` and ``deposits`` (quanta > 0) are one per unit; ``owner`` (the unit's place, ascending), ``market``
    (its number), ``lots`` (signed, not 0) and ``cost`` (quanta, signed like lots) one per leg, with no cumulative
    funding before it. The caller guarantees that lots and costs of a market sum to zero and that all fits the bounds.
    """
    columns, prices, desk = engine.columns, engine.prices, engine.desk
    first, count, legs = columns.size, len(names), len(lots)
    columns.reserve(first + count, columns.rows + legs + legs // 4)
    columns.names.extend(names)
    columns.numbers.update(zip(names, range(first, first + count), strict=True))
    some = slice(first, first + count)
    columns.quote[some] = deposits
    np.subtract.at(columns.quote[some], owner, cost)
    records = columns.units[some]
    records["quote"] = columns.quote[some]
    records["deposits"], records["account"] = deposits, np.arange(first, first + count)
    records["market"], records["head"] = -1, -1
    if kinds is not None:
        records["account"], records["market"] = first + kinds.account, kinds.isolated
        records["flags"] = np.where(kinds.hedge, HEDGE, 0)
        for place in np.flatnonzero(kinds.account != np.arange(count)).tolist():
            columns.note_apart(first + int(kinds.account[place]), first + place)
        _add_collateral(engine, first, kinds)
    start, rows = columns.rows, np.arange(columns.rows, columns.rows + legs, dtype=np.int32)
    columns.owner[start : start + legs] = owner + first
    columns.lots[start : start + legs] = lots
    columns.narrow[start : start + legs] = lots.astype(np.int32)
    columns.code[start : start + legs] = columns.codes(market, lots)
    memos = columns.memos[start : start + legs]
    memos["lots"], memos["code"] = lots, columns.code[start : start + legs]
    memos["cost"], memos["next"] = cost, -1
    columns.cost[start : start + legs] = cost
    memos["side"] = 0 if kinds is None else kinds.side
    memos["next"][:-1][owner[1:] == owner[:-1]] = rows[1:][owner[1:] == owner[:-1]]
    heads, begins, sizes = np.unique(owner, return_index=True, return_counts=True)
    records["head"][heads], records["legs"][heads] = rows[begins], sizes
    columns.size, columns.rows = first + count, start + legs
    desk.net_deposits_quanta += int(deposits.sum())
    np.maximum.at(prices.markets["most_lots"], market, abs(lots))
    longs = np.zeros(len(prices.names), np.int64)
    np.add.at(longs, market, np.maximum(lots, 0))
    for number, name in enumerate(prices.names):
        desk.markets[name].open_interest_lots += int(longs[number])
        prices.refresh(desk.markets[name], name in desk.halts)


def _add_collateral(engine: Engine, first: int, kinds: Kinds) -> None:
    """Give units the grains that are their credit."""
    columns = engine.columns
    owning = np.flatnonzero(kinds.credit)
    columns.units["credit"][first + owning] = kinds.credit[owning]
    columns.units["flags"][first + owning] |= SPECIAL
    for number, grains in zip((first + owning).tolist(), kinds.credit[owning].tolist(), strict=True):
        columns.special[number] = Special({}, {}, {kinds.asset_id: grains}, 0)
    if len(owning):
        engine.desk.assets[kinds.asset_id].net_deposits_grains += int(kinds.credit.sum())
