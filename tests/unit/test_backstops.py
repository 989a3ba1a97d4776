"""Backstop programmes in stage 3: edge, window, cool-down, order, and why nothing was taken; worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import (
    Code,
    Deposit,
    DepositToFund,
    Fact,
    MarkUpdate,
    OpenAccount,
    Passed,
    Rejection,
    RunStep,
    SetMarks,
    SetProgramme,
    StepEnded,
    TakenOver,
    Trade,
)
from deleverage.rulebook.programmes import Backstop, Programme, cools_down, window_left_quanta
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import ConfigError, Rules
from tests.properties.stories import close_out_at_maintenance, crashed, mark, open_book, step, submit, trade

ANY_EDGE = -(10**40)
HALF_TO_TAKER = Rules(surplus_to_fund_ppb=0, surplus_to_taker_ppb=500_000_000)


def backstop(book: Book, name: str, capacity_lots: int, quanta: int = 5_000, **programme: int) -> None:
    """Open a backstop with money at time 1, and with a programme if one is given."""
    submit(book, OpenAccount(time_ns=1, account_id=name, role="backstop", backstop_capacity_lots=capacity_lots))
    submit(book, Deposit(time_ns=1, unit_id=name, amount_quanta=quanta))
    if programme:
        submit(book, SetProgramme(time_ns=1, account_id=name, capacity_lots=capacity_lots, **programme))


def thin(equity_quanta: int = 4) -> Book:
    """Return a book at 90 in which al (10 lots long) has an equity below its maintenance of 4.5; bo is short."""
    book = open_book({"al": 100 + equity_quanta, "bo": 9_000})
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    mark(book, 90)
    return book


def taken(facts: tuple[Fact, ...]) -> list[dict[str, int]]:
    """Return, per takeover, the lots of each taker."""
    return [
        {fill.unit_id: fill.lots for fill in fact.fills if fill.part == "taker"}
        for fact in facts
        if isinstance(fact, TakenOver)
    ]


def passed(facts: tuple[Fact, ...]) -> dict[str, str]:
    """Return who left lots to others in BTC's longs, and why."""
    (end,) = [fact for fact in facts if isinstance(fact, StepEnded)]
    assert all(item[:2] == ("BTC", "long") for item in end.passed)
    return {item.unit_id: item.why for item in end.passed}


def spend(book: Book, unit_id: str, amount_quanta: int) -> None:
    """Make a unit poorer, as if the quanta had never been deposited: no command may go so far down."""
    book.units[unit_id].quote -= amount_quanta
    book.units[unit_id].deposits -= amount_quanta
    book.net_deposits_quanta -= amount_quanta


# -- edge -----------------------------------------------------------------------------------------------------------


def test_take_over_when_the_taker_owns_half_of_the_surplus_then_it_is_paid_by_the_source() -> None:
    """al has 4 left: x takes 10 lots at the mark and gets 2; 2 stay al's, nobody else moves."""
    book = thin()
    backstop(book, "x", 10, minimum_edge_ppb=0)
    facts = step(book, HALF_TO_TAKER)
    assert taken(facts) == [{"x": 10}]
    assert [fact.edge_quanta for fact in facts if isinstance(fact, TakenOver)] == [2]
    assert {name: equity(book, book.units[name]) for name in ("al", "x", "bo")} == {"al": 2, "x": 5_002, "bo": 9_100}


@pytest.mark.parametrize(("minimum_edge_ppb", "takes"), [(2_222_222, True), (2_222_223, False)])
def test_take_over_when_an_edge_is_asked_then_it_is_compared_exactly(minimum_edge_ppb: int, *, takes: bool) -> None:
    """2 quanta on a notional of 900 are 2,222,222.2 ppb: one ppb more is not met, and al is not taken."""
    book = thin()
    backstop(book, "x", 10, minimum_edge_ppb=minimum_edge_ppb)
    facts = step(book, HALF_TO_TAKER)
    assert taken(facts) == ([{"x": 10}] if takes else [])
    assert passed(facts) == ({} if takes else {"x": "edge"})


