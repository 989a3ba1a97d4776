"""Collateral at corners that random worlds seldom reach, worked out by hand, in the model and in the rulebook.

A lot of M needs a tenth of its notional to be kept, a fifth to be opened. A grain of BTC is worth 10 quanta at 100 for
10 grains: 8 of them count as margin, a forced sale brings 9.
"""

from typing import Any

import pytest

from tests.parity.by_hand import TERMS, TIER, Book

BTC = {
    "asset_id": "BTC",
    "price_grains": 10,
    "haircut_ppb": 200_000_000,
    "discount_ppb": 100_000_000,
    "cap_grains": 10**9,
    "max_price_quanta": 10**9,
    "fund_cap_grains": 0,
}
AT_MAINTENANCE = TERMS | {"tiers": [TIER | {"close_out_rate_ppb": 10**8}]}
DUTCH = {"name": "dutch", "start_ppb": 10**7, "step_ppb": 10**7, "every_ns": 10, "most_ppb": 10**8}
NOBODY_BEARS = {"name": "flat-too", "floor_quanta": 10**9}


def priced(book: Book, quanta: int = 100, asset_id: str = "BTC", sources: int = 1) -> None:
    """Propose an index price; without sources it is guarded."""
    update = {"asset_id": asset_id, "price_quanta": quanta, "sources": sources}
    book.do("SetAssetPrices", prices=[update], confirmed=False)


def opened(grains: dict[str, int], switches: dict[str, Any] | None = None, terms: Any = TERMS, **money: int) -> Book:
    """Return a book with BTC at 100, accounts with grains and accounts with money; b has 10,000."""
    book = Book(switches, terms, b=10_000, **money)
    listed(book, BTC)
    for name, amount in grains.items():
        if name not in book.model.world.accounts:
            account = {"account_id": name, "owner_group": "", "role": "trader", "backstop_capacity_lots": 0}
            book.do("OpenAccount", **account, hedge=False)
        bring(book, name, amount)
    return book


def listed(book: Book, terms: dict[str, Any], quanta: int = 100) -> None:
    """List an asset and price it."""
    book.do("ListAsset", terms=terms)
    priced(book, quanta, terms["asset_id"])


def bring(book: Book, name: str, grains: int, asset_id: str = "BTC") -> None:
    """Bring grains in."""
    book.do("DepositAsset", unit_id=name, asset_id=asset_id, amount_grains=grains)


def short_by_100(grains: int = 50, switches: dict[str, Any] | None = None, **money: int) -> Book:
    """Return a book in which a, with grains and no money, has lost 100 on 5 lots: 100 to 80."""
    book = opened({"a": grains}, switches, **money)
    assert book.trade("a", "b", 5) is None
    return book


def convert(book: Book, seller: str, taker: str, price: int) -> str | None:
    """Try to convert one grain of BTC."""
    parties = {"unit_id": seller, "taker_unit_id": taker}
    return book.tried("Convert", asset_id="BTC", amount_grains=1, price_quanta=price, **parties)


def step(book: Book, time_ns: int | None = None) -> dict[str, Any]:
    """Run a step and return what it told."""
    book.do("RunStep", time_ns=book.book.time_ns if time_ns is None else time_ns)
    return book.model.last_step


# -- commands --------------------------------------------------------------------------------------------------------


def test_withdrawal_when_collateral_counts_then_nobody_lends_against_it() -> None:
    """100 of money and 400 of collateral: 100 may leave."""
    book = opened({"a": 50}, a=100)
    assert book.tried("Withdraw", unit_id="a", amount_quanta=101) == "INSUFFICIENT_EQUITY"
    assert book.tried("Withdraw", unit_id="a", amount_quanta=100) is None


def test_reducing_trade_when_below_zero_but_backed_then_it_closes_at_the_mark_and_not_worse() -> None:
    """a has -100 and 400 that count."""
    book = short_by_100()
    book.mark(80)
    assert book.trade("b", "a", 1, price=79) == "BELOW_ZERO"
    assert book.trade("b", "a", 1, price=80) is None


