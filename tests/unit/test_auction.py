"""Auctions between stages 2 and 3: schedule, bids and their refusals, the four ends; numbers worked out by hand.

Margin is 10 % initial, 5 % maintenance and 5 % close-out. al is long 10 lots from 100 with 200 deposited: at a mark of
84 its equity is 200 - 160 = 40, below 840 x 5 % = 42, and above zero; at 79 it is bankrupt, 10 short. The discount is
1 % from the opening at 2 ns on, 2 % from 12 ns, 3 % from 22 ns, until 32 ns.
"""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.domain import Domain
from deleverage.rulebook import messages as m
from deleverage.rulebook.auction import AUCTIONS, MOST_NS, Auction, AuctionRule, Dutch, NoAuction
from deleverage.rulebook.book import Book, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.losses.equity import FlatToo
from deleverage.rulebook.messages import Code
from deleverage.rulebook.pace import Rounds
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.price import Mark
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.stages.clock import elapsed_ns
from tests.properties.stories import close_out_at_maintenance, submit, trade
from tests.properties.test_corners import domain, isolate
from tests.vulnerabilities.told import checked_step, equities, lots, of, only, refused

PERCENT = 10_000_000
DUTCH = Dutch(start_ppb=PERCENT, step_ppb=PERCENT, every_ns=10, most_ppb=3 * PERCENT)
LAW = Rules(auction=DUTCH)


def moved(book: Book, price_ticks: int, time_ns: int, market_id: str = "BTC", sources: int = 1) -> None:
    """Propose a mark at a time."""
    update = m.MarkUpdate(market_id, price_ticks, sources)
    submit(book, m.SetMarks(time_ns=time_ns, marks=(update,)), LAW)


def distressed(**others: int) -> Book:
    """Return the book with al below close-out, before any step; ``others`` have deposits too."""
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000, **others})
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    moved(book, 84, 1)
    return book


def auctioned(**others: int) -> Book:
    """Return the book in which al's auction was opened at 2 ns."""
    book = distressed(**others)
    assert kinds(checked_step(book, LAW)) == ["AuctionOpened", "StepEnded"]
    return book


def bid(**fields: Any) -> m.Bid:
    """Return cy's bid for 5 lots of al at 2 ns, with some fields replaced."""
    told: dict[str, Any] = {"unit_id": "al", "bidder_unit_id": "cy", "market_id": "BTC", "lots": 5}
    return m.Bid(**{"time_ns": 2, "least_discount_ppb": 0} | told | fields)


def sold(book: Book, command: m.Bid, rules: Rules = LAW) -> m.AuctionSold:
    """Return the sale of a bid, every invariant looked at after each of its facts."""
    (answer,) = Domain(book, rules).submit([command])
    assert not isinstance(answer, m.Rejection), answer
    return only(answer, m.AuctionSold)


def no(book: Book, command: m.Bid, rules: Rules = LAW) -> tuple[Code, int | str, int | str]:
    """Return code and numbers of a refusal; the book stays."""
    assert refused(book, command, rules)
    answer = decide(book, command, rules)
    assert isinstance(answer, m.Rejection)
    return answer.code, answer.found, answer.bound


def kinds(facts: tuple[m.Fact, ...]) -> list[str]:
    """Return the kinds of facts."""
    return [type(fact).__name__ for fact in facts]


def with_vault(book: Book, time_ns: int = 2) -> None:
    """Add a backstop that takes anything."""
    opened = m.OpenAccount(time_ns=time_ns, account_id="vault", role="backstop", backstop_capacity_lots=100)
    submit(book, opened)
    submit(book, m.Deposit(time_ns=time_ns, unit_id="vault", amount_quanta=5_000))


# -- the schedule -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("elapsed_ns", "percent"), [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (29, 3), (1_000, 3)])
def test_discount_when_time_passes_then_it_grows_by_whole_steps_up_to_the_largest(
    elapsed_ns: int, percent: int
) -> None:
    """A step begins with its first nanosecond."""
    assert DUTCH.discount_ppb(elapsed_ns) == percent * PERCENT


@pytest.mark.parametrize(
    ("rule", "lasts_ns"),
    [(DUTCH, 30), (Dutch(0, 7, 5, 20), 20), (Dutch(5, 1, 3, 5), 3), (Dutch(0, PPB, 1, PPB), 2), (NoAuction(), 0)],
)
def test_length_when_the_largest_discount_was_on_offer_for_one_step_then_it_is_over(
    rule: AuctionRule, lasts_ns: int
) -> None:
    """0, 7, 14, 20: three steps to the largest, also where the last is a smaller one; then one more of 5 ns."""
    assert rule.lasts_ns() == lasts_ns
    if isinstance(rule, Dutch):
        assert rule.discount_ppb(lasts_ns - rule.every_ns) == rule.most_ppb
        before = lasts_ns - rule.every_ns - 1
        assert before < 0 or rule.discount_ppb(before) < rule.most_ppb


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ((-1, 1, 1, 5), "start_ppb of dutch is -1"),
        ((0, 1, 1, PPB + 1), f"most_ppb of dutch is {PPB + 1}"),
        ((0, 0, 1, 5), "step_ppb of dutch is 0"),
        ((0, 1, 0, 5), "every_ns of dutch is 0"),
        ((6, 1, 1, 5), "most_ppb of dutch is 5, the discount starts at 6"),
        ((6, 1, 0, 5), "every_ns of dutch is 0, must be above 0; most_ppb of dutch is 5"),
    ],
)
def test_dutch_when_its_numbers_make_no_schedule_then_they_are_a_fault(
    values: tuple[int, int, int, int], sentence: str
) -> None:
    """Shares, a discount that grows, and room for it."""
    with pytest.raises(PlugFault, match=sentence):
        Dutch(*values)


