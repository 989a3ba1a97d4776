"""Hedge mode in the exact model by itself, on books small enough to be worked out by hand."""

from tests.model.faults import equities, faults
from tests.parity.by_hand import TERMS, Book


def test_stage_1_when_an_unhealthy_unit_has_opposite_legs_then_netting_cures_it_and_moves_no_equity() -> None:
    """Long 10 and short 6 at 30 need 48, equity is 320 - 4 x 70 = 40; long 4 alone need 12."""
    book = Book(a=2000, b=2000, h=320)
    assert book.trade("h:long", "a", 10) is None
    assert book.trade("b", "h:short", 6) is None
    book.mark(30)
    before = equities(book.model)
    assert before["h"] == 40
    book.do("RunStep")
    assert equities(book.model) == before
    # Of the long leg's cost of 1000 six tenths are gone; what the one leg lost, 6 x 70, the other has won.
    unit = book.model.state()["units"]["h"]
    assert unit["legs"] == {"M/long": {"lots": 4, "cost": 400, "entry_funding": 0, "haircut": 0}}
    assert (unit["realised"], unit["quote"]) == (0, 320 - 400)
    assert (book.lots("a"), book.lots("b")) == ({"M": -10}, {"M": 6})
    assert book.model.last_step["rounds"] == 1


def test_stage_1_when_the_unit_is_healthy_then_nothing_is_netted() -> None:
    """At 60 the same legs need 96, and equity is 320 - 4 x 40 = 160."""
    book = Book(a=2000, b=2000, h=320)
    assert book.trade("h:long", "a", 10) is None
    assert book.trade("b", "h:short", 6) is None
    book.mark(60)
    book.do("RunStep")
    assert book.lots("h") == {"M/long": 10, "M/short": -6}


def test_stage_1_when_the_market_is_guarded_then_its_legs_are_not_netted() -> None:
    """A lot in N at 90 keeps the unit in reach: it has 340 - 4 x 70 - 10 = 50 and needs 48 + 9; netted, 12 + 9."""
    book = Book(a=2000, b=2000, h=340)
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")
    assert book.trade("h:long", "a", 10) is None
    assert book.trade("b", "h:short", 6) is None
    assert book.trade("h:long", "a", 1, market_id="N") is None
    book.mark(30)
    book.mark(90, "N")
    book.mark(30, sources=0)
    book.do("RunStep")
    assert book.lots("h") == {"M/long": 10, "M/short": -6, "N/long": 1}
    book.mark(30)
    book.do("RunStep")
    assert book.lots("h") == {"M/long": 4, "N/long": 1}


def test_place_order_when_it_closes_more_than_is_left_of_the_leg_then_it_is_refused() -> None:
    """Of 5 lots one order closes 4 and leaves 1; the other side of the market is another leg."""
    book = Book(a=1000, h=100)
    assert book.trade("h:long", "a", 5) is None
    assert book.order("six", "h:long", -6, 110) == "MORE_THAN_HELD"
    # Equity is all needed to hold 5 lots: closing orders need nothing more, one that opens does.
    assert book.order("four", "h:long", -4, 110) is None
    assert book.order("two", "h:long", -2, 110) == "MORE_THAN_HELD"
    assert book.order("one", "h:long", -1, 110) is None
    assert book.order("short", "h:short", -1, 110) == "BELOW_INITIAL_MARGIN"
    assert book.order("cover", "h:short", 1, 90) == "MORE_THAN_HELD"
    assert book.order("none", "h", -1, 110) == "WRONG_SIDE"
    assert book.order("one-way", "a:short", -1, 110) == "WRONG_SIDE"


def test_withdraw_when_an_order_closes_more_than_the_leg_has_now_then_only_the_leg_needs_margin() -> None:
    """Of 5 lots that rest to be sold one is still held: of 100 it needs 20, and 80 are free."""
    book = Book(a=1000, h=100)
    assert book.trade("h:long", "a", 5) is None
    assert book.order("o", "h:long", -5, 110) is None
    assert book.trade("a", "h:long", 4) is None
    assert book.tried("Withdraw", unit_id="h", amount_quanta=81) == "INSUFFICIENT_EQUITY"
    assert book.tried("Withdraw", unit_id="h", amount_quanta=80) is None


def test_stage_2_when_an_order_closes_more_than_the_leg_has_now_then_it_offers_the_leg_and_no_more() -> None:
    """Five lots rest to be sold, two are left of the leg: two are filled, and the next time the order goes.

    At 110 the seller, short 10, has 100 and needs 110; short 8 it needs 88. At 112 it has 84 and needs 89.6.
    """
    book = Book(a=200, c=1000, h=1000)
    assert book.trade("h:long", "a", 5) is None
    assert book.trade("c", "a", 5) is None
    assert book.order("o", "h:long", -5, 110) is None
    assert book.trade("c", "h:long", 3) is None
    book.mark(110)
    book.do("RunStep")
    assert (book.lots("a"), book.lots("h"), book.resting()) == ({"M": -8}, {}, {"o": -3})
    assert equities(book.model)["h"] == 1000 + 2 * 10
    book.mark(112)
    book.do("RunStep")
    assert (book.lots("a"), book.lots("h"), book.resting()) == ({"M": -8}, {}, {})