def test_leverage_when_the_price_is_guarded_then_collateral_counts_nothing() -> None:
    """5 lots at 2x need 250, and 400 count, but not at a guarded price."""
    book = short_by_100()
    priced(book, sources=0)
    lever = {"unit_id": "a", "market_id": "M", "leverage_ppb": 2 * 10**9}
    assert book.tried("SetLeverage", **lever) == "BELOW_INITIAL_MARGIN"
    priced(book)
    assert book.tried("SetLeverage", **lever) is None


def test_conversion_when_the_seller_is_below_zero_and_initial_then_a_price_that_costs_no_margin_is_allowed() -> None:
    """a has -100 and 15 grains of 120: 20, it needs 80 to open. A grain at 10 adds 2, one at 7 takes 1."""
    book = short_by_100(15, c=100)
    book.mark(80)
    assert convert(book, "a", "c", 70) == "BELOW_INITIAL_MARGIN"
    assert convert(book, "a", "c", 100) is None


def test_conversion_when_the_price_is_guarded_then_the_seller_loses_no_margin_by_it() -> None:
    """The grains count nothing: money for one is more margin, and the refusal is that of the price."""
    book = short_by_100(c=100)
    priced(book, sources=0)
    assert convert(book, "a", "c", 50) == "MARK_GUARDED"


def test_conversion_when_the_taker_has_a_guarded_leg_then_it_may_not_lose_margin_by_it() -> None:
    """c gets 8 of margin for 10 of money. Nothing else is wrong with it."""
    book = opened({"a": 5}, c=1_000)
    assert book.trade("c", "b", 1) is None
    book.mark(100, sources=0)
    assert convert(book, "a", "c", 100) == "MARK_GUARDED"
    assert convert(book, "a", "c", 80) is None


def test_price_when_it_is_as_old_as_allowed_then_it_is_not_stale() -> None:
    """10 ns old is fresh, 11 ns is not."""
    book = opened({"a": 5}, {"max_mark_age_ns": 10})
    out = {"unit_id": "a", "asset_id": "BTC", "amount_grains": 1}
    assert book.tried("WithdrawAsset", time_ns=10, **out) is None
    assert book.tried("WithdrawAsset", time_ns=11, **out) == "MARK_GUARDED"


def test_price_when_it_is_the_first_then_no_band_binds_it() -> None:
    """Within 1 % of nothing there is nothing."""
    book = opened({"a": 5}, {"mark_band_ppb": 10**7})
    assert book.model.state()["assets"]["BTC"]["price"] == 100
    priced(book, 102)
    assert book.model.state()["assets"]["BTC"] == {
        "price": 100,
        "price_time": 0,
        "guard": "out_of_band",
        "net_deposits": 5,
    }


# -- forced sales ----------------------------------------------------------------------------------------------------


def test_sale_when_it_gives_a_backstop_money_then_the_passes_go_on() -> None:
    """v, a backstop at -1, sells a grain of Y worth 1,000 to the fund, and with 999 buys what a must sell of BTC."""
    book = short_by_100()
    listed(
        book,
        BTC | {"asset_id": "Y", "price_grains": 1, "haircut_ppb": 5 * 10**8, "discount_ppb": 0, "fund_cap_grains": 9},
        1_000,
    )
    book.open("f", 1, "fund")
    book.do("DepositToFund", amount_quanta=2_000)
    book.open("v", 99, "backstop")
    bring(book, "v", 1, "Y")
    assert book.trade("v", "b", 5) is None
    book.mark(80)
    first = ("Y", (("v", -1, 0, 1, 1_000, 0),), (("f", 1),))
    then = ("BTC", (("a", -100, 0, 12, 108, 0),), (("v", 12),))
    assert step(book)["converted"] == [first, then]
    assert not book.model.state()["units"]["a"]["bankrupt"]