def test_rules_when_an_auction_is_of_a_strangers_class_then_it_is_a_fault() -> None:
    """Everybody who bids must know the schedule, so there is none but the named ones."""

    class Mine(NoAuction):
        """A stranger."""

    with pytest.raises(ConfigError, match="it is one of dutch, none"):
        Rules(auction=Mine())
    assert AUCTIONS.build("none") == Rules().auction


# -- opening and taking over ------------------------------------------------------------------------------------------


def test_step_when_a_unit_falls_below_close_out_then_it_is_on_offer_and_nobody_takes_it_over() -> None:
    """vault would take all 10 lots at once; it waits until 32 ns."""
    book = distressed()
    with_vault(book, 1)
    opened = only(checked_step(book, LAW), m.AuctionOpened)
    assert (opened.unit_id, opened.equity_quanta, opened.length_ns) == ("al", 40, 30)
    assert book.auctions == {"al": Auction(2, 30)}
    assert kinds(checked_step(book, LAW, 31)) == ["StepEnded"]
    facts = checked_step(book, LAW, 32)
    assert kinds(facts)[:2] == ["AuctionEnded", "TakenOver"]
    assert (lots(book, "al"), lots(book, "vault")) == (0, 10)


def test_step_when_there_are_no_auctions_then_stage_3_takes_over_at_once() -> None:
    """The control: the common law."""
    book = distressed()
    with_vault(book, 1)
    facts = checked_step(book, Rules())
    assert (kinds(facts)[0], book.auctions) == ("TakenOver", {})


def test_step_when_a_unit_is_bankrupt_then_it_is_never_on_offer() -> None:
    """At 79 al is 10 short: it is taken over in the same step."""
    book = distressed()
    with_vault(book, 1)
    moved(book, 79, 1)
    assert "AuctionOpened" not in kinds(checked_step(book, LAW))
    assert lots(book, "vault") == 10


def test_step_when_a_unit_is_unhealthy_above_close_out_then_it_is_not_on_offer() -> None:
    """Close-out at half: 21 at 84, al has 40."""
    book = distressed()
    terms = book.markets["BTC"].terms
    book.markets["BTC"].terms = replace(terms, tiers=(replace(terms.tiers[0], close_out_rate_ppb=25_000_000),))
    assert kinds(checked_step(book, LAW)) == ["StepEnded"]


def test_step_when_a_backstop_is_on_offer_itself_then_it_stands_aside_as_distressed() -> None:
    """x is as long as al and as poor; di, 60 short at 84, is bankrupt and offered to it."""
    book = domain({"bo": 5_000, "di": 100})
    close_out_at_maintenance(book)
    submit(book, m.OpenAccount(time_ns=0, account_id="x", role="backstop", backstop_capacity_lots=100))
    submit(book, m.Deposit(time_ns=0, unit_id="x", amount_quanta=200))
    trade(book, "x", "bo", 10)
    trade(book, "di", "bo", 10)
    moved(book, 84, 1)
    facts = checked_step(book, LAW)
    assert only(facts, m.AuctionOpened).unit_id == "x"
    assert of(facts, m.TakenOver) == []
    assert only(facts, m.StepEnded).passed == (m.Passed("BTC", "long", "x", "distressed"),)


def test_step_when_an_auctioned_unit_can_be_sold_into_the_book_then_stage_2_goes_on_selling() -> None:
    """A bid of dy for 6 lots at 84 takes 6 of them, whatever the auction does; 4 lots need 33.6 to be opened."""
    book = auctioned(dy=5_000)
    fields: dict[str, Any] = {"unit_id": "dy", "market_id": "BTC", "lots": 6, "price_ticks": 84}
    submit(book, m.PlaceOrder(time_ns=3, order_id="o", **fields))
    facts = checked_step(book, LAW, 3)
    assert kinds(facts) == ["Reduced", "AuctionEnded", "StepEnded"]
    assert (lots(book, "al"), only(facts, m.AuctionEnded).why) == (4, "healthy")


# -- bids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("time_ns", "money"), [(2, 4), (11, 4), (12, 8), (22, 12), (31, 12)])
def test_bid_when_it_comes_later_then_it_pays_the_mark_less_a_larger_discount(time_ns: int, money: int) -> None:
    """5 lots of 84 are worth 420: 4.2, 8.4 and 12.6, rounded down; al is left with 40 less that, cy has it."""
    book = auctioned()
    fact = sold(book, bid(time_ns=time_ns))
    assert (fact.discount_quanta, fact.discount_ppb) == (money, DUTCH.discount_ppb(time_ns - 2))
    assert fact.fills == (
        m.Fill("al", "BTC", -5, 420 - money, -money, "auctioned"),
        m.Fill("cy", "BTC", 5, money - 420, money, "bidder"),
    )
    assert equities(book) == {"al": 40 - money, "bo": 5_160, "cy": 5_000 + money}
    assert (lots(book, "al"), lots(book, "cy")) == (5, 5)


