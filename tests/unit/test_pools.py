"""Pools of the insurance fund: each pays what lies with it, and nobody pays in its place. Numbers are quanta.

At a mark of 70 al (10 lots long, 200 deposited) is 100 short, and bo, short, has its gain.
"""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.funding_source import DeleverageFirst
from deleverage.rulebook.messages import (
    BankruptcyDeclared,
    Code,
    Deleveraged,
    Deposit,
    Fact,
    FundPaid,
    MarkUpdate,
    OpenAccount,
    Regroup,
    ResidualNamed,
    SetMarks,
    SetPool,
    SettleMarket,
    Socialised,
    TakenOver,
)
from deleverage.rulebook.pools import Drawdown, PoolTerms
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.trigger import FundExhausted
from tests.properties.stories import close_out_at_maintenance, crashed, mark, open_book, submit, trade
from tests.unit.pool_books import cash, feed, pool, quiet, shift, take_out, two_markets
from tests.vulnerabilities.told import checked_step, equities, lots, marks, of, only, order, refused


def asked(facts: tuple[Fact, ...]) -> dict[str, int]:
    """Return what every candidate gave up, over all markets; who gave nothing is left out."""
    given: dict[str, int] = {}
    for fact in of(facts, Deleveraged):
        for closing in fact.closings:
            if closing.money_quanta:
                given[closing.unit_id] = given.get(closing.unit_id, 0) + closing.money_quanta
    return given


def asked_of(book: Book, rules: Rules | None = None) -> dict[str, int]:
    """Run a step and return what every candidate gave up."""
    return asked(checked_step(book, rules))


# -- who pays ---------------------------------------------------------------------------------------------------------


def test_pool_when_it_is_empty_then_candidates_pay_and_a_full_pool_next_door_does_not() -> None:
    """BTC's pool has nothing, the common one 1,000: bo gives up all of the 100, the common pool keeps its 1,000."""
    book = quiet(zone=0)
    mark(book, 70)
    assert asked_of(book) == {"bo": 100}
    assert cash(book) == {"common": 1_000, "zone": 0}
    assert equities(book)["al"] == 0


def test_pool_when_it_has_a_part_then_the_rest_is_asked_of_candidates() -> None:
    """60 of 100 from BTC's own pool, 40 from bo."""
    book = quiet(zone=60)
    mark(book, 70)
    assert asked_of(book) == {"bo": 40}
    assert cash(book) == {"common": 1_000, "zone": 0}


def test_pools_when_two_markets_fail_then_each_pays_its_own_in_one_fact() -> None:
    """100 lie on each leg: the zone pool has 60, the common pool 1,000. They pay 60 and 100, bo is asked for 40."""
    book = two_markets(zone=60, common=1_000)
    facts = checked_step(book)
    paid = only(facts, FundPaid)
    assert [(d.leg_id, d.debt_quanta, d.paid_quanta, d.pool_id) for d in paid.debts] == [
        ("ETH", 100, 100, "common"),
        ("BTC", 100, 60, "zone"),
    ]
    assert asked(facts) == {"bo": 40}
    assert cash(book) == {"common": 900, "zone": 0}


def test_pool_when_nothing_is_left_anywhere_then_the_loss_is_named() -> None:
    """No pool has money, the rule asks nothing of bo, who is closed and flat: 200 are named, the domain halts."""
    book = two_markets(zone=0, common=0)
    facts = checked_step(book, Rules(price=Mark()))
    assert only(facts, ResidualNamed).named_quanta == 200
    assert book.halted


def test_flat_debt_when_one_pool_could_not_pay_then_another_is_not_asked_for_it() -> None:
    """Closed at the mark, 100 of BTC's debt has no lots any more; ETH's pool has paid its 100 and keeps its 900."""
    book = two_markets(zone=0, common=1_000)
    facts = checked_step(book, Rules(price=Mark()))
    assert only(facts, ResidualNamed).named_quanta == 100
    assert cash(book) == {"common": 900, "zone": 0}
    assert book.units["al"].debt_pools == {"zone": 100}


