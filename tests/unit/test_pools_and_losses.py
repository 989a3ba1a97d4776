"""Where the fund's pools meet the loss rules, the backstops and halts: whose debt was paid, and whose surplus it is.

al is long 10 BTC, the zone pool's, and 10 ETH, the common pool's; at 70 it is 100 short on each. Numbers are quanta.
"""

from dataclasses import replace

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.funding_source import DeleverageFirst
from deleverage.rulebook.losses.equity import Payout
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.messages import (
    Code,
    Deposit,
    FundPaid,
    Halt,
    OpenAccount,
    Regroup,
    RunStep,
    SetProgramme,
    Socialised,
    TakenOver,
)
from deleverage.rulebook.pools import left_by_pool
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import close_out_at_maintenance, mark, open_book, submit, trade
from tests.properties.test_lies import objection
from tests.unit.pool_books import cash, pool, quiet, take_out
from tests.unit.test_pools import house
from tests.vulnerabilities.told import checked_step, marks, of, only, refused

INDEX = Rules(price=Mark(), funding_source=DeleverageFirst(), loss_rule=FundingIndex())
HALVES = Rules(surplus_to_fund_ppb=500_000_000, surplus_to_taker_ppb=500_000_000, fund_inventory_cap_lots=10)


def losing(zone: int, *held: str) -> Book:
    """Return the book at 70, bo short against al; cy is long and di short 5 lots in the markets ``held``.

    cy has 850 of 1,000 left per market, di 1,150.
    """
    book = open_book({"al": 400, "bo": 2_000, "cy": 1_000, "di": 1_000}, market_ids=("BTC", "ETH"))
    pool(book, "zone", zone, "BTC")
    for market_id in ("BTC", "ETH"):
        trade(book, "al", "bo", 10, market_id)
    for market_id in held:
        trade(book, "cy", "di", 5, market_id)
    marks(book, BTC=70, ETH=70)
    return book


def test_loss_rule_when_a_pool_has_paid_then_only_the_other_markets_debt_is_left_to_spread() -> None:
    """The zone pool pays its 100 after stage 5: nobody is charged for BTC, cy and di pay 50 each for ETH's 100."""
    book = losing(100, "BTC", "ETH")
    facts = checked_step(book, INDEX)
    assert [(debt.pool_id, debt.paid_quanta) for debt in only(facts, FundPaid).debts] == [("common", 0), ("zone", 100)]
    (told,) = of(facts, Socialised)
    assert (told.market_id, told.debt_quanta) == ("ETH", 100)
    assert {haircut.unit_id: haircut.taken_quanta for haircut in told.haircuts} == {"cy": 50, "di": 50}
    assert (book.residual_quanta, cash(book)) == (0, {"common": 0, "zone": 0})


def test_loss_rule_when_it_carries_one_markets_debt_then_the_rest_stays_with_the_pool_of_the_other() -> None:
    """Stage 5 closes di's 5 BTC and 5 of bo's 10; the 5 lots left, cy's and bo's, carry BTC's 100. Nobody holds ETH.

    ETH's 100 are left, and the zone pool is not to be asked for them.
    """
    book = losing(0, "BTC")
    (told,) = of(checked_step(book, INDEX), Socialised)
    assert (told.market_id, told.debt_quanta) == ("BTC", 100)
    assert {haircut.unit_id: haircut.taken_quanta for haircut in told.haircuts} == {"bo": 50, "cy": 50}
    assert (book.residual_quanta, book.units["al"].debt_pools) == (100, {"common": 100})


def test_loss_rule_when_it_is_asked_about_all_debts_then_every_pools_part_falls_alike() -> None:
    """bo still holds BTC and has 50 above 2,550: 150 of 200 are left, half of it with either pool."""
    book = losing(0, "BTC")
    (told,) = of(checked_step(book, replace(INDEX, loss_rule=Payout(2_550))), Socialised)
    assert {haircut.unit_id: haircut.taken_quanta for haircut in told.haircuts} == {"bo": 50}
    assert (book.residual_quanta, book.units["al"].debt_pools) == (150, {"common": 100, "zone": 100})


@pytest.mark.parametrize(
    ("owed", "paid", "left"),
    [
        (100, 30, {"a": 50, "b": 20}),
        (100, 50, {"a": 50}),
        # 5 are 3 and 2, a first; 4 were paid for b's market: b's 2, and by rounding 2 of a's
        (5, 4, {"a": 1}),
        (5, 5, {"a": 1, "b": 1}),  # nothing is left: the weights stay
    ],
)
def test_left_by_pool_when_money_came_for_one_market_then_its_pool_is_relieved_first(
    owed: int, paid: int, left: dict[str, int]
) -> None:
    """Equal weights; the money is for a market of b."""
    assert left_by_pool({"a": 1, "b": 1}, owed, paid, "b") == left


@pytest.mark.parametrize("rules", [INDEX, replace(INDEX, loss_rule=Payout(1_100))], ids=["market", "all"])
def test_invariant_when_holders_are_charged_before_the_pool_then_it_objects(rules: Rules) -> None:
    """The story of an empty zone pool, told of one that could pay its 100."""
    book = losing(100, "BTC")
    empty = book.copy()
    empty.pots["fund:zone"], empty.net_deposits_quanta = 0, book.net_deposits_quanta - 100
    facts = decide(empty.copy(), RunStep(time_ns=25), rules)
    assert isinstance(facts, tuple)
    assert objection(empty, facts, rules) == ""
    assert objection(book, facts, rules) == "INV-7"


@pytest.mark.parametrize(("taker", "zone"), [("vault", 2), ("house", 4)])
def test_surplus_when_half_of_it_is_the_takers_then_the_funds_part_enters_the_pool_of_the_market(
    taker: str, zone: int
) -> None:
    """al has 4 left at 90: 2 are the taker's, 2 the zone pool's; all 4 are if it is the fund that takes."""
    book = open_book({"al": 104, "bo": 9_000})
    pool(book, "zone", 0, "BTC")
    close_out_at_maintenance(book)
    if taker == "house":
        house(book, 500)
    else:
        submit(book, OpenAccount(time_ns=0, account_id="vault", role="backstop"))
        submit(book, Deposit(time_ns=0, unit_id="vault", amount_quanta=5_000))
        submit(book, SetProgramme(time_ns=0, account_id="vault", capacity_lots=10, minimum_edge_ppb=1))
    trade(book, "al", "bo", 10)
    mark(book, 90)
    taken = only(checked_step(book, HALVES), TakenOver)
    assert (taken.surplus_quanta, taken.edge_quanta) == (4, 2)
    assert cash(book) == {"common": 0, "zone": zone}


def test_withdraw_from_fund_when_an_operator_has_halted_the_domain_then_nothing_leaves() -> None:
    """A halt of either kind holds the fund's owner."""
    book = quiet(zone=1_000)
    submit(book, Halt(time_ns=1, scope="", reason="drill"))
    assert refused(book, take_out(1, "zone")) == Code.DOMAIN_HALTED


def test_fund_when_a_market_is_halted_then_its_marks_are_believed_and_the_operator_may_act() -> None:
    """Marks go on in BTC's halt, so a loss would be seen: 1 leaves the zone pool, and BTC becomes the common pool's."""
    book = quiet(zone=1_000)
    submit(book, Halt(time_ns=1, scope="BTC", reason="drill"))
    submit(book, take_out(1, "zone"))
    submit(book, Regroup(time_ns=9, market_id="BTC", pool_id="common"))
    assert (cash(book)["zone"], book.markets["BTC"].pool_id) == (999, "common")
