"""Between messages and events: commands of an ordinary day in, their facts out; all names replaced by numbers.

Whatever is not exactly of its declared type, names nobody, or does not fit becomes an event that no kernel answers.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deleverage.engine.columns import SIDE_NAMES, SIDES, Columns
from deleverage.engine.kernels.records import DEPOSIT, EVENT, FUNDING, LAW, MARK, TOO_LITTLE_MARGIN, TRADE, WITHDRAW
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Code, Command, Fact, Rejection

WIDEST = 1 << 61

Numbers = tuple[int, int, int, int, int, int, int, int, int, int]
"""The fields of an event, in order."""

_LAW: Numbers = (0, 0, 0, LAW, 0, 0, 0, 0, 0, 0)


def events(columns: Columns, commands: Sequence[Command]) -> NDArray[Any]:
    """Return the events of commands, one each."""
    return np.array([_event(columns, command) for command in commands], EVENT)


def _event(columns: Columns, command: Command) -> Numbers:
    encode = _EVENTS.get(type(command))
    if encode is None:
        return _LAW
    try:
        numbers: Numbers = (*encode(columns, command), 0)
    except (KeyError, TypeError, ValueError):
        return _LAW
    fits = all(type(number) is int and abs(number) < WIDEST for number in numbers)
    return numbers if fits else _LAW


def _require(kind: type, *parts: Any) -> None:
    """Raise TypeError for a part of another type, even of a derived one: the law refuses it, an equal key finds it."""
    for part in parts:
        if type(part) is not kind:
            raise TypeError(kind)


def _trade(columns: Columns, command: m.Trade) -> Any:
    _require(str, command.market_id, command.buyer_unit_id, command.seller_unit_id)
    _require(str, command.buyer_side, command.seller_side)
    numbers = columns.numbers
    market = columns.prices.numbers[command.market_id]
    sides = SIDES[command.buyer_side], SIDES[command.seller_side]
    parties = numbers[command.buyer_unit_id], numbers[command.seller_unit_id]
    return command.time_ns, command.lots, command.price_ticks, TRADE, market, *parties, *sides


def _deposit(columns: Columns, command: m.Deposit) -> Any:
    _require(str, command.unit_id)
    return command.time_ns, command.amount_quanta, 0, DEPOSIT, 0, columns.numbers[command.unit_id], 0, 0, 0


def _withdraw(columns: Columns, command: m.Withdraw) -> Any:
    _require(str, command.unit_id)
    return command.time_ns, command.amount_quanta, 0, WITHDRAW, 0, columns.numbers[command.unit_id], 0, 0, 0


def _set_marks(columns: Columns, command: m.SetMarks) -> Any:
    _require(tuple, command.marks)
    (mark,) = command.marks
    _require(m.MarkUpdate, mark)
    _require(str, mark.market_id)
    _require(bool, command.confirmed)
    market = columns.prices.numbers[mark.market_id]
    return command.time_ns, mark.sources, mark.price_ticks, MARK, market, int(command.confirmed), 0, 0, 0


def _accrue_funding(columns: Columns, command: m.AccrueFunding) -> Any:
    _require(str, command.market_id)
    return command.time_ns, command.rate_ppb, 0, FUNDING, columns.prices.numbers[command.market_id], 0, 0, 0, 0


_EVENTS: dict[type[Command], Any] = {
    m.Trade: _trade,
    m.Deposit: _deposit,
    m.Withdraw: _withdraw,
    m.SetMarks: _set_marks,
    m.AccrueFunding: _accrue_funding,
}


def marks_of(columns: Columns, command: m.SetMarks) -> NDArray[Any] | None:
    """Return the events of a command that sets the marks of several markets, an event each; None: the law's."""
    marks, time_ns = command.marks, command.time_ns
    try:
        if len(marks) < 2:
            return None
        _require(m.SetMarks, command)
        _require(bool, command.confirmed)
        _require(tuple, marks)
        _require(m.MarkUpdate, *marks)
        names, prices, sources = zip(*marks, strict=True)
        _require(str, *names)
        _require(int, time_ns, *prices, *sources)
        markets = [columns.prices.numbers[name] for name in names]
    except (KeyError, TypeError):
        return None
    numbers = time_ns, *prices, *sources
    if len({*markets}) < len(markets) or max(*numbers, -min(numbers)) >= WIDEST:
        return None
    log = np.zeros(len(names), EVENT)
    log["time_ns"], log["kind"], log["one"] = time_ns, MARK, command.confirmed
    log["market"], log["price_ticks"], log["amount"] = markets, prices, sources
    return log


