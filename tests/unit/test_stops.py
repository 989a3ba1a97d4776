"""What starts and stops stage 5, and who pays before or after it, on the book of ``crashed`` (worked out by hand).

al: 10 lots long, 100 short at a mark of 70. bo: 12 short, equity 860, made 360. cy: 4 short, 3,120, made 120.
"""

from collections.abc import Callable
from typing import Any

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.funding_source import DeleverageFirst
from deleverage.rulebook.messages import (
    Deleveraged,
    Fact,
    FundPaid,
    ResidualNamed,
    SettleMarket,
    Socialised,
    StepEnded,
)
from deleverage.rulebook.pace import ClosedNotional, Pace, Rounds, TouchedUnits
from deleverage.rulebook.plug import PlugFault
from deleverage.rulebook.price import Blend, Mark, Price, Spread
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import ProRata, Queue
from deleverage.rulebook.trigger import FundCannotAccept, FundExhausted, Never, PoolFactor, Trigger
from tests.properties.stories import crashed, mark, open_book, submit, trade
from tests.vulnerabilities.told import checked_step, of, only


def pools(facts: tuple[Fact, ...]) -> list[tuple[int, str]]:
    """Return closed lots and stop of every pool of stage 5, round by round."""
    return [(pool.closed_lots, pool.stopped) for fact in of(facts, Deleveraged) for pool in fact.pools]


def reasons(facts: tuple[Fact, ...]) -> list[tuple[str, str]]:
    """Return every residual's unit and reason."""
    return [(item.unit_id, item.reason) for fact in of(facts, ResidualNamed) for item in fact.residuals]


def closings(facts: tuple[Fact, ...]) -> list[tuple[str, int, int]]:
    """Return candidate, lots and money of every closing."""
    return [(c.unit_id, c.closed_lots, c.money_quanta) for fact in of(facts, Deleveraged) for c in fact.closings]


# -- trigger ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trigger", "starts"),
    [
        (Never(), False),
        (FundExhausted(49), False),  # 150 less the 100 that stage 4 has paid are 50
        (FundExhausted(50), True),
        (FundCannotAccept(700), False),  # the fund holds nothing, the pool is worth 10 x 70
        (FundCannotAccept(699), True),
        (PoolFactor(9_600_000_000), False),  # 360 + 120 against 50
        (PoolFactor(9_599_999_999), True),
        (FundExhausted(49) | PoolFactor(1), True),
        (FundExhausted(49) & PoolFactor(1), False),
    ],
    ids=str,
)
def test_trigger_when_it_does_not_fire_then_lots_stay_the_market_is_reduce_only_and_the_residual_says_so(
    trigger: Trigger, starts: bool
) -> None:
    """The fund has 150 and pays the shortfall of 100; whether the 10 lots are closed at the mark is the trigger's."""
    book = crashed(fund_quanta=150)
    facts = checked_step(book, Rules(trigger=trigger))
    assert only(facts, FundPaid).debts[0].paid_quanta == 100
    if starts:
        assert (pools(facts), reasons(facts)) == ([(10, "")], [])
        return
    assert (pools(facts), reasons(facts)) == ([(0, "trigger")], [("al", "trigger")])
    assert (book.markets["BTC"].reduce_only, book.units["al"].bankrupt) == (True, True)
    assert only(facts, StepEnded).stopped == "quiet"
    again = checked_step(book, Rules(trigger=trigger))
    assert (of(again, Deleveraged), reasons(again)) == ([], [("al", "trigger")])


def test_trigger_when_bankrupts_net_each_other_then_it_is_asked_about_what_is_left() -> None:
    """al is long 10, eve short 4 and ruined elsewhere: 4 net at the mark, 6 lots worth 420 are held back.

    Netting touches nobody solvent, so no trigger stands before it.
    """
    book = open_book({"al": 200, "bo": 9_000, "eve": 500, "di": 9_000}, market_ids=("BTC", "ETH"))
    trade(book, "al", "bo", 6)
    trade(book, "al", "eve", 4)
    trade(book, "eve", "di", 10, "ETH")
    mark(book, 70)
    mark(book, 8, "ETH")
    facts = checked_step(book, Rules(trigger=FundCannotAccept(420)))
    found = {(p.market_id, p.side): (p.netted_lots, p.closed_lots, p.stopped) for p in only(facts, Deleveraged).pools}
    assert found == {
        ("BTC", "long"): (4, 0, "trigger"),
        ("BTC", "short"): (4, 0, ""),
        ("ETH", "long"): (0, 0, "trigger"),
    }


