"""Who pays for whose market, who loses one leg of a hedge, and owners who liquidate themselves."""

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.assets import AssetTerms
from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import BankruptcyDeclared, BankruptcyEnded, Code, Deleveraged, FundPaid, Socialised
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import Limit
from tests.properties.collateral_stories import opened
from tests.properties.collateral_stories import trade as trade_m
from tests.properties.stories import open_book, submit, trade
from tests.unit.pool_books import cash, pool
from tests.unit.test_auction import LAW, bid, distressed, sold
from tests.unit.test_neutral import FIVE_PERCENT, pair
from tests.unit.test_pools_and_losses import INDEX
from tests.vulnerabilities.told import checked_step, closed, deal, equities, given_up, marks, of, only, refused


def losing_in_eth(isolated: bool) -> Book:
    """Return a book in which al loses 400 in ETH and nothing in BTC: 100 short in all, or in its ETH alone.

    al is long 10 ETH and 10 BTC with 300. BTC's pool holds 1,000, ETH's nothing; bo is short both.
    """
    book = open_book({"al": 300 + 100 * isolated, "bo": 9_000}, 0, ("BTC", "ETH"))
    pool(book, "victim", 1_000, "BTC")
    eth = "al"
    if isolated:
        eth = "al/ETH"
        submit(book, m.OpenIsolated(time_ns=0, account_id="al", market_id="ETH"))
        submit(book, m.MoveMargin(time_ns=0, from_unit_id="al", to_unit_id=eth, amount_quanta=300))
    trade(book, "al", "bo", 10, "BTC")
    submit(book, deal(eth, "bo", 10, 100, 0, "ETH"))
    marks(book, ETH=60)
    return book


@pytest.mark.parametrize(("isolated", "victim_pays"), [(True, 0), (False, 63)])
def test_loss_when_its_owner_flattens_the_market_it_came_from_then_the_pool_of_another_cannot_be_chosen(
    isolated: bool, victim_pays: int
) -> None:
    """Below zero, nobody closes the losing leg to keep the other one: the trade is refused, whatever its price.

    Isolated, the loss is ETH's alone. A cross unit is one debtor: 5 of the 8 of its maintenance are BTC's, and so are
    62.5 of the 100. This is a limit, and it is documented: who wants markets apart isolates them.
    """
    book = losing_in_eth(isolated)
    unit_id = "al/ETH" if isolated else "al"
    for ticks in (1, 60, 61):
        assert refused(book, deal("bo", unit_id, 10, ticks, 1, "ETH")) is Code.BELOW_ZERO
    facts = checked_step(book)
    debts = [debt for fact in of(facts, FundPaid) for debt in fact.debts]
    assert sum(debt.paid_quanta for debt in debts if debt.pool_id == "victim") == victim_pays
    assert cash(book) == {"common": 0, "victim": 1_000 - victim_pays}
    assert sum(given_up(only(facts, Deleveraged)).values()) == 100 - victim_pays


def inflated(ring_lots: int, victim: str) -> Book:
    """Return a book with 100 of debt in BTC, and a ring that has lost 30 per lot to itself in ETH with nearly nothing.

    cy and di keep 5 BTC after al's 10 are closed. BTC's pool ``victim`` holds 60.
    """
    book = open_book({"al": 200, "bo": 2_000, "cy": 1_000, "di": 1_000, "r1": 300, "r2": 300}, 0, ("BTC", "ETH"))
    pool(book, "victim", 60, *(("BTC", "ETH") if victim == "shared" else ("BTC",)))
    trade(book, "al", "bo", 10)
    trade(book, "cy", "di", 5)
    if ring_lots:
        trade(book, "r1", "r2", ring_lots, "ETH")
    marks(book, BTC=70, ETH=70)
    return book


