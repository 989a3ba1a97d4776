"""Pools of the fund: grouped, regrouped, drained by strangers or by their own owner."""

from deleverage.rulebook.messages import Deposit, FundPaid, MoveMargin, OpenAccount, OpenIsolated, Regroup, StepEnded
from deleverage.rulebook.pools import Drawdown
from deleverage.rulebook.rules import Rules
from tests.properties.stories import open_book, submit, trade
from tests.unit.pool_books import cash, pool, watch
from tests.unit.test_pools import asked
from tests.vulnerabilities.told import checked_step, deal, equities, marks, of, only


def test_grouped_pool_when_one_market_drains_it_then_the_other_stops_too_unless_it_is_regrouped() -> None:
    """BTC and ETH share a pool of 1,000 that may fall by 5 %: al's BTC costs it 50, and it holds 950 - more than 0.

    ETH's am, 100 short as well, then gets nothing: bo pays. XRP has been moved to a pool of its own before: that pays
    az's 100.
    """
    book = open_book({"al": 200, "am": 200, "az": 200, "bo": 9_000}, 0, ("BTC", "ETH", "XRP"))
    pool(book, "majors", 1_000, "BTC", "ETH", "XRP")
    pool(book, "own", 400)
    watch(book, Drawdown(4, 10, 50_000_000, 25_000_000), "majors")
    submit(book, Regroup(time_ns=0, market_id="XRP", pool_id="own"))
    for buyer, market_id in (("al", "BTC"), ("am", "ETH"), ("az", "XRP")):
        trade(book, buyer, "bo", 10, market_id)
    marks(book, time_ns=15, BTC=70)
    assert asked(checked_step(book, time_ns=15)) == {"bo": 50}
    marks(book, time_ns=25, ETH=70, XRP=70)
    facts = checked_step(book, time_ns=25)
    assert asked(facts) == {"bo": 100}
    assert cash(book) == {"common": 0, "majors": 950, "own": 300}
    assert only(facts, StepEnded).stopped == "quiet"


def test_isolated_loss_when_its_owner_has_another_market_then_only_the_pool_of_the_market_pays() -> None:
    """al loses 100 more than its isolated BTC has, and is well in ETH: BTC's pool pays, ETH's does not, nor does al."""
    book = open_book({"al": 2_000, "bo": 9_000}, 1_000, ("BTC", "ETH"))
    pool(book, "zone", 40, "BTC")
    trade(book, "al", "bo", 10, "ETH")
    submit(book, OpenIsolated(time_ns=0, account_id="al", market_id="BTC"))
    submit(book, MoveMargin(time_ns=0, from_unit_id="al", to_unit_id="al/BTC", amount_quanta=200))
    submit(book, deal("al/BTC", "bo", 10, 100, time_ns=0))
    marks(book, BTC=70, ETH=90)
    facts = checked_step(book)
    assert [(d.unit_id, d.paid_quanta, d.pool_id) for d in only(facts, FundPaid).debts] == [("al/BTC", 40, "zone")]
    assert (asked(facts), cash(book)) == ({"bo": 60}, {"common": 1_000, "zone": 0})
    assert equities(book)["al"] == 1_800 - 100


def test_drain_when_the_owner_hides_behind_many_accounts_then_the_group_cap_sees_only_who_is_declared() -> None:
    """Five longs of 2 lots, 20 short each, and their owner's short takes 300. Declared the fund pays 30 in all.

    Undeclared each is below the cap of 30 for itself: the fund pays 100. This is a limit, and it is documented.
    """
    taken = {}
    for declared in (True, False):
        book = open_book({}, 1_000)
        names = [*(f"long-{number}" for number in range(5)), "short"]
        for name in names:
            submit(book, OpenAccount(time_ns=0, account_id=name, owner_group="ring" if declared else ""))
            submit(book, Deposit(time_ns=0, unit_id=name, amount_quanta=900 if name == "short" else 40))
        for name in names[:-1]:
            trade(book, name, "short", 2)
        marks(book, BTC=70)
        facts = checked_step(book, Rules(fund_group_cap_quanta=30))
        assert len(of(facts, FundPaid)) == 1
        taken[declared] = sum(equities(book).values()) - 1_100
        assert cash(book) == {"common": 1_000 - taken[declared]}
    assert taken == {True: 30, False: 100}
