"""The grace after a halt: who is spared by which stage, who is not, and until when.

Margin is 10 % initial and 5 % maintenance. al is long 10 lots from 100 with 200 deposited: at a mark of 84 its equity
is 200 - 160 = 40, below the maintenance of 840 x 5 % = 42, and above zero; at 79 it is bankrupt, 10 short.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.throttle import Limit
from tests.properties.stories import close_out_at_maintenance, mark, submit, trade
from tests.properties.test_corners import domain

GRACE = Rules(grace_ns=100)
RESUMED_NS = 5
SPARED = m.Spared("al", "BTC", RESUMED_NS + 100)


def unhealthy(price_ticks: int = 84, market_ids: tuple[str, ...] = ("BTC",)) -> Book:
    """Return a book in which BTC was halted, fell to a mark, and is resumed at 5 ns; al is long 10 lots."""
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000, "di": 5_000}, market_ids)
    trade(book, "al", "bo", 10)
    return resumed(book, price_ticks)


def resumed(book: Book, price_ticks: int) -> Book:
    """Halt BTC, let its mark fall, resume it."""
    submit(book, m.Halt(time_ns=1, scope="BTC", reason="drill"))
    mark(book, price_ticks)
    submit(book, m.Resume(time_ns=RESUMED_NS, scope="BTC"), GRACE)
    return book


def order(book: Book, unit_id: str, lots: int, price_ticks: int, market_id: str = "BTC") -> None:
    """Rest an order, now."""
    placed = m.PlaceOrder(
        time_ns=book.time_ns,
        order_id=f"{unit_id}-{lots}",
        unit_id=unit_id,
        market_id=market_id,
        lots=lots,
        price_ticks=price_ticks,
    )
    submit(book, placed)


def run(book: Book, time_ns: int, rules: Rules = GRACE) -> tuple[m.Fact, ...]:
    """Run a step at a time."""
    return submit(book, m.RunStep(time_ns=time_ns), rules)


def ended(facts: tuple[m.Fact, ...]) -> m.StepEnded:
    """Return the end of a step."""
    assert isinstance(facts[-1], m.StepEnded)
    return facts[-1]


def kinds(facts: tuple[m.Fact, ...]) -> list[str]:
    """Return the kinds of facts but for the end of the step."""
    return [type(fact).__name__ for fact in facts[:-1]]


def test_stage_2_when_the_grace_runs_then_lots_stay_and_the_step_says_who_is_spared_and_until_when() -> None:
    """cy bids for all 10 lots: nothing is sold at 104, all of it at 105, when the grace is over."""
    book = unhealthy()
    order(book, "cy", 10, 84)
    facts = run(book, 104)
    assert (kinds(facts), ended(facts).spared) == ([], (SPARED,))
    facts = run(book, 105)
    assert (kinds(facts), ended(facts).spared) == (["Reduced"], ())
    assert book.units["al"].legs == {}


def test_stage_1_when_the_grace_runs_then_orders_stay() -> None:
    """al's own order to sell a lot is how it would help itself: it stays at 104 and is cancelled at 105."""
    book = domain({"al": 200, "bo": 5_000})
    trade(book, "al", "bo", 10)
    order(book, "al", -1, 90)
    resumed(book, 84)
    assert kinds(run(book, 104)) == []
    assert list(book.orders) == ["al--1"]
    assert kinds(run(book, 105)) == ["OrdersCancelled"]


def test_stage_1_when_the_grace_runs_then_opposite_legs_are_not_netted() -> None:
    """he: 120, 10 long and 2 short from 100: at 90 equity 120 - 100 + 20 = 40 < (900 + 180) x 5 % = 54."""
    book = domain({"bo": 5_000, "cy": 5_000})
    submit(book, m.OpenAccount(time_ns=0, account_id="he", hedge=True))
    submit(book, m.Deposit(time_ns=0, unit_id="he", amount_quanta=200))
    for lots, side, buyer, seller in ((10, "long", "he", "bo"), (2, "short", "cy", "he")):
        sides = {"buyer_side" if buyer == "he" else "seller_side": side}
        parties = {"buyer_unit_id": buyer, "seller_unit_id": seller}
        submit(book, m.Trade(time_ns=0, market_id="BTC", lots=lots, price_ticks=100, **parties, **sides))
    submit(book, m.Withdraw(time_ns=0, unit_id="he", amount_quanta=80))
    resumed(book, 90)
    facts = run(book, 104)
    assert (kinds(facts), ended(facts).spared) == ([], (m.Spared("he", "BTC", 105),))
    assert kinds(run(book, 105)) == ["Netted"]


