"""Prices that are pumped: on paper somebody is rich, and what can be taken out is what was really there."""

from deleverage.rulebook.messages import Code, Deleveraged, Deposit, FundPaid, OpenAccount, Regroup, Withdraw
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Schedule
from tests.properties.stories import open_book, submit, trade
from tests.unit.pool_books import cash, pool
from tests.vulnerabilities.test_size_and_requirements import market
from tests.vulnerabilities.told import checked_step, deal, equities, given_up, marks, only, refused


def test_pump_when_its_owner_holds_both_sides_then_it_leaves_with_what_it_brought_and_nobody_elses_money() -> None:
    """One owner is long and short 40 lots with 500 each and walks the mark from 100 to 2,400: 92,000 on paper.

    While its own loser is below zero nobody takes anything out; after the step the winner has its 500 and the loser's
    500, to the quantum, and di still has its 9,000.
    """
    rules = Rules(fund_group_cap_quanta=0)
    book = open_book({"di": 9_000}, 10_000)
    for name in ("up", "down"):
        submit(book, OpenAccount(time_ns=0, account_id=name, owner_group="ring"))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=500))
    trade(book, "up", "down", 40)
    for ticks in (300, 900, 2_400):
        marks(book, rules, BTC=ticks)
        assert refused(book, Withdraw(time_ns=1, unit_id="up", amount_quanta=1), rules) is Code.NEGATIVE_EQUITY
    assert equities(book)["up"] == 92_500
    checked_step(book, rules)
    assert refused(book, Withdraw(time_ns=2, unit_id="up", amount_quanta=1_001), rules) is Code.INSUFFICIENT_EQUITY
    submit(book, Withdraw(time_ns=2, unit_id="up", amount_quanta=1_000), rules)
    submit(book, Withdraw(time_ns=2, unit_id="di", amount_quanta=9_000), rules)
    assert (equities(book), book.pots["fund"]) == ({"di": 0, "down": 0, "up": 0}, 10_000)


def test_cap_when_a_small_market_is_pumped_then_no_number_of_wallets_gets_more_out_than_it_and_its_pool_hold() -> None:
    """At most 100 lots may be open: five wallets with 20 each have them all, the sixth gets none.

    Ten times the price, the short side of 20,000 is 70,000 short: its market's pool of 500 pays, then the winners give
    up the rest; the 1,000,000 of the other markets stay. The cap is a number of lots that the venue sets: the law knows
    no market value.
    """
    names = [f"w{number}" for number in range(6)]
    book = market(dict.fromkeys(names, 1_000) | {"mm": 20_000}, Schedule(), most_lots=100)
    pool(book, "small", 500)
    submit(book, Regroup(time_ns=0, market_id="BTC", pool_id="small"))
    pool(book, "others", 1_000_000)
    for name in names[:5]:
        trade(book, name, "mm", 20)
    assert refused(book, deal(names[5], "mm", 1, 100, time_ns=0)) is Code.OPEN_INTEREST_ABOVE_MAXIMUM
    marks(book, BTC=1_000)
    facts = checked_step(book)
    assert sum(debt.paid_quanta for debt in only(facts, FundPaid).debts) == 500
    assert sum(given_up(only(facts, Deleveraged)).values()) == 69_500
    assert cash(book) == {"common": 0, "others": 1_000_000, "small": 0}
    assert sum(equities(book)[name] for name in names) == 6_000 + 20_000 + 500