def test_take_over_when_rounding_leaves_less_than_the_edge_then_the_taker_stands_aside() -> None:
    """The whole leg pays 2 on 900, 0.22 %. 7 lots move 2 of the surplus, an edge of 1 on 630: 0.16 %, not 0.2 %."""
    book = thin()
    backstop(book, "x", 7, minimum_edge_ppb=2_000_000)
    facts = step(book, HALF_TO_TAKER)
    assert (taken(facts), passed(facts)) == ([], {"x": "edge"})


@pytest.mark.parametrize(("minimum_edge_ppb", "takes"), [(-142_857_143, True), (-142_857_142, False), (0, False)])
def test_take_over_when_the_source_is_short_then_the_edge_is_the_loss_that_is_carried(
    minimum_edge_ppb: int, *, takes: bool
) -> None:
    """al owes 100 on 10 lots of 70: 100 / 700 = 142,857,142.9 ppb. Who is ready to carry that much pays the 100."""
    book = crashed()
    backstop(book, "x", 10, minimum_edge_ppb=minimum_edge_ppb)
    facts = step(book)
    assert taken(facts) == ([{"x": 10}] if takes else [])
    assert equity(book, book.units["x"]) == (4_900 if takes else 5_000)
    assert passed(facts) == ({} if takes else {"x": "edge"})


def test_take_over_when_programmes_differ_then_who_asks_for_least_goes_first() -> None:
    """w has no programme and takes 3, y asks for no edge and takes 4, x asks for 0.1 %: the last 3, in three facts."""
    book = thin()
    backstop(book, "x", 10, minimum_edge_ppb=1_000_000)
    backstop(book, "y", 4, minimum_edge_ppb=0)
    backstop(book, "w", 3)
    assert taken(step(book, HALF_TO_TAKER)) == [{"w": 3}, {"y": 4}, {"x": 3}]


def test_take_over_when_one_source_pays_and_another_does_not_then_only_that_one_is_taken() -> None:
    """al has 4 left on 10 lots, di owes 50 on 10: x asks for no edge and takes al's lots; di's are deleveraged."""
    book = open_book({"al": 104, "di": 104, "bo": 9_000})
    close_out_at_maintenance(book)
    trade(book, "al", "bo", 10)
    trade(book, "di", "bo", 10)
    mark(book, 90)
    spend(book, "di", 54)
    backstop(book, "x", 20, minimum_edge_ppb=0)
    facts = step(book, HALF_TO_TAKER)
    assert taken(facts) == [{"x": 10}]
    assert {fill.unit_id for fact in facts if isinstance(fact, TakenOver) for fill in fact.fills} == {"al", "x"}


def test_take_over_when_the_fund_takes_then_the_takers_part_enters_the_pool() -> None:
    """al's surplus of 4: a quarter is the fund's, half the taker's, both go to the pool; 1 stays with al."""
    book = thin()
    submit(book, OpenAccount(time_ns=1, account_id="fund", role="fund"))
    submit(book, DepositToFund(time_ns=1, amount_quanta=50))
    rules = Rules(
        surplus_to_fund_ppb=250_000_000,
        surplus_to_taker_ppb=500_000_000,
        fund_inventory_cap_lots=10,
    )
    step(book, rules)
    assert (book.pots["fund"], equity(book, book.units["al"]), equity(book, book.units["fund"])) == (53, 1, 0)


def test_rules_when_more_than_the_whole_surplus_is_given_away_then_they_are_refused() -> None:
    """The fund's default is all of it: a taker's share needs a smaller one."""
    with pytest.raises(ConfigError, match="surplus_to_taker_ppb is 1, and the fund keeps 1000000000: together"):
        Rules(surplus_to_taker_ppb=1)


# -- window and cool-down -------------------------------------------------------------------------------------------


def test_take_over_when_a_window_is_running_then_only_its_rest_is_taken() -> None:
    """A window of 400: 5 lots of 70 are 350. The rest of 50 is no lot: the other 5 go to candidates.

    x took something, so it did not stand aside.
    """
    book = crashed()
    backstop(book, "x", 10, window_ns=100, window_notional_quanta=400, minimum_edge_ppb=ANY_EDGE)
    facts = step(book)
    assert (taken(facts), passed(facts)) == ([{"x": 5}], {})
    assert book.backstops["x"] == Backstop(Programme(100, 400, 0, ANY_EDGE), 2, 350, 1, 2)