@pytest.mark.parametrize(("bid_lots", "money"), [(10, 10), (3, 3), (1, 1), (9, 9)])
def test_bid_when_the_discount_is_more_than_the_unit_has_then_it_gets_what_lies_on_its_lots(
    bid_lots: int, money: int
) -> None:
    """At 81 al has 10: 3 % of 810 would be 24, of 243 it would be 7. A lot carries 1."""
    book = auctioned()
    moved(book, 81, 22)
    assert sold(book, bid(time_ns=22, lots=bid_lots)).discount_quanta == money
    assert equities(book)["al"] == 10 - money


def test_bid_when_a_unit_has_several_legs_then_a_legs_lots_carry_its_part_of_the_equity_only() -> None:
    """al has 10 BTC (84, maintenance 42) and 10 ETH (90, 45) and 8 left: BTC carries 3.86, two lots of it 0.8."""
    book = domain({"al": 268, "bo": 9_000, "cy": 5_000}, ("BTC", "ETH"))
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    trade(book, "al", "bo", 10, "ETH")
    moved(book, 84, 1)
    moved(book, 90, 1, "ETH")
    checked_step(book, LAW)
    assert equities(book)["al"] == 8
    assert sold(book.copy(), bid(lots=10)).discount_quanta == 3
    assert sold(book, bid(lots=2)).discount_quanta == 0


@pytest.mark.parametrize("split", ["maintenance", "notional"])
def test_bid_when_legs_differ_in_their_maintenance_then_what_is_left_is_no_weaker_than_before(split: str) -> None:
    """al holds 100 BTC at 5 per mille (42) and 3 ETH at 40 % (108) of 8,400 and 270, and has 130: 130 of 150.

    All of BTC give up 130 x 42 / 150 = 36.4 at most; by notional 126 would lie on them and be asked (1 % are 84): 46 of
    108 would be left. ETH alone has 94 of 108, which is 87 %, as before.
    """
    law = replace(LAW, shortfall_split=split)
    book = domain({"al": 1_760, "bo": 90_000, "cy": 90_000}, ("BTC", "ETH"))
    for market_id, rate_ppb in (("BTC", 5_000_000), ("ETH", 400_000_000)):
        tier = Tier(0, maintenance_rate_ppb=rate_ppb, initial_rate_ppb=rate_ppb, close_out_rate_ppb=rate_ppb)
        book.markets[market_id].terms = replace(book.markets[market_id].terms, tiers=(tier,))
    trade(book, "al", "bo", 100)
    trade(book, "al", "bo", 3, "ETH")
    moved(book, 84, 1)
    moved(book, 90, 1, "ETH")
    checked_step(book, law)
    assert sold(book, bid(lots=100), law).discount_quanta == 36
    assert equities(book)["al"] == 94


def test_bid_when_the_unit_is_short_then_it_buys_back_above_the_mark() -> None:
    """al is short 10 from 100: at 116 it has 40, below 58. 1 % of 8 lots, 928, is 9.28; 31 hold 2 (23.2)."""
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000})
    close_out_at_maintenance(book)
    trade(book, "bo", "al", 10)
    moved(book, 116, 1)
    checked_step(book, LAW)
    fact = sold(book, bid(lots=8))
    assert fact.fills[0] == m.Fill("al", "BTC", 8, -937, -9, "auctioned")
    assert (equities(book)["al"], lots(book, "cy")) == (31, -8)


def test_bid_when_the_bidder_holds_the_other_side_then_its_lots_close() -> None:
    """bo is short 10: with 5 of al's it is short 5, and the open interest falls to 5."""
    book = auctioned()
    sold(book, bid(bidder_unit_id="bo"))
    assert (lots(book, "bo"), book.markets["BTC"].open_interest_lots) == (-5, 5)


