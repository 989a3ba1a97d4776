"""The insurance fund, fees and backstops: drained, forgiven, exempted or asked in the wrong order elsewhere."""

import pytest

from deleverage.rulebook.messages import (
    AccrueFunding,
    Deleveraged,
    Deposit,
    DepositToFund,
    FundPaid,
    OpenAccount,
    Reduced,
    StepEnded,
    TakenOver,
)
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, mark, open_book, submit, trade
from tests.vulnerabilities.told import checked_step, closed, deal, equities, given_up, lots, marks, of, only, order


def test_fee_when_it_is_larger_than_what_is_left_then_it_is_what_is_left() -> None:
    """al has 4 at 90; the fee on a notional of 900 at 2.23 % would be 21. It pays 4, ends at 0, and never below.

    The fund gets the 4 that were charged, not the 21 that were asked, and pays nobody's fee.
    """
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    facts = checked_step(book, Rules(liquidation_fee_ppb=22_300_000))
    assert [payment.amount_quanta for payment in only(facts, Reduced).payments] == [-4]
    assert (equities(book)["al"], book.pots["fund"], book.pots["fees"]) == (0, 4, 0)
    assert of(facts, Deleveraged) == []


def test_liquidation_when_the_pool_is_empty_then_losers_are_closed_all_the_same() -> None:
    """No fund, no payout first: the unhealthy al is sold into the bid, at 70 the bankrupt one is deleveraged."""
    book = open_book({"al": 104, "am": 200, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    trade(book, "am", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    assert only(checked_step(book), Reduced).fills
    marks(book, time_ns=2, BTC=70)
    assert sum(closed(only(checked_step(book), Deleveraged)).values()) == 10
    assert (lots(book, "al"), lots(book, "am")) == (0, 0)


def test_band_when_the_mark_crashes_through_it_then_deleveraging_goes_on_without_the_book() -> None:
    """All bids lie at 95, the mark at 70, the band is 5 %: no order is touched, and the bankrupt al is closed."""
    rules = Rules(order_band_ppb=50_000_000)
    book = open_book({"al": 200, "bo": 500, "ma": 9_000})
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 95))
    mark(book, 70)
    facts = checked_step(book, rules)
    assert of(facts, Reduced) == []
    assert sum(closed(only(facts, Deleveraged)).values()) == 10
    assert book.orders["bid"].lots == 10


def test_funding_when_it_is_owed_then_it_is_in_the_shortfall() -> None:
    """At 70 longs pay 1 per lot: al owes 10 of funding and is 110 short, not 100; bo has received its 10."""
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    mark(book, 70)
    submit(book, AccrueFunding(time_ns=1, market_id="BTC", rate_ppb=14_000_000))
    assert given_up(only(checked_step(book), Deleveraged)) == {"bo": 110}
    assert equities(book) == {"al": 0, "bo": 500 + 300 + 10 - 110}


@pytest.mark.parametrize(("pool", "moved", "left"), [(150, 0, 50), (100, 0, 0), (40, 60, 0), (0, 100, 0)])
def test_fund_account_when_it_owes_then_its_debt_is_paid_like_any_other(pool: int, moved: int, left: int) -> None:
    """The fund's own account is 100 short: the pool pays it openly, what it cannot pay is asked of winners."""
    book = open_book({"bo": 500}, pool)
    submit(book, OpenAccount(time_ns=0, account_id="house", role="fund"))
    submit(book, Deposit(time_ns=0, unit_id="house", amount_quanta=200))
    trade(book, "house", "bo", 10)
    mark(book, 70)
    facts = checked_step(book)
    assert sum(fact.own_unit_quanta for fact in of(facts, FundPaid)) == 100 - moved
    assert sum(sum(given_up(fact).values()) for fact in of(facts, Deleveraged)) == moved
    assert (equities(book)["house"], book.pots["fund"], book.residual_quanta) == (0, left, 0)


def test_fund_and_backstop_accounts_when_they_hold_the_other_side_then_they_are_not_spared() -> None:
    """Nobody is exempt: the fund's inventory is asked first, the backstop's second, the trader bo last."""
    book = open_book({"al": 400, "bo": 900})
    for account_id, role in (("house", "fund"), ("vault", "backstop")):
        submit(book, OpenAccount(time_ns=0, account_id=account_id, role=role))
        submit(book, Deposit(time_ns=0, unit_id=account_id, amount_quanta=900))
    for seller, count in (("bo", 10), ("house", 4), ("vault", 4)):
        trade(book, "al", seller, count)
    mark(book, 70)
    fact = only(checked_step(book), Deleveraged)
    assert [(c.unit_id, c.closed_lots, c.tier) for c in fact.closings] == [
        ("house", 4, 0),
        ("vault", 4, 1),
        ("bo", 10, 2),
    ]


def test_group_when_it_owns_both_sides_then_the_fund_pays_for_it_only_up_to_its_cap() -> None:
    """One owner is long with al and short with bo, and lets al go bankrupt: the fund pays 30 of 100, ever.

    bo, its own other side, carries the other 70; a second bankrupt of the same owner gets nothing from the fund.
    """
    rules = Rules(fund_group_cap_quanta=30)
    book = open_book({}, 1_000)
    for account_id, amount in (("al", 200), ("am", 200), ("bo", 900)):
        submit(book, OpenAccount(time_ns=0, account_id=account_id, owner_group="ring"))
        submit(book, Deposit(time_ns=0, unit_id=account_id, amount_quanta=amount))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    first = checked_step(book, rules)
    assert given_up(only(first, Deleveraged)) == {"bo": 70}
    marks(book, time_ns=2, BTC=100)
    submit(book, deal("am", "bo", 10, 100, time_ns=2))
    marks(book, time_ns=2, BTC=70)
    second = checked_step(book, rules)
    assert given_up(only(second, Deleveraged)) == {"bo": 100}
    assert (book.pots["fund"], book.fund_paid_by_group) == (970, {"ring": 30})


def test_backstop_when_it_cannot_carry_a_takeover_then_it_takes_nothing_and_winners_are_asked() -> None:
    """A vault with 50 would have to carry 10 lots and 100 of shortfall: it is left out, and its own money is safe."""
    book = open_book({"al": 200, "bo": 500})
    submit(book, OpenAccount(time_ns=0, account_id="vault", role="backstop", backstop_capacity_lots=100))
    submit(book, Deposit(time_ns=0, unit_id="vault", amount_quanta=50))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    facts = checked_step(book)
    assert of(facts, TakenOver) == []
    assert sum(closed(only(facts, Deleveraged)).values()) == 10
    assert equities(book)["vault"] == 50


def test_fund_inventory_when_its_cap_is_reached_then_it_takes_no_more() -> None:
    """The fund may hold 3 lots: it takes 3 of al's 10 with 3/10 of the shortfall; the other 7 go on."""
    book = open_book({"al": 200, "bo": 500}, 1_000)
    submit(book, OpenAccount(time_ns=0, account_id="house", role="fund"))
    submit(book, Deposit(time_ns=0, unit_id="house", amount_quanta=500))
    trade(book, "al", "bo", 10)
    mark(book, 70)
    facts = checked_step(book, Rules(fund_inventory_cap_lots=3))
    assert (lots(book, "house"), only(facts, TakenOver).shortfall_quanta) == (3, 30)
    assert sum(closed(only(facts, Deleveraged)).values()) == 7
    assert book.pots["fund"] == 900


def test_fund_when_money_comes_just_before_the_step_then_nobody_can_take_it_out_after() -> None:
    """A deposit to the fund is the fund's: 60 come in, 60 are paid, and the step leaves nothing to be handed back."""
    book = crashed()
    before = equities(book)
    submit(book, DepositToFund(time_ns=1, amount_quanta=60))
    facts = checked_step(book)
    assert sum(debt.paid_quanta for debt in only(facts, FundPaid).debts) == 60
    assert given_up(only(facts, Deleveraged)) == {"bo": 40}
    assert equities(book)["cy"] == before["cy"]
    assert only(facts, StepEnded).stopped == "quiet"
