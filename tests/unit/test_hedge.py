"""Hedge mode, on numbers that can be checked by hand: a leg per side, netting, closing orders, isolated sides.

A lot of market BTC is worth its price in quanta; maintenance is 5 % of notional, initial 10 %.
"""

import pytest

from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity, initial_numerator, is_unhealthy, maintenance_numerator
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deleveraged,
    Deposit,
    ListMarket,
    MarkUpdate,
    Netted,
    OpenAccount,
    OpenIsolated,
    PlaceOrder,
    Reduced,
    Rejection,
    RunStep,
    SetMarks,
    SettleMarket,
    Trade,
)
from deleverage.rulebook.orders import held_lots
from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.rules import Rules
from tests.properties.stories import submit

TERMS = MarketTerms("BTC", 1, (Tier(0, 50_000_000, 100_000_000),), 10**6, 10**6, 10**6)


def opened(**deposits: int) -> Book:
    """Return a book at a mark of 100: accounts whose name starts with h are in hedge mode."""
    book = Book()
    submit(book, ListMarket(time_ns=0, terms=TERMS))
    submit(book, SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 100),)))
    for name, amount in deposits.items():
        submit(book, OpenAccount(time_ns=0, account_id=name, hedge=name.startswith("h")))
        submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    return book


def trade(buyer: str, seller: str, lots: int, buyer_side: str = "", seller_side: str = "", price: int = 100) -> Trade:
    """Return a trade of BTC."""
    return Trade(
        time_ns=0,
        market_id="BTC",
        buyer_unit_id=buyer,
        seller_unit_id=seller,
        lots=lots,
        price_ticks=price,
        buyer_side=buyer_side,
        seller_side=seller_side,
    )


def order(unit: str, lots: int, price: int, leg_side: str = "", order_id: str = "o") -> PlaceOrder:
    """Return an order in BTC."""
    return PlaceOrder(
        time_ns=0,
        order_id=order_id,
        unit_id=unit,
        market_id="BTC",
        lots=lots,
        price_ticks=price,
        leg_side=leg_side,
    )


def code_of(book: Book, command: Command) -> Code:
    """Return the code with which a command is refused."""
    answer = decide(book, command, Rules())
    assert isinstance(answer, Rejection), answer
    return answer.code


def hedged() -> Book:
    """Return h with 30 long and 10 short at 100, a and b on the other sides."""
    book = opened(h=1_000, a=10_000, b=10_000)
    submit(book, trade("h", "a", 30, buyer_side="long"))
    submit(book, trade("b", "h", 10, seller_side="short"))
    return book


def test_hedge_when_a_unit_buys_and_sells_then_it_holds_two_legs_and_both_need_margin() -> None:
    """30 long and 10 short need 5 % of 4,000, not of the net 2,000; open interest counts the longs of everybody: 40."""
    book = hedged()
    legs = book.units["h"].legs
    assert {leg_id: leg.lots for leg_id, leg in legs.items()} == {"BTC/long": 30, "BTC/short": -10}
    assert maintenance_numerator(book, book.units["h"]) == 200 * MARGIN_SCALE
    assert book.markets["BTC"].open_interest_lots == 30 + 10


def test_hedge_when_the_mark_moves_then_only_the_net_position_counts() -> None:
    """At 90 the long loses 300 and the short gains 100."""
    book = hedged()
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 90),)))
    assert equity(book, book.units["h"]) == 1_000 - 300 + 100


def test_hedge_when_a_trade_closes_more_than_the_leg_has_then_it_is_refused_and_never_flips() -> None:
    """11 of 10 short lots cannot be bought back; 10 can, and the leg is gone."""
    book = hedged()
    assert code_of(book, trade("h", "b", 11, buyer_side="short")) is Code.MORE_THAN_HELD
    submit(book, trade("h", "b", 10, buyer_side="short"))
    assert list(book.units["h"].legs) == ["BTC/long"]


def test_hedge_when_closing_orders_together_exceed_the_leg_then_the_last_is_refused() -> None:
    """10 short: orders to buy back 7 and 3 rest and hold no margin, one more lot is refused."""
    book = hedged()
    before = initial_numerator(book, book.units["h"])
    submit(book, order("h", 7, 95, "short", "o1"))
    submit(book, order("h", 3, 95, "short", "o2"))
    assert code_of(book, order("h", 1, 95, "short", "o3")) is Code.MORE_THAN_HELD
    assert held_lots(book, book.units["h"]) == {"BTC/long": 30, "BTC/short": 10}
    assert initial_numerator(book, book.units["h"]) == before


def test_hedge_when_an_opening_order_rests_then_it_holds_margin_beside_the_leg() -> None:
    """30 long and an order for 5 more: 35 are held; the short leg is another leg."""
    book = hedged()
    submit(book, order("h", 5, 95, "long"))
    assert held_lots(book, book.units["h"]) == {"BTC/long": 35, "BTC/short": 10}


