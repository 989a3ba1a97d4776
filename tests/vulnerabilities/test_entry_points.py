"""What users and feeds can do before, during and after a deleveraging, and must not be able to do."""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import (
    Code,
    Deleveraged,
    Deposit,
    MarkUpdate,
    MoneyOut,
    MoveMargin,
    OpenIsolated,
    OrdersCancelled,
    Reduced,
    ResidualNamed,
    Resume,
    RunStep,
    SetMarks,
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
    order,
    refused,
)

STALE_AFTER_10 = Rules(max_mark_age_ns=10)


def test_order_when_its_owner_was_deleveraged_then_it_is_gone_with_the_lots() -> None:
    """bo is short 12 and rests a buy of 12 to go home. 10 of its lots are closed by force; the order goes in that fact.

    Left alone it would buy 12 against the 2 that are left, and bo would be long 10, which it never asked for. Its order
    in a market in which it was not closed, and the order of cy, who was not touched, stay.
    """
    book = crashed()
    submit(book, order("home", "bo", 12, 65, time_ns=1))
    submit(book, order("other", "cy", 4, 65, time_ns=1))
    fact = only(checked_step(book), Deleveraged)
    assert [(change.order_id, change.lots_left) for change in fact.orders] == [("home", 0)]
    assert (lots(book, "bo"), list(book.orders)) == (-2, ["other"])


def test_marks_when_one_of_a_set_is_bad_then_none_is_taken() -> None:
    """70 for BTC and 0 for ETH: both or neither. Open interest is the sum of the longs before and after."""
    book = open_book({"al": 200, "bo": 500}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    bad = SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70), MarkUpdate("ETH", 0)))
    assert refused(book, bad) is Code.BAD_PRICE
    assert book.markets["BTC"].mark_price_ticks == 100
    assert book.markets["BTC"].open_interest_lots == lots(book, "al") == 10


@pytest.mark.parametrize("ticks", [0, -1, 10**6 + 1])
def test_price_when_it_is_zero_negative_or_absurd_then_nobody_is_liquidated_by_it(ticks: int) -> None:
    """A migration sets a price to 0: refused by the law itself, whatever the feed says, confirmed or not."""
    book = crashed()
    for confirmed in (False, True):
        command = SetMarks(time_ns=1, marks=(MarkUpdate("BTC", ticks),), confirmed=confirmed)
        assert refused(book, command) is Code.BAD_PRICE


def test_price_when_it_leaves_its_band_then_it_waits_for_somebody_to_vouch_for_it() -> None:
    """From 100 to 1 with a band of 50 %: guarded, no forced act, al stays. Confirmed, the same price is taken."""
    rules = Rules(mark_band_ppb=500_000_000)
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    mark(book, 1, rules=rules)
    (end,) = checked_step(book, rules)
    assert isinstance(end, StepEnded)
    assert (end.guarded, lots(book, "al"), book.markets["BTC"].mark_price_ticks) == (("BTC: out_of_band",), 10, 100)
    submit(book, SetMarks(time_ns=3, marks=(MarkUpdate("BTC", 1),), confirmed=True), rules)
    assert of(checked_step(book, rules, time_ns=3), Deleveraged)


def test_mark_when_it_is_stale_after_a_pause_then_no_forced_act_comes_from_it() -> None:
    """The mark of 70 is 99 ns old after a pause, 10 are allowed: guarded until a fresh one comes, then closed."""
    book = crashed()
    (end,) = checked_step(book, STALE_AFTER_10, time_ns=100)
    assert isinstance(end, StepEnded)
    assert (end.guarded, lots(book, "al")) == (("BTC: stale",), 10)
    marks(book, time_ns=101, BTC=70)
    assert sum(closed(only(checked_step(book, STALE_AFTER_10, time_ns=101), Deleveraged)).values()) == 10


def halted() -> Book:
    """Return a halted domain: al (10 long, 110) is 690 short at 20, nobody has an open gain, all of it is named."""
    book = open_book({"al": 110, "bo": 1_000})
    trade(book, "al", "bo", 10)
    mark(book, 20)
    checked_step(book, Rules(price=Mark()))
    return book


