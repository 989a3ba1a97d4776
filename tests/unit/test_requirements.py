"""Thresholds, leverage and announced requirements, on books small enough to check by hand.

One tick of one lot is one quantum; the mark is 100. ``TIERS``: initial 10 %, maintenance 5 %, close-out 2 %;
from a notional of 10,000 on 20 %, 10 % and 4 %.
"""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book, Tier
from deleverage.rulebook.decide import decide
from deleverage.rulebook.liquidation import close_out_numerator, is_below_close_out, maintenance_margin_ceil
from deleverage.rulebook.margin import equity, free_quanta, initial_numerator, is_unhealthy, maintenance_numerator
from deleverage.rulebook.messages import Code, Rejection
from deleverage.rulebook.pace import Rounds
from deleverage.rulebook.quantities import MARGIN_SCALE, PPB, initial_rate_ceil
from deleverage.rulebook.reduction import Share
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Announced, Driver, Schedule
from tests.properties.stories import TERMS, mark, submit

PERCENT = 10_000_000
TIERS = (
    Tier(0, 5 * PERCENT, 10 * PERCENT, close_out_rate_ppb=2 * PERCENT),
    Tier(10_000, 10 * PERCENT, 20 * PERCENT, close_out_rate_ppb=4 * PERCENT),
)
SCHEDULE = Schedule(
    floor_ppb=PPB // 2,
    cap_ppb=3 * PPB,
    max_step_ppb=PPB,
    min_notice_ns=60,
    volatility=Driver(2 * PERCENT, 50 * PPB),
    open_interest=Driver(PPB // 2, 2 * PPB),
    concentration=Driver(PPB // 2, PPB),
    unit_share=Driver(PPB // 2, 5 * PPB),
)


def a_book(deposits: dict[str, int], schedule: Schedule | None = None) -> Book:
    """Return a book with one market at a mark of 100, at most 100 lots open, and funded accounts."""
    book = Book()
    terms = replace(TERMS, tiers=TIERS, max_open_interest_lots=1_000, schedule=schedule or Schedule())
    submit(book, m.ListMarket(time_ns=0, terms=terms))
    for name, amount in deposits.items():
        submit(book, m.OpenAccount(time_ns=0, account_id=name))
        submit(book, m.Deposit(time_ns=0, unit_id=name, amount_quanta=amount))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("BTC", 100),)))
    return book