@pytest.mark.parametrize(
    "command",
    [
        trade("h", "a", 1),
        trade("a", "b", 1, buyer_side="long"),
        trade("h", "a", 1, buyer_side="up"),
        order("h", 1, 100),
        order("a", 1, 100, "short"),
        OpenIsolated(time_ns=0, account_id="h", market_id="BTC"),
        OpenIsolated(time_ns=0, account_id="a", market_id="BTC", side="long"),
    ],
)
def test_hedge_when_a_side_does_not_fit_the_mode_then_the_command_is_refused(command: Command) -> None:
    """Hedge mode needs a side, one-way mode has none."""
    assert code_of(opened(h=1_000, a=1_000, b=1_000), command) is Code.WRONG_SIDE


@pytest.mark.parametrize("role", ["fund", "backstop"])
def test_hedge_when_a_fund_or_backstop_asks_for_it_then_it_is_refused(role: str) -> None:
    """Who takes lots over holds one position per market."""
    assert code_of(Book(), OpenAccount(time_ns=0, account_id="x", role=role, hedge=True)) is Code.BAD_ROLE


def test_hedge_when_a_leg_is_isolated_then_its_unit_holds_that_side_only() -> None:
    """h/BTC/short has a quote of its own; a long there is the wrong side, and its loss stays there."""
    book = opened(h=1_000, a=10_000)
    submit(book, OpenIsolated(time_ns=0, account_id="h", market_id="BTC", side="short"))
    submit(book, Deposit(time_ns=0, unit_id="h/BTC/short", amount_quanta=150))
    assert code_of(book, trade("h/BTC/short", "a", 1, buyer_side="long")) is Code.WRONG_SIDE
    submit(book, trade("a", "h/BTC/short", 10, seller_side="short"))
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 120),)))
    assert (equity(book, book.units["h/BTC/short"]), equity(book, book.units["h"])) == (-50, 1_000)


def test_netting_when_a_hedged_unit_is_unhealthy_then_it_is_healthy_without_having_lost_anything() -> None:
    """At 88 equity 160 is less than 5 % of 40 lots, 176; after netting 20 lots are left and 88 are enough."""
    book = opened(h=400, a=10_000, b=10_000)
    submit(book, trade("h", "a", 30, buyer_side="long"))
    submit(book, trade("b", "h", 10, seller_side="short"))
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 89),)))
    assert (equity(book, book.units["h"]), is_unhealthy(book, book.units["h"])) == (180, False)
    submit(book, SetMarks(time_ns=2, marks=(MarkUpdate("BTC", 88),)))
    assert (equity(book, book.units["h"]), is_unhealthy(book, book.units["h"])) == (160, True)
    facts = submit(book, RunStep(time_ns=2))
    (netted,) = [fact for fact in facts if isinstance(fact, Netted)]
    assert [(f.leg_id, f.lots, f.amount_quanta) for f in netted.fills] == [
        ("BTC/long", -10, 880),
        ("BTC/short", 10, -880),
    ]
    assert {leg_id: leg.lots for leg_id, leg in book.units["h"].legs.items()} == {"BTC/long": 20}
    assert (equity(book, book.units["h"]), is_unhealthy(book, book.units["h"])) == (160, False)
    assert book.markets["BTC"].open_interest_lots == 30


def test_liquidation_when_a_closing_order_is_larger_than_its_leg_then_only_the_leg_is_filled() -> None:
    """h rests to buy back 10 short lots, buys 6 back otherwise, and meets a seller of 20: 4 are filled, 6 stay open."""
    book = opened(h=10_000, a=150, b=10_000)
    submit(book, trade("b", "h", 10, seller_side="short"))
    submit(book, trade("a", "b", 15))
    submit(book, order("h", 10, 95, "short"))
    submit(book, trade("h", "b", 6, buyer_side="short"))
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 94),)))
    facts = submit(book, RunStep(time_ns=1))
    (reduced,) = [fact for fact in facts if isinstance(fact, Reduced)]
    assert [(f.unit_id, f.leg_id, f.lots) for f in reduced.fills] == [("h", "BTC/short", 4), ("a", "BTC", -4)]
    assert [tuple(change) for change in reduced.orders] == [("o", 6)]


def test_deleveraging_when_a_candidate_is_hedged_then_the_opposite_leg_is_closed_and_the_other_is_named_naked() -> None:
    """a's 20 long fail at 70. h's short scores 600 x 1,400 / (2,000 x 4,700), b's 900 x 2,100 / (3,000 x 10,900)."""
    book = opened(h=5_000, a=250, b=10_000)
    submit(book, trade("h", "b", 30, buyer_side="long"))
    submit(book, trade("a", "h", 20, seller_side="short"))
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70),)))
    facts = submit(book, RunStep(time_ns=1))
    (told,) = [fact for fact in facts if isinstance(fact, Deleveraged)]
    (closing,) = told.closings
    assert (closing.unit_id, closing.leg_side, closing.closed_lots, closing.naked_lots) == ("h", "short", 20, 30)
    assert {leg_id: leg.lots for leg_id, leg in book.units["h"].legs.items()} == {"BTC/long": 30}


def test_settlement_when_a_unit_is_hedged_then_both_legs_are_closed() -> None:
    """At 110 h has 1,000 + 300 - 100 in cash and no lots."""
    book = hedged()
    submit(book, SettleMarket(time_ns=1, market_id="BTC", price_ticks=110))
    assert (book.units["h"].quote, book.units["h"].legs) == (1_200, {})
    assert book.markets["BTC"].open_interest_lots == 0
