"""Winners: who is asked, for how much, and what they keep - never more than there is, never a quantum unevenly."""

import pytest

from deleverage.domain import Domain
from deleverage.rulebook.book import Book
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.messages import (
    Deleveraged,
    RunStep,
    Socialised,
)
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import ProRata
from tests.properties.stories import mark, open_book, submit, trade
from tests.vulnerabilities.told import (
    checked_step,
    closed,
    deal,
    equities,
    given_up,
    lots,
    marks,
    only,
)


def test_profit_when_it_is_larger_than_all_other_money_then_the_difference_is_explicit() -> None:
    """al pays in 10 and loses 300, the pool is empty: bo, who is owed 300, is closed with 10, and 290 are named."""
    book = open_book({"al": 10, "bo": 500})
    trade(book, "al", "bo", 10)
    mark(book, 70)
    fact = only(checked_step(book), Deleveraged)
    assert given_up(fact) == {"bo": 290}
    assert equities(book) == {"al": 0, "bo": 510}
    assert book.net_deposits_quanta == 510


@pytest.mark.parametrize(("owed", "paid"), [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (4, [2, 1, 1])])
def test_dust_when_it_does_not_divide_then_it_is_collected_exactly_and_never_given_to_the_last(
    owed: int, paid: list[int]
) -> None:
    """Three equal winners, one lot each: 1 is not 0, 2 are 1 + 1 + 0 (not 0 + 0 + 2), and the sum is always exact."""
    book = open_book({"al": 90 - owed, "b1": 100, "b2": 100, "b3": 100})
    for unit_id in ("b1", "b2", "b3"):
        trade(book, "al", unit_id, 1)
    mark(book, 70)
    fact = only(checked_step(book, Rules(policy=ProRata())), Deleveraged)
    assert [given_up(fact)[unit_id] for unit_id in ("b1", "b2", "b3")] == paid
    assert equities(book)["al"] == 0


def test_winner_when_it_is_on_the_same_side_then_it_is_never_taken() -> None:
    """al is long from 100 and bankrupt at 40; di is long from 30 and wins 100. Closed is bo, who is short, 10 lots."""
    book = open_book({"al": 200, "bo": 5_000, "di": 1_000})
    mark(book, 30)
    submit(book, deal("di", "bo", 10, 30))
    mark(book, 100)
    submit(book, deal("al", "bo", 10, 100))
    mark(book, 40)
    fact = only(checked_step(book), Deleveraged)
    assert closed(fact) == {"bo": 10}
    assert (lots(book, "di"), equities(book)["di"]) == (10, 1_100)


def test_bankrupt_when_its_counterparty_is_poor_then_it_gets_what_is_there_and_not_a_quantum_more() -> None:
    """al is 200 short; bo, the only candidate, has 90 because it lost 410 in ETH: 200 = 90 from bo + 110 from zed.

    bo: 200 + 300 (BTC) - 410 (ETH at 59) = 90. zed has bo's 410 as an open gain, of which 110 are cut.
    """
    book = open_book({"al": 100, "bo": 200, "zed": 1_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "bo", "zed", 10, "ETH")
    marks(book, BTC=70, ETH=59)
    assert equities(book) == {"al": -200, "bo": 90, "zed": 1_410}
    facts = checked_step(book)
    assert given_up(only(facts, Deleveraged)) == {"bo": 90}
    assert only(facts, Socialised).haircuts[0].taken_quanta == 110
    assert equities(book) == {"al": 0, "bo": 0, "zed": 1_300}


def test_winner_when_it_is_closed_at_the_bankruptcy_price_then_the_deficit_does_not_vanish() -> None:
    """al pays in 50 and loses 600: 550 short. bo's open profit is 600; it keeps 50 of it, not 600: 100 + 50."""
    book = open_book({"al": 50, "bo": 100})
    trade(book, "al", "bo", 10)
    mark(book, 40)
    assert given_up(only(checked_step(book), Deleveraged)) == {"bo": 550}
    assert equities(book) == {"al": 0, "bo": 150}


def test_twins_when_one_is_long_and_one_short_then_both_are_treated_alike() -> None:
    """A fall of 30 for longs and a rise of 30 for shorts: the same shortfall, the same money, the same equities."""
    told = []
    for side, ticks in ((1, 70), (-1, 130)):
        book = open_book({"al": 200, "bo": 500, "cy": 3_000})
        for unit_id, count in (("bo", 8), ("cy", 2)):
            pair = ("al", unit_id) if side > 0 else (unit_id, "al")
            trade(book, *pair, count)
        mark(book, ticks)
        fact = only(checked_step(book, Rules(policy=ProRata())), Deleveraged)
        told.append((given_up(fact), closed(fact), equities(book)))
    assert told[0] == told[1]


class Solvent:
    """A watcher that adds up, after every fact, what everybody may claim and what is there."""

    def before(self, book: Book, fact: object) -> None:
        """Nothing."""

    def after(self, book: Book, fact: object) -> None:
        """Compare."""
        claims = sum(equities(book).values()) + sum(book.pots.values()) - book.residual_quanta
        assert claims == book.net_deposits_quanta


def test_books_when_winners_are_owed_more_than_the_pool_then_assets_cover_it_after_every_fact() -> None:
    """Shorts win 560 at 30 against longs who paid in 300; the fund has 30: 560 - 260 + 30 = 330 of profit are paid.

    al is 180 short, am 80; bo and cy end with 50 + 165 each.
    """
    book = open_book({"al": 100, "am": 200, "bo": 50, "cy": 50}, 30)
    trade(book, "al", "bo", 4)
    trade(book, "am", "cy", 4)
    mark(book, 30)
    Domain(book, Rules()).submit([RunStep(time_ns=2)], Solvent())
    assert equities(book) == {"al": 0, "am": 0, "bo": 215, "cy": 215}


def test_clawback_when_it_is_the_preset_then_the_net_profit_of_the_period_pays_pro_rata() -> None:
    """al (10 BTC long, 200) is 100 short at 70, where bo has won 180 and ed 120; ETH at 90 takes 60 off bo, for gi.

    Net profits of the period are 120, 120 and 60: the 100 are a third of them, 40, 40 and 20. Over gross ones bo would
    have paid half.
    """
    book = open_book({"al": 200, "bo": 500, "ed": 500, "gi": 500}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 6)
    trade(book, "al", "ed", 4)
    trade(book, "bo", "gi", 6, "ETH")
    mark(book, 70)
    mark(book, 90, "ETH")
    facts = checked_step(book, Rules(price=Mark(), loss_rule=Clawback()))
    cuts = {haircut.unit_id: haircut.taken_quanta for haircut in only(facts, Socialised).haircuts}
    assert cuts == {"bo": 40, "ed": 40, "gi": 20}
    assert equities(book)["al"] == 0