def test_sale_when_rounding_leaves_a_taker_the_money_for_a_grain_then_it_is_asked_again_before_the_fund() -> None:
    """A grain costs 1.75: v and w, 5 each, can pay for 2. Four cost 7: v pays 4, w 3, and has 2 left for another.

    Then 91 are missing: 52 grains for the fund.
    """
    book = opened({"a": 1})
    terms = {"asset_id": "A", "price_grains": 100, "haircut_ppb": 0, "discount_ppb": 0, "fund_cap_grains": 100}
    listed(book, BTC | terms, 175)
    bring(book, "a", 100, "A")
    for name in ("v", "w"):
        book.open(name, 5, "backstop")
    book.open("f", 1, "fund")
    book.do("DepositToFund", amount_quanta=500)
    assert book.trade("a", "b", 5) is None
    book.mark(80)
    both = ("A", (("a", -100, 0, 4, 7, 0),), (("v", 2), ("w", 2)))
    rest = ("A", (("a", -93, 0, 1, 2, 0),), (("w", 1),))
    assert step(book)["converted"] == [both, rest, ("A", (("a", -91, 0, 52, 91, 0),), (("f", 52),))]


def test_sale_when_the_funds_own_unit_has_a_pledge_then_it_buys_nothing() -> None:
    """f, long 5 from 100 to 80, has no pool to lift it: b pays 100. Later the pool has money, and a needs 100."""
    book = opened({})
    listed(book, BTC | {"asset_id": "X", "fund_cap_grains": 100})
    book.open("f", 1, "fund")
    book.do("Withdraw", unit_id="f", amount_quanta=1)
    bring(book, "f", 50, "X")
    assert book.trade("f", "b", 5) is None
    book.mark(80)
    step(book)
    assert book.model.state()["units"]["f"]["carried"] == 100
    book.do("DepositToFund", amount_quanta=500)
    book.open("a", 1)
    book.do("Withdraw", unit_id="a", amount_quanta=1)
    bring(book, "a", 50, "X")
    assert book.trade("a", "b", 5, price=80) is None
    book.mark(60)
    assert step(book)["converted"] == []


def test_sale_when_every_leg_of_the_owner_is_guarded_then_nothing_is_sold() -> None:
    """a is out of reach."""
    book = short_by_100()
    book.open("v", 500, "backstop")
    book.mark(80)
    book.mark(80, sources=0)
    assert step(book)["converted"] == []


@pytest.mark.parametrize("guarded", ["leg", "asset"])
def test_sale_when_a_backstop_holds_what_is_guarded_then_it_buys_nothing(guarded: str) -> None:
    """v has 500, and a lot of N at a mark, or a grain of Y at a price, that nobody vouches for."""
    book = short_by_100()
    book.open("v", 500, "backstop")
    if guarded == "leg":
        book.do("ListMarket", terms=TERMS | {"market_id": "N"})
        book.mark(100, "N")
        assert book.trade("v", "b", 1, market_id="N") is None
        book.mark(100, "N", sources=0)
    else:
        listed(book, BTC | {"asset_id": "Y"})
        bring(book, "v", 1, "Y")
        priced(book, 100, "Y", sources=0)
    book.mark(80)
    assert step(book)["converted"] == []


def test_sale_when_a_backstop_gets_free_in_the_last_round_then_the_pledge_is_sold_behind_it() -> None:
    """v, short 5 M and long 10 N from 100 to 80, has 200 and needs 240. The only round closes its 5 M: it needs 160.

    b has made 200 in N and bears the 100 of a, which are carried. 40 free quanta buy 4 grains for 36.
    """
    rules = {"price": {"name": "mark"}, "pace": {"name": "rounds", "most": 1}}
    book = opened({"a": 50}, rules)
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")
    book.open("v", 300, "backstop")
    assert book.trade("a", "v", 5) is None
    assert book.trade("v", "b", 10, market_id="N") is None
    book.mark(80)
    book.mark(80, "N")
    assert step(book)["converted"] == [("BTC", (("a", 0, 100, 4, 36, 36),), (("v", 4),))]
    assert book.model.state()["units"]["a"]["carried"] == 64