def again(book: Book, time_ns: int) -> tuple[Fact, ...]:
    """Let a new account become 100 short with 10 lots at 70, and run a step."""
    name = f"t{time_ns}"
    submit(book, SetMarks(time_ns=time_ns, marks=(MarkUpdate("BTC", 100),)))
    submit(book, OpenAccount(time_ns=time_ns, account_id=name))
    submit(book, Deposit(time_ns=time_ns, unit_id=name, amount_quanta=200))
    parties: dict[str, Any] = {"buyer_unit_id": name, "seller_unit_id": "cy"}
    submit(book, Trade(time_ns=time_ns, market_id="BTC", lots=10, price_ticks=100, **parties))
    submit(book, SetMarks(time_ns=time_ns, marks=(MarkUpdate("BTC", 70),)))
    return submit(book, RunStep(time_ns=time_ns))


@pytest.mark.parametrize(("time_ns", "takes"), [(101, False), (102, True)])
def test_take_over_when_the_window_has_passed_then_its_capacity_is_back(time_ns: int, *, takes: bool) -> None:
    """The window opened at 2 and lasts 100 ns: at 101 it still runs, at 102 a new one opens."""
    book = crashed()
    backstop(book, "x", 10, window_ns=100, window_notional_quanta=700, minimum_edge_ppb=ANY_EDGE)
    assert taken(step(book)) == [{"x": 10}]
    facts = again(book, time_ns)
    assert taken(facts) == ([{"x": 10}] if takes else [])
    assert passed(facts) == ({} if takes else {"x": "window"})
    assert book.backstops["x"].window_start_ns == (102 if takes else 2)


@pytest.mark.parametrize(("time_ns", "takes"), [(51, False), (52, True)])
def test_take_over_when_a_backstop_cools_down_then_it_rests_until_the_time_is_over(
    time_ns: int, *, takes: bool
) -> None:
    """It took over at 2 and rests for 50 ns."""
    book = crashed()
    backstop(book, "x", 20, cool_down_ns=50, minimum_edge_ppb=ANY_EDGE)
    assert taken(step(book)) == [{"x": 10}]
    facts = again(book, time_ns)
    assert taken(facts) == ([{"x": 10}] if takes else [])
    assert passed(facts) == ({} if takes else {"x": "cool_down"})


def test_take_over_when_two_markets_crash_in_one_step_then_the_cool_down_does_not_bind_within_it() -> None:
    """al is long 5 lots of A and of B and short of money; x takes both, and rests only after the step."""
    book = open_book({"al": 200, "bo": 9_000}, market_ids=("A", "B"))
    for market_id in ("A", "B"):
        trade(book, "al", "bo", 5, market_id)
    submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("A", 70), MarkUpdate("B", 70))))
    backstop(book, "x", 5, cool_down_ns=50, minimum_edge_ppb=ANY_EDGE)
    assert taken(step(book)) == [{"x": 5}, {"x": 5}]


def test_programme_when_it_is_replaced_then_window_and_cool_down_go_on() -> None:
    """A new programme does not forget: 350 of the window are used, the last takeover was in step 1 at 2 ns."""
    book = crashed()
    backstop(book, "x", 10, window_ns=100, window_notional_quanta=400, minimum_edge_ppb=ANY_EDGE)
    step(book)
    terms: dict[str, int] = {"capacity_lots": 7, "window_ns": 50, "window_notional_quanta": 300, "cool_down_ns": 9}
    submit(book, SetProgramme(time_ns=3, account_id="x", **terms))
    found = book.backstops["x"]
    assert found == Backstop(Programme(50, 300, 9, 0), 2, 350, 1, 2)
    assert book.accounts["x"].backstop_capacity_lots == 7
    assert (window_left_quanta(found, 51), window_left_quanta(found, 52)) == (-50, 300)
    assert (cools_down(found, 2, 10), cools_down(found, 2, 11), cools_down(found, 1, 2)) == (True, False, False)


# -- why a backstop took nothing ------------------------------------------------------------------------------------