def test_flat_debt_when_it_waits_over_steps_then_each_pool_still_owes_its_own_part() -> None:
    """zone has paid 30 of 100, common 60: 70 and 40 are left. A gain behind a guard lets them wait for the next step.

    100 more for the common pool: it pays its 40 and keeps 60; 70 stay the zone pool's, however often it is asked.
    """
    rules = Rules(price=Mark())
    book = open_book({"al": 400, "bo": 2_000, "cy": 900, "di": 900}, 60, ("BTC", "ETH", "XRP"))
    pool(book, "zone", 30, "BTC")
    for market_id in ("BTC", "ETH"):
        trade(book, "al", "bo", 10, market_id)
    trade(book, "cy", "di", 1, "XRP")
    marks(book, BTC=70, ETH=70, XRP=110)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("XRP", 120, 0),)))
    checked_step(book, rules)
    assert (book.units["al"].debt_pools, book.waiting) == ({"zone": 70, "common": 40}, True)
    feed(book, 100)
    for _ in range(3):
        checked_step(book, rules)
        assert (book.units["al"].debt_pools, cash(book)) == ({"zone": 70}, {"common": 60, "zone": 0})
    assert equities(book)["al"] == -70


def test_settlement_when_a_loser_is_flat_and_short_then_the_pool_of_that_market_pays() -> None:
    """BTC settles at 70: al is flat and 100 short, which is the zone pool's debt."""
    book = quiet(zone=150)
    submit(book, SettleMarket(time_ns=1, market_id="BTC", price_ticks=70))
    assert book.units["al"].debt_pools == {"zone": 1}
    facts = checked_step(book)
    assert [(d.leg_id, d.paid_quanta, d.pool_id) for d in only(facts, FundPaid).debts] == [("", 100, "zone")]
    assert cash(book) == {"common": 1_000, "zone": 50}


def test_debts_without_lots_when_candidates_go_first_then_each_pool_pays_its_own_of_them() -> None:
    """Candidates are asked nothing at the mark; of 100 and 100 that are left zone pays its 30, common its 60."""
    book = two_markets(zone=30, common=60)
    facts = checked_step(book, Rules(price=Mark(), funding_source=DeleverageFirst()))
    paid = only(facts, FundPaid)
    assert (paid.after_stage_5, asked(facts)) == (True, {})
    assert [(d.leg_id, d.debt_quanta, d.paid_quanta, d.pool_id) for d in paid.debts] == [
        ("", 100, 60, "common"),
        ("", 100, 30, "zone"),
    ]
    assert book.units["al"].debt_pools == {"common": 40, "zone": 70}
    assert only(facts, ResidualNamed).named_quanta == 110


def test_debts_without_lots_when_the_unit_keeps_another_leg_then_they_are_the_pool_of_the_closed_market() -> None:
    """Stage 5 starts where the market's pool is empty: ETH is closed, BTC with its 500 waits. al keeps its BTC.

    ETH's 100 have no lots any more: the zone pool is not asked for them, they are cut from bo's gain.
    """
    rules = Rules(price=Mark(), funding_source=DeleverageFirst(), trigger=FundExhausted())
    book = two_markets(zone=500, common=0)
    facts = checked_step(book, rules)
    assert (lots(book, "al"), lots(book, "al", "ETH")) == (10, 0)
    assert of(facts, FundPaid) == []
    assert [cut.taken_quanta for cut in only(facts, Socialised).haircuts] == [100]
    assert cash(book) == {"common": 0, "zone": 500}


def test_fee_when_the_market_has_a_pool_then_it_enters_that_pool() -> None:
    """al sells 10 lots at 90 for a fee of 4, all it has left: it enters the zone pool, the common pool sees nothing."""
    book = open_book({"al": 104, "bo": 9_000, "ma": 9_000}, 7)
    pool(book, "zone", 0, "BTC")
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 90))
    mark(book, 90)
    facts = checked_step(book, Rules(liquidation_fee_ppb=22_300_000))
    assert cash(book) == {"common": 7, "zone": 4}
    assert only(facts, FundPaid).entered_quanta == 4
    assert (book.pots["fees:zone"], book.pots["fees"]) == (0, 0)


