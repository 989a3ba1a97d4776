"""The columns as the rulebook reads them: a ``Book`` whose units and accounts are made when somebody asks for one.

What the law takes into its hand stays on the desk, and ``put_back`` writes it into the columns; whoever writes the
columns past the desk says so (``drop``). Markets, orders, pots and everything else of which there are few are the law's
own rows.

A walk over all units makes all units: what walks is either rare or asks the engine instead.
"""

from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView
from dataclasses import fields
from hashlib import sha256
from typing import Any

import numpy as np

from deleverage.engine.bounds import QUOTE_BITS
from deleverage.engine.columns import Columns
from deleverage.engine.kernels.records import HEDGE
from deleverage.rulebook.book import Account, Book, Unit, copied
from deleverage.rulebook.digest import canonical
from deleverage.rulebook.margin import margin_value

MOST_LYING = 1 << 16
"""Units that may stay on the desk between two commands."""


class Units(dict[str, Unit]):
    """Every unit by its id; the mapping's own store is what lies on the desk."""

    def __init__(self, columns: Columns, accounts: "Accounts") -> None:
        super().__init__()
        self.columns = columns
        self._accounts = accounts

    def __missing__(self, unit_id: str) -> Unit:
        unit = self.columns.unit(self.columns.numbers[unit_id])
        super().__setitem__(unit_id, unit)
        return unit

    def __setitem__(self, unit_id: str, unit: Unit) -> None:
        if unit_id not in self.columns.numbers:
            self.columns.add(unit, self._accounts[unit.account_id].hedge)
        super().__setitem__(unit_id, unit)

    def __contains__(self, unit_id: object) -> bool:
        return unit_id in self.columns.numbers

    def __len__(self) -> int:
        return self.columns.size

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns.numbers)

    def get(self, unit_id: str, default: Any = None) -> Any:
        """Return a unit, or the default."""
        return self[unit_id] if unit_id in self else default  # noqa: SIM401

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """Return all ids."""
        return KeysView(self)

    def values(self) -> ValuesView[Unit]:  # type: ignore[override]
        """Return all units."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Unit]:  # type: ignore[override]
        """Return all ids and units."""
        return ItemsView(self)

    def lying(self, unit_id: str) -> Unit | None:
        """Return a unit that lies on the desk."""
        return super().get(unit_id)

    def drop(self, unit_id: str) -> None:
        """Take a unit off the desk, if it lies there."""
        super().pop(unit_id, None)

    def count(self) -> int:
        """Return how many units lie on the desk."""
        return super().__len__()


class Accounts(dict[str, Account]):
    """Every account by its id; plain traders are made when asked for, the mapping's own store holds the others."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns

    def __missing__(self, account_id: str) -> Account:
        number = self._columns.numbers[account_id]
        if self._columns.units[number]["account"] != number:
            raise KeyError(account_id)
        return Account(account_id, account_id, "trader", 0, bool(self._columns.units[number]["flags"] & HEDGE))

    def __setitem__(self, account_id: str, account: Account) -> None:
        if account != Account(account_id, account_id, "trader", 0, account.hedge) or account_id in self.others():
            super().__setitem__(account_id, account)
        elif account_id not in self._columns.numbers:
            self._columns.add(Unit(account_id, account_id), account.hedge)

    def __contains__(self, account_id: object) -> bool:
        number = self._columns.numbers.get(account_id)  # type: ignore[call-overload]
        return number is not None and bool(self._columns.units[number]["account"] == number)

    def __len__(self) -> int:
        return int((self._columns.units["account"][: self._columns.size] == np.arange(self._columns.size)).sum())

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._columns.numbers if name in self)

    def get(self, account_id: str, default: Any = None) -> Any:
        """Return an account, or the default."""
        return self[account_id] if account_id in self else default  # noqa: SIM401

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """Return all ids."""
        return KeysView(self)

    def values(self) -> ValuesView[Account]:  # type: ignore[override]
        """Return all accounts."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Account]:  # type: ignore[override]
        """Return all ids and accounts."""
        return ItemsView(self)

    def others(self) -> KeysView[str]:
        """Return the ids of those who are not plain traders with themselves as owner group."""
        return super().keys()


class Desk(Book):
    """A book over columns; ``put_back`` and ``clear`` end every use of it by the law."""

    def __init__(self, **parts: Any) -> None:
        """Take the parts of a book, ``units`` and ``accounts`` over columns among them (``over`` lays an empty one)."""
        super().__init__(**parts)
        self._units: Units = parts["units"]
        self._accounts: Accounts = parts["accounts"]
        self.columns = self._units.columns

    @classmethod
    def over(cls, columns: Columns) -> "Desk":
        """Return an empty desk over columns."""
        accounts = Accounts(columns)
        return cls(accounts=accounts, units=Units(columns, accounts))

    def fork(self) -> "Desk":
        """Return an independent desk over a copy of the columns."""
        forked = Desk.over(self.columns.copy())
        for item in fields(Book):
            if item.name not in ("accounts", "units"):
                setattr(forked, item.name, copied(getattr(self, item.name)))
        for account_id in self._accounts.others():
            forked.accounts[account_id] = self.accounts[account_id]
        return forked

    def put_back(self, names: Iterable[str]) -> None:
        """Write units that lie on the desk into the columns. Raises TooWide as ``store`` does."""
        for unit_id in names:
            unit = self._units.lying(unit_id)
            if unit is not None:
                number = self.columns.numbers[unit_id]
                self.columns.store(number, unit)
                if unit.assets or self.columns.units[number]["credit"]:
                    self.credit(number, unit)

    def credit(self, number: int, unit: Unit) -> None:
        """Write what the collateral of a unit counts as margin, quanta; a bound stands for more."""
        self.columns.units[number]["credit"] = min(margin_value(self, unit), (1 << QUOTE_BITS) - 1)

    @property
    def lies_there(self) -> bool:
        """Whether a unit lies on the desk."""
        return self._units.count() > 0

    def drop(self, names: Iterable[str]) -> None:
        """Take units off the desk: somebody else has written them."""
        for unit_id in names:
            self._units.drop(unit_id)

    def tidy(self) -> None:
        """Clear the desk when too much lies on it; only what has been put back may be lost."""
        if self._units.count() > MOST_LYING:
            self._units.clear()

    def roles(self) -> Iterator[Account]:
        """Yield the accounts that are not plain traders with themselves as owner group."""
        return (self._accounts[account_id] for account_id in self._accounts.others())

    def fund_unit(self) -> Unit | None:
        """Return the unit that holds the insurance fund's inventory, if the domain has one."""
        fund = next((account for account in self.roles() if account.role == "fund"), None)
        return self.units[fund.account_id] if fund is not None else None

    def copy(self) -> Book:
        """Return an independent copy in plain rows."""
        plain = super().copy()
        self.tidy()
        return plain

    def digest(self) -> str:
        """Return the rulebook's digest of the same state, one unit after the other."""
        sha = sha256()
        for item in fields(Book):
            if item.name != "units":
                sha.update(f"{item.name}={canonical(getattr(self, item.name))}\n".encode("ascii"))
                continue
            sha.update(b"units={")
            for at, unit_id in enumerate(sorted(self.columns.numbers)):
                unit = self.columns.unit(self.columns.numbers[unit_id])
                sha.update(f"{',' if at else ''}{unit_id!r}:{canonical(unit)}".encode("ascii"))
            sha.update(b"}\n")
        return sha.hexdigest()
