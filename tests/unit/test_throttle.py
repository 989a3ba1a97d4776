"""Throttles of stages 2 and 5: limits by the stress of the book, worked out by hand.

Stage 5 on the book of ``crashed``: at 70 al's 10 lots (700) are bankrupt, bo is short 12 (840), cy short 4 (280), di
long 6 (420): stress 700 / 2,240 = 31.25 %. Stage 2 on the book of the grace's tests: at 82 al's 10 lots (820) are
unhealthy, bo is short 10 (820): stress 50 %; al's equity is 20, its maintenance 41, and with 5 lots 20.5.
"""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Deleveraged, Fact, Reduced, ResidualNamed, StepEnded, Throttled
from deleverage.rulebook.pace import ClosedNotional, Rounds
from deleverage.rulebook.rules import ConfigError, Rules
from deleverage.rulebook.stages.stress import throttles_of
from deleverage.rulebook.throttle import Limit, Table, most_at
from tests.properties.stories import crashed, mark, open_book, trade
from tests.properties.test_corners import domain
from tests.unit.test_grace import order
from tests.vulnerabilities.told import checked_step, of, only

LOOSE = 10**9
TIGHT: Table = (Limit(0, LOOSE), Limit(312_500_000, 350))
SLOW_SALE: Table = (Limit(0, LOOSE), Limit(500_000_000, 410))


def pools(facts: tuple[Fact, ...]) -> list[tuple[int, str]]:
    """Return closed lots and stop of every pool of stage 5."""
    return [(pool.closed_lots, pool.stopped) for fact in of(facts, Deleveraged) for pool in fact.pools]


def throttles(facts: tuple[Fact, ...]) -> tuple[Throttled, ...]:
    """Return what the end of the step says of its throttles."""
    return only(facts, StepEnded).throttles


def selling(bid_lots: int = 10) -> Book:
    """Return the book in which al is unhealthy at 82 and cy bids there."""
    book = domain({"al": 200, "bo": 5_000, "cy": 5_000})
    trade(book, "al", "bo", 10)
    mark(book, 82)
    order(book, "cy", bid_lots, 82)
    return book


@pytest.mark.parametrize(("stress_ppb", "most"), [(0, LOOSE), (312_499_999, LOOSE), (312_500_000, 350), (10**9, 350)])
def test_table_when_a_stress_is_looked_up_then_the_last_limit_that_it_reaches_holds(stress_ppb: int, most: int) -> None:
    """From a stress on, that stress included; no table bounds nothing."""
    assert most_at(TIGHT, stress_ppb) == most
    assert most_at((), stress_ppb) is None


def test_stage_5_when_stress_reaches_a_limit_then_lots_within_it_are_closed_and_the_pool_says_throttle() -> None:
    """350 hold 5 lots of 70; the other 5 wait: residual and step say pace, the pool names the throttle."""
    rules = Rules(close_throttle=TIGHT)
    book = crashed()
    facts = checked_step(book, rules)
    assert pools(facts)[0] == (5, "throttle")
    assert throttles(facts) == (Throttled(5, 312_500_000, 350, 350, True),)
    assert [item.reason for item in only(facts, ResidualNamed).residuals] == ["pace"]
    assert (only(facts, StepEnded).stopped, book.markets["BTC"].reduce_only) == ("pace", True)


def test_stage_5_when_the_next_step_finds_less_stress_then_the_looser_limit_holds() -> None:
    """al 350, bo 490, cy 280, di 420: 350 / 1,540 = 22.7272727 %, below 31.25: the other 5 lots are closed."""
    rules = Rules(close_throttle=TIGHT)
    book = crashed()
    checked_step(book, rules)
    facts = checked_step(book, rules)
    assert pools(facts) == [(5, "")]
    assert throttles(facts) == (Throttled(5, 227_272_727, LOOSE, 350, False),)


@pytest.mark.parametrize(
    ("most_quanta", "expected"),
    [(349, (4, "pace")), (350, (5, "pace")), (351, (5, "throttle")), (700, (5, "throttle"))],
)
def test_stage_5_when_pace_and_throttle_both_bound_it_then_the_tighter_binds_and_is_named(
    most_quanta: int, expected: tuple[int, str]
) -> None:
    """The lesser of both in quanta, pace where they are equal: 351 hold 5 lots too, the throttle is tighter."""
    rules = Rules(close_throttle=TIGHT, pace=Rounds(1) | ClosedNotional(most_quanta))
    book = crashed()
    assert pools(checked_step(book, rules)) == [expected]


