"""A row is made where it says everything: whatever else a command or its answer says, in any field, is not lost."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest

from deleverage.journal import rows
from deleverage.journal.block import read_block
from deleverage.rulebook import messages as m
from deleverage.rulebook.messages import Code, Rejection
from tests.journal.made import Pair, blocks_of

TRADE = m.Trade(
    time_ns=7, market_id="X", buyer_unit_id="al", seller_unit_id="bo", lots=3, price_ticks=9, seller_side="short"
)
FILLS = m.Fill("al", "X", 3, -27, 4, "buyer", ""), m.Fill("bo", "X", -3, 27, -4, "seller", "short")
REFUSED = Rejection(Code.BELOW_INITIAL_MARGIN, "al would hold less than the initial margin", 5, 6)
POOR = Rejection(Code.INSUFFICIENT_EQUITY, "only equity above the initial requirement may leave", 5, 6)
MARKS = m.SetMarks(time_ns=7, marks=(m.MarkUpdate("X", 9, 2),), confirmed=True)
FUNDING = m.AccrueFunding(time_ns=7, market_id="X", rate_ppb=-5)
DEPOSIT, WITHDRAW = (kind(time_ns=7, unit_id="al", amount_quanta=5) for kind in (m.Deposit, m.Withdraw))
OUT = {"unit_id": "al", "debited_quanta": 5, "paid_quanta": 5, "claim_quanta": 0, "rounding_quanta": 0}
PAIRS: dict[str, Pair] = {
    "trade": (TRADE, (m.Traded(seq=1, time_ns=7, fills=FILLS, market_id="X", price_ticks=9),)),
    "deposit": (DEPOSIT, (m.MoneyIn(seq=1, time_ns=7, to_units=(m.Payment("al", 5),)),)),
    "withdraw": (WITHDRAW, (m.MoneyOut(seq=1, time_ns=7, **OUT),)),  # type: ignore[arg-type]
    "mark": (MARKS, (m.MarksSet(seq=1, time_ns=7, marks=(m.MarkSet("X", 9, 8, ""),)),)),
    "funding": (
        FUNDING,
        (m.FundingAccrued(seq=1, time_ns=7, market_id="X", rate_ppb=-5, per_lot_quanta=1, carry_after=2),),
    ),
    "refused trade": (TRADE, REFUSED),
    "refused withdrawal": (WITHDRAW, POOR),
}


def _named(record: Any) -> list[str]:
    return [field.name for field in fields(record)] if is_dataclass(record) else list(record._fields)


def _some(hint: Any) -> Any:
    """Return a value of a declared type."""
    if hint in (int, str, bool):
        return hint(1)
    return hint(*map(_some, get_type_hints(hint).values()))


def _others(value: Any, hint: Any) -> Iterator[Any]:
    """Yield values of a declared type that differ from one in one place."""
    if type(value) is bool:
        yield not value
    elif type(value) is int:
        yield from (value + 1, -value - 1, value + 2**64)
    elif type(value) is str:
        yield from (f"{value}x", "long", "")
    elif type(value) is tuple:
        item = get_args(hint)[0]
        yield from ((*value, _some(item)), value[:-1], (*value, *value))
        for at, part in enumerate(value):
            yield from ((*value[:at], other, *value[at + 1 :]) for other in _others(part, item))
    elif type(value) is Code:
        yield from (Code.INSUFFICIENT_EQUITY, Code.BELOW_INITIAL_MARGIN, Code.UNKNOWN_UNIT)
    else:
        hints = get_type_hints(type(value))
        for name in _named(value):
            for other in _others(getattr(value, name), hints[name]):
                change: Any = replace if is_dataclass(value) else type(value)._replace
                yield change(value, **{name: other})


def _require_kept(pair: Pair) -> None:
    (block,) = blocks_of([pair], 1)
    ((entry),) = read_block(block.to_bytes()).entries()
    assert pair == (entry.command, entry.answer)


@pytest.mark.parametrize("name", PAIRS)
def test_pair_when_its_answer_is_what_follows_then_it_is_a_row(name: str) -> None:
    """And reads back as it was."""
    (block,) = blocks_of([PAIRS[name]], 1)
    assert block.rows["kind"][0] != rows.TEXT
    _require_kept(PAIRS[name])


@pytest.mark.parametrize("name", PAIRS)
def test_pair_when_any_field_says_something_else_then_it_reads_back_as_it_was(name: str) -> None:
    """Every field of the command and of its answer, at any depth: another value, one more record, one less."""
    command, answer = PAIRS[name]
    told = [(other, answer) for other in _others(command, None)]
    if isinstance(answer, Rejection):
        told += [(command, other) for other in _others(answer, None)]
    else:
        told += [(command, (other,)) for other in _others(answer[0], None)]
        told += [(command, ()), (command, answer * 2)]
    assert len(told) > 10
    for pair in told:
        _require_kept(pair)
