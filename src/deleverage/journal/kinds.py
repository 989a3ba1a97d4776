"""What commands of each kind of row say, and what the one fact tells that each is answered with.

What a fact must say is compared with all of its fields at once, as its class declares them: a field that comes to be
is in no row, and until somebody gives it a place all such answers are texts.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple

from deleverage.journal.rows import DEPOSIT, FUNDING, MARK, SIDES, TRADE, WITHDRAW
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Command
from deleverage.rulebook.pools import COMMON

_SIDE = {side: at for at, side in enumerate(SIDES)}

Said = tuple[int, int, int, int, int, int, int, str | None, str | None, str | None]
"""What a command says: time, amount, price, kind, two sides, confirmed; market, one, other, where None is no name."""

Told = tuple[int, int, int, str | None]
"""Found and bound, or the two numbers of a fact; the code of a refusal, and whom it names."""


def _values(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what gives all fields of a message, in the order of their declaration."""
    return attrgetter(*(field.name for field in fields(kind)))


_trade, _traded = _values(m.Trade), _values(m.Traded)
_deposit, _money_in = _values(m.Deposit), _values(m.MoneyIn)
_withdraw, _money_out = _values(m.Withdraw), _values(m.MoneyOut)
_set_marks, _marks_set = _values(m.SetMarks), _values(m.MarksSet)
_accrue, _accrued = _values(m.AccrueFunding), _values(m.FundingAccrued)


def _trade_said(command: Command) -> Said | None:
    time_ns, market, buyer, seller, lots, price, buyer_side, seller_side = _trade(command)
    if not (type(market) is type(buyer) is type(seller) is type(buyer_side) is type(seller_side) is str):
        return None
    if buyer_side not in _SIDE or seller_side not in _SIDE:
        return None
    return time_ns, lots, price, TRADE, _SIDE[buyer_side], _SIDE[seller_side], 0, market, buyer, seller


def _trade_told(said: Said, fact: m.Fact, seq: int) -> Told | None:
    if type(fact) is not m.Traded or not fact.fills:
        return None
    time_ns, lots, price, _, one_side, other_side, _, market, buyer, seller = said
    _, _, _, amount, money, _, _ = fact.fills[0]
    bought = (buyer, market, lots, amount, money, "buyer", SIDES[one_side])
    sold = (seller, market, -lots, -amount, -money, "seller", SIDES[other_side])
    expected = (seq, time_ns, (bought, sold), (), (), (), market, price)
    return (amount, money, 0, None) if expected == _traded(fact) else None


def _deposit_said(command: Command) -> Said | None:
    time_ns, unit_id, amount = _deposit(command)
    return (time_ns, amount, 0, DEPOSIT, 0, 0, 0, None, unit_id, None) if type(unit_id) is str else None


def _deposit_told(said: Said, fact: m.Fact, seq: int) -> Told | None:
    time_ns, amount, _, _, _, _, _, _, unit_id, _ = said
    expected = (seq, time_ns, ((unit_id, amount),), 0, COMMON, 0, ())
    return (0, 0, 0, None) if type(fact) is m.MoneyIn and expected == _money_in(fact) else None


def _withdraw_said(command: Command) -> Said | None:
    time_ns, unit_id, amount = _withdraw(command)
    return (time_ns, amount, 0, WITHDRAW, 0, 0, 0, None, unit_id, None) if type(unit_id) is str else None


def _withdraw_told(said: Said, fact: m.Fact, seq: int) -> Told | None:
    time_ns, amount, _, _, _, _, _, _, unit_id, _ = said
    expected = (seq, time_ns, unit_id, amount, amount, 0, 0)
    return (0, 0, 0, None) if type(fact) is m.MoneyOut and expected == _money_out(fact) else None


def _mark_said(command: Command) -> Said | None:
    time_ns, marks, confirmed = _set_marks(command)
    if type(marks) is not tuple or len(marks) != 1 or type(confirmed) is not bool:
        return None
    (mark,) = marks
    if type(mark) is not m.MarkUpdate or type(mark.market_id) is not str:
        return None
    market, price, sources = mark
    return time_ns, sources, price, MARK, 0, 0, int(confirmed), market, None, None


def _mark_told(said: Said, fact: m.Fact, seq: int) -> Told | None:
    if type(fact) is not m.MarksSet or not fact.marks:
        return None
    time_ns, _, price, _, _, _, _, market, _, _ = said
    before = fact.marks[0].before_ticks
    expected = (seq, time_ns, ((market, price, before, ""),), ())
    return (before, 0, 0, None) if expected == _marks_set(fact) else None


def _funding_said(command: Command) -> Said | None:
    time_ns, market, rate = _accrue(command)
    return (time_ns, rate, 0, FUNDING, 0, 0, 0, market, None, None) if type(market) is str else None


def _funding_told(said: Said, fact: m.Fact, seq: int) -> Told | None:
    if type(fact) is not m.FundingAccrued:
        return None
    time_ns, rate, _, _, _, _, _, market, _, _ = said
    per_lot, carry = fact.per_lot_quanta, fact.carry_after
    expected = (seq, time_ns, market, rate, per_lot, carry)
    return (per_lot, carry, 0, None) if expected == _accrued(fact) else None


class Kind(NamedTuple):
    """What a command of a kind says, and what the one fact tells that it is answered with; None where it is no row."""

    said: Callable[[Any], Said | None]
    told: Callable[[Said, m.Fact, int], Told | None]


KINDS: dict[type[Command], Kind] = {
    m.Trade: Kind(_trade_said, _trade_told),
    m.Deposit: Kind(_deposit_said, _deposit_told),
    m.Withdraw: Kind(_withdraw_said, _withdraw_told),
    m.SetMarks: Kind(_mark_said, _mark_told),
    m.AccrueFunding: Kind(_funding_said, _funding_told),
}
