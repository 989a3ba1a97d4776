"""Inverse, quanto and dated contracts, and funding with its remainder, on numbers that can be checked by hand."""

from dataclasses import replace

import pytest

from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity, leg_maintenance
from deleverage.rulebook.messages import (
    AccrueFunding,
    Code,
    Deleveraged,
    Deposit,
    FundingAccrued,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    OpenIsolated,
    PlaceOrder,
    Rejection,
    RunStep,
    SetMarks,
    SettleMarket,
    Trade,
)
from deleverage.rulebook.periods import funding_per_lot_half_even
from deleverage.rulebook.rules import Rules
from tests.properties.stories import step, submit

# One lot of 1,000 USD face, settled in units of 10^-6 BTC, at a tick of 1 USD: value = -10^9 / price.
INVERSE = MarketTerms(
    "XBT", 0, (Tier(0, 5_000_000, 10_000_000),), 10**6, 10**6, 10**6, contract="inverse", face_quanta_ticks=10**9
)


def inverse_book(long_quanta: int, short_quanta: int) -> Book:
    """Return al long and bo short of 10 inverse lots at 10,000 USD: 100,000 quanta a lot."""
    book = Book()
    submit(book, ListMarket(time_ns=0, terms=INVERSE))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("XBT", 10_000),)))
    for name, amount in (("al", long_quanta), ("bo", short_quanta)):
        submit(book, OpenAccount(time_ns=0, account_id=name))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    parties = {"buyer_unit_id": "al", "seller_unit_id": "bo"}
    submit(book, Trade(time_ns=0, market_id="XBT", lots=10, price_ticks=10_000, **parties))
    return book


def code_of(book: Book, command: object) -> Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, Rules())  # type: ignore[arg-type]
    assert isinstance(answer, Rejection), answer
    return answer.code


def test_inverse_when_the_price_rises_then_the_long_gains_in_the_base_currency() -> None:
    """At 12,500 a lot is worth -80,000 instead of -100,000: ten lots gain 200,000 quanta, and the short loses them."""
    book = inverse_book(300_000, 300_000)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("XBT", 12_500),)))
    assert [equity(book, book.units[name]) for name in ("al", "bo")] == [500_000, 100_000]


def test_inverse_when_the_value_is_negative_then_margin_is_on_its_magnitude() -> None:
    """Maintenance of 0.5 % on 1,000,000 quanta of notional is 5,000."""
    book = inverse_book(300_000, 300_000)
    assert leg_maintenance(book.markets["XBT"], 10) == 5_000 * 10**18


def test_inverse_when_the_long_is_bankrupt_then_it_is_closed_at_the_price_of_its_last_quantum() -> None:
    """At 8,000 a lot is worth -125,000: al has lost 250,000 of 200,000, and bo gives up the 50,000 that are missing.

    Ten lots at -1,200,000 instead of -1,250,000: the display price is 10^9 x 10 / 1,200,000 = 8,333.3 USD.
    """
    book = inverse_book(200_000, 300_000)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("XBT", 8_000),)))
    fact = next(fact for fact in step(book) if isinstance(fact, Deleveraged))
    assert {fill.unit_id: fill.amount_quanta for fill in fact.fills} == {"al": -1_200_000, "bo": 1_200_000}
    assert [book.units[name].quote for name in ("al", "bo")] == [0, 500_000]


def test_inverse_when_a_lot_would_be_worth_too_little_then_the_price_is_refused() -> None:
    """At a resolution of 50,000 quanta a price of 20,001 is beyond it, for marks, trades and orders."""
    book = Book()
    submit(book, ListMarket(time_ns=0, terms=replace(INVERSE, min_value_quanta=50_000)))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("XBT", 20_000),)))
    assert code_of(book, SetMarks(time_ns=0, marks=(MarkUpdate("XBT", 20_001),))) is Code.BAD_PRICE


@pytest.mark.parametrize(
    "wrong",
    [
        {"contract": "option"},
        {"face_quanta_ticks": 0},
        {"min_value_quanta": 0},
        {"expiry_ns": -1},
        {"contract": "quanto"},
    ],
    ids=lambda wrong: str(next(iter(wrong.items()))),
)
def test_terms_when_the_contract_is_incomplete_then_the_market_is_not_listed(wrong: dict[str, object]) -> None:
    """An unknown contract, no face, no resolution, a negative expiry, a quanto without a multiplier."""
    assert code_of(Book(), ListMarket(time_ns=0, terms=replace(INVERSE, **wrong))) is Code.BAD_TERMS  # type: ignore[arg-type]


