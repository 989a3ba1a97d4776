"""Where a loss goes: bank runs, debts that vanish or are counted twice, markets that wait for each other."""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.funding_source import AllOrNothing, FundFirst
from deleverage.rulebook.messages import (
    BankruptcyEnded,
    Code,
    Deleveraged,
    Deposit,
    FundPaid,
    MoneyOut,
    ResidualNamed,
    Socialised,
    StepEnded,
    Withdraw,
)
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, mark, open_book, submit, trade
from tests.vulnerabilities.told import (
    checked_step,
    closed,
    deal,
    equities,
    given_up,
    lots,
    marks,
    of,
    only,
    refused,
)

AT_MARK = Rules(price=Mark())


def run_on_the_bank() -> Book:
    """Return a book with 500, 500 and 10 of solvent equity against a bad debt of 100 that nobody's open gain covers.

    al (10 long, 200 deposited) is 100 short at 70; cy, its counterparty (200 + 300), is closed at the mark.
    """
    book = open_book({"al": 200, "cy": 200, "di": 500, "ed": 10})
    trade(book, "al", "cy", 10)
    mark(book, 70)
    return book


@pytest.mark.parametrize("queue", [("cy", "di", "ed"), ("ed", "di", "cy"), ("di", "cy", "ed")])
def test_bank_run_when_a_debt_is_uncovered_then_the_last_to_leave_loses_no_more_than_the_first(
    queue: tuple[str, ...],
) -> None:
    """Equity 500 + 500 + 10 = 1,010, assets 910. Everybody gets 910/1010 of it: 450, 450 and 9, in whatever order."""
    book = run_on_the_bank()
    early = Withdraw(time_ns=1, unit_id="cy", amount_quanta=500)
    assert refused(book, early) is Code.INSUFFICIENT_EQUITY  # its margin is bound
    early = Withdraw(time_ns=1, unit_id="di", amount_quanta=500)
    assert refused(book, early) is Code.NEGATIVE_EQUITY  # and nobody leaves while somebody is below zero
    checked_step(book, AT_MARK)
    assert book.residual_quanta == 100
    paid = {}
    for unit_id in queue:
        (fact,) = submit(book, Withdraw(time_ns=3, unit_id=unit_id, amount_quanta=equities(book)[unit_id]))
        assert isinstance(fact, MoneyOut)
        paid[unit_id] = fact.paid_quanta
    assert all(abs(paid[unit_id] - fair) <= 1 for unit_id, fair in (("cy", 450), ("di", 450), ("ed", 9)))
    assert 907 <= sum(paid.values()) <= 910


def test_winner_when_losers_are_not_closed_yet_then_its_open_profit_cannot_be_taken_out() -> None:
    """bo's equity is 860 of which 360 is open profit against al, who is 100 short: no withdrawal, not even of 1."""
    assert refused(crashed(), Withdraw(time_ns=1, unit_id="bo", amount_quanta=1)) is Code.NEGATIVE_EQUITY