def test_stage_3_when_the_grace_runs_then_no_backstop_takes_over_whoever_is_not_bankrupt() -> None:
    """Below close-out (all of maintenance) and above zero: taken over at 105 only."""
    book = unhealthy()
    close_out_at_maintenance(book)
    submit(book, m.OpenAccount(time_ns=6, account_id="vault", role="backstop", backstop_capacity_lots=50))
    submit(book, m.Deposit(time_ns=6, unit_id="vault", amount_quanta=5_000))
    assert kinds(run(book, 104)) == []
    assert kinds(run(book, 105)) == ["TakenOver", "FundPaid"]


def test_stage_3_when_several_classes_of_backstops_are_asked_then_each_leaves_the_spared_alone() -> None:
    """be (150, long 10) is 10 short at 84: x takes 5 at any edge, y the other 5 at its edge of -2 %; al keeps its 10.

    al's lot of ETH, where no grace is, makes it a source (205 - 160 = 45 against 42 + 5), and goes to x. What is left
    in BTC after x is asked anew, and must not be what al holds there.
    """
    book = domain({"al": 205, "be": 150, "bo": 5_000}, ("BTC", "ETH"))
    trade(book, "al", "bo", 1, "ETH")
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    trade(book, "be", "bo", 10)
    for name, capacity_lots in (("x", 5), ("y", 50)):
        submit(book, m.OpenAccount(time_ns=0, account_id=name, role="backstop", backstop_capacity_lots=capacity_lots))
        submit(book, m.Deposit(time_ns=0, unit_id=name, amount_quanta=5_000))
    submit(book, m.SetProgramme(time_ns=0, account_id="y", capacity_lots=50, minimum_edge_ppb=-20_000_000))
    resumed(book, 84)
    facts = run(book, 104)
    taken = [[(fill.unit_id, fill.lots) for fill in fact.fills] for fact in facts if isinstance(fact, m.TakenOver)]
    assert taken == [[("x", 5), ("be", -5)], [("y", 5), ("be", -5)], [("x", 1), ("al", -1)]]
    assert book.units["al"].legs["BTC"].lots == 10


def test_bankrupt_when_the_grace_runs_then_it_is_handled_as_ever() -> None:
    """At 79 al is 10 short: declared, and closed against bo, within the grace."""
    facts = run(unhealthy(79), 6)
    assert kinds(facts) == ["BankruptcyDeclared", "Deleveraged", "BankruptcyEnded"]
    assert ended(facts).spared == ()


def test_grace_when_a_unit_has_legs_elsewhere_then_those_are_handled_as_usual() -> None:
    """al also has 1 lot of ETH, which was never halted: it is sold to cy at 100; BTC's 10 lots are spared.

    Equity 40, maintenance 42 + 5; after the sale 40 against 42: still unhealthy, so the end of the step names it.
    """
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000}, ("BTC", "ETH"))
    trade(book, "al", "bo", 10)
    trade(book, "al", "bo", 1, "ETH")
    order(book, "cy", 5, 100, "ETH")
    resumed(book, 84)
    order(book, "cy", 10, 84)
    facts = run(book, 104)
    assert [fact.market_id for fact in facts if isinstance(fact, m.Reduced)] == ["ETH"]
    assert ended(facts).spared == (SPARED,)
    assert set(book.units["al"].legs) == {"BTC"}


def test_grace_when_the_mark_is_guarded_too_then_the_guard_is_named_and_nobody_is_spared() -> None:
    """Nothing is forced from a mark that is not believed, grace or not."""
    book = unhealthy()
    submit(book, m.SetMarks(time_ns=6, marks=(m.MarkUpdate("BTC", 90, 0),)))
    facts = run(book, 7)
    assert (ended(facts).guarded, ended(facts).spared) == (("BTC: under_sourced",), ())


# -- who opens loses it ---------------------------------------------------------------------------------------------


