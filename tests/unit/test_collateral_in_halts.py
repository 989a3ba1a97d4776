"""Collateral while something is halted, and in the grace after it.

The books and their numbers are explained in ``tests/properties/collateral_stories.py``.
"""

from dataclasses import replace

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Code
from deleverage.rulebook.rules import Rules
from tests.properties.collateral_stories import TERMS, bring, code_of, mark, opened, price, step, trade
from tests.properties.stories import submit

SALE = m.Convert(time_ns=2, unit_id="al", asset_id="BTC", amount_grains=3, taker_unit_id="cy", price_quanta=100)


def halted(scope: str) -> Book:
    """Return a book in which al owns 50 grains that back a long of 10 lots, and an operator has halted something."""
    book = opened({"al": 0, "cy": 1_000}, {"al": 50})
    trade(book, "al", "cy", 10)
    submit(book, m.Halt(time_ns=1, scope=scope, reason="drill"))
    return book


def test_conversion_when_an_operator_has_halted_the_domain_then_it_waits_and_in_a_halted_market_it_does_not() -> None:
    """An asset is in no market."""
    assert code_of(halted(""), SALE) is Code.DOMAIN_HALTED
    (fact,) = submit(halted("M"), SALE)
    assert isinstance(fact, m.Converted)


@pytest.mark.parametrize("scope", ["", "M"])
def test_assets_when_an_operator_has_halted_then_they_come_in_are_priced_and_leave(scope: str) -> None:
    """A halt says nothing about a mark or a price. 10 lots need 100: of 51 grains, 8 quanta each, 13 must stay."""
    book = halted(scope)
    price(book, 100)
    bring(book, "al", 1)
    out = m.WithdrawAsset(time_ns=2, unit_id="al", asset_id="BTC", amount_grains=38)
    assert code_of(book, replace(out, amount_grains=39)) is Code.INSUFFICIENT_EQUITY
    assert isinstance(submit(book, out)[0], m.AssetOut)


def test_backstop_when_a_market_of_its_legs_is_halted_then_it_buys_nothing() -> None:
    """b has 500 and a lot of N. al is 100 short in M: with N halted nobody buys its grains, and it is bankrupt."""
    book = opened({"al": 0, "cy": 1_000, "b": 500}, {"al": 50})
    submit(book, m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="N")))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("N", 100),)))
    lot = m.Trade(time_ns=0, market_id="N", buyer_unit_id="b", seller_unit_id="cy", lots=1, price_ticks=100)
    submit(book, lot)
    trade(book, "al", "cy", 10)
    mark(book, 90)
    free = book.copy()
    assert any(isinstance(fact, m.CollateralSold) for fact in step(free))
    submit(book, m.Halt(time_ns=1, scope="N", reason="drill"))
    facts = step(book)
    assert not any(isinstance(fact, m.CollateralSold) for fact in facts)
    assert any(isinstance(fact, m.BankruptcyDeclared) for fact in facts)


def test_step_when_a_grace_runs_then_who_is_below_zero_sells_before_it_is_bankrupt() -> None:
    """al is 100 short: 12 grains bring 108, and 38 x 8 = 304 more count. Nobody is left for the grace to spare."""
    rules = Rules(grace_ns=100)
    book = opened({"al": 0, "cy": 1_000, "b": 500}, {"al": 50})
    trade(book, "al", "cy", 10)
    submit(book, m.Halt(time_ns=1, scope="M", reason="drill"))
    mark(book, 90)
    assert [type(fact) for fact in step(book.copy(), rules)] == [m.StepEnded]
    submit(book, m.Resume(time_ns=2, scope="M"), rules)
    sale, ended = step(book, rules)
    assert isinstance(sale, m.CollateralSold)
    assert sale.sellers == (m.CollateralSeller("al", -100, 0, 12, 108, 0),)
    assert isinstance(ended, m.StepEnded)
    assert ended.spared == ()