def test_trade_when_it_closes_more_than_the_leg_has_then_it_is_refused_and_never_flips() -> None:
    """In hedge mode 5 long lots take a sale of 5, not of 6; the short leg is opened beside them."""
    book = Book(a=1000, h=1000)
    assert book.trade("h:long", "a", 5) is None
    assert book.trade("a", "h:long", 6) == "MORE_THAN_HELD"
    assert book.trade("h:short", "a", 1) == "MORE_THAN_HELD"
    assert book.trade("a", "h", 1) == "WRONG_SIDE"
    assert book.trade("a:long", "h:long", 1) == "WRONG_SIDE"
    assert book.trade("a", "h:short", 2) is None
    assert book.lots("h") == {"M/long": 5, "M/short": -2}
    assert book.trade("a", "h:long", 5) is None
    assert book.lots("h") == {"M/short": -2}


def test_open_isolated_when_the_account_hedges_then_the_unit_is_one_side_and_its_rest_is_released() -> None:
    """A long of 2 lots with 50 of its own gains 20 and gives 70 back; the other leg stays with the cross unit."""
    book = Book(a=1000, h=1000)
    side = {"account_id": "h", "market_id": "M"}
    assert book.tried("OpenIsolated", **side) == "WRONG_SIDE"
    assert book.tried("OpenIsolated", account_id="a", market_id="M", side="long") == "WRONG_SIDE"
    book.do("OpenIsolated", **side, side="long")
    assert book.tried("OpenIsolated", **side, side="long") == "DUPLICATE_ID"
    unit = book.model.state()["units"]["h/M/long"]
    assert (unit["account"], unit["isolated"], unit["side"]) == ("h", "M", "long")
    book.do("MoveMargin", from_unit_id="h", to_unit_id="h/M/long", amount_quanta=50)
    assert book.trade("a", "h/M/long:short", 1) == "WRONG_SIDE"
    assert book.trade("h/M/long:long", "a", 2) is None
    assert book.trade("a", "h:short", 1) is None
    assert (book.lots("h"), book.lots("h/M/long")) == ({"M/short": -1}, {"M/long": 2})
    assert book.trade("a", "h/M/long:long", 2, 110) is None
    assert (equities(book.model)["h/M/long"], equities(book.model)["h"]) == (0, 950 + 70)


def test_open_account_when_a_fund_or_backstop_would_hedge_then_the_role_is_refused() -> None:
    """What takes over is one-way."""
    book = Book()
    for role in ("fund", "backstop"):
        account = {"account_id": role, "owner_group": "", "role": role, "backstop_capacity_lots": 0}
        assert book.tried("OpenAccount", **account, hedge=True) == "BAD_ROLE"
        book.do("OpenAccount", **account, hedge=False)


def test_stage_5_when_both_sides_hedge_then_one_leg_is_closed_and_the_debt_names_the_leg() -> None:
    """At 70 the bankrupt's 10 long lots owe 100: the fund has 30, the short leg of the first in the queue pays 70.

    That unit has 1000 + 10 x 30 - 4 x 30 = 1180; its long leg stays, its orders on either leg go.
    """
    book = Book(a=1000, h=1000, z=200)
    assert book.trade("z:long", "h:short", 10) is None
    assert book.trade("h:long", "a", 4) is None
    assert book.order("o", "h:long", 1, 50) is None
    book.do("DepositToFund", amount_quanta=30)
    book.mark(70)
    book.do("RunStep")
    step = book.model.last_step
    assert step["fund"] == [(0, 0, (("z", "M/long", 100, 30, "common"),), False)]
    assert step["deleveraged"][0]["closed"] == {("h", "M"): 10}
    assert step["deleveraged"][0]["money"] == {("h", "M"): 70}
    assert (book.lots("z"), book.lots("h"), book.lots("a")) == ({}, {"M/long": 4}, {"M": -4})
    assert equities(book.model) == {"a": 1120, "h": 1180 - 70, "z": 0}
    assert book.resting() == {}


def test_faults_when_a_leg_has_left_its_side_then_it_is_named() -> None:
    """Two legs that changed places still sum to zero; only their sides are wrong."""
    book = Book(h=1000, k=1000)
    assert book.trade("h:long", "k:short", 1) is None
    legs = [book.model.world.units[key].legs for key in ("h", "k")]
    for of_unit, (right, wrong) in zip(legs, (("M/long", "M/short"), ("M/short", "M/long")), strict=True):
        of_unit[wrong] = of_unit.pop(right)
    assert faults(book.model) == [f"{key} has a leg that is not on its side" for key in ("h", "k")]