def test_stage_2_when_stress_reaches_a_limit_then_lots_within_it_are_sold_and_the_step_says_so() -> None:
    """410 hold 5 lots of 82; al is still unhealthy (20 < 20.5) and waits with 5 lots; the order has 5 left."""
    rules = Rules(reduce_throttle=SLOW_SALE)
    book = selling()
    facts = checked_step(book, rules)
    assert throttles(facts) == (Throttled(2, 500_000_000, 410, 410, True),)
    assert (book.units["al"].legs["BTC"].lots, [item.lots for item in book.orders.values()]) == (5, [5])
    again = checked_step(book, rules)
    # al 410, bo 820, cy 410: 25 %, the looser limit: the rest is sold.
    assert throttles(again) == (Throttled(2, 250_000_000, LOOSE, 410, False),)
    assert book.units["al"].legs == {}


def test_stage_2_when_the_limit_holds_no_lot_then_every_step_sells_one() -> None:
    """81 do not hold a lot of 82: one is sold per step, and the end says what bound it; with 4 lots al is healthy."""
    book = selling()
    rules = Rules(reduce_throttle=(Limit(0, 81),))
    facts = checked_step(book, rules)
    assert [[sale.sold_lots for sale in fact.sales] for fact in of(facts, Reduced)] == [[1]]
    assert throttles(facts) == (Throttled(2, 500_000_000, 81, 82, True),)
    sold = [[fact.sales[0].sold_lots for fact in of(checked_step(book, rules), Reduced)] for _ in range(6)]
    assert (sold, book.units["al"].legs["BTC"].lots) == ([[1]] * 5 + [[]], 4)


@pytest.mark.parametrize("rerank", ["once", "each_fill"])
@pytest.mark.parametrize("most_quanta", [1, 50, 69])
def test_stage_5_when_the_limit_holds_no_lot_then_every_step_closes_one(most_quanta: int, rerank: str) -> None:
    """A lot is worth 70: one per step, whatever is left of the limit then; after ten steps nobody is bankrupt."""
    book = crashed()
    rules = Rules(rerank=rerank, close_throttle=(Limit(0, most_quanta),))
    facts = checked_step(book, rules)
    assert pools(facts) == [(1, "throttle")]
    assert throttles(facts) == (Throttled(5, 312_500_000, most_quanta, 70, True),)
    told = [pools(checked_step(book, rules)) for _ in range(9)]
    assert told == [[(1, "throttle")]] * 8 + [[(1, "")]]


def test_stage_5_when_there_is_nobody_to_close_then_a_limit_below_one_lot_does_not_bind() -> None:
    """Nothing was closed, so one lot would still pass: candidates are missing, not room."""
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    mark(book, 70)
    book.units["bo"].bankrupt = True
    assert throttles_of(book, Rules(close_throttle=(Limit(0, 50),)), 2, 0, 0, 0) == (Throttled(5, 0, 50, 0, False),)
    assert throttles_of(book, Rules(close_throttle=(Limit(0, 50),)), 2, 0, 0, 70) == (Throttled(5, 0, 50, 70, True),)


def test_stage_2_when_the_limit_is_not_met_then_it_does_not_bind() -> None:
    """cy bids for 3 lots only: 246 of 410 are sold; what is left of the limit still holds 2 lots."""
    facts = checked_step(selling(3), Rules(reduce_throttle=SLOW_SALE))
    assert throttles(facts) == (Throttled(2, 500_000_000, 410, 246, False),)


def test_rules_when_a_table_is_wrong_then_every_fault_is_told() -> None:
    """It starts at 0, ascends, never loosens, and never stops: what a stop is for has rules of its own."""
    with pytest.raises(ConfigError) as refusal:
        Rules(reduce_throttle=(Limit(1, 5), Limit(1, 6)), close_throttle=(Limit(0, 0),))
    assert refusal.value.faults == [
        "reduce_throttle has limits from [1, 1], they start at 0 and ascend",
        "reduce_throttle has limits of [5, 6], they are 1 or more and never loosen",
        "close_throttle has limits of [0], they are 1 or more and never loosen",
    ]


def test_rules_when_built_from_plain_data_then_tables_are_read_and_written_back() -> None:
    """A spec gives the same rules again; an unknown key is a fault."""
    rules = Rules(close_throttle=TIGHT)
    assert Rules.build(rules.spec()) == rules
    with pytest.raises(ConfigError, match="close_throttle"):
        Rules.build({"close_throttle": [{"stress": 0}]})