def test_domain_when_it_is_halted_then_neither_a_step_nor_a_resume_gets_around_the_residual() -> None:
    """690 are named; no step, no order, no opening trade, and no resume before the residual is repaid."""
    book = halted()
    assert (book.halted, book.residual_quanta) == (True, 690)
    assert refused(book, RunStep(time_ns=3)) is Code.DOMAIN_HALTED
    assert refused(book, order("x", "bo", 1, 20, time_ns=3)) is Code.DOMAIN_HALTED
    assert refused(book, deal("bo", "al", 1, 20, time_ns=3)) is Code.DOMAIN_HALTED
    assert refused(book, Resume(time_ns=3)) is Code.RESIDUAL_OUTSTANDING


def test_trade_when_buyer_and_seller_are_one_then_it_is_refused() -> None:
    """al trades with itself at a price of its own: no such trade, so nothing about its margin changes."""
    book = crashed()
    assert refused(book, deal("al", "al", 1, 1_000)) is Code.SELF_TRADE


def test_unit_when_it_reduces_by_one_lot_then_it_is_still_liquidated() -> None:
    """al (104 paid in) is unhealthy at 90: 4 against 4.5. It sells one lot at 90: 4 against 4.05, still unhealthy.

    Health is looked at anew in the step: the other 9 lots go to the bid.
    """
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    submit(book, deal("bo", "al", 1, 90))
    fact = only(checked_step(book), Reduced)
    assert sum(-fill.lots for fill in fact.fills if fill.unit_id == "al") == 9


@pytest.mark.parametrize("nudges", [1, 5])
def test_debtor_when_it_keeps_moving_then_its_closing_is_not_put_off(nudges: int) -> None:
    """al is 100 short and pays in one quantum again and again, or trades: it is closed in the next step anyway."""
    book = crashed()
    for _ in range(nudges):
        submit(book, Deposit(time_ns=1, unit_id="al", amount_quanta=1))
    assert refused(book, deal("bo", "al", 1, 70)) is Code.BELOW_ZERO
    checked_step(book)
    assert lots(book, "al") == 0


def test_unit_when_the_price_comes_back_before_the_step_then_nothing_is_taken_from_it() -> None:
    """At 70 al is 100 short, at 100 again it has 200: the step looks at today's mark and leaves it alone."""
    book = crashed()
    mark(book, 100)
    (end,) = checked_step(book)
    assert isinstance(end, StepEnded)
    assert (lots(book, "al"), equities(book)["al"]) == (10, 200)


