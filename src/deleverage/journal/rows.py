"""Commands of an ordinary day and their answers as rows of 64 bytes, names replaced by their place in a list.

Trades, money in and out, single marks and funding are nearly all that a journal holds. A row holds such a command and
all of its answer that does not follow from it; whatever else there is, or does not fit, is a text (``entry.text_of``),
and its row says so. There is one encoding of one entry: what can be a row is one (``filing`` makes them).
"""

from collections.abc import Sequence
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

REFUSALS = {Code.BELOW_INITIAL_MARGIN: 1, Code.INSUFFICIENT_EQUITY: 2}
"""Numbers of refusals that are rows: of this format, for ever. Those of the law move whenever a code comes between."""

_CODES = {number: code for code, number in REFUSALS.items()}
WORDS = {
    Code.BELOW_INITIAL_MARGIN: "{} would hold less than the initial margin",
    Code.INSUFFICIENT_EQUITY: "only equity above the initial requirement may leave",
}
"""Sentences of refusals that are rows."""


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
        return Rejection(_CODES[code], WORDS[_CODES[code]].format(named), first, second)
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
