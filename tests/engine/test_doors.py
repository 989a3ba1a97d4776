"""What comes in by the door and is nearly ordinary: the engine answers as the rulebook does."""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.engine.engine import Engine
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.messages import Code, Command, Rejection
from deleverage.rulebook.rules import Rules

TERMS = MarketTerms("m", 1, (Tier(0, 50_000_000, 100_000_000),), 1 << 60, 1 << 40, 1 << 60)


class Text(str):
    """A text that is not exactly a str."""

    __slots__ = ()


def by_law(commands: list[Command]) -> tuple[list[Answer], str]:
    """Return the rulebook's answers and the digest behind them."""
    book, answers = Book(), []
    for command in commands:
        answer = decide(book, command, Rules())
        answers.append(answer)
        if not isinstance(answer, Rejection):
            for fact in answer:
                apply(book, fact)
    return answers, book.digest()


def opened(*names: str, money: int = 1 << 50) -> list[Command]:
    """Return commands that list a market, mark it at 1 tick, and open accounts with money."""
    found: list[Command] = [m.ListMarket(time_ns=0, terms=TERMS), mark(1)]
    for name in names:
        found += [m.OpenAccount(time_ns=0, account_id=name), m.Deposit(time_ns=0, unit_id=name, amount_quanta=money)]
    return found


def mark(price_ticks: int, confirmed: bool = False) -> m.SetMarks:
    """Return a mark of the market."""
    return m.SetMarks(time_ns=0, marks=(m.MarkUpdate("m", price_ticks),), confirmed=confirmed)


TRADE = m.Trade(time_ns=0, market_id="m", buyer_unit_id="a", seller_unit_id="b", lots=1, price_ticks=1)
MARK = m.MarkUpdate("m", 1)
MARKS: Any = mark(1)
MONEY = m.Deposit(time_ns=0, unit_id="a", amount_quanta=1)


@pytest.mark.parametrize(
    "odd",
    [
        replace(MONEY, unit_id=Text("a")),
        replace(m.Withdraw(time_ns=0, unit_id="a", amount_quanta=1), unit_id=Text("a")),
        replace(TRADE, market_id=Text("m")),
        replace(TRADE, seller_unit_id=Text("b")),
        replace(TRADE, buyer_side=Text("")),
        replace(MARKS, confirmed=1),
        replace(MARKS, confirmed=0.0),
        replace(MARKS, marks=[MARK]),
        replace(MARKS, marks=(tuple(MARK),)),
        replace(MARKS, marks=(MARK._replace(market_id=Text("m")),)),
    ],
)
def test_submit_when_a_value_only_equals_what_is_declared_then_it_is_a_bad_type(odd: Command) -> None:
    """An equal key of another type must not slip past the door by way of a look-up."""
    engine = Engine(Rules())
    engine.submit(opened("a", "b"))
    (answer,) = engine.submit([odd])
    assert isinstance(answer, Rejection)
    assert answer.code is Code.BAD_TYPE


def test_submit_when_one_account_sees_a_confirmed_mark_then_the_engine_answers_as_the_rulebook() -> None:
    """That a mark is confirmed stands where events have their first unit; it is the number of none."""
    commands = [*opened("a"), mark(2, confirmed=True), mark(3, confirmed=True)]
    engine = Engine(Rules())
    assert by_law(commands) == (engine.submit(commands, 1), engine.digest())


def test_submit_when_the_time_is_beyond_64_bits_then_the_engine_answers_as_the_rulebook() -> None:
    """Time has no bound in the law."""
    late = 1 << 70
    commands = [*opened("a"), replace(MONEY, time_ns=late), MONEY, replace(MONEY, time_ns=late + 1)]
    engine = Engine(Rules())
    assert by_law(commands) == (engine.submit(commands, 1), engine.digest())


def test_submit_when_open_interest_outgrows_its_bits_then_the_law_goes_on_in_plain_rows() -> None:
    """Each leg fits, the sum of the longs does not: the trade that makes it so is left to the law."""
    names = [f"u{number:02}" for number in range(10)]
    commands = opened(*names, money=1 << 58)
    commands += [
        replace(TRADE, buyer_unit_id=buyer, seller_unit_id=seller, lots=1 << 52)
        for buyer, seller in zip(names[::2], names[1::2], strict=True)
    ]
    engine = Engine(Rules())
    assert by_law(commands) == (engine.submit(commands), engine.digest())
    assert engine.wide is not None