def test_surplus_when_a_takeover_leaves_one_then_it_enters_the_pool_of_the_market() -> None:
    """At 90 al has 4 left, below the 4.5 of maintenance: the vault takes its 10 lots, the 4 of surplus are zone's."""
    book = open_book({"al": 104, "bo": 9_000})
    pool(book, "zone", 0, "BTC")
    submit(book, OpenAccount(time_ns=0, account_id="vault", role="backstop", backstop_capacity_lots=100))
    submit(book, Deposit(time_ns=0, unit_id="vault", amount_quanta=5_000))
    trade(book, "al", "bo", 10)
    close_out_at_maintenance(book)
    mark(book, 90)
    facts = checked_step(book, Rules())
    assert only(facts, TakenOver).surplus_quanta == 4
    assert cash(book) == {"common": 0, "zone": 4}


# -- the fund's own unit and its inventory ----------------------------------------------------------------------------


def house(book: Book, deposit: int) -> None:
    """Open the fund's account."""
    submit(book, OpenAccount(time_ns=0, account_id="house", role="fund"))
    submit(book, Deposit(time_ns=0, unit_id="house", amount_quanta=deposit))


def test_takeover_when_the_fund_takes_lots_then_the_pool_of_the_market_pays_for_them() -> None:
    """3 of al's 10 lots with 30 of its 100: the zone pool pays 30, then 70 for the other seven; common nothing."""
    book = quiet(zone=500)
    house(book, 500)
    mark(book, 70)
    facts = checked_step(book, Rules(fund_inventory_cap_lots=3))
    assert [(d.paid_quanta, d.pool_id) for d in only(facts, TakenOver).fund_debts] == [(30, "zone")]
    assert cash(book) == {"common": 1_000, "zone": 400}
    assert lots(book, "house") == 3


def test_takeover_when_the_pool_of_the_market_is_empty_then_the_fund_takes_nothing() -> None:
    """The common pool could pay, and is not asked."""
    book = quiet(zone=29)
    house(book, 500)
    mark(book, 70)
    facts = checked_step(book, Rules(fund_inventory_cap_lots=3))
    assert of(facts, TakenOver) == []
    assert cash(book) == {"common": 1_000, "zone": 0}


@pytest.mark.parametrize(("zone", "common", "bankrupt"), [(100, 100, False), (99, 5_000, True), (0, 5_000, True)])
def test_own_unit_when_a_pool_cannot_lift_its_part_then_the_fund_is_bankrupt_like_anyone(
    zone: int, common: int, bankrupt: bool
) -> None:
    """house is 200 short over two markets. Each pool lifts its 100; if zone cannot, bo is asked for what is left."""
    book = open_book({"bo": 2_000}, common, ("BTC", "ETH"))
    pool(book, "zone", zone, "BTC")
    house(book, 400)
    for market_id in ("BTC", "ETH"):
        trade(book, "house", "bo", 10, market_id)
    marks(book, BTC=70, ETH=70)
    facts = checked_step(book)
    assert bool(of(facts, BankruptcyDeclared)) is bankrupt
    lifted = of(facts, FundPaid)[0]
    assert {(d.pool_id, d.debt_quanta, d.paid_quanta) for d in lifted.own_debts} == {
        ("common", 100, 100),
        ("zone", 100, zone),
    }
    assert cash(book) == {"common": common - 100, "zone": 0}
    assert sum(asked(facts).values()) == 100 - zone
    assert equities(book)["house"] == 0