def test_bid_when_the_units_are_in_hedge_mode_then_the_sides_name_their_legs() -> None:
    """he holds 10 long; hi has 4 short: it opens a lot of a long leg, or closes 3 of them."""
    book = domain({"bo": 9_000, "cy": 5_000})
    close_out_at_maintenance(book)
    for name in ("he", "hi"):
        submit(book, m.OpenAccount(time_ns=0, account_id=name, hedge=True))
    submit(book, m.Deposit(time_ns=0, unit_id="he", amount_quanta=200))
    submit(book, m.Deposit(time_ns=0, unit_id="hi", amount_quanta=5_000))
    deal: dict[str, Any] = {"time_ns": 0, "market_id": "BTC", "price_ticks": 100}
    submit(book, m.Trade(**deal, buyer_unit_id="he", seller_unit_id="bo", lots=10, buyer_side="long"))
    submit(book, m.Trade(**deal, buyer_unit_id="cy", seller_unit_id="hi", lots=4, seller_side="short"))
    moved(book, 84, 1)
    checked_step(book, LAW)
    named: dict[str, Any] = {"unit_id": "he", "bidder_unit_id": "hi", "leg_side": "long"}
    assert no(book, bid(**named, bidder_side="short")) == (Code.MORE_THAN_HELD, 5, 4)
    assert no(book, bid(**named)) == (Code.WRONG_SIDE, "''", "long, short")
    opened = book.copy()
    sold(opened, bid(**named, bidder_side="long", lots=1))
    sold(book, bid(**named, bidder_side="short", lots=3))
    assert {key: leg.lots for key, leg in opened.units["hi"].legs.items()} == {"BTC/short": -4, "BTC/long": 1}
    assert {key: leg.lots for key, leg in book.units["hi"].legs.items()} == {"BTC/short": -1}
    assert {key: leg.lots for key, leg in book.units["he"].legs.items()} == {"BTC/long": 7}


def test_bid_when_it_leaves_an_isolated_unit_flat_then_its_rest_is_released() -> None:
    """10 less 1 % of 810 (8.1): 2 go to the cross unit, before anybody could pay with it."""
    book = domain({"al": 1_000, "bo": 5_000, "cy": 5_000})
    close_out_at_maintenance(book)
    isolate(book, "al", "BTC", 200)
    trade(book, "al/BTC", "bo", 10)
    moved(book, 81, 1)
    checked_step(book, LAW)
    (facts,) = Domain(book, LAW).submit([bid(unit_id="al/BTC", lots=10)])
    assert isinstance(facts, tuple)
    released = only(facts, m.MarginMoved)
    assert (released.from_unit_id, released.to_unit_id, released.amount_quanta) == ("al/BTC", "al", 2)
    assert equities(book)["al"] == 802


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"market_id": "ETH", "unit_id": "nobody"}, (Code.UNKNOWN_MARKET, "ETH", "")),
        ({"unit_id": "nobody", "leg_side": "up"}, (Code.UNKNOWN_UNIT, "nobody", "")),
        ({"bidder_unit_id": "none", "leg_side": "up"}, (Code.UNKNOWN_UNIT, "none", "")),
        ({"leg_side": "long", "lots": 0}, (Code.WRONG_SIDE, "'long'", "")),
        ({"bidder_side": "long", "lots": 0}, (Code.WRONG_SIDE, "'long'", "")),
        ({"lots": 0, "least_discount_ppb": -1}, (Code.BAD_LOTS, 0, 1)),
        ({"least_discount_ppb": -1, "bidder_unit_id": "al"}, (Code.BAD_RATE, -1, PPB)),
        ({"least_discount_ppb": PPB + 1}, (Code.BAD_RATE, PPB + 1, PPB)),
        ({"bidder_unit_id": "al", "time_ns": 32}, (Code.SELF_TRADE, "al", "")),
        ({"bidder_unit_id": "al/ETH"}, (Code.UNKNOWN_UNIT, "al/ETH", "")),
        ({"unit_id": "bo", "lots": 99}, (Code.NO_AUCTION, "none", "")),
        ({"time_ns": 32, "lots": 99}, (Code.NO_AUCTION, "expired", "")),
        ({"lots": 11, "least_discount_ppb": PPB}, (Code.MORE_THAN_HELD, 11, 10)),
        ({"lots": 7, "least_discount_ppb": PPB}, (Code.MORE_THAN_NEEDED, 7, 6)),
        ({"least_discount_ppb": 2 * PERCENT}, (Code.DISCOUNT_TOO_SMALL, 4, 8)),
    ],
)
def test_bid_when_one_thing_is_wrong_then_its_code_comes_before_all_later_ones(
    fields: dict[str, Any], expected: tuple[Code, int | str, int | str]
) -> None:
    """The compared numbers are told: 5 lots at 1 % give 4, at the 2 % that are asked they would give 8."""
    assert no(auctioned(), bid(**fields)) == expected


def test_bid_when_least_and_schedule_are_the_same_then_rounding_refuses_nobody() -> None:
    """Both are rounded down: 4.2 offered, 4.2 asked; of 1.04 % the asked 4.368 are 4 as well, of 1.2 % they are 5."""
    book = auctioned()
    assert no(book, bid(least_discount_ppb=12_000_000)) == (Code.DISCOUNT_TOO_SMALL, 4, 5)
    sold(book.copy(), bid(least_discount_ppb=10_400_000))
    sold(book, bid(least_discount_ppb=PERCENT))


def test_bid_when_the_discount_is_clipped_below_what_is_asked_then_it_is_refused() -> None:
    """At 81 the schedule says 3 %, which is 24 of 810, but al has 10: who asks for 2 % (16) gets nothing."""
    book = auctioned()
    moved(book, 81, 22)
    asked = bid(time_ns=22, lots=10, least_discount_ppb=2 * PERCENT)
    assert no(book, asked) == (Code.DISCOUNT_TOO_SMALL, 10, 16)