@pytest.mark.parametrize("ring_lots", [0, 20, 200])
def test_claims_when_a_ring_inflates_its_own_market_then_the_support_of_another_is_not_diluted(ring_lots: int) -> None:
    """ETH's debt is 0, 300 or 5,700. BTC's pool pays its 60 of 100 each time, those who hold BTC bear 20 each.

    With one pool for both markets the same ring takes nearly all of the 60: so markets may be kept apart.
    """
    book = inflated(ring_lots, "alone")
    facts = checked_step(book, INDEX)
    paid = sum(debt.paid_quanta for fact in of(facts, FundPaid) for debt in fact.debts if debt.pool_id == "victim")
    borne = [fact for fact in of(facts, Socialised) if fact.market_id == "BTC"]
    assert paid == 60
    assert [{cut.unit_id: cut.taken_quanta for cut in fact.haircuts} for fact in borne] == [{"cy": 20, "di": 20}]
    shared = inflated(ring_lots, "shared")
    debts = [debt for fact in of(checked_step(shared, INDEX), FundPaid) for debt in fact.debts]
    assert {debt.unit_id: debt.paid_quanta for debt in debts}["al"] == {0: 60, 20: 15, 200: 1}[ring_lots]


def test_hedge_when_a_cascade_comes_then_it_is_asked_last_by_so_much_a_step_and_the_open_leg_is_told() -> None:
    """al's 10 lots are bankrupt. bo is short 8 with the same 8 long in another contract, cy short 6 with no hedge.

    By score bo would lose its 8, and be naked with 8 - that is told. In the neutral mode cy goes first with 6, bo
    gives 4; and with a limit of 350 a step the first one closes 5 lots, all of them cy's.
    """
    (plain,) = of(checked_step(pair()), Deleveraged)
    assert [(one.unit_id, one.closed_lots, one.naked_lots) for one in plain.closings] == [("bo", 8, 8), ("cy", 2, 0)]
    (spared,) = of(checked_step(pair(), Rules(neutral_within_ppb=FIVE_PERCENT)), Deleveraged)
    assert closed(spared) == {"cy": 6, "bo": 4}
    capped = Rules(neutral_within_ppb=FIVE_PERCENT, close_throttle=(Limit(0, 350),))
    assert closed(only(checked_step(pair(), capped), Deleveraged)) == {"cy": 5}


def test_owner_when_it_liquidates_itself_at_a_discount_then_it_is_refused_or_gains_nothing() -> None:
    """A trade at a price of the owner's own moves no mark: nobody becomes liquidable by it.

    al's lots are on offer at 1 %. me, declared as al's, may not bid; sock, undeclared, may: what it gains al loses,
    the two together have what they had, and the fund pays nothing.
    """
    book = distressed(sock=5_000)
    submit(book, deal("sock", "bo", 1, 40))
    assert book.markets["BTC"].mark_price_ticks == 84
    submit(book, m.OpenAccount(time_ns=1, account_id="me", owner_group="al"))
    submit(book, m.Deposit(time_ns=1, unit_id="me", amount_quanta=5_000))
    assert only(checked_step(book, LAW), m.AuctionOpened).unit_id == "al"
    assert refused(book, bid(bidder_unit_id="me"), LAW) is Code.SELF_TRADE
    before = equities(book)
    sold(book, bid(bidder_unit_id="sock"))
    after = equities(book)
    assert after["sock"] > before["sock"]
    assert after["al"] + after["sock"] == before["al"] + before["sock"]
    assert after["al"] >= 0
    assert book.pots["fund"] == 0


@pytest.mark.parametrize(("grains", "settled"), [(1, True), (11, True), (12, False)])
def test_dust_of_collateral_when_nobody_can_price_it_then_it_puts_off_no_bankruptcy(grains: int, settled: bool) -> None:
    """al is 100 short; its grains were worth 9 each after the discount when their price was last known.

    1 or 11 could not cover: it is declared, closed against cy, and done in this step. 12 could (108): it waits for
    the price, as it should. And an asset that never had a price does not come in at all.
    """
    book = opened({"al": 100, "cy": 1_000}, {"al": grains})
    trade_m(book, "al", "cy", 10)
    submit(book, m.ListAsset(time_ns=0, terms=AssetTerms("odd", 1, 0, 0, 10**9, 10**9)))
    assert refused(book, m.DepositAsset(time_ns=0, unit_id="al", asset_id="odd", amount_grains=1)) is Code.NO_MARK
    submit(book, m.SetMarks(time_ns=50, marks=(m.MarkUpdate("M", 80),)))
    facts = checked_step(book, Rules(max_mark_age_ns=10), 50)
    assert bool(of(facts, BankruptcyDeclared)) is settled
    assert [unit.unit_id for fact in of(facts, BankruptcyEnded) for unit in fact.units] == ["al"] * settled
    assert (equities(book)["cy"], book.residual_quanta, book.waiting) == (1_200 - 100 * settled, 0, False)