def deal(book: Book, buyer: str, seller: str, lots: int) -> None:
    """Trade at 100, now."""
    parties = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    submit(book, m.Trade(time_ns=book.time_ns, market_id="BTC", lots=lots, price_ticks=100, **parties))


def newcomer(price_ticks: int = 84) -> Book:
    """Return a book in which x buys 10 lots like al's, at 100, when BTC is resumed already; then the mark falls."""
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000, "x": 200})
    trade(book, "al", "bo", 10)
    resumed(book, 100)
    deal(book, "x", "bo", 10)
    submit(book, m.SetMarks(time_ns=RESUMED_NS, marks=(m.MarkUpdate("BTC", price_ticks),)))
    return book


@pytest.mark.parametrize(
    ("buyer", "seller", "lots", "lost"),
    [
        ("bo", "al", 2, ()),  # 10 long to 8, 10 short to 8
        ("bo", "al", 10, ()),  # both flat
        ("al", "cy", 1, ("al", "cy")),  # 10 to 11, and cy from nothing
        ("cy", "al", 2, ("cy",)),
        ("bo", "al", 11, ("al", "bo")),  # both flip, to 1 lot
    ],
)
def test_grace_when_a_fill_opens_lots_then_its_unit_loses_it_in_that_market(
    buyer: str, seller: str, lots: int, lost: tuple[str, ...]
) -> None:
    """al is long 10, bo short 10, cy flat. At 105 the grace is over, and nobody loses what has ended."""
    book = unhealthy(100)
    late = book.copy()
    late.time_ns = 105
    for one, expected in ((book, lost), (late, ())):
        deal(one, buyer, seller, lots)
        assert one.markets["BTC"].grace_lost == expected


def test_grace_when_it_is_given_anew_then_nobody_has_lost_it() -> None:
    """A second halt of BTC surprises x as well."""
    book = newcomer()
    assert list(book.markets["BTC"].grace_lost) == ["bo", "x"]
    submit(book, m.Halt(time_ns=6, scope="BTC", reason="drill"))
    submit(book, m.Resume(time_ns=6, scope="BTC"), GRACE)
    assert list(book.markets["BTC"].grace_lost) == []
    assert ended(run(book, 7)).spared == (m.Spared("al", "BTC", 106), m.Spared("x", "BTC", 106))


def test_stages_1_and_2_when_lots_were_opened_in_the_grace_then_those_are_liquidated_and_the_others_spared() -> None:
    """At 84 al and x have 40 of 42 each. x's order goes, cy buys its 10 lots at 84; al's order and lots stay."""
    book = newcomer(100)
    for unit_id in ("al", "x"):
        order(book, unit_id, -1, 90)
    submit(book, m.SetMarks(time_ns=RESUMED_NS, marks=(m.MarkUpdate("BTC", 84),)))
    order(book, "cy", 20, 84)
    facts = run(book, 104)
    assert (kinds(facts), ended(facts).spared) == (["OrdersCancelled", "Reduced"], (SPARED,))
    assert ({key: book.orders[key].lots for key in sorted(book.orders)}) == {"al--1": -1, "cy-20": 10}
    assert (book.units["x"].legs, book.units["x"].quote, book.units["al"].legs["BTC"].lots) == ({}, 40, 10)


def test_stage_2_when_a_spared_unit_has_an_order_in_the_book_then_it_is_not_sold_into_and_stays() -> None:
    """al (long 10, 40 of 42 at 84) bids for a lot, placed at 100: x finds no other order, and its 10 lots stay."""
    book = newcomer(100)
    order(book, "al", 1, 84)
    submit(book, m.SetMarks(time_ns=RESUMED_NS, marks=(m.MarkUpdate("BTC", 84),)))
    facts = run(book, 104)
    assert (kinds(facts), list(book.orders)) == ([], ["al-1"])
    assert [(sale.unit_id, sale.why) for sale in ended(facts).unsold] == [("x", "empty_book")]


def test_stage_3_when_lots_were_opened_in_the_grace_then_they_are_taken_over() -> None:
    """Close-out at maintenance: the vault takes x's 10 lots, not al's."""
    book = newcomer()
    close_out_at_maintenance(book)
    submit(book, m.OpenAccount(time_ns=6, account_id="vault", role="backstop", backstop_capacity_lots=50))
    submit(book, m.Deposit(time_ns=6, unit_id="vault", amount_quanta=5_000))
    facts = run(book, 104)
    taken = [[(fill.unit_id, fill.lots) for fill in fact.fills] for fact in facts if isinstance(fact, m.TakenOver)]
    assert (taken, ended(facts).spared) == ([[("vault", 10), ("x", -10)]], (SPARED,))


