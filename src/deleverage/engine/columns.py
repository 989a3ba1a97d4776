"""The truth of the engine: every unit a cell and a record, every leg a row, and the names beside them.

A unit's number is its place in the columns; it never changes. Tables grow by doubling; rows that became free are used
again before new ones are made. What few units have - chosen leverages, assets, debts with several pools - stands in
``special`` and marks the unit, so that kernels leave it to the law.

Rules of this module: nothing is decided here. Whatever does not fit 64 bits with the bounds of ``bounds`` raises
``TooWide`` before anything was written.
"""

from bisect import bisect_right
from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.bounds import LEGS, QUOTE_BITS, TooWide, require_bits
from deleverage.engine.kernels.records import BANKRUPT, HEDGE, LONG_LEG, MEMO, SHORT_LEG, SPECIAL, UNIT
from deleverage.engine.prices import Prices
from deleverage.rulebook.book import LONG, SHORT, Leg, Unit, leg_id_of, market_of, side_of

LINE = 64
"""Bytes of a cache line."""

NARROW_BITS = 31
"""Lots below this many bits fit the narrow column."""

MANY = 8
"""When one in so many units has been written, all are repeated in one pass."""

SIDES = {"": 0, LONG: 1, SHORT: -1}
SIDE_NAMES = {number: name for name, number in SIDES.items()}
SIDE_BITS = {0: 0, 1: LONG_LEG, -1: SHORT_LEG}


class Special(NamedTuple):
    """What only few units have; the mappings of ``Unit``."""

    leverages: dict[str, int]
    debt_pools: dict[str, int]
    assets: dict[str, int]
    carried: int


class Repeated:
    """A column that repeats a field of the records: whoever asks for it finds it up to date."""

    def __set_name__(self, _kind: type, name: str) -> None:
        """Keep the cells under the name with an underscore."""
        self._cells = f"_{name}"

    def __get__(self, columns: "Columns", _kind: type) -> NDArray[Any]:
        """Return the cells, after what is behind has been repeated."""
        if columns.behind:
            columns.catch_up()
        cells: NDArray[Any] = getattr(columns, self._cells)
        return cells