def test_bid_when_the_bidder_is_of_the_same_owner_group_then_it_is_refused() -> None:
    """An owner may not empty one unit into another at a discount; stage 2 does not sell to him either."""
    book = auctioned()
    submit(book, m.OpenAccount(time_ns=2, account_id="al2", owner_group="al"))
    submit(book, m.OpenIsolated(time_ns=2, account_id="al", market_id="BTC"))
    assert no(book, bid(bidder_unit_id="al2"))[0] is Code.SELF_TRADE
    assert no(book, bid(bidder_unit_id="al/BTC"))[0] is Code.SELF_TRADE


def test_bid_when_the_bidder_cannot_carry_the_lots_then_it_is_refused() -> None:
    """6 lots need 50.4: dy has 45 and gets 5, ez has 46 and gets 5."""
    book = auctioned(dy=45, ez=46)
    assert no(book, bid(bidder_unit_id="dy", lots=6)) == (Code.BELOW_INITIAL_MARGIN, 50, 51)
    sold(book, bid(bidder_unit_id="ez", lots=6))


@pytest.mark.parametrize(("price_ticks", "enough"), [(84, 6), (83, 7), (82, 9), (81, 10)])
def test_bid_when_fewer_lots_would_end_the_distress_then_it_is_refused_with_how_many(
    price_ticks: int, enough: int
) -> None:
    """Equity 40, 30, 20, 10: with 6 gone 35 hold 4 (33.6), with 7 of 83 25 hold 3 (24.9); at 81 all 10 have to go."""
    book = auctioned()
    moved(book, price_ticks, 2)
    for wanted in range(enough + 1, 11):
        assert no(book, bid(lots=wanted)) == (Code.MORE_THAN_NEEDED, wanted, enough)
    assert sold(book, bid(lots=enough)).ended == ("healthy" if enough < 10 else "flat")


def test_bid_when_the_fund_bids_then_its_inventory_has_a_cap() -> None:
    """At most 4 lots per market for any unit of the fund's account; without a cap of its own it holds none."""
    book, law = auctioned(), replace(LAW, fund_inventory_cap_lots=4)
    submit(book, m.OpenAccount(time_ns=2, account_id="fund", role="fund"))
    submit(book, m.Deposit(time_ns=2, unit_id="fund", amount_quanta=9_000))
    submit(book, m.OpenIsolated(time_ns=2, account_id="fund", market_id="BTC"))
    submit(book, m.MoveMargin(time_ns=2, from_unit_id="fund", to_unit_id="fund/BTC", amount_quanta=900))
    assert no(book, bid(bidder_unit_id="fund"), law) == (Code.LOTS_ABOVE_MAXIMUM, 5, 4)
    assert no(book, bid(bidder_unit_id="fund/BTC"), law) == (Code.LOTS_ABOVE_MAXIMUM, 5, 4)
    assert no(book, bid(bidder_unit_id="fund", lots=1)) == (Code.LOTS_ABOVE_MAXIMUM, 1, 0)
    sold(book, bid(bidder_unit_id="fund", lots=4), law)


def test_bid_when_orders_and_lots_exceed_the_bound_then_it_is_refused_before_margin_is_asked() -> None:
    """At most 6 lots: cy has ordered 2, and bids for 5."""
    book = auctioned()
    fields: dict[str, Any] = {"unit_id": "cy", "market_id": "BTC", "lots": 2, "price_ticks": 80}
    submit(book, m.PlaceOrder(time_ns=2, order_id="o", **fields))
    book.markets["BTC"].terms = replace(book.markets["BTC"].terms, max_lots=6)
    assert no(book, bid()) == (Code.LOTS_ABOVE_MAXIMUM, 7, 6)
    sold(book, bid(lots=4))


def _halted(book: Book) -> None:
    submit(book, m.Halt(time_ns=2, scope="", reason="drill"))


def _market_halted(book: Book) -> None:
    submit(book, m.Halt(time_ns=2, scope="BTC", reason="drill"))


def _bankrupt(book: Book) -> None:
    book.units["cy"].bankrupt = True


def _unmarked(book: Book) -> None:
    book.markets["BTC"].mark_price_ticks = 0


def _settled(book: Book) -> None:
    submit(book, m.SettleMarket(time_ns=2, market_id="BTC", price_ticks=84))


def _dated(book: Book) -> None:
    book.markets["BTC"].terms = replace(book.markets["BTC"].terms, expiry_ns=2)


def _elsewhere(book: Book) -> None:
    book.units["cy"].isolated_market_id = "ETH"


def _grace(book: Book) -> None:
    book.markets["BTC"].grace_until_ns = 3


def _lost_grace(book: Book) -> None:
    _grace(book)
    book.markets["BTC"].grace_lost = ("al",)
    _guarded(book)


def _guarded(book: Book) -> None:
    book.markets["BTC"].guard = "stale"


def _below_zero(book: Book) -> None:
    moved(book, 79, 2)


