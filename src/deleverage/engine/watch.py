"""The units below a threshold, kept exact from tick to tick without looking at everybody."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from deleverage.engine.kernels import watch as kernels

Array = Any

ROOM, SPARE_ROOM = 4, 64
"""How many more rows a market may get before everything is built anew: a part in ``ROOM`` of its rows, and some."""


NOBODY: Array = np.zeros(0, np.uint32)


class Columns(Protocol):
    """The book's columns, as ``kernels.records`` describes them; the first ``rows`` and ``size`` cells are in use."""

    @property
    def lots(self) -> Array: ...
    @property
    def owner(self) -> Array: ...
    @property
    def code(self) -> Array: ...
    @property
    def memos(self) -> Array: ...
    @property
    def quote(self) -> Array: ...
    @property
    def units(self) -> Array: ...
    @property
    def rows(self) -> int: ...
    @property
    def size(self) -> int: ...


class Prices(Protocol):
    """The price tables by code; a market's codes lie together, from its ``first_code`` on."""

    @property
    def worth(self) -> Array: ...
    @property
    def held(self) -> Array: ...
    @property
    def spare(self) -> Array: ...
    @property
    def least(self) -> Array: ...
    @property
    def most(self) -> Array: ...
    @property
    def code_market(self) -> Array: ...


class Moved(NamedTuple):
    """The units that have fallen below the threshold, and those that have come back; uint32, ascending."""

    below: Array
    above: Array