class Columns:
    """Units, legs and names; arrays are longer than what is used of them (``size`` units, ``rows`` rows).

    Kernels that answer events write records, and note in ``touched`` whose; ``behind`` of them are not repeated in the
    columns yet, and if that is more than ``touched`` holds, anybody's may not be.

    ``narrow`` has the lower half of each cell of ``lots``: the same number wherever ``fits_narrow``.
    """

    quote, lots, narrow = Repeated(), Repeated(), Repeated()
    owner, code, cost = Repeated(), Repeated(), Repeated()

    def __init__(self, prices: Prices) -> None:
        """Start empty; ``prices`` knows the markets' numbers and codes."""
        self.prices = prices
        self.size = 0
        self.rows = 0
        self.names: list[str] = []
        self.numbers: dict[str, int] = {}
        self.special: dict[int, Special] = {}
        self.apart: dict[int, tuple[int, ...]] = {}  # by account: its units beside the cross unit
        self.free: NDArray[np.int32] = np.zeros(16, np.int32)  # rows without lots, a stack
        self.free_count = 0
        self._by_name: list[int] = []
        self.is_in_order = False  # as ``order`` has found it: ids ascend with the numbers
        self._order: NDArray[np.uint32] = np.zeros(0, np.uint32)
        self.units: NDArray[Any] = _zeros(16, UNIT)
        self.memos: NDArray[Any] = _zeros(16, MEMO)
        self.touched: NDArray[np.int32] = np.zeros(16, np.int32)
        self.behind = 0
        self._quote: NDArray[np.int64] = np.zeros(16, np.int64)
        self._lots: NDArray[np.int64] = np.zeros(16, np.int64)
        self._narrow: NDArray[np.int32] = np.zeros(16, np.int32)
        self._owner: NDArray[np.uint32] = np.zeros(16, np.uint32)
        self._code: NDArray[np.uint16] = np.zeros(16, np.uint16)
        self._cost: NDArray[np.int64] = np.zeros(16, np.int64)

    def copy(self) -> "Columns":
        """Return an independent copy, prices included."""
        copied = copy(self)
        for name, value in vars(self).items():
            if not isinstance(value, int):
                setattr(copied, name, value.copy())
        return copied

    # -- rows of units --------------------------------------------------------------------------------------------

    def add(self, unit: Unit, hedge: bool) -> int:
        """Take a new unit in and return its number; its account is known already, or is its own."""
        number = self.size
        self.reserve(number + 1, self.rows)
        record = self.units[number]
        record["head"], record["debt_pool"], record["legs"] = -1, 0, 0
        record["market"] = -1
        if unit.isolated_market_id:
            record["market"] = self.prices.numbers[unit.isolated_market_id]
        record["flags"] = (HEDGE if hedge else 0) | SIDE_BITS[SIDES[unit.isolated_side]]
        record["account"] = self.numbers.get(unit.account_id, number)
        self.note_apart(int(record["account"]), number)
        self.names.append(unit.unit_id)
        self.numbers[unit.unit_id] = number
        self.size += 1
        self.store(number, unit)
        return number

    def note_apart(self, account: int, number: int) -> None:
        """Remember whose an isolated unit is; of a cross unit there is nothing to remember."""
        if account != number:
            self.apart[account] = (*self.apart.get(account, ()), number)

    def units_of(self, account: int) -> tuple[int, ...]:
        """Return the numbers of an account's units, its cross unit first."""
        return (account, *self.apart.get(account, ()))

    def unit(self, number: int) -> Unit:
        """Return a unit as the law reads it: a copy, to be stored again if it was written."""
        special, record = self.special.get(number), self.units[number].item()  # All fields at once, in their order.
        quote, deposits, realised, transfers, result_before, _, account, row, flags, market, _, debt_pool = record
        unit = Unit(
            self.names[number],
            self.names[account],
            self.prices.names[market] if market >= 0 else "",
            LONG if flags & LONG_LEG else SHORT if flags & SHORT_LEG else "",
            quote,
            bool(flags & BANKRUPT),
            deposits,
            realised,
            transfers,
            result_before,
        )
        while row >= 0:
            lots, cost, entry_funding, haircut, following, side, code = self.memos[row].item()
            market_id = self.prices.names[self.prices.code_market[code]]
            unit.legs[leg_id_of(market_id, SIDE_NAMES[side])] = Leg(lots, cost, entry_funding, haircut)
            row = following
        if special is not None:
            unit.leverages.update(special.leverages)
            unit.debt_pools.update(special.debt_pools)
            unit.assets.update(special.assets)
            unit.carried = special.carried
        elif debt_pool:
            unit.debt_pools[self.prices.pools[debt_pool - 1]] = 1
        return unit

    def leg_id(self, row: int) -> str:
        """Return the name of a row's leg."""
        *_, side, code = self.memos[row].item()
        return leg_id_of(self.prices.names[self.prices.code_market[code]], SIDE_NAMES[side])

    def chain(self, number: int) -> Iterator[int]:
        """Yield the rows of a unit."""
        row = int(self.units[number]["head"])
        while row >= 0:
            following = int(self.memos[row]["next"])
            yield row
            row = following

    def store(self, number: int, unit: Unit) -> None:
        """Write a unit as the law left it. Raises TooWide, with nothing written, where a number does not fit."""
        require_fits(unit)
        special, pool = self._special(unit)
        for leg_id, leg in unit.legs.items():
            self.prices.require_leg(self.prices.numbers[market_of(leg_id)], abs(leg.lots))
        # All fields at once: one by one they would cost eight times as much.
        *_, credit, account, _, flags, market, _, _ = self.units[number].item()
        if special is None:
            self.special.pop(number, None)
        else:
            self.special[number] = special
        flags &= ~(BANKRUPT | SPECIAL)
        flags |= (BANKRUPT if unit.bankrupt else 0) | (SPECIAL if special is not None else 0)
        money = unit.quote, unit.deposits, unit.realised, unit.transfers, unit.result_before
        rows = self._store_legs(number, unit)
        head = rows[0] if rows else -1
        self.quote[number] = unit.quote
        self.units[number] = (*money, credit, account, head, flags, market, len(rows), pool)

    def _special(self, unit: Unit) -> tuple[Special | None, int]:
        """Return what is special about a unit, and the number of its one debt pool where nothing is."""
        plain = not (unit.leverages or unit.assets or unit.carried)
        if plain and not unit.debt_pools:
            return None, 0
        if plain and list(unit.debt_pools.values()) == [1]:
            return None, 1 + self.prices.pool_number(next(iter(unit.debt_pools)))
        return Special(dict(unit.leverages), dict(unit.debt_pools), dict(unit.assets), unit.carried), 0

    def _store_legs(self, number: int, unit: Unit) -> list[int]:
        """Write the legs of a unit, and return their rows in the order of the chain."""
        rows, legs = {self.leg_id(row): row for row in self.chain(number)}, unit.legs
        for leg_id in [leg_id for leg_id in rows if leg_id not in legs]:
            row = rows.pop(leg_id)
            self.lots[row] = self.narrow[row] = self.memos[row]["lots"] = 0
            self.free[self.free_count] = row
            self.free_count += 1
        for leg_id in [leg_id for leg_id in legs if leg_id not in rows]:
            rows[leg_id] = row = self._new_row()
            self.owner[row] = number
        chain = list(rows.values())
        for (leg_id, row), following in zip(rows.items(), [*chain[1:], -1], strict=False):
            leg, market = legs[leg_id], self.prices.numbers[market_of(leg_id)]
            code, side = self.prices.code_of(market, leg.lots), SIDES[side_of(leg_id)]
            self.lots[row], self.cost[row], self.code[row] = leg.lots, leg.cost, code
            self.narrow[row] = self.lots[row].astype(np.int32)
            self.memos[row] = leg.lots, leg.cost, leg.entry_funding, leg.haircut, following, side, code
        return chain

    # -- names ----------------------------------------------------------------------------------------------------

    def order(self) -> NDArray[np.uint32]:
        """Return the rank of each unit's id in ASCII order; kept until units are added."""
        if len(self._order) < self.size:
            self._by_name += range(len(self._by_name), self.size)
            self._by_name.sort(key=self.names.__getitem__)  # What was sorted before is one run: it costs one pass.
            self._order = np.empty(self.size, np.uint32)
            self._order[self._by_name] = np.arange(self.size, dtype=np.uint32)
            self.is_in_order = self._by_name == list(range(self.size))
        return self._order

    def names_after(self, name: str) -> Iterator[str]:
        """Yield the ids behind a name, in order."""
        self.order()
        for place in range(bisect_right(self._by_name, name, key=self.names.__getitem__), self.size):
            yield self.names[self._by_name[place]]

    # -- codes ----------------------------------------------------------------------------------------------------

    def codes(self, market: NDArray[Any], lots: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the codes of legs, by the number of their market and their lots, at the marks of now."""
        prices = self.prices
        found: NDArray[np.int64] = prices.first_code[market] + (lots < 0)
        for _ in range(int(prices.markets["tiers"].max(initial=1)) - 1):
            found += np.where(abs(lots) >= prices.most[found], 2, 0)
        return found

    @property
    def fits_narrow(self) -> bool:
        """Return whether no leg of any market has ever had more lots than ``narrow`` can say."""
        return int(self.prices.markets["most_lots"].max(initial=0)) < 1 << NARROW_BITS

    # -- room -----------------------------------------------------------------------------------------------------

    def reserve(self, size: int, rows: int) -> None:
        """Make room for so many units and rows in all."""
        if size > len(self.units):
            more = max(size, 2 * len(self.units))
            self._quote, self.units = _grown(self._quote, more), _grown(self.units, more)
            self.touched = _grown(self.touched, max(len(self.touched), more // MANY))
        if rows > len(self.memos):
            more = max(rows, 2 * len(self.memos))
            self._lots, self._owner = _grown(self._lots, more), _grown(self._owner, more)
            self._code, self.memos = _grown(self._code, more), _grown(self.memos, more)
            self._cost, self._narrow = _grown(self._cost, more), _grown(self._narrow, more)
            self.free = _grown(self.free, more)

    def catch_up(self) -> None:
        """Repeat in the columns what kernels have written into records."""
        from deleverage.engine.kernels import repeat

        behind, self.behind = self.behind, 0
        of_rows = self._lots, self._narrow, self._owner, self._code, self._cost
        columns = self.units, self.memos, self._quote, *of_rows
        if behind <= len(self.touched):
            repeat.catch_up(self.touched[:behind], *columns)
        else:
            repeat.catch_up_all(self.size, self.free[: self.free_count], *columns)

    def _new_row(self) -> int:
        """Return a free row, the one that became free last, or a new one."""
        if self.free_count:
            self.free_count -= 1
            return int(self.free[self.free_count])
        self.reserve(self.size, self.rows + 1)
        self.rows += 1
        return self.rows - 1


def require_fits(unit: Unit) -> None:
    """Raise TooWide where a number of a unit lies outside its bounds, or where it has too many legs."""
    money = abs(unit.quote) | abs(unit.deposits) | abs(unit.realised) | abs(unit.transfers) | abs(unit.result_before)
    for name in ("quote", "deposits", "realised", "transfers", "result_before") if money >> QUOTE_BITS else ():
        require_bits(f"{name} of {unit.unit_id}", getattr(unit, name), QUOTE_BITS)
    if len(unit.legs) > LEGS:
        raise TooWide(f"legs of {unit.unit_id}", len(unit.legs), LEGS)
    for leg_id, leg in unit.legs.items():
        memos = abs(leg.cost) | abs(leg.entry_funding) | abs(leg.haircut)
        for name in ("cost", "entry_funding", "haircut") if memos >> QUOTE_BITS else ():
            require_bits(f"{name} of {unit.unit_id} {leg_id}", getattr(leg, name), QUOTE_BITS)


def _grown(column: NDArray[Any], count: int) -> NDArray[Any]:
    grown = _zeros(count, column.dtype)
    grown[: len(column)] = column
    return grown


def _zeros(count: int, kind: Any) -> NDArray[Any]:
    """Return cells of 0 that begin with a cache line: a unit would lie on two otherwise."""
    size = count * np.dtype(kind).itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(kind)