def test_funding_when_rates_are_small_then_the_remainder_is_carried() -> None:
    """Three intervals of 0.4 quanta charge 0, 1 and 0: the sum stays within half a quantum of 1.2."""
    carry, paid = 0, []
    for _ in range(3):
        charged, carry = funding_per_lot_half_even(1, 400_000_000, carry)
        paid.append(charged)
    assert (paid, carry) == ([0, 1, 0], 200_000_000)


def test_funding_when_the_contract_is_inverse_then_longs_still_pay_a_positive_rate() -> None:
    """The rate is charged on the value's magnitude."""
    book = inverse_book(300_000, 300_000)
    (fact,) = submit(book, AccrueFunding(time_ns=1, market_id="XBT", rate_ppb=1_000_000))
    assert isinstance(fact, FundingAccrued)
    assert fact.per_lot_quanta == 100
    assert [equity(book, book.units[name]) for name in ("al", "bo")] == [299_000, 301_000]


def dated() -> Book:
    """Return al and bo in an inverse contract that expires at 100 ns, bo's side isolated."""
    book = inverse_book(300_000, 300_000)
    submit(book, ListMarket(time_ns=0, terms=replace(INVERSE, market_id="Z26", expiry_ns=100)))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("Z26", 10_000),)))
    submit(book, OpenIsolated(time_ns=0, account_id="bo", market_id="Z26"))
    submit(book, Deposit(time_ns=0, unit_id="bo/Z26", amount_quanta=50_000))
    parties = {"buyer_unit_id": "al", "seller_unit_id": "bo/Z26"}
    submit(book, Trade(time_ns=0, market_id="Z26", lots=1, price_ticks=10_000, **parties))
    order = PlaceOrder(time_ns=0, order_id="o", unit_id="al", market_id="Z26", lots=1, price_ticks=9_000)
    submit(book, order)
    return book


def test_settlement_when_the_contract_has_expired_then_everybody_is_closed_at_its_price() -> None:
    """At 12,500 al has gained 20,000; bo's isolated rest of 30,000 goes to bo, the order is gone."""
    book = dated()
    submit(book, SettleMarket(time_ns=100, market_id="Z26", price_ticks=12_500))
    assert (book.units["al"].realised, book.units["bo/Z26"].quote, book.units["bo"].deposits) == (20_000, 0, 330_000)
    assert book.orders == {}
    assert all("Z26" not in unit.legs for unit in book.units.values())
    assert book.markets["Z26"].settled


def test_settlement_when_it_is_too_early_or_done_then_the_market_says_so() -> None:
    """Before expiry no settlement, after it no trade, after the settlement nothing at all."""
    book = dated()
    parties = {"buyer_unit_id": "al", "seller_unit_id": "bo/Z26", "lots": 1, "price_ticks": 10_000}
    assert code_of(book, SettleMarket(time_ns=99, market_id="Z26", price_ticks=1)) is Code.NOT_EXPIRED
    late = Trade(time_ns=100, market_id="Z26", **parties)  # type: ignore[arg-type]
    assert code_of(book, late) is Code.MARKET_EXPIRED
    submit(book, SettleMarket(time_ns=100, market_id="Z26", price_ticks=12_500))
    assert code_of(book, late) is Code.MARKET_SETTLED
    assert code_of(book, SettleMarket(time_ns=100, market_id="Z26", price_ticks=1)) is Code.MARKET_SETTLED
    assert code_of(book, SetMarks(time_ns=100, marks=(MarkUpdate("Z26", 9),))) is Code.MARKET_SETTLED


def test_settlement_when_a_unit_cannot_pay_then_its_shortfall_is_the_next_steps_business() -> None:
    """At 30,000 the isolated short of one lot loses 66,667 of 50,000: flat, and 16,667 short."""
    book = dated()
    submit(book, SettleMarket(time_ns=100, market_id="Z26", price_ticks=30_000))
    assert (book.units["bo/Z26"].quote, book.units["bo/Z26"].legs) == (-16_667, {})
    submit(book, SetMarks(time_ns=100, marks=(MarkUpdate("XBT", 10_500),)))
    submit(book, RunStep(time_ns=100))
    assert book.units["bo/Z26"].quote == 0