def traded(book: Book, buyer: str, seller: str, lots: int) -> m.Trade:
    """Return a trade at 100."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller}
    return m.Trade(time_ns=book.time_ns, market_id="BTC", lots=lots, price_ticks=100, **parties)


def announce(book: Book, volatility: int = 0, concentration: int = 0, at: int = 0, after: int = 60) -> Any:
    """Return the answer to an announcement at a time, effective so many ns later."""
    estimates: dict[str, int] = {"volatility_ppb": volatility, "concentration_ppb": concentration}
    return decide(
        book, m.AnnounceRequirements(time_ns=at, market_id="BTC", effective_ns=at + after, **estimates), Rules()
    )


def announced(book: Book, volatility: int = 0, concentration: int = 0, at: int = 0, after: int = 60) -> Any:
    """Announce, and return the fact."""
    estimates: dict[str, int] = {"volatility_ppb": volatility, "concentration_ppb": concentration}
    command = m.AnnounceRequirements(time_ns=at, market_id="BTC", effective_ns=at + after, **estimates)
    return submit(book, command)[-1]


def leverage(book: Book, unit_id: str, leverage_ppb: int) -> Any:
    """Return the answer to a choice of leverage."""
    return decide(
        book, m.SetLeverage(time_ns=book.time_ns, unit_id=unit_id, market_id="BTC", leverage_ppb=leverage_ppb), Rules()
    )


def chosen(book: Book, unit_id: str, leverage_ppb: int) -> None:
    """Choose a leverage."""
    submit(book, m.SetLeverage(time_ns=book.time_ns, unit_id=unit_id, market_id="BTC", leverage_ppb=leverage_ppb))


def refused(answer: Any) -> tuple[Code, int | str, int | str]:
    """Return code and compared numbers of a rejection."""
    assert isinstance(answer, Rejection), answer
    return answer.code, answer.found, answer.bound


# -- three thresholds -----------------------------------------------------------------------------------------------


def test_thresholds_when_a_unit_has_a_leg_then_three_rates_are_three_numerators() -> None:
    """50 lots at 100: 5,000; 10, 5 and 2 per cent of it."""
    book = a_book({"al": 600, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    al = book.units["al"]
    found = (initial_numerator(book, al), maintenance_numerator(book, al), close_out_numerator(book, al))
    assert found == (500 * MARGIN_SCALE, 250 * MARGIN_SCALE, 100 * MARGIN_SCALE)


def test_close_out_when_equity_is_exactly_there_then_the_unit_is_not_below() -> None:
    """50 lots at 90: 4,500, close-out 90. Equity 600 - 500 = 100; at 89 it is 50 and 89 are needed."""
    book = a_book({"al": 600, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    mark(book, 90)
    al = book.units["al"]
    al.quote -= 10  # equity exactly 90
    assert (equity(book, al), is_below_close_out(book, al), is_unhealthy(book, al)) == (90, False, True)
    al.quote -= 1
    assert is_below_close_out(book, al) is True


def test_close_out_when_a_cross_unit_has_two_legs_then_their_requirements_add_up() -> None:
    """Legs of 5,000 in two markets ask for 100 + 100: the threshold is the portfolio's."""
    book = a_book({"al": 5_000, "bo": 9_000})
    submit(book, m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="ETH", tiers=TIERS)))
    submit(book, m.SetMarks(time_ns=0, marks=(m.MarkUpdate("ETH", 100),)))
    submit(book, traded(book, "al", "bo", 50))
    submit(book, replace(traded(book, "bo", "al", 50), market_id="ETH"))
    assert close_out_numerator(book, book.units["al"]) == 200 * MARGIN_SCALE