def _healthy(book: Book) -> None:
    submit(book, m.Deposit(time_ns=2, unit_id="al", amount_quanta=2))


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (_unmarked, (Code.NO_MARK, "BTC", "")),
        (_settled, (Code.MARKET_SETTLED, "BTC", "")),
        (_dated, (Code.MARKET_EXPIRED, 2, 2)),
        (_elsewhere, (Code.WRONG_MARKET, "BTC", "ETH")),
        (_halted, (Code.DOMAIN_HALTED, "drill", "")),
        (_market_halted, (Code.MARKET_HALTED, "drill", "")),
        (_bankrupt, (Code.UNIT_BANKRUPT, "cy", "")),
        (_grace, (Code.NO_AUCTION, "grace", "")),
        (_lost_grace, (Code.MARK_GUARDED, "BTC", "")),  # It is on offer: only the last reason is left.
        (_below_zero, (Code.NO_AUCTION, "bankrupt", "")),
        (_healthy, (Code.NO_AUCTION, "healthy", "")),
        (_guarded, (Code.MARK_GUARDED, "BTC", "")),
    ],
)
def test_bid_when_the_book_does_not_allow_it_then_it_is_refused(happens: Any, expected: tuple[Code, str, str]) -> None:
    """Two quanta more make al healthy: 42 of 42. At 79 no step has declared it yet, and it has nothing to give away."""
    book = auctioned()
    happens(book)
    assert no(book, bid()) == expected


def test_bid_when_the_market_is_reduce_only_or_paused_or_the_price_is_beyond_the_band_then_it_is_not_refused() -> None:
    """What binds voluntary trades binds no forced sale."""
    book = auctioned()
    book.markets["BTC"].reduce_only, book.markets["BTC"].paused_until_ns = True, 99
    sold(book, bid(), replace(LAW, trade_band_ppb=1))


# -- ends -------------------------------------------------------------------------------------------------------------


def the_end(book: Book, time_ns: int, law: Rules = LAW) -> tuple[str, int, str]:
    """Return what the next step tells of the one auction that ends."""
    end = only(checked_step(book, law, time_ns), m.AuctionEnded)
    return end.unit_id, end.start_ns, end.why


def test_end_when_the_unit_is_healthy_then_the_next_step_tells_it() -> None:
    """2 came at 3 ns: nobody can bid from then on, and the clock stands. At 84 = 10 % of 840 the distress is over."""
    book = auctioned()
    submit(book, m.Deposit(time_ns=3, unit_id="al", amount_quanta=2))
    assert no(book, bid(time_ns=4)) == (Code.NO_AUCTION, "healthy", "")
    submit(book, m.Deposit(time_ns=5, unit_id="al", amount_quanta=41))
    assert kinds(checked_step(book, LAW, 5)) == ["StepEnded"]
    assert book.auctions == {"al": Auction(2, 30, offered_ns=1)}
    submit(book, m.Deposit(time_ns=5, unit_id="al", amount_quanta=1))
    assert the_end(book, 6) == ("al", 2, "healthy")
    assert book.auctions == {}


def test_auction_when_the_mark_swings_around_maintenance_then_it_is_one_auction_and_its_end_comes() -> None:
    """84 and 85 (50 of 42.5) in turns, 10 ns each, a step at each: on sale from 2 to 10, then 20, 40, 60 to before 70.

    At 62 ns it has been on sale for 30 ns; at the next swing below it is taken over, and no new auction begins.
    """
    book = auctioned()
    with_vault(book)
    told = []
    for time_ns in range(10, 63, 10):
        moved(book, 85 if time_ns % 20 else 84, time_ns)
        told += kinds(checked_step(book, LAW, time_ns))
    assert told == ["StepEnded"] * 6
    assert sold(book.copy(), bid(time_ns=61, lots=1)).discount_ppb == 3 * PERCENT
    moved(book, 85, 62)
    assert the_end(book, 62) == ("al", 2, "expired")
    moved(book, 84, 63)
    assert kinds(checked_step(book, LAW, 63))[0] == "TakenOver"
    assert lots(book, "vault") == 10


def test_end_when_the_unit_is_above_close_out_and_still_unhealthy_then_the_auction_goes_on() -> None:
    """With close-out at half, 41 at 84 are above 21 and below 42: no new auction would begin, this one does not end."""
    book = auctioned()
    terms = book.markets["BTC"].terms
    book.markets["BTC"].terms = replace(terms, tiers=(replace(terms.tiers[0], close_out_rate_ppb=25_000_000),))
    assert kinds(checked_step(book, LAW, 5)) == ["StepEnded"]
    assert sold(book, bid(time_ns=5, lots=1)).discount_quanta == 0


def test_end_when_a_bid_takes_all_or_enough_then_the_auction_ends_with_it() -> None:
    """Ten lots at 81: flat. Six at 84: 35 of the 33.6 that 4 need to be opened. A later distress has its own clock."""
    for price_ticks, taken, why in ((81, 10, "flat"), (84, 6, "healthy")):
        book = auctioned()
        moved(book, price_ticks, 2)
        assert (sold(book, bid(lots=taken)).ended, book.auctions) == (why, {})
        assert no(book, bid())[:2] == (Code.NO_AUCTION, "none")


def test_end_when_a_bid_leaves_a_unit_above_maintenance_only_then_its_auction_waits() -> None:
    """Of ten lots one: 40 against 9 x 84 x 5 % = 37.8, and 75.6 to open them. Nothing is on offer, nothing is over."""
    book = auctioned()
    assert sold(book, bid(lots=1)).ended == ""
    assert (no(book, bid())[:2], book.auctions) == ((Code.NO_AUCTION, "healthy"), {"al": Auction(2, 30)})