def marks_set(proposed: tuple[m.MarkUpdate, ...], time_ns: int, seq: int, told: NDArray[Any]) -> Fact:
    """Return the fact of marks that a kernel has set, of what it has told of each."""
    names, prices, _ = zip(*proposed, strict=True)
    marks = sorted(map(m.MarkSet, names, prices, told["seen"].tolist(), repeat("")))
    return m.MarksSet(seq=seq, time_ns=time_ns, marks=tuple(marks))


def rejection(columns: Columns, told: Any) -> Rejection:
    """Return why a kernel refused an event, in the law's words."""
    found, bound = int(told["found"]), int(told["bound"])
    if told["refused"] == TOO_LITTLE_MARGIN:
        sentence = f"{columns.names[told['unit']]} would hold less than the initial margin"
        return Rejection(Code.BELOW_INITIAL_MARGIN, sentence, found, bound)
    sentence = "only equity above the initial requirement may leave"
    return Rejection(Code.INSUFFICIENT_EQUITY, sentence, found, bound)


def fact(columns: Columns, event: Any, seq: int, told: Any) -> Fact:
    """Return the fact of an accepted event, of what the kernel has told of it."""
    seen = int(told["seen"])
    kind, time_ns, amount, price = (int(event[name]) for name in ("kind", "time_ns", "amount", "price_ticks"))
    if kind == DEPOSIT:
        return m.MoneyIn(seq=seq, time_ns=time_ns, to_units=(m.Payment(columns.names[event["one"]], amount),))
    if kind == WITHDRAW:
        unit_id = columns.names[event["one"]]
        return m.MoneyOut(
            seq=seq,
            time_ns=time_ns,
            unit_id=unit_id,
            debited_quanta=amount,
            paid_quanta=amount,
            claim_quanta=0,
            rounding_quanta=0,
        )
    market_id = columns.prices.names[event["market"]]
    if kind == FUNDING:
        carry = int(told["found"])
        return m.FundingAccrued(
            seq=seq, time_ns=time_ns, market_id=market_id, rate_ppb=amount, per_lot_quanta=seen, carry_after=carry
        )
    if kind == MARK:
        return m.MarksSet(seq=seq, time_ns=time_ns, marks=(m.MarkSet(market_id, price, seen, ""),))
    value = columns.prices.value_at(int(event["market"]), price)
    fills = tuple(
        m.Fill(columns.names[event[who]], market_id, lots, -lots * value, lots * (seen - value), part, side)
        for who, lots, part, side in (
            ("one", amount, "buyer", SIDE_NAMES[int(event["one_side"])]),
            ("other", -amount, "seller", SIDE_NAMES[int(event["other_side"])]),
        )
    )
    return m.Traded(seq=seq, time_ns=time_ns, market_id=market_id, price_ticks=price, fills=fills)


def command(columns: Columns, event: Any) -> Command:
    """Return the command of an event, for the law to answer. Raises ValueError for a kind that is none."""
    kind, time_ns, amount, price = (int(event[name]) for name in ("kind", "time_ns", "amount", "price_ticks"))
    if not LAW < kind <= FUNDING:
        raise ValueError(f"{kind} is no kind of event")
    if kind == DEPOSIT:
        return m.Deposit(time_ns=time_ns, unit_id=columns.names[event["one"]], amount_quanta=amount)
    if kind == WITHDRAW:
        return m.Withdraw(time_ns=time_ns, unit_id=columns.names[event["one"]], amount_quanta=amount)
    market_id = columns.prices.names[event["market"]]
    if kind == FUNDING:
        return m.AccrueFunding(time_ns=time_ns, market_id=market_id, rate_ppb=amount)
    if kind == MARK:
        mark = m.MarkUpdate(market_id, price, amount)
        return m.SetMarks(time_ns=time_ns, marks=(mark,), confirmed=bool(event["one"]))
    return m.Trade(
        time_ns=time_ns,
        market_id=market_id,
        buyer_unit_id=columns.names[event["one"]],
        seller_unit_id=columns.names[event["other"]],
        lots=amount,
        price_ticks=price,
        buyer_side=SIDE_NAMES[int(event["one_side"])],
        seller_side=SIDE_NAMES[int(event["other_side"])],
    )