def test_own_unit_when_every_pool_is_empty_then_its_inventory_is_closed_and_candidates_pay() -> None:
    """The fund is bankrupt: 10 lots are closed against bo, who gives up the 100; nobody is exempt."""
    book = open_book({"bo": 500})
    house(book, 200)
    trade(book, "house", "bo", 10)
    mark(book, 70)
    facts = checked_step(book)
    assert [item.unit_id for item in only(facts, BankruptcyDeclared).units] == ["house"]
    assert asked(facts) == {"bo": 100}
    assert (lots(book, "house"), equities(book)["house"]) == (0, 0)


# -- caps -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        Rules(fund_event_cap_quanta=0),
        Rules(fund_group_cap_quanta=0),
        Rules(fund_market_cap_quanta=0),
        Rules(fund_notional_cap_ppb=0),
    ],
    ids=["event", "group", "market", "notional"],
)
def test_cap_when_it_is_0_then_the_fund_pays_nothing_and_candidates_everything(rules: Rules) -> None:
    """A full pool under a cap of 0 is no pool: bo gives up the 100, the money stays."""
    book = crashed(fund_quanta=1_000)
    assert asked_of(book, rules) == {"bo": 100}
    assert cash(book) == {"common": 1_000}


@pytest.mark.parametrize(("share_ppb", "paid"), [(50_000_000, 35), (51_000_000, 35), (142_857_142, 99), (10**9, 100)])
def test_notional_cap_when_a_loss_is_deeper_then_the_fund_pays_that_share_of_the_position(
    share_ppb: int, paid: int
) -> None:
    """10 lots at 70 are worth 700: 5 % are 35, 5.1 % are 35.7, rounded down; one seventh less a bit is 99."""
    book = crashed(fund_quanta=1_000)
    given = asked_of(book, Rules(fund_notional_cap_ppb=share_ppb))
    assert sum(given.values()) == 100 - paid
    assert cash(book) == {"common": 1_000 - paid}


def test_notional_cap_when_a_takeover_has_used_it_then_stage_4_pays_nothing_more() -> None:
    """35 of 700 may be paid: the fund takes 3 lots with 30, stage 4 pays 5 of the 70 that are left, bo 65."""
    book = quiet(zone=1_000)
    house(book, 500)
    mark(book, 70)
    assert asked_of(book, Rules(fund_inventory_cap_lots=3, fund_notional_cap_ppb=50_000_000)) == {"bo": 65}
    assert cash(book) == {"common": 1_000, "zone": 965}


def test_notional_cap_when_a_debt_has_no_lots_then_the_fund_pays_nothing_for_it() -> None:
    """A settled market leaves al flat and 100 short: there is no position to take a share of."""
    book = quiet(zone=1_000)
    submit(book, SettleMarket(time_ns=1, market_id="BTC", price_ticks=70))
    facts = checked_step(book, Rules(fund_notional_cap_ppb=10**9))
    assert of(facts, FundPaid) == []
    assert only(facts, ResidualNamed).named_quanta == 100


# -- commands ---------------------------------------------------------------------------------------------------------


def test_withdrawal_when_it_goes_below_the_floor_then_it_is_refused() -> None:
    """Of 1,000 with a floor of 400, 601 are refused and 600 leave; X falls with them."""
    book = open_book({}, 0)
    pool(book, "zone", 1_000, floor=400)
    assert refused(book, take_out(601, "zone")) is Code.POOL_FLOOR
    before = book.net_deposits_quanta
    submit(book, take_out(600, "zone"))
    assert (cash(book)["zone"], before - book.net_deposits_quanta) == (400, 600)
    assert refused(book, take_out(1, "zone")) is Code.POOL_FLOOR


def test_withdrawal_when_somebody_is_owed_anything_then_it_is_refused() -> None:
    """Before the step al is below zero; then a gain behind a guard lets it wait, bankrupt; then 100 are named."""
    rules = Rules(price=Mark())
    book = two_markets(zone=0, common=1_000)
    assert refused(book, take_out(1)) is Code.NEGATIVE_EQUITY
    checked_step(book, rules, time_ns=9)
    assert book.residual_quanta == 100
    assert refused(book, take_out(1)) is Code.DOMAIN_HALTED