def test_take_over_when_the_domain_has_no_backstop_then_that_is_said() -> None:
    """al's lots go on to stage 5; the step says that nobody could take them over."""
    facts = step(crashed())
    (end,) = [fact for fact in facts if isinstance(fact, StepEnded)]
    assert end.passed == (Passed("BTC", "long", "", "no_backstop"),)


def test_take_over_when_backstops_cannot_then_each_says_why() -> None:
    """c has no capacity, m no margin for 10 lots (3.5 needed, 1 left), d is bankrupt itself."""
    book = crashed()
    backstop(book, "c", 0)
    submit(book, OpenAccount(time_ns=1, account_id="m", role="backstop", backstop_capacity_lots=10))
    submit(book, Deposit(time_ns=1, unit_id="m", amount_quanta=1))
    submit(book, OpenAccount(time_ns=1, account_id="d", role="backstop", backstop_capacity_lots=10))
    submit(book, Deposit(time_ns=1, unit_id="d", amount_quanta=1))
    spend(book, "d", 2)
    facts = step(book)
    assert taken(facts) == []
    assert passed(facts) == {"c": "capacity", "m": "margin", "d": "distressed"}


@pytest.mark.parametrize(("max_lots", "takes"), [(16, [{"x": 6}]), (10, [])], ids=["a part", "none"])
def test_take_over_when_the_markets_bound_is_near_then_no_more_is_taken(
    max_lots: int, takes: list[dict[str, int]]
) -> None:
    """x holds 10 lots; a unit may hold 16 (it takes 6 of al's 10) or 10: it has no room, and says so."""
    book = open_book({"al": 200, "bo": 9_000})
    submit(book, OpenAccount(time_ns=0, account_id="x", role="backstop", backstop_capacity_lots=10))
    submit(book, Deposit(time_ns=0, unit_id="x", amount_quanta=5_000))
    trade(book, "al", "bo", 10)
    trade(book, "x", "bo", 10)
    book.markets["BTC"].terms = replace(book.markets["BTC"].terms, max_lots=max_lots)
    mark(book, 70)
    facts = step(book)
    assert (taken(facts), passed(facts)) == (takes, {} if takes else {"x": "position"})


def test_take_over_when_the_others_took_all_then_nobody_says_anything() -> None:
    """x takes the whole offer; that c has no capacity does not matter."""
    book = crashed()
    backstop(book, "c", 0)
    backstop(book, "x", 10)
    facts = step(book)
    assert (taken(facts), passed(facts)) == ([{"x": 10}], {})


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"account_id": "nobody", "capacity_lots": -1}, Code.UNKNOWN_ACCOUNT),
        ({"account_id": "al", "capacity_lots": -1}, Code.BAD_ROLE),
        ({"capacity_lots": -1}, Code.BAD_PROGRAMME),
        ({"capacity_lots": 10**40 + 1}, Code.BAD_PROGRAMME),
        ({"window_ns": 1}, Code.BAD_PROGRAMME),
        ({"window_notional_quanta": 1}, Code.BAD_PROGRAMME),
        ({"cool_down_ns": -1}, Code.BAD_PROGRAMME),
        ({"minimum_edge_ppb": PPB + 1}, Code.BAD_PROGRAMME),
        ({"minimum_edge_ppb": -(10**40) - 1}, Code.BAD_PROGRAMME),
        ({"minimum_edge_ppb": 0.5}, Code.BAD_TYPE),
        ({"time_ns": -1}, Code.TIME_BACKWARDS),
    ],
    ids=repr,
)
def test_programme_when_it_may_not_be_then_it_is_refused_and_nothing_changes(
    change: dict[str, Any], code: Code
) -> None:
    """A programme is a backstop's, with numbers that can be kept; a trader with one never takes over."""
    book = crashed()
    backstop(book, "x", 3)
    digest = book.digest()
    fields: dict[str, Any] = {"time_ns": 1, "account_id": "x", "capacity_lots": 1}
    answer = decide(book, SetProgramme(**(fields | change)), Rules())
    assert isinstance(answer, Rejection)
    assert answer.code is code
    assert book.digest() == digest