def test_sale_when_the_common_pool_spares_its_cash_then_it_buys_within_its_room() -> None:
    """300 at the beginning of the slot: it has fallen at 210, so the room is 90, 10 grains."""
    book = opened({})
    listed(book, BTC | {"asset_id": "X", "fund_cap_grains": 100})
    drawdown = {"slots": 1, "slot_ns": 1_000, "fall_ppb": 3 * 10**8, "stop_ppb": 0, "base": "peak", "strict": False}
    book.do("SetPool", terms={"pool_id": "common", "floor_quanta": 0, "drawdown": drawdown})
    book.do("DepositToFund", amount_quanta=300)
    book.open("f", 1, "fund")
    book.open("a", 1)
    bring(book, "a", 50, "X")
    book.do("Withdraw", unit_id="a", amount_quanta=1)
    assert book.trade("a", "b", 5) is None
    book.mark(80)
    assert step(book, 1_000)["converted"] == [("X", (("a", -100, 0, 10, 90, 0),), (("f", 10),))]


def test_order_when_its_owner_would_be_below_zero_then_collateral_does_not_carry_the_fill() -> None:
    """c has 45 on 5 lots that need 40, a mark of 90 costs it 50: sellers find d, who would pay 10 over the mark."""
    book = opened({"d": 50}, c=105)
    assert book.trade("c", "b", 5) is None
    assert book.order("o", "d", 1, 100) is None
    book.mark(86)
    assert step(book)["reduced"][0][3] == (("c", "M", "", 5, 5, 0, "depth"),)
    assert book.resting() == {}
    assert book.lots("d") == {}


# -- waiting for a price ---------------------------------------------------------------------------------------------


def test_unit_when_its_guarded_grains_would_bring_exactly_what_is_missing_then_it_waits() -> None:
    """40 grains bring 360, and 15 lots have lost 24 each."""
    book = opened({"a": 40})
    assert book.trade("a", "b", 15) is None
    book.mark(76)
    priced(book, sources=0)
    step(book)
    assert not book.model.state()["units"]["a"]["bankrupt"]


@pytest.mark.parametrize("auction", [{"name": "none"}, DUTCH])
def test_unit_when_it_waits_then_it_is_neither_taken_over_nor_put_on_offer(auction: dict[str, Any]) -> None:
    """14 grains count 112 and would bring 126: at -100, with 12 of the 40 that 5 lots need, a waits."""
    book = opened({"a": 14}, {"auction": auction}, AT_MAINTENANCE)
    account = {"account_id": "v", "owner_group": "", "role": "backstop", "backstop_capacity_lots": 9}
    book.do("OpenAccount", **account, hedge=False)
    book.do("Deposit", unit_id="v", amount_quanta=5_000)
    assert book.trade("a", "b", 5) is None
    book.mark(80)
    priced(book, sources=0)
    told = step(book)
    assert (told["taken_over"], told["auctions_opened"]) == ([], [])
    assert book.lots("a") == {"M": 5}


def test_bid_when_the_price_of_the_bidders_collateral_is_guarded_then_it_counts_nothing() -> None:
    """c has 30 on 5 lots at 85, which need 42.5, and sells 2. d's 50 grains count 400, or nothing."""
    book = opened({"d": 50}, {"auction": DUTCH}, AT_MAINTENANCE, c=105)
    assert book.trade("c", "b", 5) is None
    book.mark(85)
    assert [row[0] for row in step(book)["auctions_opened"]] == ["c"]
    bid = {"unit_id": "c", "bidder_unit_id": "d", "market_id": "M", "lots": 2, "least_discount_ppb": 0}
    priced(book, sources=0)
    assert book.tried("Bid", **bid) == "BELOW_INITIAL_MARGIN"
    priced(book)
    assert book.tried("Bid", **bid) is None


def test_bankrupt_when_its_price_is_guarded_later_then_it_does_not_wait_for_it() -> None:
    """c's gain at a guarded mark of N keeps the 100 of a from being named; then a's guarded grains do not."""
    book = short_by_100(50, {"price": {"name": "mark"}, "loss_rule": NOBODY_BEARS}, c=1_000)
    book.do("ListMarket", terms=TERMS | {"market_id": "N"})
    book.mark(100, "N")
    assert book.trade("c", "b", 1, market_id="N") is None
    book.mark(110, "N")
    book.mark(110, "N", sources=0)
    book.mark(80)
    assert step(book)["residuals"] == [("a", (), 100, 0, "guard")]
    book.mark(110, "N")
    priced(book, sources=0)
    assert step(book)["residuals"] == [("a", (), 100, 100, "capacity")]
