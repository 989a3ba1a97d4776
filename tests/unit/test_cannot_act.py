"""A stage that cannot act says so, and the step goes on to an end: no depth, no backstop, nobody left on either side.

Books are at a mark of 100 until it falls; maintenance is 0.5 %. al (200 deposited, long 10) has nothing left at 80,
which is unhealthy and not yet bankrupt, and is 100 short at 70.
"""

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import FUND_POT, Book
from deleverage.rulebook.losses.gains import WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.rules import Rules
from tests.properties.stories import close_out_at_maintenance, mark, open_book, submit, trade
from tests.vulnerabilities.told import checked_step, equities, of, only


def kinds(facts: tuple[m.Fact, ...]) -> list[str]:
    """Return the names of the facts."""
    return [type(fact).__name__ for fact in facts]


def fallen(price_ticks: int, **deposits: int) -> Book:
    """Return the book in which al is long 10 lots of bo's, at a mark."""
    book = open_book({"al": 200, "bo": 500} | deposits)
    trade(book, "al", "bo", 10)
    mark(book, price_ticks)
    return book


def test_step_when_the_domain_is_empty_then_it_ends_quietly() -> None:
    """No market, no account, nothing to look at."""
    facts = checked_step(Book())
    assert (kinds(facts), only(facts, m.StepEnded).stopped) == (["StepEnded"], "quiet")


def test_reduce_when_nobody_bids_then_the_unhealthy_keeps_its_lots_and_the_end_says_why() -> None:
    """al is below maintenance and solvent: it is asked again in the next step."""
    facts = checked_step(fallen(80))
    ended = only(facts, m.StepEnded)
    assert (kinds(facts), [(sale.unit_id, sale.sold_lots, sale.why) for sale in ended.unsold]) == (
        ["StepEnded"],
        [("al", 0, "empty_book")],
    )


def test_take_over_when_there_is_no_backstop_then_that_is_said_and_the_solvent_keep_their_lots() -> None:
    """Below close-out, and nobody whose business it is: no fund unit, no account with the role."""
    book = fallen(80)
    close_out_at_maintenance(book)
    facts = checked_step(book)
    assert kinds(facts) == ["StepEnded"]
    assert only(facts, m.StepEnded).passed == (m.Passed("BTC", "long", "", "no_backstop"),)


def test_fund_when_its_pool_is_empty_then_no_payment_is_told_and_candidates_are_asked() -> None:
    """bo pays all 100."""
    facts = checked_step(fallen(70))
    assert kinds(facts) == ["BankruptcyDeclared", "Deleveraged", "BankruptcyEnded", "StepEnded"]
    assert only(facts, m.Deleveraged).pools[0].collected_quanta == 100


def test_fund_when_its_own_unit_is_below_zero_and_the_pool_empty_then_it_is_bankrupt_like_anyone() -> None:
    """insurer holds 10 lots bought at 100 with 200 of its own: at 70 it is 100 short, and bo is closed against it."""
    book = open_book({"bo": 500})
    submit(book, m.OpenAccount(time_ns=0, account_id="insurer", role="fund"))
    submit(book, m.Deposit(time_ns=0, unit_id="insurer", amount_quanta=200))
    trade(book, "insurer", "bo", 10)
    mark(book, 70)
    facts = checked_step(book)
    assert only(facts, m.BankruptcyDeclared).units == (m.UnitEquity("insurer", -100),)
    assert (equities(book), book.pots[FUND_POT]) == ({"bo": 700, "insurer": 0}, 0)


def ruined_elsewhere() -> Book:
    """Return the book in which al (100 short) is long 10 BTC of bo's, and bo has lost all in ETH: 800 - 900 = -100.

    di is short 20 ETH, half of it against bo, half against ed: it has won 1,800.
    """
    book = open_book({"al": 200, "bo": 500, "di": 1_000, "ed": 9_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "bo", "di", 10, "ETH")
    trade(book, "ed", "di", 10, "ETH")
    mark(book, 70)
    mark(book, 10, "ETH")
    return book


def test_deleverage_when_both_sides_are_bankrupt_then_they_net_and_nobody_is_asked_for_these_lots() -> None:
    """Ten lots of BTC net at the mark. bo's 100 lie on BTC and ETH by 70 : 10, so di pays 12 for the lots of ETH.

    188 have no lots; di's open gain of 900 (10 lots are left) carries them: 2,800 - 12 - 188.
    """
    book = ruined_elsewhere()
    facts = checked_step(book)
    pools = {(pool.market_id, pool.side): pool for pool in only(facts, m.Deleveraged).pools}
    assert [pools["BTC", side].netted_lots for side in ("long", "short")] == [10, 10]
    assert (pools["ETH", "long"].closed_lots, pools["ETH", "long"].collected_quanta) == (10, 12)
    assert equities(book) == {"al": 0, "bo": 0, "di": 2_600, "ed": 8_100}


def test_deleverage_when_whoever_holds_lots_is_bankrupt_then_all_lots_net_and_the_debt_is_named() -> None:
    """al and bo hold each other's lots of BTC and have lost 600 each in ETH, which was settled at 40: 200 are missing.

    di has won them and holds nothing open that could be cut: a residual, and nobody holds BTC any more.
    """
    book = open_book({"al": 500, "bo": 500, "di": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "di", 10, "ETH")
    trade(book, "bo", "di", 10, "ETH")
    submit(book, m.SettleMarket(time_ns=1, market_id="ETH", price_ticks=40))
    facts = checked_step(book)
    assert [(one.unit_id, one.named_quanta, one.reason) for one in only(facts, m.ResidualNamed).residuals] == [
        ("al", 100, "capacity"),
        ("bo", 100, "capacity"),
    ]
    assert (equities(book)["di"], book.halted, book.markets["BTC"].open_interest_lots) == (2_200, True, 0)


def test_socialise_when_open_interest_is_zero_then_an_index_finds_nobody_and_the_next_rule_is_asked() -> None:
    """After the netting nobody holds BTC: the index charges di and ed only what comes from ETH - nothing is left there.

    All 188 lie on BTC, so winners pro rata take them from di.
    """
    book = ruined_elsewhere()
    facts = checked_step(book, Rules(loss_rule=FundingIndex() | WinnersProRata()))
    told = [(fact.rule.partition("(")[0], fact.debt_quanta, len(fact.haircuts)) for fact in of(facts, m.Socialised)]
    assert told == [("winners-pro-rata", 188, 1)]


def test_halt_when_nobody_has_gained_then_the_loss_is_a_residual_and_the_domain_stands_still() -> None:
    """The market is settled at 70 before a step: al is flat and 100 short, bo's gain is closed, nothing can be cut."""
    book = fallen(70)
    submit(book, m.SettleMarket(time_ns=1, market_id="BTC", price_ticks=70))
    residual = only(checked_step(book), m.ResidualNamed).residuals[0]
    assert equities(book) == {"al": 0, "bo": 800}
    assert (residual.named_quanta, residual.reason, book.residual_quanta, book.halted) == (100, "capacity", 100, True)
