"""A small book that knows of whom a loss may be asked: it walks some units, and makes the others for that question.

Whoever is walked stands in ``sorted_units``, for every stage of a step. Stage 6 alone asks everybody, what each won and
what each has; so it asks ``bearing_units``: the walked ones, and those around them whom a loss rule could ask for
anything. They are made when the law asks, and none is where it does not. Who bears nothing is in no fact, whether the
rule has seen him or not: where a rule takes from open gains alone, only winners are made.
"""

from collections.abc import Iterator
from dataclasses import fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.columns import Columns
from deleverage.engine.desk import Desk
from deleverage.rulebook.book import Account, Book, Unit, copied
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.rules import Rules

DOUBT = 1e-12
"""A sum of 128 whole numbers as floats is off by less than this part of the sum of their magnitudes, by far."""


class Around:
    """The whole book around a small one."""

    def __init__(self, desk: Desk, rules: Rules) -> None:
        """Look at nothing yet."""
        self.desk, self._rules = desk, rules

    @cached_property
    def bearing(self) -> list[str]:
        """The ids of all of whom the loss rules may ask something, in order."""
        columns = self.desk.columns
        rules = list(self._rules.loss_rule.in_order())
        net = all(type(rule) is WinnersProRata and rule.base == "unit" for rule in rules)
        by_gain = all(type(rule) in (WinnersProRata, VariationMarginGains) for rule in rules)
        numbers = winners(columns, net=net) if by_gain else np.arange(columns.size)
        return [columns.names[number] for number in numbers[np.argsort(columns.order()[numbers])].tolist()]


class Units(dict[str, Unit]):
    """The units of a small book, and whoever else is asked for."""

    def __init__(self, around: Around, units: dict[str, Unit]) -> None:
        super().__init__(units)
        self._columns = around.desk.columns

    def __missing__(self, unit_id: str) -> Unit:
        self[unit_id] = self._columns.unit(self._columns.numbers[unit_id])
        return self[unit_id]


class Accounts(dict[str, Account]):
    """The accounts of a small book; the others are looked up."""

    def __init__(self, around: Around, accounts: dict[str, Account]) -> None:
        super().__init__(accounts)
        self._desk = around.desk

    def __missing__(self, account_id: str) -> Account:
        return self._desk.accounts[account_id]


class Excerpt(Book):
    """A book of some units of a larger one, which it has at hand where a loss is asked of all."""

    def __init__(self, around: Around, walked: list[str], parts: dict[str, Any]) -> None:
        """Take the parts of a book, and the ids of the units that it walks, in order."""
        units, accounts = Units(around, parts["units"]), Accounts(around, parts["accounts"])
        super().__init__(**parts | {"units": units, "accounts": accounts})
        self._around, self._walked, self._ids = around, walked, frozenset(walked)

    @classmethod
    def of(cls, book: Book, desk: Desk, rules: Rules) -> "Excerpt":
        """Return a small book with the desk around it."""
        return cls(Around(desk, rules), sorted(book.units), _parts(book))

    def sorted_units(self) -> Iterator[Unit]:
        """Units in id order, without those of whom only a loss may be asked."""
        return map(self.units.__getitem__, self._walked)

    def bearing_units(self) -> Iterator[Unit]:
        """Units of whom a loss may be asked, in id order."""
        return map(self.units.__getitem__, sorted({*self._walked, *self._around.bearing}))

    def copy(self) -> "Excerpt":
        """Return an independent copy that walks the same units."""
        return Excerpt(self._around, self._walked, _parts(super().copy()))

    def played_on(self) -> "Excerpt":
        """Return a copy on which facts can be played: its units are this book's own."""
        parts = {name: part if name == "units" else copied(part) for name, part in _parts(self).items()}
        return Excerpt(self._around, self._walked, parts)

    def walks(self, unit_id: str) -> bool:
        """Return whether every stage has seen a unit."""
        return unit_id in self._ids


def _parts(book: Book) -> dict[str, Any]:
    return {item.name: getattr(book, item.name) for item in fields(Book)}


def winners(columns: Columns, *, net: bool) -> NDArray[np.int64]:
    """Return the numbers of the units that have equity and a leg with a gain, ascending; ``net``: and a net gain.

    They are all who can bear a part of a loss that is laid on gains, and more: neither a unit's net gain nor its
    variation is above the sum of its winning legs. Net gains are floats here, which do not wrap and have a ``DOUBT``.
    """
    rows, size = columns.rows, columns.size
    lots, memos, owner = columns.lots[:rows], columns.memos[:rows], columns.owner[:rows]
    value = lots * columns.prices.worth[columns.code[:rows]]
    equity = columns.quote[:size].copy()
    np.add.at(equity, owner, value)
    gain = np.where(lots != 0, value - memos["cost"] + memos["entry_funding"] - memos["haircut"], 0)
    wins = np.zeros(size, np.bool_)
    wins[owner[gain > 0]] = True
    if net:
        doubt = DOUBT * np.bincount(owner, abs(gain), size)
        wins &= np.bincount(owner, gain, size) + doubt > 0
    return np.flatnonzero(wins & (equity > 0))