def test_trigger_when_lots_wait_then_a_settlement_is_the_way_out() -> None:
    """Settled at 70, al is flat and 100 short, and that is named: everybody can leave."""
    book = crashed()
    rules = Rules(trigger=Never())
    assert reasons(checked_step(book, rules)) == [("al", "trigger")]
    submit(book, SettleMarket(time_ns=3, market_id="BTC", price_ticks=70), rules)
    assert reasons(checked_step(book, rules, time_ns=4)) == [("al", "capacity")]
    assert (book.residual_quanta, book.halted) == (100, True)


# -- pace ---------------------------------------------------------------------------------------------------------


def test_pace_when_the_notional_is_bounded_then_the_next_step_goes_on_where_it_stopped() -> None:
    """350 hold five lots of 70: 5 and 5, each with 50 of the shortfall."""
    book = crashed()
    rules = Rules(pace=Rounds() | ClosedNotional(350))
    first = checked_step(book, rules)
    assert (pools(first), closings(first), reasons(first)) == (
        [(5, "pace")],
        [("bo", 5, 50)],
        [("al", "pace")],
    )
    assert (only(first, StepEnded).stopped, book.markets["BTC"].reduce_only) == ("pace", True)
    second = checked_step(book, rules)
    assert (pools(second), closings(second), reasons(second)) == ([(5, "")], [("bo", 5, 50)], [])
    assert only(second, StepEnded).stopped == "quiet"


@pytest.mark.parametrize(
    ("policy", "first", "second"),
    [
        (ProRata(), [("bo", 8, 80)], [("bo", 2, 20)]),  # of 8 and 2 only bo; then 4 and 4 hold two lots: 1 and 1, bo
        (Queue(), [("bo", 10, 100)], []),
    ],
    ids=["pro-rata", "queue"],
)
def test_pace_when_units_are_bounded_then_the_list_is_cut_before_the_first_new_one(
    policy: Any, first: list[tuple[str, int, int]], second: list[tuple[str, int, int]]
) -> None:
    """One unit per step; it is the same one in the rounds of a step, and a queue that needs one only is not stopped."""
    book = crashed()
    rules = Rules(policy=policy, pace=Rounds(1) | TouchedUnits(1))
    assert closings(checked_step(book, rules)) == first
    if second:
        left = checked_step(book, rules)
        assert closings(left)[0] == ("bo", 1, 10)
        assert pools(left) == [(1, "pace")]


def test_pace_when_bankrupts_go_one_by_one_then_every_fill_is_bounded() -> None:
    """350 hold five lots; one unit at most, and bo is first: the sixth lot waits."""
    book = crashed()
    facts = checked_step(book, Rules(rerank="each_fill", pace=Rounds() | ClosedNotional(350) | TouchedUnits(1)))
    assert (closings(facts), pools(facts), reasons(facts)) == ([("bo", 5, 50)], [(5, "pace")], [("al", "pace")])


@pytest.mark.parametrize("rerank", ["once", "each_fill"])
@pytest.mark.parametrize("most_quanta", [1, 69, 70, 139])
def test_pace_when_the_bound_holds_no_lot_then_every_step_closes_one(most_quanta: int, rerank: str) -> None:
    """A lot is worth 70: one goes per step, also where the bound is less; after ten steps nobody waits."""
    book = crashed()
    rules = Rules(rerank=rerank, pace=Rounds() | ClosedNotional(most_quanta))
    told = [pools(checked_step(book, rules)) for _ in range(10)]
    assert told == [[(1, "pace")]] * 9 + [[(1, "")]]
    assert not any(unit.bankrupt for unit in book.units.values())


def test_pace_when_the_bound_holds_no_lot_of_two_pools_then_one_lot_goes_per_step_and_not_one_per_pool() -> None:
    """al is bankrupt in A and B, lots of 70: of A first, by id; the second pool is told to wait for the pace."""
    book = open_book({"al": 400, "bo": 5_000}, market_ids=("A", "B"))
    for market_id in ("A", "B"):
        trade(book, "al", "bo", 7, market_id)
    for market_id in ("A", "B"):
        mark(book, 70, market_id)
    told = [pools(checked_step(book, Rules(pace=Rounds() | ClosedNotional(50)))) for _ in range(14)]
    assert told[0] == [(1, "pace"), (0, "pace")]
    assert told[6:8] == [[(1, ""), (0, "pace")], [(1, "pace")]]
    assert told[-1] == [(1, "")]


