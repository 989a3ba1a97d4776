"""Commands of an ordinary day and their answers as rows of 64 bytes, names replaced by their place in a list.

Trades, money in and out, single marks and funding are nearly all that a journal holds. A row holds such a command and
all of its answer that does not follow from it; whatever else there is, or does not fit, is a text (``entry.text_of``),
and its row says so. There is one encoding of one entry: what can be a row is one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deleverage.journal.entry import Answer
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Code, Command, Rejection

ROW = np.dtype(
    [
        ("time_ns", "<i8"),
        ("amount", "<i8"),  # lots of a trade, quanta of money in or out, sources of a mark, rate of funding in ppb
        ("price_ticks", "<i8"),
        ("first", "<i8"),  # buyer's amount; mark before; funding per lot; found of a refusal; facts of a text
        ("second", "<i8"),  # buyer's money against the mark; funding's carry; bound of a refusal
        ("kind", "u1"),
        ("one_side", "u1"),
        ("other_side", "u1"),
        ("confirmed", "u1"),
        ("code", "<u2"),  # of a refusal (``REFUSALS``), 0: accepted
        ("spare", "<u2"),
        ("market", "<u4"),
        ("one", "<u4"),  # the buyer, or the unit whose money it is
        ("other", "<u4"),  # the seller
        ("refused", "<u4"),  # the unit that a refusal names
    ]
)
"""A command and its answer: 64 bytes, little-endian."""

TEXT, TRADE, DEPOSIT, WITHDRAW, MARK, FUNDING = range(6)
"""Kinds of rows."""

SIDES = ("", "long", "short")
NOBODY = 0xFFFF_FFFF
"""Where no name stands."""

Numbers = tuple[int, ...]
Naming = Callable[[str], int]
"""Gives the place of a name, making one at its first use."""

REFUSALS = {Code.BELOW_INITIAL_MARGIN: 1, Code.INSUFFICIENT_EQUITY: 2}
"""Numbers of refusals that are rows: of this format, for ever. Those of the law move whenever a code comes between."""

_CODES = {number: code for code, number in REFUSALS.items()}
_WORDS = {
    Code.BELOW_INITIAL_MARGIN: "{} would hold less than the initial margin",
    Code.INSUFFICIENT_EQUITY: "only equity above the initial requirement may leave",
}
"""Sentences of refusals that are rows."""

_WIDEST = 1 << 63


def row_of(command: Command, answer: Answer, seq: int, place: Naming) -> Numbers | None:
    """Return the row of a command whose first fact would have ``seq``; None: it is a text."""
    write = _WRITE.get(type(command))
    if write is None:
        return None
    if isinstance(answer, Rejection):
        told = _refusal(command, answer)
        return None if told is None else write(command, *told, place)
    parts = _told(command, answer, seq)
    return None if parts is None else write(command, *parts, 0, None, place)


def command_of(row: Numbers, names: Sequence[str]) -> Command:
    """Return the command of a row, given as a tuple; LookupError or ValueError where it is none."""
    time_ns, amount, price, _, _, kind, one_side, other_side, confirmed, _, _, market, one, other, _ = row
    if kind == DEPOSIT:
        return m.Deposit(time_ns=time_ns, unit_id=names[one], amount_quanta=amount)
    if kind == WITHDRAW:
        return m.Withdraw(time_ns=time_ns, unit_id=names[one], amount_quanta=amount)
    market_id = names[market]
    if kind == FUNDING:
        return m.AccrueFunding(time_ns=time_ns, market_id=market_id, rate_ppb=amount)
    if kind == MARK:
        return m.SetMarks(time_ns=time_ns, marks=(m.MarkUpdate(market_id, price, amount),), confirmed=bool(confirmed))
    if kind != TRADE:
        raise ValueError(f"{kind} is no kind of row")
    return m.Trade(
        time_ns=time_ns,
        market_id=market_id,
        buyer_unit_id=names[one],
        seller_unit_id=names[other],
        lots=amount,
        price_ticks=price,
        buyer_side=SIDES[one_side],
        seller_side=SIDES[other_side],
    )


def answer_of(row: Numbers, command: Command, seq: int, names: Sequence[str]) -> Answer:
    """Return what the command of a row was answered with; an accepted one's fact has ``seq``."""
    first, second, code, refused = row[3], row[4], row[9], row[14]
    if code:
        named = names[refused] if refused != NOBODY else ""
        return Rejection(_CODES[code], _WORDS[_CODES[code]].format(named), first, second)
    return (_fact(command, seq, first, second),)


def _fact(command: Any, seq: int, first: int, second: int) -> m.Fact:
    """Return the fact that an accepted command of a row is answered with, of the two numbers that do not follow."""
    told: dict[str, Any] = {"seq": seq, "time_ns": command.time_ns}
    if type(command) is m.Deposit:
        return m.MoneyIn(**told, to_units=(m.Payment(command.unit_id, command.amount_quanta),))
    if type(command) is m.Withdraw:
        amount = command.amount_quanta
        out = {"debited_quanta": amount, "paid_quanta": amount, "claim_quanta": 0, "rounding_quanta": 0}
        return m.MoneyOut(**told, unit_id=command.unit_id, **out)
    if type(command) is m.SetMarks:
        ((market_id, price, _),) = command.marks
        return m.MarksSet(**told, marks=(m.MarkSet(market_id, price, first, ""),))
    told["market_id"] = command.market_id
    if type(command) is m.AccrueFunding:
        return m.FundingAccrued(**told, rate_ppb=command.rate_ppb, per_lot_quanta=first, carry_after=second)
    market_id, lots = command.market_id, command.lots
    bought = m.Fill(command.buyer_unit_id, market_id, lots, first, second, "buyer", command.buyer_side)
    sold = m.Fill(command.seller_unit_id, market_id, -lots, -first, -second, "seller", command.seller_side)
    return m.Traded(**told, price_ticks=command.price_ticks, fills=(bought, sold))