# -- leverage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("leverage_x1000", "rate"), [(1_000, PPB), (75_000, 13_333_334), (12_500, 8 * PERCENT)])
def test_initial_rate_when_a_leverage_is_turned_then_it_is_rounded_up(leverage_x1000: int, rate: int) -> None:
    """1x is 1; 75x is 0.0133... rounded up; 12.5x is 0.08."""
    assert initial_rate_ceil(leverage_x1000 * PPB // 1_000) == rate


def test_leverage_when_chosen_then_only_the_initial_requirement_rises() -> None:
    """At 4x, 50 lots need 1,250 to open instead of 500; maintenance stays 250, and 750 of 2,000 are free."""
    book = a_book({"al": 2_000, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    al = book.units["al"]
    assert free_quanta(book, al) == 1_500
    chosen(book, "al", 4 * PPB)
    assert initial_numerator(book, al) == 1_250 * MARGIN_SCALE
    assert (maintenance_margin_ceil(book, al), free_quanta(book, al)) == (250, 750)


def test_leverage_when_chosen_while_flat_then_the_next_trade_is_judged_by_it() -> None:
    """At 4x 600 carry 24 lots (2,400) and not 25."""
    book = a_book({"al": 600, "bo": 5_000})
    chosen(book, "al", 4 * PPB)
    assert refused(decide(book, traded(book, "al", "bo", 25), Rules())) == (Code.BELOW_INITIAL_MARGIN, 600, 625)
    submit(book, traded(book, "al", "bo", 24))
    assert book.units["al"].leverages == {"BTC": 4 * PPB}


def test_leverage_when_a_trade_reaches_a_tier_that_allows_less_then_the_tier_counts() -> None:
    """10x is the most below 10,000; with 100 lots the second tier asks for 20 % = 2,000, not for 10 %."""
    book = a_book({"al": 1_999, "bo": 9_000})
    chosen(book, "al", 10 * PPB)
    answer = decide(book, traded(book, "al", "bo", 100), Rules())
    assert refused(answer) == (Code.BELOW_INITIAL_MARGIN, 1_999, 2_000)
    submit(book, m.Deposit(time_ns=0, unit_id="al", amount_quanta=1))
    submit(book, traded(book, "al", "bo", 100))


def test_leverage_when_above_the_tier_of_the_held_lots_then_it_is_refused_with_both_rates() -> None:
    """Flat, 10x is allowed and 11x is not; with 100 lots 5x is and 6x is not."""
    book = a_book({"al": 9_000, "bo": 9_000})
    eleven = 90_909_091  # 1 / 11 in ppb, rounded up
    assert refused(leverage(book, "al", 11 * PPB)) == (Code.LEVERAGE_ABOVE_MAXIMUM, eleven, 10 * PERCENT)
    chosen(book, "al", 10 * PPB)
    submit(book, traded(book, "al", "bo", 100))
    assert refused(leverage(book, "al", 6 * PPB)) == (Code.LEVERAGE_ABOVE_MAXIMUM, 166_666_667, 20 * PERCENT)
    chosen(book, "al", 5 * PPB)


def test_leverage_when_open_orders_hold_lots_then_they_count_for_the_tier() -> None:
    """An order of 100 lots holds a notional of 10,000: the second tier."""
    book = a_book({"al": 9_000})
    order: dict[str, Any] = {"order_id": "o", "unit_id": "al", "market_id": "BTC", "lots": 100, "price_ticks": 90}
    submit(book, m.PlaceOrder(time_ns=0, **order))
    assert refused(leverage(book, "al", 10 * PPB))[0] is Code.LEVERAGE_ABOVE_MAXIMUM


def test_leverage_when_a_unit_holds_both_sides_then_the_larger_leg_says_what_is_allowed() -> None:
    """50 lots long and 100 short: the short's tier allows 5x. The leverage is the market's: it counts for both legs."""
    book = a_book({"bo": 90_000})
    submit(book, m.OpenAccount(time_ns=0, account_id="he", hedge=True))
    submit(book, m.Deposit(time_ns=0, unit_id="he", amount_quanta=9_000))
    submit(book, replace(traded(book, "he", "bo", 50), buyer_side="long"))
    submit(book, replace(traded(book, "bo", "he", 100), seller_side="short"))
    assert refused(leverage(book, "he", 6 * PPB)) == (Code.LEVERAGE_ABOVE_MAXIMUM, 166_666_667, 20 * PERCENT)
    chosen(book, "he", 2 * PPB)
    assert initial_numerator(book, book.units["he"]) == 7_500 * MARGIN_SCALE


def test_leverage_when_it_would_put_the_unit_below_initial_then_it_is_refused() -> None:
    """50 lots at 8x need 625, al has 600; at 9x 555.55."""
    book = a_book({"al": 600, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    assert refused(leverage(book, "al", 8 * PPB)) == (Code.BELOW_INITIAL_MARGIN, 600, 625)
    chosen(book, "al", 9 * PPB)


def test_leverage_when_raised_below_the_initial_margin_then_it_is_allowed() -> None:
    """A setting that lowers the requirement harms nobody: at 95 al has 350 and 4x asked for 1,187.5."""
    book = a_book({"al": 1_300, "bo": 5_000})
    chosen(book, "al", 4 * PPB)
    submit(book, traded(book, "al", "bo", 50))
    mark(book, 82)
    al = book.units["al"]
    assert (equity(book, al), initial_numerator(book, al)) == (400, 1_025 * MARGIN_SCALE)
    chosen(book, "al", 5 * PPB)
    assert initial_numerator(book, al) == 820 * MARGIN_SCALE


@pytest.mark.parametrize("bad", [0, -1, PPB - 1, MARGIN_SCALE + 1])
def test_leverage_when_it_is_none_then_it_is_refused(bad: int) -> None:
    """From 1x to 10^9 x."""
    assert refused(leverage(a_book({"al": 1}), "al", bad)) == (Code.BAD_LEVERAGE, bad, MARGIN_SCALE)


def test_leverage_when_the_unit_or_market_is_not_there_for_it_then_it_is_refused() -> None:
    """An isolated unit in another market, a bankrupt unit, a settled market: in the order of the codes."""
    book = a_book({"al": 600})
    submit(book, m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="ETH")))
    submit(book, m.OpenIsolated(time_ns=0, account_id="al", market_id="ETH"))
    book.units["al"].bankrupt = True
    assert refused(leverage(book, "al/ETH", PPB))[0] is Code.WRONG_MARKET
    assert refused(leverage(book, "al", PPB))[0] is Code.UNIT_BANKRUPT
    submit(book, m.SettleMarket(time_ns=0, market_id="BTC", price_ticks=100))
    assert refused(leverage(book, "al", PPB))[0] is Code.MARKET_SETTLED
    assert refused(announce(book))[0] is Code.MARKET_SETTLED


# -- announcing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volatility", "concentration", "lots", "target", "factor"),
    [
        (0, 0, 0, PPB // 2, PPB // 2),  # nothing drives: the floor
        (2 * PERCENT, PPB // 2, 500, PPB // 2, PPB // 2),  # all exactly where they begin to count
        (3 * PERCENT, 0, 0, PPB, PPB),  # + 0.01 x 50
        (0, PPB, 0, PPB, PPB),  # + 0.5 x 1
        (0, 0, 750, PPB, PPB),  # 750 of 1,000 lots: + 0.25 x 2
        (5 * PERCENT, PPB, 750, 3 * PPB, 2 * PPB),  # 0.5 + 1.5 + 0.5 + 0.5: the cap; one step from 1
        (2 * PERCENT + 1, 0, 0, PPB // 2 + 50, PPB // 2 + 50),  # a ppb of input is 50 of the factor
        (0, PPB // 2 + 1, 0, PPB // 2 + 1, PPB // 2 + 1),
    ],
)
def test_announcement_when_inputs_come_in_then_the_factor_is_what_the_schedule_makes_of_them(
    volatility: int, concentration: int, lots: int, target: int, factor: int
) -> None:
    """Floor plus the rises, at most the cap, at most one step away."""
    book = a_book({"al": 90_000, "bo": 90_000}, SCHEDULE)
    if lots:
        submit(book, traded(book, "al", "bo", lots))
    fact = announced(book, volatility, concentration)
    assert (fact.target_ppb, fact.factor_ppb, fact.open_interest_lots) == (target, factor, lots)
    assert (book.markets["BTC"].factor_ppb, book.markets["BTC"].announced) == (PPB, (Announced(factor, lots, 60),))


def test_driver_when_a_product_is_no_whole_ppb_then_the_rise_is_rounded_up() -> None:
    """A slope of one third per 1: 1 ppb of input raises by 1 ppb, 4 ppb by 2, 3 ppb + a third by 2."""
    driver = Driver(10, 333_333_334)
    assert [driver.rise_ppb(number) for number in (9, 10, 11, 12, 13, 14)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("after", [59, 0, -1])
def test_announcement_when_the_notice_is_too_short_then_it_is_refused_up_or_down(after: int) -> None:
    """60 ns of notice, also for easing."""
    book = a_book({}, SCHEDULE)
    for volatility in (0, 9 * PERCENT):
        assert refused(announce(book, volatility, after=after)) == (Code.NOTICE_TOO_SHORT, after, 60)


@pytest.mark.parametrize(
    ("estimates", "found"), [((-1, 0), -1), ((10**40 + 1, 0), 10**40 + 1), ((0, -1), -1), ((0, PPB + 1), PPB + 1)]
)
def test_announcement_when_an_estimate_is_none_then_it_is_refused(estimates: tuple[int, int], found: int) -> None:
    """A volatility is not negative, a concentration a share."""
    assert refused(announce(a_book({}, SCHEDULE), *estimates))[:2] == (Code.BAD_ESTIMATE, found)


@pytest.mark.parametrize(
    "change",
    [
        {"floor_ppb": 0},
        {"floor_ppb": PPB + 1},
        {"cap_ppb": PPB - 1},
        {"cap_ppb": 10**40 + 1},
        {"max_step_ppb": -1},
        {"min_notice_ns": -1},
        {"volatility": Driver(-1, 0)},
        {"unit_share": Driver(0, -1)},
        {"concentration": Driver(0, 10**40 + 1)},
    ],
)
def test_listing_when_a_schedule_is_impossible_then_it_is_refused(change: dict[str, Any]) -> None:
    """The published table lies within the bounds, and no number is negative or endless."""
    terms = replace(TERMS, market_id="X", schedule=replace(SCHEDULE, **change))
    assert refused(decide(Book(), m.ListMarket(time_ns=0, terms=terms), Rules()))[0] is Code.BAD_TERMS


@pytest.mark.parametrize("close_out", [-1, 5 * PERCENT + 1])
def test_listing_when_close_out_lies_outside_of_maintenance_then_it_is_refused(close_out: int) -> None:
    """0 <= close-out <= maintenance <= initial."""
    tiers = (Tier(0, 5 * PERCENT, 10 * PERCENT, close_out_rate_ppb=close_out),)
    answer = decide(Book(), m.ListMarket(time_ns=0, terms=replace(TERMS, tiers=tiers)), Rules())
    assert refused(answer)[0] is Code.BAD_TERMS


@pytest.mark.parametrize(
    ("tier", "allowed"),
    [
        (Tier(100, 50 * PERCENT, 50 * PERCENT, 10, 10, 50 * PERCENT, 10), True),  # 40, 40, 40
        (Tier(100, 50 * PERCENT, 50 * PERCENT, 10, 10, 50 * PERCENT, 9), False),  # close-out 41 above 40
        (Tier(100, 50 * PERCENT, 60 * PERCENT, 0, 10, 0, 0), True),  # maintenance 50, initial 50
        (Tier(100, 50 * PERCENT, 60 * PERCENT, 0, 11, 0, 0), False),  # initial 49
        (Tier(100, 10 * PERCENT, 10 * PERCENT, 99, 99, 0, 0), True),  # no close-out at all
    ],
)
def test_listing_when_deductions_cross_the_thresholds_then_it_is_refused(tier: Tier, allowed: bool) -> None:
    """Who may be taken over must be unhealthy, and who may open healthy, at every notional of the tier."""
    tiers = (Tier(0, PPB // 10, PPB // 10), tier)
    answer = decide(Book(), m.ListMarket(time_ns=0, terms=replace(TERMS, tiers=tiers)), Rules())
    assert isinstance(answer, Rejection) is not allowed
    assert allowed or refused(answer)[0] is Code.BAD_TERMS


# -- taking effect --------------------------------------------------------------------------------------------------


def test_change_when_its_time_comes_then_the_first_accepted_command_begins_with_it() -> None:
    """At 59 nothing; a refused command at 60 changes nothing; the deposit after it does, before its own fact."""
    book = a_book({"al": 600, "bo": 5_000}, SCHEDULE)
    announced(book, 4 * PERCENT)
    assert [type(fact) for fact in submit(book, m.DepositToFund(time_ns=59, amount_quanta=1))] == [m.MoneyIn]
    digest = book.digest()
    answer = decide(book, m.Deposit(time_ns=60, unit_id="nobody", amount_quanta=1), Rules())
    assert refused(answer)[0] is Code.UNKNOWN_UNIT
    assert book.digest() == digest
    changed, paid = submit(book, m.DepositToFund(time_ns=61, amount_quanta=1))
    assert isinstance(changed, m.RequirementsChanged)
    assert isinstance(paid, m.MoneyIn)
    assert (changed.factor_before_ppb, changed.factor_ppb, paid.seq) == (PPB, PPB // 2 + PPB, changed.seq + 1)
    assert (book.markets["BTC"].factor_ppb, book.markets["BTC"].announced) == (PPB * 3 // 2, ())


def test_change_when_due_then_the_command_itself_is_judged_by_it() -> None:
    """600 carry 50 lots at 10 %; at a factor of 1.5 they need 750."""
    book = a_book({"al": 600, "bo": 5_000}, SCHEDULE)
    announced(book, 4 * PERCENT)
    late = replace(traded(book, "al", "bo", 50), time_ns=60)
    assert refused(decide(book, late, Rules())) == (Code.BELOW_INITIAL_MARGIN, 600, 750)
    early = replace(late, time_ns=59)
    assert not isinstance(decide(book, early, Rules()), Rejection)


def test_change_when_it_makes_units_unhealthy_then_all_rounds_of_the_step_see_it() -> None:
    """al (50 lots, equity 300 at 94) is healthy at 235 and not at 352.5. It sells 13 at 93: 287 are enough for 37."""
    book = a_book({"al": 600, "bo": 5_000, "cy": 9_000}, replace(SCHEDULE, unit_share=Driver()))
    submit(book, traded(book, "al", "bo", 50))
    order: dict[str, Any] = {"order_id": "o", "unit_id": "cy", "market_id": "BTC", "lots": 50, "price_ticks": 93}
    submit(book, m.PlaceOrder(time_ns=0, **order))
    announced(book, 4 * PERCENT)
    mark(book, 94)
    assert [type(fact) for fact in submit(book, m.RunStep(time_ns=59))] == [m.StepEnded]
    facts = submit(book, m.RunStep(time_ns=60), Rules(reduction=Share(PPB // 4), pace=Rounds(4)))
    assert [type(fact).__name__ for fact in facts] == ["RequirementsChanged", "Reduced", "StepEnded"]


def test_change_when_two_markets_are_due_then_both_come_first_in_order() -> None:
    """Facts are numbered without gaps, by market."""
    book = a_book({"al": 600}, SCHEDULE)
    submit(book, m.ListMarket(time_ns=0, terms=replace(TERMS, market_id="A", schedule=SCHEDULE)))
    for market_id in ("BTC", "A"):
        fields: dict[str, Any] = {"market_id": market_id, "volatility_ppb": 0, "concentration_ppb": 0}
        submit(book, m.AnnounceRequirements(time_ns=0, effective_ns=60, **fields))
    facts = submit(book, m.RunStep(time_ns=60))
    assert [getattr(fact, "market_id", "") for fact in facts] == ["A", "BTC", ""]
    assert [fact.seq for fact in facts] == [book.seq - 2, book.seq - 1, book.seq]


def test_announcement_when_an_earlier_one_waits_then_both_take_effect_each_at_its_time() -> None:
    """2 is announced for 60; at 59 for 119 one towards 1, whose step counts from there: 1. Nothing is lost."""
    book = a_book({}, SCHEDULE)
    announced(book, 9 * PERCENT)
    fact = announced(book, 3 * PERCENT, at=59)
    assert (fact.factor_before_ppb, fact.factor_ppb) == (2 * PPB, PPB)
    assert [one.effective_ns for one in book.markets["BTC"].announced] == [60, 119]
    assert len(submit(book, m.DepositToFund(time_ns=118, amount_quanta=1))) == 2
    assert (book.markets["BTC"].factor_ppb, len(book.markets["BTC"].announced)) == (2 * PPB, 1)
    assert len(submit(book, m.DepositToFund(time_ns=119, amount_quanta=1))) == 2
    assert (book.markets["BTC"].factor_ppb, len(book.markets["BTC"].announced)) == (PPB, 0)


def test_announcement_when_it_is_for_the_same_time_or_an_earlier_one_then_it_replaces() -> None:
    """For 60 a second one replaces the first, its step from the 1 in force; one for 90 goes when one for 70 comes."""
    book = a_book({}, SCHEDULE)
    announced(book, 9 * PERCENT)
    fact = announced(book, 3 * PERCENT)
    assert (fact.factor_before_ppb, fact.factor_ppb) == (PPB, PPB)
    announced(book, 9 * PERCENT, after=90)
    announced(book, 4 * PERCENT, after=70)
    assert book.markets["BTC"].announced == (Announced(PPB, 0, 60), Announced(PPB * 3 // 2, 0, 70))


def test_change_when_two_of_a_market_are_due_then_one_command_begins_with_both() -> None:
    """1 -> 2 -> 3, by their times, and each says what was before it."""
    book = a_book({}, SCHEDULE)
    announced(book, 9 * PERCENT)
    announced(book, 9 * PERCENT, after=61)
    facts = submit(book, m.DepositToFund(time_ns=100, amount_quanta=1))
    changes = [fact for fact in facts if isinstance(fact, m.RequirementsChanged)]
    assert [(change.factor_before_ppb, change.factor_ppb) for change in changes] == [(PPB, 2 * PPB), (2 * PPB, 3 * PPB)]


def test_announcement_when_one_comes_more_often_than_the_notice_then_each_takes_effect() -> None:
    """Every 59 ns for 60 ns later: the first is in force with the command at 118, the second at 177; two wait."""
    book = a_book({}, SCHEDULE)
    for beat in range(61):
        announced(book, 9 * PERCENT, at=59 * beat)
        factor = book.markets["BTC"].factor_ppb
        assert factor == (PPB if beat < 2 else 2 * PPB if beat == 2 else 3 * PPB)
    assert [one.effective_ns for one in book.markets["BTC"].announced] == [59 * 59 + 60, 59 * 60 + 60]


def test_announcement_when_another_one_is_due_then_that_takes_effect_first() -> None:
    """At 60 the factor becomes 2, and the step of the new announcement counts from there: 3."""
    book = a_book({}, SCHEDULE)
    announced(book, 9 * PERCENT)
    fact = announced(book, 9 * PERCENT, at=60)
    assert (fact.factor_before_ppb, fact.factor_ppb, book.markets["BTC"].factor_ppb) == (2 * PPB, 3 * PPB, 2 * PPB)


def test_change_when_the_notice_is_zero_then_the_announcing_command_is_not_concerned() -> None:
    """Effective now: the next command begins with it, at the same instant."""
    book = a_book({}, replace(SCHEDULE, min_notice_ns=0))
    announced(book, 9 * PERCENT, after=0)
    assert book.markets["BTC"].factor_ppb == PPB
    assert len(submit(book, m.DepositToFund(time_ns=0, amount_quanta=1))) == 2


def test_change_when_the_domain_is_halted_then_it_waits_for_the_resumption() -> None:
    """Requirements stand still in a halt, and none are announced; the first command after it begins with the change."""
    book = a_book({"al": 600}, SCHEDULE)
    announced(book, 9 * PERCENT)
    book.halted = True
    assert refused(announce(book, at=60))[0] is Code.DOMAIN_HALTED
    assert len(submit(book, m.DepositToFund(time_ns=60, amount_quanta=1))) == 1
    assert [type(fact) for fact in submit(book, m.Resume(time_ns=60))] == [m.Resumed]
    assert len(submit(book, m.DepositToFund(time_ns=60, amount_quanta=1))) == 2


# -- what a factor does ---------------------------------------------------------------------------------------------


def test_factor_when_it_doubles_then_all_three_requirements_do() -> None:
    """50 lots: 500, 250, 100 become 1,000, 500, 200."""
    book = a_book({"al": 5_000, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    book.markets["BTC"].factor_ppb = 2 * PPB
    al = book.units["al"]
    found = (initial_numerator(book, al), maintenance_numerator(book, al), close_out_numerator(book, al))
    assert found == (1_000 * MARGIN_SCALE, 500 * MARGIN_SCALE, 200 * MARGIN_SCALE)


def test_factor_when_a_ppb_above_one_then_the_threshold_is_compared_without_rounding() -> None:
    """Equity 250 against 250 x (1 + 10^-9): unhealthy, and the number shown is 251."""
    book = a_book({"al": 500, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    al = book.units["al"]
    al.quote -= 250
    assert (equity(book, al), is_unhealthy(book, al), maintenance_margin_ceil(book, al)) == (250, False, 250)
    book.markets["BTC"].factor_ppb = PPB + 1
    assert (is_unhealthy(book, al), maintenance_margin_ceil(book, al)) == (True, 251)


def test_factor_when_it_asks_for_more_than_the_notional_then_the_notional_is_enough() -> None:
    """A long that is paid in full is worth its notional: 5,000 of 5,000, whatever the factor."""
    book = a_book({"al": 5_000, "bo": 5_000})
    submit(book, traded(book, "al", "bo", 50))
    book.markets["BTC"].factor_ppb = 60 * PPB
    assert (book.units["al"].quote, is_unhealthy(book, book.units["al"])) == (0, False)
    assert maintenance_numerator(book, book.units["al"]) == 5_000 * MARGIN_SCALE


def test_unit_share_when_a_leg_is_large_then_its_factor_rises_with_its_share_of_what_was_measured() -> None:
    """Of 50 lots al has 30 (0.6): 5 x 0.1 more. cy has 20: nothing. bo has all shorts: the cap of 3."""
    book = a_book({"al": 9_000, "bo": 9_000, "cy": 9_000}, SCHEDULE)
    submit(book, traded(book, "al", "bo", 30))
    submit(book, traded(book, "cy", "bo", 20))
    shown = {name: maintenance_margin_ceil(book, book.units[name]) for name in ("al", "cy", "bo")}
    assert shown == {"al": 150, "cy": 100, "bo": 250}, "never measured: nobody's share counts"
    announced(book, 3 * PERCENT)  # 0.5 + 0.5: the factor stays 1
    submit(book, m.DepositToFund(time_ns=60, amount_quanta=1))
    shown = {name: maintenance_margin_ceil(book, book.units[name]) for name in ("al", "cy", "bo")}
    assert shown == {"al": 225, "cy": 100, "bo": 750}


def test_unit_share_when_others_close_then_nobodys_requirement_rises() -> None:
    """cy leaves; al holds all that is open, but 0.6 of what was measured."""
    book = a_book({"al": 9_000, "bo": 9_000, "cy": 9_000}, SCHEDULE)
    submit(book, traded(book, "al", "bo", 30))
    submit(book, traded(book, "cy", "bo", 20))
    announced(book, 3 * PERCENT)
    submit(book, replace(traded(book, "bo", "cy", 20), time_ns=60))
    assert book.markets["BTC"].open_interest_lots == 30
    assert maintenance_margin_ceil(book, book.units["al"]) == 225


def test_unit_share_when_nothing_was_open_then_shares_do_not_count() -> None:
    """An announcement over an empty market measures 0: no share of it."""
    book = a_book({"al": 9_000, "bo": 9_000}, SCHEDULE)
    announced(book, 3 * PERCENT)
    submit(book, replace(traded(book, "al", "bo", 30), time_ns=60))
    assert maintenance_margin_ceil(book, book.units["al"]) == 150