class Watch:
    """Who is below a threshold: ``flags`` by unit (1: below).

    The threshold is the maintenance from above, against equity and credit; with ``zero`` it is 0, against equity alone.
    A market's reference is taken anew when a lot has moved by about one part in ``one_in``. ``gap``, by unit: how far
    its exact margin may lie above this one, quanta, as long as its legs stay.

    After a market's tables have changed: ``tick``. After a unit's money, credit or legs have changed: ``touch``, also
    for units that are new. After rows have moved, or markets have been added: ``build``. Flags are exact when all
    of that is done.
    """

    def __init__(
        self, columns: Columns, prices: Prices, *, zero: bool = False, one_in: int = 150, gap: Array | None = None
    ) -> None:
        self._columns = columns
        self._prices = prices
        self._zero = zero
        self._one_in = one_in
        self._gap = gap
        self.flags: Array = np.zeros(0, np.uint8)
        self.rows_read = 0  # by the last tick, at most
        self.build()

    def build(self) -> None:
        """Make everything anew: a few passes over rows and units, and new arrays; not for a tick."""
        prices, codes = self._prices, len(self._prices.worth)
        nothing, endless = np.zeros(codes, np.int64), np.full(codes, kernels.LARGEST)
        self._none: tuple[Array, Array, Array, Array] = (nothing, nothing, nothing, endless)
        starts = np.flatnonzero(np.diff(prices.code_market, prepend=-1))
        markets = len(starts)
        legs, tables = self._legs(), self._tables()
        counts = np.zeros(markets, np.int64)
        kernels.counted(self._columns.rows, legs, tables, counts)
        start = np.concatenate([[0], np.cumsum(counts + counts // ROOM + SPARE_ROOM)]).astype(np.int64)
        places, self.flags = int(start[-1]), np.zeros(len(self._columns.quote), np.uint8)
        self._lists = kernels.Lists(
            reference=np.zeros((codes, 8), np.int64),
            last=np.zeros((codes, 8), np.int64),
            slack=np.zeros(len(self.flags), np.int64),
            state=np.zeros((len(self.flags), kernels.WIDTH), np.int64),
            flags=self.flags,
            place=np.full(len(self._columns.lots), -1, np.int32),
            index=np.zeros(places, np.int32),
            near_lots=np.zeros(places, np.int64),
            near_unit=np.zeros(places, np.uint32),
            near_stamp=np.zeros(places, np.int64),
            start=start,
            count=np.zeros(markets, np.int64),
            near=np.zeros(markets, np.int64),
            first_code=np.append(starts, codes).astype(np.int64),
        )
        self._changed = np.empty(2 * int(np.diff(start).max(initial=0)), np.uint32)
        if self._gap is not None:
            self._lists.state[: len(self._gap), kernels.GAP] = self._gap
        below = np.empty(self._columns.size, np.uint32)
        kernels.built(self._columns.rows, self._columns.size, legs, tables, self._lists, self._one_in, below)
        self._told: Array = self.flags.copy()  # as they were reported

    def tick(self, market: int) -> Moved:
        """Return who has crossed the threshold since this market's tables changed."""
        return self._moved(self.stir(market))

    def stir(self, market: int) -> Array:
        """Return who has stirred since this market's tables changed, some more than once; valid until the next call.

        Everybody who has crossed the threshold, or less than the gap below it, has; and so has whoever was looked at
        and lies between the two. ``tick`` does not report them again.
        """
        tables, lists, changed = self._tables(), self._lists, self._changed
        self.rows_read = int(lists.near[market])
        count = kernels.tick(
            market,
            tables.worth,
            tables.held,
            tables.spare,
            tables.least,
            tables.most,
            lists.first_code,
            lists.reference,
            lists.last,
            lists.near_lots,
            lists.near_unit,
            lists.near_stamp,
            lists.state,
            lists.flags,
            lists.index,
            lists.place,
            lists.start,
            lists.near,
            changed,
        )
        if count < 0:
            count = kernels.renew(market, self._legs(), tables, lists, self._one_in, changed)
            self.rows_read = int(lists.count[market] + lists.near.sum())
        return changed[:count]

    @property
    def states(self) -> Array:
        """Margin and gap (int64, columns of ``kernels.watch``) of all who are near, everybody below among them."""
        return self._lists.state

    def touch(self, units: Array) -> Moved:
        """Return who of these units (indices) has crossed the threshold since their money or legs changed."""
        columns, lists = self._columns, self._lists
        if len(columns.quote) > len(self.flags) or len(columns.lots) > len(lists.place):
            self._grow()
        touched = np.asarray(units, np.uint32)
        changed = np.empty(len(touched), np.uint32)
        changes, seen = kernels.touch(touched, self._legs(), self._tables(), self._lists, changed)
        if seen == len(touched):
            return self._moved(changed[:changes])
        told = self._told
        self.build()  # A market's stretch is full.
        self._told = told
        return self._moved(np.flatnonzero(told != self.flags).astype(np.uint32))

    def _grow(self) -> None:
        """Follow the columns' capacity."""
        lists, columns = self._lists, self._columns
        new_units, new_rows = len(columns.quote) - len(self.flags), len(columns.lots) - len(lists.place)
        more = np.zeros(max(0, new_units), np.int64)
        self.flags, self._told = (np.append(old, more.astype(np.uint8)) for old in (self.flags, self._told))
        self._lists = lists._replace(
            flags=self.flags,
            slack=np.append(lists.slack, more),
            state=np.append(lists.state, np.zeros((len(more), kernels.WIDTH), np.int64), axis=0),
            place=np.append(lists.place, np.full(max(0, new_rows), -1, np.int32)),
        )

    def _moved(self, looked: Array) -> Moved:
        """Return who of these has another flag than was reported, and report it."""
        if not len(looked):
            return Moved(NOBODY, NOBODY)
        changed = np.unique(looked[self._told[looked] != self.flags[looked]])
        now: Array = self.flags[changed]
        self._told[changed] = now
        return Moved(changed[now == 1], changed[now == 0])

    def _legs(self) -> kernels.Legs:
        """Return the columns as kernels take them."""
        book = self._columns
        return kernels.Legs(book.lots, book.owner, book.code, book.memos, book.quote, book.units)

    def _tables(self) -> kernels.Tables:
        """Return the price tables as kernels take them; against zero nothing is held and there are no tiers."""
        book = self._prices
        if self._zero:
            return kernels.Tables(book.worth, *self._none, book.code_market, 0)
        return kernels.Tables(book.worth, book.held, book.spare, book.least, book.most, book.code_market, 1)