def _told(command: Any, answer: tuple[m.Fact, ...], seq: int) -> tuple[int, int] | None:
    """Return the two numbers of an accepted command's fact; None where its answer is not just that fact."""
    if len(answer) != 1 or (type(command) is m.SetMarks and len(command.marks) != 1):
        return None
    (fact,) = answer
    read = _READ.get(type(fact))
    numbers = read(fact) if read is not None else None
    if numbers is None or not all(type(number) is int for number in numbers):
        return None
    return numbers if _fact(command, seq, *numbers) == fact else None


_READ: dict[type[m.Fact], Callable[[Any], tuple[int, int] | None]] = {
    m.MoneyIn: lambda fact: (0, 0),
    m.MoneyOut: lambda fact: (0, 0),
    m.MarksSet: lambda fact: (fact.marks[0].before_ticks, 0),
    m.FundingAccrued: lambda fact: (fact.per_lot_quanta, fact.carry_after),
    m.Traded: lambda fact: (fact.fills[0].amount_quanta, fact.fills[0].money_quanta) if fact.fills else None,
}


def _refusal(command: Command, refusal: Rejection) -> tuple[int, int, int, str | None] | None:
    """Return found, bound, code and the unit that a refusal names; None where its words are not those of a row."""
    words = _WORDS.get(refusal.code)
    if words is None or type(refusal.found) is not int or type(refusal.bound) is not int:
        return None
    if type(command) is m.SetMarks and len(command.marks) != 1:
        return None
    named = [command.buyer_unit_id, command.seller_unit_id] if type(command) is m.Trade else []
    whose = next((unit_id for unit_id in named if words.format(unit_id) == refusal.sentence), None)
    if whose is None and words != refusal.sentence:
        return None
    return refusal.found, refusal.bound, REFUSALS[refusal.code], whose


def _trade(command: m.Trade, first: int, second: int, code: int, whose: str | None, place: Naming) -> Numbers | None:
    c = command
    texts = (c.market_id, c.buyer_unit_id, c.seller_unit_id, c.buyer_side, c.seller_side)
    if not (_are(str, *texts) and _fit(c.time_ns, c.lots, c.price_ticks, first, second)):
        return None
    if c.buyer_side not in SIDES or c.seller_side not in SIDES:
        return None
    sides = SIDES.index(c.buyer_side), SIDES.index(c.seller_side)
    names = place(c.market_id), place(c.buyer_unit_id), place(c.seller_unit_id)
    return (c.time_ns, c.lots, c.price_ticks, first, second, TRADE, *sides, 0, code, 0, *names, _whose(whose, place))


def _money(kind: int) -> Callable[..., Numbers | None]:
    def write(command: Any, first: int, second: int, code: int, whose: str | None, place: Naming) -> Numbers | None:
        time_ns, amount, unit_id = command.time_ns, command.amount_quanta, command.unit_id
        if not (_are(str, unit_id) and _fit(time_ns, amount, first, second)):
            return None
        unit = place(unit_id)
        whom = _whose(whose, place)
        return (time_ns, amount, 0, first, second, kind, 0, 0, 0, code, 0, NOBODY, unit, NOBODY, whom)

    return write


def _mark(command: m.SetMarks, first: int, second: int, code: int, whose: str | None, place: Naming) -> Numbers | None:
    if not (_are(tuple, command.marks) and _are(bool, command.confirmed) and _are(m.MarkUpdate, *command.marks)):
        return None
    ((market_id, price, sources),) = command.marks
    time_ns, confirmed = command.time_ns, int(command.confirmed)
    if not (_are(str, market_id) and _fit(time_ns, price, sources, first, second)):
        return None
    names = place(market_id), NOBODY, NOBODY, _whose(whose, place)
    return (time_ns, sources, price, first, second, MARK, 0, 0, confirmed, code, 0, *names)


def _funding(
    command: m.AccrueFunding, first: int, second: int, code: int, whose: str | None, place: Naming
) -> Numbers | None:
    time_ns, market_id, rate = command.time_ns, command.market_id, command.rate_ppb
    if not (_are(str, market_id) and _fit(time_ns, rate, first, second)):
        return None
    names = place(market_id), NOBODY, NOBODY, _whose(whose, place)
    return (time_ns, rate, 0, first, second, FUNDING, 0, 0, 0, code, 0, *names)


def _whose(name: str | None, place: Naming) -> int:
    return NOBODY if name is None else place(name)


def _are(kind: type, *parts: Any) -> bool:
    return all(type(part) is kind for part in parts)


def _fit(*numbers: Any) -> bool:
    return all(type(number) is int and -_WIDEST <= number < _WIDEST for number in numbers)


_WRITE: dict[type[Command], Callable[..., Numbers | None]] = {
    m.Trade: _trade,
    m.Deposit: _money(DEPOSIT),
    m.Withdraw: _money(WITHDRAW),
    m.SetMarks: _mark,
    m.AccrueFunding: _funding,
}