def test_end_when_the_market_settles_then_the_next_step_tells_it() -> None:
    """al is flat, and no bid has made it so."""
    book = auctioned()
    submit(book, m.SettleMarket(time_ns=3, market_id="BTC", price_ticks=84), LAW)
    assert the_end(book, 4) == ("al", 2, "flat")


def test_bid_when_the_mark_of_another_leg_is_guarded_then_it_is_refused() -> None:
    """Nobody knows what al has: its ETH fell to a mark that is not believed, and a bid for BTC would pay 4 out."""
    book = domain({"al": 300, "bo": 5_000, "cy": 5_000}, ("BTC", "ETH"))
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    trade(book, "al", "bo", 10, "ETH")
    law = replace(LAW, mark_band_ppb=200_000_000)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 80),)), law)
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("ETH", 97),)), law)
    assert kinds(checked_step(book, law)) == ["AuctionOpened", "StepEnded"]
    submit(book, m.SetMarks(time_ns=3, marks=(m.MarkUpdate("ETH", 60),)), law)
    assert no(book, bid(time_ns=3), law) == (Code.MARK_GUARDED, "ETH", "")
    submit(book, m.SetMarks(time_ns=4, marks=(m.MarkUpdate("ETH", 97),)), law)
    assert sold(book, bid(time_ns=4), law).discount_quanta == 4


def test_auction_when_a_domain_is_reopened_under_a_longer_schedule_then_it_keeps_its_end() -> None:
    """It ran out at 32 ns; under a schedule of 300 ns it still has, and the step is a lawful one."""
    book = auctioned()
    checked_step(book, LAW, 32)
    assert book.auctions == {"al": Auction(2, 30, offered_ns=30, expired=True)}
    longer = replace(LAW, auction=replace(DUTCH, every_ns=100))
    assert kinds(checked_step(book, longer, 33)) == ["StepEnded"]


def test_end_when_the_unit_is_bankrupt_then_it_is_taken_over_in_the_same_step() -> None:
    """Declared first, then the auction ends, then stage 3."""
    book = auctioned()
    with_vault(book)
    moved(book, 79, 3)
    facts = checked_step(book, LAW, 4)
    assert kinds(facts)[:3] == ["BankruptcyDeclared", "AuctionEnded", "TakenOver"]
    assert (only(facts, m.AuctionEnded).why, book.auctions) == ("bankrupt", {})


def test_end_when_a_residual_of_the_same_step_has_halted_the_domain_then_it_is_told_behind_it() -> None:
    """al, short 1 ETH against de too, has 200 - 210 + 50 = 40 at 79 and 50, below 5 % of 840, and stays on offer.

    de is 40 short, its lot is closed against al at the mark, nobody bears the 40 and they are named. Without the lot of
    ETH al needs 39.5, here to open them too: its auction ends, as the last thing before the end of the step.
    """
    nobody = replace(LAW, price=Mark(), loss_rule=FlatToo(PPB), pace=Rounds(1))
    book = domain({"al": 200, "bo": 5_000, "de": 10}, ("BTC", "ETH"))
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    trade(book, "de", "al", 1, "ETH")
    moved(book, 84, 1)
    assert kinds(checked_step(book, LAW)) == ["AuctionOpened", "StepEnded"]
    moved(book, 79, 3)
    moved(book, 50, 3, "ETH")
    terms = book.markets["BTC"].terms
    book.markets["BTC"].terms = replace(terms, tiers=(replace(terms.tiers[0], initial_rate_ppb=50_000_000),))
    facts = checked_step(book, nobody, 4)
    assert kinds(facts)[-3:] == ["ResidualNamed", "AuctionEnded", "StepEnded"]
    assert (only(facts, m.AuctionEnded).why, book.residual_quanta, book.auctions) == ("healthy", 40, {})


def test_end_when_it_has_expired_then_the_same_distress_is_not_auctioned_again() -> None:
    """Nobody takes over at 32 ns. At 33 ns al still is below close-out; healthy at 90, it is auctioned anew at 84."""
    book = auctioned()
    assert the_end(book, 32) == ("al", 2, "expired")
    assert book.auctions == {"al": Auction(2, 30, offered_ns=30, expired=True)}
    assert kinds(checked_step(book, LAW, 33)) == ["StepEnded"]
    assert no(book, bid(time_ns=33))[:2] == (Code.NO_AUCTION, "expired")
    moved(book, 90, 34)
    assert the_end(book, 35) == ("al", 2, "healthy")
    moved(book, 84, 36)
    assert only(checked_step(book, LAW, 37), m.AuctionOpened).length_ns == 30
    assert book.auctions == {"al": Auction(37, 30)}


# -- the clock --------------------------------------------------------------------------------------------------------


def halt(book: Book, since_ns: int, until_ns: int, scope: str = "BTC", rules: Rules = LAW) -> None:
    """Halt a market, or the domain, for a time."""
    submit(book, m.Halt(time_ns=since_ns, scope=scope, reason="drill"))
    submit(book, m.Resume(time_ns=until_ns, scope=scope), rules)