@pytest.mark.parametrize(("told_by", "binds"), [(unhealthy, False), (newcomer, True)])
def test_throttle_when_lots_were_opened_in_the_grace_then_they_wait_for_stage_2(
    told_by: Callable[[int], Book], binds: bool
) -> None:
    """One lot may be sold in a step: that keeps back x's other lots; al's are not asked for."""
    book = told_by(83)
    order(book, "cy", 10, 83)
    (told,) = ended(run(book, 104, replace(GRACE, reduce_throttle=(Limit(0, 1),)))).throttles
    assert (told.stage, told.binds) == (2, binds)


def test_fund_when_who_opened_in_the_grace_falls_in_two_steps_then_it_was_sold_out_at_the_first() -> None:
    """x (100, long 10 from 100) has 40 of 47 at 94; cy buys at 93, 30 are left; at 80 the fund's 500 pay nothing."""
    book = domain({"x": 100, "y": 1_000, "cy": 5_000})
    submit(book, m.DepositToFund(time_ns=0, amount_quanta=500))
    resumed(book, 100)
    deal(book, "x", "y", 10)
    order(book, "cy", 10, 93)
    for time_ns, price_ticks in ((6, 94), (7, 80)):
        submit(book, m.SetMarks(time_ns=time_ns, marks=(m.MarkUpdate("BTC", price_ticks),)))
        run(book, time_ns)
    assert (book.units["x"].quote, book.pots["fund"]) == (30, 500)


# -- who gives it ---------------------------------------------------------------------------------------------------


def resumption(book: Book, scope: str, rules: Rules = GRACE) -> tuple[tuple[str, ...], int]:
    """Return the markets in which a resumption gives a grace, and its end."""
    (fact,) = submit(book, m.Resume(time_ns=RESUMED_NS, scope=scope), rules)
    assert isinstance(fact, m.Resumed)
    return fact.grace, fact.grace_until_ns


def test_resume_when_the_domain_was_halted_then_every_live_market_has_a_grace_but_those_still_halted() -> None:
    """BTC is halted by itself, OLD settled, ETH and XRP live."""
    book = domain({"al": 200}, ("BTC", "ETH", "OLD", "XRP"))
    submit(book, m.SettleMarket(time_ns=0, market_id="OLD", price_ticks=100))
    submit(book, m.Halt(time_ns=0, scope="BTC", reason="drill"))
    submit(book, m.Halt(time_ns=0, scope="", reason="drill"))
    assert resumption(book, "") == (("ETH", "XRP"), 105)
    assert resumption(book, "BTC") == (("BTC",), 105)


def test_resume_when_nothing_was_halted_then_opening_a_reduce_only_market_gives_no_grace() -> None:
    """A grace makes up for a halt."""
    book = domain({"al": 200})
    book.markets["BTC"].reduce_only = True
    assert resumption(book.copy(), "") == ((), 0)
    assert resumption(book, "BTC") == ((), 0)


def test_resume_when_a_residual_was_repaid_then_its_halt_gives_a_grace_like_any() -> None:
    """Its marks stood still: the first new one may be far away."""
    book = domain({"al": 200})
    book.halted = True
    assert resumption(book.copy(), "") == (("BTC",), 105)
    assert resumption(book, "", Rules()) == ((), 0)


def test_rules_when_a_grace_is_negative_then_it_is_a_fault() -> None:
    """A time is not negative."""
    with pytest.raises(ConfigError, match="grace_ns is -1"):
        Rules(grace_ns=-1)


def test_grace_when_it_ends_then_the_step_is_decided_at_its_own_time() -> None:
    """The control: the same book without a grace is handled at once."""
    book = unhealthy()
    order(book, "cy", 10, 84)
    book.markets["BTC"].grace_until_ns = 0
    facts = decide(book, m.RunStep(time_ns=6), GRACE)
    assert isinstance(facts, tuple)
    assert kinds(facts) == ["Reduced"]
