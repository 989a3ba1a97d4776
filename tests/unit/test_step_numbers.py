"""Numbers that a step tells and no sum would miss: equities of the declared and the ended, a last quantum, a flip."""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Leg
from deleverage.rulebook.closing import settle
from tests.properties.stories import crashed, mark, open_book, step, submit, trade


def test_step_when_a_unit_goes_bankrupt_and_is_settled_then_both_facts_tell_its_equity() -> None:
    """al has 200 and loses 300; closed at its bankruptcy amount it has 0."""
    facts = step(crashed())
    (declared,) = [fact for fact in facts if isinstance(fact, m.BankruptcyDeclared)]
    (ended,) = [fact for fact in facts if isinstance(fact, m.BankruptcyEnded)]
    assert declared.units == (m.UnitEquity("al", -100),)
    assert ended.units == (m.UnitEquity("al", 0),)


def test_declare_when_the_pool_just_lifts_the_funds_unit_then_it_is_not_bankrupt_and_the_others_are() -> None:
    """aa, the fund's unit, has 100 and loses 300: the pool of 200 lifts it to 0. zo, behind it, is 100 short."""
    book = open_book({"bo": 9_000, "zo": 200}, fund_quanta=200)
    submit(book, m.OpenAccount(time_ns=0, account_id="aa", role="fund"))
    submit(book, m.Deposit(time_ns=0, unit_id="aa", amount_quanta=100))
    trade(book, "aa", "bo", 10)
    trade(book, "zo", "bo", 10)
    mark(book, 70)
    facts = step(book)
    (declared,) = [fact for fact in facts if isinstance(fact, m.BankruptcyDeclared)]
    assert declared.units == (m.UnitEquity("zo", -100),)
    assert [fact.rounds for fact in facts if isinstance(fact, m.StepEnded)] == [1]


def test_release_when_one_quantum_is_left_of_an_isolated_unit_then_it_goes_to_its_owner() -> None:
    """301 are deposited, 300 lost: al/BTC is closed out in stage 2 at the mark of 70, and 1 quantum moves to al."""
    book = open_book({"al": 50, "bo": 9_000, "ma": 9_000})
    submit(book, m.OpenIsolated(time_ns=0, account_id="al", market_id="BTC"))
    submit(book, m.Deposit(time_ns=0, unit_id="al/BTC", amount_quanta=301))
    trade(book, "al/BTC", "bo", 10)
    submit(book, m.PlaceOrder(time_ns=0, order_id="o", unit_id="ma", market_id="BTC", lots=10, price_ticks=70))
    mark(book, 70)
    moved = [fact for fact in step(book) if isinstance(fact, m.MarginMoved)]
    assert [(fact.from_unit_id, fact.to_unit_id, fact.amount_quanta) for fact in moved] == [("al/BTC", "al", 1)]
    assert (book.units["al/BTC"].quote, book.units["al"].quote) == (0, 51)


def test_settle_when_a_leg_flips_then_the_new_lots_remember_the_funding_of_their_own_trade() -> None:
    """5 long are closed and 3 short opened at 100, with 3 quanta of funding paid per lot so far: the memo is -9."""
    result = settle(Leg(5, cost=450, entry_funding=10), -8, 800, 3)
    assert result.leg == Leg(-3, cost=-300, entry_funding=-9)
    assert (result.quote_quanta, result.realised_quanta) == (800 - 24, 500 - 450 - (15 - 10))