def _halted_domain(book: Book) -> None:
    halt(book, 12, 22, "")


def _halted_market(book: Book) -> None:
    halt(book, 12, 22)


def _resumed_with_grace(book: Book) -> None:
    halt(book, 12, 15, rules=replace(LAW, grace_ns=7))


def _guarded_mark(book: Book) -> None:
    moved(book, 84, 12, sources=0)
    moved(book, 84, 22)


def _healthy_meanwhile(book: Book) -> None:
    moved(book, 90, 12)
    moved(book, 84, 22)


def _below_zero_meanwhile(book: Book) -> None:
    moved(book, 79, 12)
    moved(book, 84, 22)


STANDS = [_halted_domain, _halted_market, _resumed_with_grace, _guarded_mark, _healthy_meanwhile, _below_zero_meanwhile]


@pytest.mark.parametrize("happens", STANDS, ids=lambda one: one.__name__.strip("_"))
def test_clock_when_nobody_can_bid_for_a_while_then_it_stands_and_the_end_is_later_by_it(happens: Any) -> None:
    """From 12 to before 22 ns no bid can be accepted: 3 % is on offer from 32 ns, and the end is at 42, not at 32."""
    book = auctioned()
    happens(book)
    assert sold(book.copy(), bid(time_ns=31, lots=1)).discount_ppb == 2 * PERCENT
    assert sold(book.copy(), bid(time_ns=32, lots=1)).discount_ppb == 3 * PERCENT
    assert kinds(checked_step(book, LAW, 41)) == ["StepEnded"]
    assert the_end(book, 42) == ("al", 2, "expired")


def test_clock_when_a_market_is_halted_through_the_whole_schedule_then_the_auction_goes_on_behind_it() -> None:
    """Halted from 3 ns to 40 ns: at 32 ns nothing has ended; at 40 ns the discount is that of 3 ns, and cy takes it."""
    book = auctioned()
    with_vault(book)
    submit(book, m.Halt(time_ns=3, scope="BTC", reason="drill"))
    assert kinds(checked_step(book, LAW, 32)) == ["StepEnded"]
    submit(book, m.Resume(time_ns=40, scope="BTC"), LAW)
    assert kinds(checked_step(book, LAW, 40)) == ["StepEnded"]
    assert sold(book, bid(time_ns=40, lots=6)).discount_ppb == PERCENT
    assert lots(book, "vault") == 0


def test_clock_when_marks_grow_too_old_then_it_stands_until_the_next_one() -> None:
    """Marks count for 10 ns. The one of 1 ns does through 11, that of 22 through 32, that of 30 goes on: 10 + 20 ns."""
    law, book = replace(LAW, max_mark_age_ns=10), distressed()
    checked_step(book, law)
    assert book.auctions == {"al": Auction(2, 30, 10)}
    moved(book, 84, 22)
    assert book.auctions["al"].offered_ns == 10
    moved(book, 84, 30)
    assert kinds(checked_step(book.copy(), law, 41)) == ["StepEnded"]
    moved(book, 84, 40)
    assert the_end(book, 42, law) == ("al", 2, "expired")


def test_clock_when_one_of_two_markets_is_halted_then_it_runs_while_the_other_can_be_bid_for() -> None:
    """al's ETH lots can be bid for all the time: the end is at 32 ns; a grace in ETH too would have stood it."""
    book = domain({"al": 268, "bo": 9_000, "cy": 5_000}, ("BTC", "ETH"))
    close_out_at_maintenance(book)
    for market_id in ("BTC", "ETH"):
        trade(book, "al", "bo", 10, market_id)
    moved(book, 84, 1)
    moved(book, 90, 1, "ETH")
    checked_step(book, LAW)
    submit(book, m.Halt(time_ns=3, scope="BTC", reason="drill"))
    both = book.copy()
    both.markets["ETH"].grace_until_ns = 12
    assert (elapsed_ns(book, "al", 32), elapsed_ns(both, "al", 32)) == (30, 21)
    assert the_end(book, 32) == ("al", 2, "expired")


def test_clock_when_a_contract_has_expired_then_it_stands() -> None:
    """Nobody bids for what is only settled any more: from 12 ns on."""
    book = auctioned()
    book.markets["BTC"].terms = replace(book.markets["BTC"].terms, expiry_ns=12)
    assert [elapsed_ns(book, "al", time_ns) for time_ns in (2, 11, 12, 13, 99)] == [0, 9, 10, 10, 10]


def test_dutch_when_it_would_last_longer_than_a_day_then_it_is_refused_with_both_numbers() -> None:
    """A day is 86,400 seconds: two steps of half a day are allowed, a nanosecond more is not."""
    half = 43_200 * 10**9
    assert Dutch(0, PERCENT, half, PERCENT).lasts_ns() == MOST_NS
    with pytest.raises(
        PlugFault, match="every_ns of dutch makes an auction of 86400000000002, allowed are at most 86400000000000"
    ):
        Dutch(0, PERCENT, half + 1, PERCENT)