def test_withdrawal_when_a_unit_is_bankrupt_then_it_is_refused_before_all_amounts() -> None:
    """al waits flat and bankrupt behind the gain of a guarded mark."""
    book = open_book({"al": 200, "bo": 500, "cy": 900, "di": 900}, 50, ("BTC", "XRP"))
    pool(book, "zone", 0, "BTC")
    trade(book, "al", "bo", 10)
    trade(book, "cy", "di", 1, "XRP")
    marks(book, BTC=70, XRP=110)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("XRP", 120, 0),)))
    checked_step(book, Rules(price=Mark()))
    assert refused(book, take_out(10**9)) is Code.UNIT_BANKRUPT


def test_withdrawal_when_a_held_mark_is_guarded_then_it_is_refused() -> None:
    """Nobody knows whether al is still solvent."""
    book = quiet(zone=0)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70, 0),)))
    assert refused(book, take_out(1)) is Code.MARK_GUARDED
    mark(book, 100)
    submit(book, take_out(1))


def test_withdrawal_when_claims_are_open_then_it_is_refused() -> None:
    """A residual that became claims is still owed to those who left."""
    book = open_book({}, 50)
    book.claims["gone"] = 7
    assert refused(book, take_out(1)) is Code.RESIDUAL_OUTSTANDING


def test_regrouping_when_a_loss_is_open_then_it_stays_with_its_pool() -> None:
    """Before the step al's loss is the zone pool's, afterwards nobody owes anything and BTC may go."""
    book = quiet(zone=0)
    away = Regroup(time_ns=9, market_id="BTC", pool_id="common")
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", 70, 0),)))
    assert refused(book, away) is Code.MARK_GUARDED
    mark(book, 70)
    assert refused(book, away) is Code.MARKET_INDEBTED
    checked_step(book)
    submit(book, away)
    assert book.pool_of("BTC") == "common"
    assert refused(book, away) is Code.SAME_POOL


def test_move_when_the_source_has_a_floor_then_only_what_lies_above_it_moves() -> None:
    """300 above a floor of 700 may go to the other pool, also while al is below zero; no money is made."""
    book = quiet(zone=0)
    submit(book, SetPool(time_ns=0, terms=PoolTerms("common", 700)))
    mark(book, 70)
    assert refused(book, shift(301, "common", "zone")) is Code.POOL_FLOOR
    assert refused(book, shift(1, "zone", "zone")) is Code.SAME_POOL
    assert refused(book, shift(1, "zone", "none")) is Code.UNKNOWN_POOL
    before = book.net_deposits_quanta
    submit(book, shift(300, "common", "zone", time_ns=2))
    assert (cash(book), book.net_deposits_quanta) == ({"common": 700, "zone": 300}, before)
    assert asked_of(book) == {}


BAD = [
    PoolTerms("zone", -1),
    PoolTerms("zone", 10**40 + 1),
    PoolTerms("zone", drawdown=Drawdown(0, 5, 500, 499)),
    PoolTerms("zone", drawdown=Drawdown(10_001, 5, 500, 499)),
    PoolTerms("zone", drawdown=Drawdown(1, 0, 500, 499)),
    PoolTerms("zone", drawdown=Drawdown(1, 5, 500, 500)),
    PoolTerms("zone", drawdown=Drawdown(1, 5, 10**9 + 1, 0)),
    PoolTerms("zone", drawdown=Drawdown(1, 5, 500, -1)),
    PoolTerms("zone", drawdown=Drawdown(1, 5, 500, 499, "median")),
]


@pytest.mark.parametrize("terms", BAD, ids=range(len(BAD)))
def test_pool_when_its_terms_are_bad_then_it_is_refused(terms: PoolTerms) -> None:
    """Every bound of the terms."""
    assert refused(open_book({}), SetPool(time_ns=0, terms=terms)) is Code.BAD_TERMS
