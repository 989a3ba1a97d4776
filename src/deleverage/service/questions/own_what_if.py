"""What an owner may try: acts of the own account and other marks, on a book that holds nobody else.

Whatever is tried, the answer hangs on the account's own rows and on what is public, so no series of questions closes in
on another account's rank, price or liquidation. That is also why it promises less: a withdrawal is judged by the own
margin only, a trade meets somebody who always can (``SOMEBODY``), and no step of the waterfall is run.
"""

from typing import Any

from deleverage.domain.domain import Domain
from deleverage.domain.own import tried
from deleverage.journal.journal import Journal
from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Account, Book, Leg, Unit, market_of
from deleverage.rulebook.messages import Command
from deleverage.service.problems import Code, Problem, not_found
from deleverage.service.questions.accounts import AccountView, account_view
from deleverage.service.questions.base import Question, View
from deleverage.service.questions.commands_in import answer_document, commands_of

MOST_TRIED = 20
SOMEBODY = ""
"""The unit on the other side of a tried trade; no account can have this name.

It holds the other side of the account's own positions, so that it reduces where the account does, and is never short of
money.
"""

MAY_TRY: frozenset[type[Command]] = frozenset(
    {
        m.Deposit,
        m.Withdraw,
        m.DepositAsset,
        m.WithdrawAsset,
        m.MoveMargin,
        m.Trade,
        m.PlaceOrder,
        m.CancelOrder,
        m.SetLeverage,
        m.SetMarks,
        m.SetAssetPrices,
    }
)
"""What may be tried: acts of the account, and what everybody would see."""

_RICH = 1 << 200


class OwnWhatIfView(View, frozen=True, kw_only=True):
    """The answer to each command that was tried, in order, and the account behind them."""

    answers: list[dict[str, Any]]
    account: AccountView


class OwnWhatIfQuestion(Question, frozen=True, kw_only=True):
    """How would an account stand if ...? ``commands`` are documents without a time."""

    account: str
    commands: list[dict[str, Any]]

    def answer(self, domain: Domain, journal: Journal) -> OwnWhatIfView:
        """Return answers and the account behind them; nothing is written anywhere."""
        own = domain.own_book(self.account)
        if own is None:
            raise not_found()
        commands = commands_of(self.commands, own.time_ns, MOST_TRIED)
        for at, command in enumerate(commands):
            if type(command) not in MAY_TRY:
                told = ", ".join(sorted(kind.__name__ for kind in MAY_TRY))
                kind = type(command).__name__
                raise Problem(Code.BAD_BODY, f"commands[{at}]: this is not tried for one account", found=kind, may=told)
        _add_somebody(own)
        answers, left = tried(own, commands, domain.rules)
        _take_somebody_out(left)
        return OwnWhatIfView(
            answers=[answer_document(answer) for answer in answers],
            account=account_view(left, domain.rules, self.account, journal.seq),
        )


def _add_somebody(own: Book) -> None:
    """Add the other side of every position, in a unit that can pay for anything."""
    legs: dict[str, Leg] = {}
    for unit in own.units.values():
        for leg_id, leg in unit.legs.items():
            other = legs.setdefault(market_of(leg_id), Leg(0))
            other.lots -= leg.lots
    own.accounts[SOMEBODY] = Account(SOMEBODY, SOMEBODY, "trader")
    held = {market_id: leg for market_id, leg in legs.items() if leg.lots}
    own.units[SOMEBODY] = Unit(SOMEBODY, SOMEBODY, quote=_RICH, legs=held)


def _take_somebody_out(left: Book) -> None:
    del left.units[SOMEBODY], left.accounts[SOMEBODY]
    left.orders = {key: order for key, order in left.orders.items() if order.unit_id != SOMEBODY}