@pytest.mark.parametrize("bound", [lambda: ClosedNotional(0), lambda: TouchedUnits(0)], ids=["notional", "units"])
def test_pace_when_a_bound_would_let_nothing_pass_then_it_is_refused(bound: Callable[[], Pace]) -> None:
    """A stop is a trigger that never fires, or an approval: both say so."""
    with pytest.raises(PlugFault, match="is 0, must be above 0"):
        bound()


# -- price and funding source -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "money", "cut"), [(Spread(20_000_000), 14, 86), (Blend(333_333_333), 33, 67)], ids=str
)
def test_price_when_it_asks_for_a_part_then_gains_carry_the_rest(price: Price, money: int, cut: int) -> None:
    """2 % of 700 are 14; a third of 100 is 33. What is not asked has no lots any more and goes to stage 6."""
    facts = checked_step(crashed(), Rules(price=price))
    assert closings(facts) == [("bo", 10, money)]
    assert only(facts, Socialised).debt_quanta == cut
    assert not only(facts, Deleveraged).closings[0].would_realise_loss


def test_closing_when_a_candidate_is_closed_below_its_entry_then_it_would_realise_a_loss() -> None:
    """bo sold at 100 and is bought back at the mark of 98: +20; with the 180 that al is short it has lost 160."""
    book = open_book({"al": 200, "bo": 900})
    trade(book, "al", "bo", 10)
    mark(book, 98)
    book.units["al"].quote -= 360
    book.units["al"].deposits -= 360
    book.net_deposits_quanta -= 360
    (closing,) = only(checked_step(book), Deleveraged).closings
    assert (closing.money_quanta, closing.result_entry_quanta, closing.would_realise_loss) == (180, -160, True)


@pytest.mark.parametrize(
    ("fund", "price", "asked", "paid", "cut"),
    [(60, Mark(), 0, 60, 40), (150, Mark(), 0, 100, 0), (60, Blend(500_000_000), 50, 50, 0)],
    ids=["short", "enough", "half"],
)
def test_source_when_deleveraging_goes_first_then_the_fund_pays_what_candidates_did_not(
    fund: int, price: Price, asked: int, paid: int, cut: int
) -> None:
    """Of 100: candidates what the price asks, then the fund what it has, then gains."""
    book = crashed(fund_quanta=fund)
    facts = checked_step(book, Rules(funding_source=DeleverageFirst(), price=price))
    assert closings(facts) == [("bo", 10, asked)]
    told = only(facts, FundPaid)
    assert (told.after_stage_5, told.debts[0].leg_id, told.debts[0].paid_quanta) == (True, "", paid)
    assert sum(item.taken_quanta for fact in of(facts, Socialised) for item in fact.haircuts) == cut
    assert book.pots["fund"] == fund - paid


def test_source_when_candidates_can_pay_everything_then_the_fund_is_spared() -> None:
    """At the bankruptcy price bo pays all of 100 although the fund has 150."""
    book = crashed(fund_quanta=150)
    facts = checked_step(book, Rules(funding_source=DeleverageFirst()))
    assert (closings(facts), of(facts, FundPaid), book.pots["fund"]) == ([("bo", 10, 100)], [], 150)


@pytest.mark.parametrize(("cap", "paid"), [("fund_event_cap_quanta", 25), ("fund_group_cap_quanta", 25)])
def test_source_when_deleveraging_goes_first_then_the_caps_hold_after_it_too(cap: str, paid: int) -> None:
    """25 of the 60 may be paid, 75 are cut from gains. A market's cap is for lots: there are none any more."""
    book: Book = crashed(fund_quanta=60)
    limits: dict[str, Any] = {cap: 25, "fund_market_cap_quanta": 0}
    facts = checked_step(book, Rules(funding_source=DeleverageFirst(), price=Mark(), **limits))
    assert (only(facts, FundPaid).debts[0].paid_quanta, only(facts, FundPaid).cut_by_caps_quanta) == (paid, 35)
    assert only(facts, Socialised).debt_quanta == 75