def test_sides_when_both_are_losing_then_they_are_closed_against_each_other_at_the_mark() -> None:
    """BTC stays at 100, ETH falls to 60. al (long 10 BTC) and bo (short 10 BTC) both lose 400 in ETH.

    al 150 - 400 = -250, bo 100 - 400 = -300: neither can carry the other. Their BTC legs net, both in BTC and ETH all
    lots are gone; cy, short 20 ETH with a gain of 800, is asked for the shortfall of the ETH lots.
    """
    book = open_book({"al": 150, "bo": 100, "cy": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    for unit_id in ("al", "bo"):
        trade(book, unit_id, "cy", 10, "ETH")
    marks(book, ETH=60)
    facts = checked_step(book)
    fact = only(facts, Deleveraged)
    assert [(p.market_id, p.side, p.lots, p.netted_lots) for p in fact.pools] == [
        ("BTC", "long", 10, 10),
        ("BTC", "short", 10, 10),
        ("ETH", "long", 20, 0),
    ]
    assert all(not unit.legs for unit in book.units.values())
    moved = sum(given_up(fact).values())
    assert equities(book)["cy"] == 1_000 + 800 - moved
    assert moved + book.residual_quanta == 250 + 300


def test_loser_when_it_is_solvent_then_the_bankrupt_next_to_it_costs_it_nothing() -> None:
    """di is long like al and has lost 180 of 1,000; al's shortfall of 100 is asked of the winners, never of di."""
    book = crashed()
    checked_step(book)
    assert equities(book)["di"] == 820
    assert lots(book, "di") == 6


def test_position_when_it_is_the_last_one_then_closing_it_passes_every_check() -> None:
    """One pair, al and bo: after the step there is no lot in the whole domain and every invariant was looked at."""
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    mark(book, 70)
    facts = checked_step(book)
    assert of(facts, BankruptcyEnded)
    assert book.markets["BTC"].open_interest_lots == 0
    assert equities(book) == {"al": 0, "bo": 700}


def test_step_when_there_is_no_open_interest_then_it_ends_quietly() -> None:
    """Nobody holds anything, before and after: no division by the open interest, no forced act."""
    book = open_book({"al": 1})
    (end,) = checked_step(book)
    assert isinstance(end, StepEnded)
    assert end.stopped == "quiet"


def test_debt_when_the_fund_pays_half_then_only_the_other_half_is_cut() -> None:
    """al (20 long, 400 deposited) loses 1,400 at 30 and is 1,000 short; the fund has 500.

    cy is closed at the mark; bo keeps an open gain of 1,400. Cut are 500, not 1,000 (fund counted as nothing) and not 0
    (fund counted twice): bo keeps 20,000 + 900.
    """
    book = open_book({"al": 400, "bo": 20_000, "cy": 300, "di": 5_000}, fund_quanta=500)
    trade(book, "al", "cy", 20)
    trade(book, "di", "bo", 20)
    mark(book, 30)
    facts = checked_step(book, AT_MARK)
    assert closed(only(facts, Deleveraged)) == {"cy": 20}
    assert only(facts, Socialised).haircuts[0].taken_quanta == 500
    assert (equities(book)["bo"], book.pots["fund"], book.residual_quanta) == (20_900, 0, 0)


@pytest.mark.parametrize("partial", [True, False])
def test_fund_when_it_is_short_then_no_market_waits_for_the_other(partial: bool) -> None:
    """Bankrupts in two markets, 100 short each, 60 in the fund: both markets are closed in the same round.

    Partial: 60 are paid and 140 asked. All or nothing: 0 are paid and 200 asked; nothing is rolled back.
    """
    book = open_book({"al": 200, "bo": 500, "cy": 200, "di": 500}, 60, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "cy", "di", 10, "ETH")
    marks(book, BTC=70, ETH=70)
    facts = checked_step(book, Rules(funding_source=FundFirst() if partial else AllOrNothing()))
    fact = only(facts, Deleveraged)
    assert {pool.market_id: pool.closed_lots for pool in fact.pools} == {"BTC": 10, "ETH": 10}
    assert sum(given_up(fact).values()) == (140 if partial else 200)
    assert book.pots["fund"] == (0 if partial else 60)


def test_debt_when_it_is_taken_off_an_account_then_the_fact_names_who_carries_it() -> None:
    """al's -100 becomes 0 only because K becomes 100, in one fact; nothing is cleared without a payer."""
    book = run_on_the_bank()
    facts = checked_step(book, AT_MARK)
    named = only(facts, ResidualNamed)
    assert [(item.unit_id, item.named_quanta, item.reason) for item in named.residuals] == [("al", 100, "capacity")]
    assert (book.units["al"].quote, book.units["al"].transfers, book.residual_quanta, book.halted) == (
        0,
        100,
        100,
        True,
    )


def test_loss_when_four_stages_carry_it_then_their_parts_sum_to_it_exactly() -> None:
    """al (40 paid in, 20 BTC from 100) is 1,360 short at 30 = 40 fund + 60 bo + 700 cut + 560 named.

    bo: 40 + 1,400 (BTC) - 1,380 (ETH at 31) = 60. zed: 40 + 1,380 - 900 (SOL at 10) = 520, its whole equity is cut.
    yo has taken 8 of its 10 SOL home; only the gain on the other 2, 180, is still open and can be cut.
    """
    book = open_book({"al": 40, "bo": 40, "zed": 40, "yo": 5_000}, 40, market_ids=("BTC", "ETH", "SOL"))
    trade(book, "al", "bo", 20)
    trade(book, "bo", "zed", 20, "ETH")
    trade(book, "zed", "yo", 10, "SOL")
    marks(book, BTC=30, ETH=31, SOL=10)
    submit(book, deal("yo", "zed", 8, 10, market_id="SOL"))
    assert equities(book) == {"al": -1_360, "bo": 60, "yo": 5_900, "zed": 520}
    facts = checked_step(book)
    fund = sum(debt.paid_quanta for fact in of(facts, FundPaid) for debt in fact.debts)
    moved = sum(sum(given_up(fact).values()) for fact in of(facts, Deleveraged))
    cut = sum(item.taken_quanta for fact in of(facts, Socialised) for item in fact.haircuts)
    assert (fund, moved, cut, book.residual_quanta) == (40, 60, 700, 560)
    assert fund + moved + cut + book.residual_quanta == 1_360


def test_open_interest_when_all_of_it_is_bankrupt_at_once_then_it_is_closed_in_one_step() -> None:
    """al holds every long lot of the market; the fund of 1,000 can pay 100. The order is law: pool first, then lots.

    The pool goes from 1,000 to 900, never below 0, and the 10 lots are closed at the mark.
    """
    book = open_book({"al": 200, "bo": 250, "cy": 250}, 1_000)
    trade(book, "al", "bo", 5)
    trade(book, "al", "cy", 5)
    mark(book, 70)
    fact = only(checked_step(book), Deleveraged)
    assert sum(closed(fact).values()) == 10
    assert given_up(fact) == {"bo": 0, "cy": 0}
    assert (book.pots["fund"], book.markets["BTC"].open_interest_lots, book.halted) == (900, 0, False)


def test_candidate_when_it_may_go_bankrupt_and_is_flat_then_its_debt_is_still_found() -> None:
    """A debtor without a single lot: bo (90 of equity) pays 200 because the preset has no cap, and is flat in BTC.

    It is then 110 short and a bankrupt itself; nothing of it is forgotten: what is not carried is named.
    """
    book = open_book({"al": 100, "bo": 200, "zed": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "bo", "zed", 10, "ETH")
    marks(book, BTC=70, ETH=59)
    facts = checked_step(book, Rules(may_bankrupt=True))
    assert len(of(facts, Deleveraged)) == 2
    assert equities(book) == {"al": 0, "bo": 0, "zed": 1_300}
    assert book.residual_quanta == 0


def test_unit_when_its_dust_is_bankrupt_then_it_is_swept_and_a_donation_delays_nothing() -> None:
    """One lot, one quantum short; somebody pays it one quantum less than it needs: it is closed all the same."""
    book = open_book({"al": 25, "bo": 500})
    trade(book, "al", "bo", 1)
    mark(book, 70)
    assert equities(book)["al"] == -5
    submit(book, Deposit(time_ns=1, unit_id="al", amount_quanta=4))
    assert given_up(only(checked_step(book), Deleveraged)) == {"bo": 1}
    assert lots(book, "al") == 0
