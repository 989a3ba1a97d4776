"""Accounts: their units and orders, one by one from their own rows alone, or as a list."""

from deleverage.domain.domain import Domain
from deleverage.journal.journal import Journal
from deleverage.rulebook.book import Book, Order
from deleverage.rulebook.margin import equity
from deleverage.rulebook.rules import Rules
from deleverage.service.problems import not_found
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.units import HEALTHS, UnitView, health_of, unit_view


class OrderView(View, frozen=True, kw_only=True):
    """A resting order: what is left of it, + buys, - sells."""

    order: str
    unit: str
    leg: str
    lots: str
    price_ticks: str


class AccountView(View, frozen=True, kw_only=True):
    """An account at the marks behind command ``seq``; it says nothing that hangs on another account."""

    account: str
    role: str
    hedge: bool
    seq: str
    time_ns: str
    equity_quanta: str
    units: list[UnitView]
    orders: list[OrderView]


class AccountRow(View, frozen=True, kw_only=True):
    """An account in a list: ``health`` is that of its worst unit."""

    account: str
    role: str
    owner_group: str
    units: str
    equity_quanta: str
    health: str


class AccountsView(View, frozen=True, kw_only=True):
    """Accounts in the order of their ids; ``next_after``: where the next page begins, null at the end."""

    seq: str
    accounts: list[AccountRow]
    next_after: str | None


class AccountQuestion(Question, frozen=True, kw_only=True):
    """How does an account stand?"""

    account: str

    def answer(self, domain: Domain, journal: Journal) -> AccountView:
        """Return it from its own rows alone; Problem NOT_FOUND where there is none of this name."""
        own = domain.own_book(self.account)
        if own is None:
            raise not_found()
        return account_view(own, domain.rules, self.account, journal.seq)


class AccountsQuestion(Question, frozen=True, kw_only=True):
    """Which accounts are there, behind an id?"""

    after: str = ""
    limit: int = 100

    def answer(self, domain: Domain, journal: Journal) -> AccountsView:
        """Return a page of them."""
        names = domain.accounts_after(self.after, self.limit + 1)
        rows = [_row(domain, name) for name in names[: self.limit]]
        return AccountsView(
            seq=str(journal.seq),
            accounts=rows,
            next_after=names[self.limit - 1] if len(names) > self.limit else None,
        )


def account_view(own: Book, rules: Rules, account_id: str, seq: int) -> AccountView:
    """Return what an account's own book says."""
    account = own.accounts[account_id]
    return AccountView(
        account=account_id,
        role=account.role,
        hedge=account.hedge,
        seq=str(seq),
        time_ns=str(own.time_ns),
        equity_quanta=str(sum(equity(own, unit) for unit in own.units.values())),
        units=[unit_view(own, rules, unit) for unit in own.sorted_units()],
        orders=[_order(order) for _, order in sorted(own.orders.items())],
    )


def _row(domain: Domain, account_id: str) -> AccountRow:
    own = domain.own_book(account_id)
    assert own is not None
    account, units = own.accounts[account_id], own.units.values()
    return AccountRow(
        account=account_id,
        role=account.role,
        owner_group=account.owner_group,
        units=str(len(units)),
        equity_quanta=str(sum(equity(own, unit) for unit in units)),
        health=max((health_of(own, unit) for unit in units), key=HEALTHS.index),
    )


def _order(order: Order) -> OrderView:
    return OrderView(
        order=order.order_id,
        unit=order.unit_id,
        leg=order.leg_id,
        lots=str(order.lots),
        price_ticks=str(order.price_ticks),
    )