def test_bankrupt_when_the_price_comes_back_while_a_guard_holds_it_then_it_keeps_its_money() -> None:
    """At BTC 70 al (250 paid in, 10 BTC, 10 ETH) is 50 short and declared; ETH is guarded at 100 and cannot be closed.

    21 of the 50 lie on BTC (70 of 170 by maintenance) and are asked of bo; al waits with 29 short. ETH comes back at
    130: al has -29 + 300 = 271. Its ETH lots are still closed, but at the mark: it keeps the 271 to the quantum.
    """
    rules = Rules(mark_band_ppb=400_000_000)
    book = open_book({"al": 250, "bo": 900, "cy": 3_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "cy", 10, "ETH")
    marks(book, rules, BTC=70, ETH=40)
    assert given_up(only(checked_step(book, rules), Deleveraged)) == {"bo": 21}
    assert (book.units["al"].bankrupt, lots(book, "al", "ETH"), equities(book)["al"]) == (True, 10, -29)
    marks(book, rules, time_ns=3, ETH=130)
    assert given_up(only(checked_step(book, rules, time_ns=3), Deleveraged)) == {"cy": 0}
    assert (book.units["al"].bankrupt, lots(book, "al", "ETH"), equities(book)["al"]) == (False, 0, 271)


def bankrupt_and_waiting() -> Book:
    """Return a book in which al, cross and 300 short, waits because its ETH leg is guarded; BTC is closed already."""
    rules = Rules(mark_band_ppb=500_000_000)
    book = open_book({"al": 400, "bo": 3_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "bo", 1, "ETH")
    submit(book, OpenIsolated(time_ns=0, account_id="al", market_id="ETH"))
    marks(book, rules, BTC=55, ETH=1)
    facts = checked_step(book, rules)
    assert only(facts, ResidualNamed).residuals[0].reason == "guard"
    return book


def test_bankrupt_when_it_waits_then_no_entry_point_is_open_to_it() -> None:
    """Nobody may close against it, feed it, draw on it, or move money past it: all seven commands are refused."""
    book = bankrupt_and_waiting()
    for command in (
        Deposit(time_ns=3, unit_id="al", amount_quanta=1),
        Withdraw(time_ns=3, unit_id="al", amount_quanta=1),
        MoveMargin(time_ns=3, from_unit_id="al", to_unit_id="al/ETH", amount_quanta=1),
        MoveMargin(time_ns=3, from_unit_id="al/ETH", to_unit_id="al", amount_quanta=1),
        deal("bo", "al", 1, 1, time_ns=3, market_id="ETH"),
        deal("al", "bo", 1, 1, time_ns=3, market_id="ETH"),
        order("x", "al", 1, 1, time_ns=3),
    ):
        assert refused(book, command) is Code.UNIT_BANKRUPT, command


def test_survivor_when_it_was_deleveraged_then_its_size_is_what_is_left_everywhere() -> None:
    """bo had 12 short lots, 10 were closed. A purchase of 5 closes 2 and opens 3; margin is asked for 3, not for 12.

    Its equity of 760 would carry 12; what is refused is 80,000 lots (1 % of 70 each), not 5.
    """
    book = crashed()
    checked_step(book)
    assert refused(book, deal("bo", "di", 80_000, 70, time_ns=3)) is Code.BELOW_INITIAL_MARGIN
    submit(book, deal("bo", "di", 5, 70, time_ns=3))
    assert (lots(book, "bo"), lots(book, "di")) == (3, 1)
    assert book.markets["BTC"].open_interest_lots == 4


def test_survivors_when_a_deleveraging_is_over_then_each_can_reduce_to_zero_and_leave_with_everything() -> None:
    """bo -2, cy -4, di +6 trade home at 70 and withdraw 760, 3,120 and 820: the domain is empty to the last quantum."""
    book = crashed()
    checked_step(book)
    for buyer, count in (("bo", 2), ("cy", 4)):
        submit(book, deal(buyer, "di", count, 70, time_ns=3))
    paid = {}
    for unit_id, amount in equities(book).items():
        if amount:
            (fact,) = submit(book, Withdraw(time_ns=4, unit_id=unit_id, amount_quanta=amount))
            assert isinstance(fact, MoneyOut)
            paid[unit_id] = fact.paid_quanta
    assert paid == {"bo": 760, "cy": 3_120, "di": 820}
    assert (book.net_deposits_quanta, sum(book.pots.values()), book.residual_quanta) == (0, 0, 0)


def test_trade_when_it_crosses_zero_then_its_own_equity_must_carry_the_new_side() -> None:
    """bo, short 2 with 760, buys 1,088 or 1,089 lots at 70: 2 close, the rest opens at 1 % of 70 each.

    1,086 lots need 760.2, which it has not; 1,085 (a purchase of 1,087) need 759.5. What others hold plays no part.
    """
    book = crashed()
    submit(book, Deposit(time_ns=1, unit_id="di", amount_quanta=10**6))
    checked_step(book)
    assert refused(book, deal("bo", "di", 1_088, 70, time_ns=3)) is Code.BELOW_INITIAL_MARGIN
    submit(book, deal("bo", "di", 1_087, 70, time_ns=3))
    assert lots(book, "bo") == 1_085


def test_deposit_when_it_cures_before_the_step_then_the_money_stays_the_users() -> None:
    """al is 100 short and pays in 200 before the step: it has 100, keeps all of it, and none of it is consumed."""
    book = crashed()
    submit(book, Deposit(time_ns=1, unit_id="al", amount_quanta=200))
    (end,) = checked_step(book)
    assert isinstance(end, StepEnded)
    assert (equities(book)["al"], lots(book, "al")) == (100, 10)


def test_account_when_it_only_has_orders_then_a_step_leaves_it_alone() -> None:
    """ed has never traded and rests an order: it is neither distressed nor a candidate, and the order stays."""
    book = open_book({"al": 200, "bo": 500, "ed": 100})
    trade(book, "al", "bo", 10)
    submit(book, order("rest", "ed", -1, 500))
    mark(book, 70)
    facts = checked_step(book)
    assert of(facts, OrdersCancelled) == []
    assert (list(book.orders), equities(book)["ed"]) == (["rest"], 100)
