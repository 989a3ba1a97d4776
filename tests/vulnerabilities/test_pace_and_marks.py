"""Time against a venue: work without a bound, queues that are worked off one by one, marks that run ahead of it."""

import pytest

from deleverage.rulebook.book import Book
from deleverage.rulebook.messages import Deleveraged, FundPaid, MarkUpdate, SetMarks
from deleverage.rulebook.messages import StepEnded as End
from deleverage.rulebook.pace import FirstOf, Rounds, TouchedUnits
from deleverage.rulebook.rules import Rules
from tests.properties.stories import open_book, submit, trade
from tests.properties.test_corners import domain
from tests.vulnerabilities.told import checked_step, closed, equities, lots, marks, only, order


def many(winners: int) -> Book:
    """Return a book in which al, 5 quanta short per lot, has so many lots, each against another winner."""
    names = [f"w{number:03d}" for number in range(winners)]
    book = open_book({"al": 25 * winners} | dict.fromkeys(names, 100))
    for name in names:
        trade(book, "al", name, 1)
    marks(book, BTC=70)
    return book


def test_step_when_more_are_to_be_closed_than_it_may_touch_then_the_next_goes_on_where_it_stopped() -> None:
    """20 winners, 6 a step: 6 + 6 + 6 + 2, nobody twice, and everybody ends as after one step without a bound.

    What a step moves is bounded; it still looks at every account.
    """
    whole, book = many(20), many(20)
    checked_step(whole)
    rules = Rules(pace=FirstOf((Rounds(32), TouchedUnits(6))))
    touched, stops = [], []
    for time_ns in (2, 3, 4, 5):
        facts = checked_step(book, rules, time_ns)
        touched.append(set(closed(only(facts, Deleveraged))))
        stops.append(only(facts, End).stopped)
    assert [len(names) for names in touched] == [6, 6, 6, 2]
    assert len(set.union(*touched)) == 20
    assert stops == ["pace", "pace", "pace", "quiet"]
    assert equities(book) == equities(whole)


@pytest.mark.parametrize("pairs", [1, 16, 48])
def test_bankrupts_when_they_pile_up_behind_a_stale_mark_then_one_step_closes_them_all(pairs: int) -> None:
    """Each pair costs the fund 100, the last one no more than the first: no queue in which a loss can grow.

    At 50 ns the mark is 49 ns old, 10 are allowed: nothing is done on it. The fresh mark is the only one used.
    """
    rules = Rules(max_mark_age_ns=10)
    longs = [f"l{number:02d}" for number in range(pairs)]
    book = open_book(dict.fromkeys(longs, 200) | {f"s{name}": 500 for name in longs}, 10_000)
    for name in longs:
        trade(book, name, f"s{name}", 10)
    marks(book, BTC=75)
    assert [type(fact) for fact in checked_step(book, rules, 50)] == [End]
    marks(book, time_ns=60, BTC=70)
    facts = checked_step(book, rules, 60)
    assert sum(debt.paid_quanta for debt in only(facts, FundPaid).debts) == 100 * pairs
    assert sum(closed(only(facts, Deleveraged)).values()) == 10 * pairs
    assert (only(facts, End).stopped, book.pots["fund"]) == ("quiet", 10_000 - 100 * pairs)
    assert {lots(book, name) for name in longs} == {0}


def falling(rules: Rules, path: tuple[int, ...], between: bool) -> Book:
    """Return the book after marks along a path, with a step after each of them or after the last only.

    al is long 10 lots from 100 with 104; maintenance is 5 %. ma bids for 10 lots at 93.
    """
    book = domain({"al": 104, "bo": 9_000, "ma": 9_000})
    trade(book, "al", "bo", 10)
    submit(book, order("bid", "ma", 10, 93))
    for time_ns, ticks in enumerate(path, start=1):
        marks(book, rules, time_ns, BTC=ticks)
        if between or time_ns == len(path):
            checked_step(book, rules, time_ns)
    return book


def test_marks_when_they_are_walked_within_the_band_then_steps_between_them_liquidate_before_a_bankruptcy() -> None:
    """A band of 4 % is below the maintenance of 5 %: 96, 93, 90, 87. At 93 al (34 against 46.5) is sold at the mark.

    At once, 87 is out of the band: guarded, al stays. Walked without steps in between, al is 26 short. Which is the
    limit: that a step follows each mark is the venue's to do, no rule forces it.
    """
    rules, path = Rules(mark_band_ppb=40_000_000), (96, 93, 90, 87)
    book = falling(rules, path, between=True)
    assert (equities(book)["al"], equities(book)["bo"], lots(book, "al")) == (34, 9_130, 0)
    jumped = falling(rules, (87,), between=False)
    assert (jumped.markets["BTC"].guard, lots(jumped, "al"), equities(jumped)["al"]) == ("out_of_band", 10, 104)
    late = falling(rules, path, between=False)
    assert (equities(late)["al"], equities(late)["bo"]) == (0, 9_104)


def test_mark_when_only_the_market_itself_says_so_then_no_walk_of_it_closes_anybody() -> None:
    """A thin market runs from 55 to 180, in a jump or by a tenth at a time; elsewhere it is 55.

    Two sources are asked for. sh, short 10 from 100 with 200, would be 600 short at 180; it stays, and at the 55 that
    two sources name it has 650. Sources are counted as the venue states them: the law has no price of its own.
    """
    rules = Rules(min_sources=2)
    for path in ((180,), (60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 180)):
        book = open_book({"sh": 200, "lo": 900})
        trade(book, "lo", "sh", 10)
        for ticks in path:
            submit(book, SetMarks(time_ns=1, marks=(MarkUpdate("BTC", ticks, 1),)), rules)
            assert only(checked_step(book, rules, 1), End).guarded == ("BTC: under_sourced",)
        assert (book.markets["BTC"].guard, lots(book, "sh"), equities(book)["sh"]) == ("under_sourced", -10, 200)
        submit(book, SetMarks(time_ns=2, marks=(MarkUpdate("BTC", 55, 2),)), rules)
        assert equities(book)["sh"] == 650
