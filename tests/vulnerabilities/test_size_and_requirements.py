"""Positions too large for their market: margin that did not grow with them, profit taken out before the loss is there.

One tick of one lot is one quantum; the mark is 100, initial margin 10 %, maintenance 5 %, before any factor.
"""

from dataclasses import replace

import pytest

from deleverage.rulebook.book import Book, Tier
from deleverage.rulebook.margin import free_quanta
from deleverage.rulebook.messages import (
    AnnounceRequirements,
    BankruptcyDeclared,
    CancelOrder,
    Code,
    Deleveraged,
    Deposit,
    StepEnded,
    Withdraw,
)
from deleverage.rulebook.quantities import PPB
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Driver, Schedule
from tests.properties.stories import open_book, submit, trade
from tests.vulnerabilities.told import checked_step, deal, equities, given_up, lots, marks, of, only, order, refused

TIERS = (Tier(0, 50_000_000, 100_000_000),)
FIFTH, HALF = PPB // 5, PPB // 2


def market(deposits: dict[str, int], schedule: Schedule, most_lots: int = 1_000) -> Book:
    """Return a book with one market under a schedule, at most so many lots open."""
    book = open_book(deposits)
    row = book.markets["BTC"]
    row.terms = replace(row.terms, tiers=TIERS, schedule=schedule, max_open_interest_lots=most_lots)
    return book


def announce(book: Book, concentration_ppb: int = 0) -> None:
    """Announce requirements that hold from the next command on."""
    estimates = {"volatility_ppb": 0, "concentration_ppb": concentration_ppb}
    submit(book, AnnounceRequirements(time_ns=0, market_id="BTC", effective_ns=0, **estimates))


BY_SHARE = Schedule(cap_ppb=3 * PPB, unit_share=Driver(FIFTH, 5 * HALF))


@pytest.mark.parametrize(("schedule", "most", "short"), [(BY_SHARE, 1_000, 0), (Schedule(), 2_320, 720)])
def test_profit_when_a_whale_takes_it_out_then_what_stays_grows_with_its_share_of_the_market(
    schedule: Schedule, most: int, short: int
) -> None:
    """The whale holds 80 of 100 lots, paid in 2,400, and has won 800 at 110: 3,200 against a notional of 8,800.

    Above 20 % each further share of the market counts 2.5 times: 1 + 2.5 x 0.6 = 2.5, so 25 % stay, and 600 are left
    after a fall of 20. Without a schedule 10 % stay, and others carry 720.
    """
    book = market({"whale": 2_400, "shrimp": 1_000, "mm": 100_000}, schedule)
    trade(book, "whale", "mm", 80)
    trade(book, "shrimp", "mm", 20)
    announce(book)
    marks(book, BTC=110)
    assert refused(book, Withdraw(time_ns=1, unit_id="whale", amount_quanta=most + 1)) is Code.INSUFFICIENT_EQUITY
    submit(book, Withdraw(time_ns=1, unit_id="whale", amount_quanta=most))
    assert free_quanta(book, book.units["shrimp"]) == 1_200 - 220
    marks(book, BTC=90)
    facts = checked_step(book)
    assert sum(-unit.equity_quanta for fact in of(facts, BankruptcyDeclared) for unit in fact.units) == short
    assert sum(sum(given_up(fact).values()) for fact in of(facts, Deleveraged)) == short


def test_wallets_when_one_position_is_split_over_nineteen_then_only_the_announced_concentration_sees_it() -> None:
    """19 wallets with 10 lots each hold 190 of 200. Each has 5 %: its share raises nothing, 100 of its 200 are free.

    The venue's estimate of 95 % does, for all of them: 1 + 4 x 0.45 = 2.8, and 280 are asked. No wallet can open one
    lot more or take a quantum out. The law does not link accounts; this is a limit, and it is the estimate's to close.
    """
    names = [f"w{number:02d}" for number in range(19)]
    schedule = replace(BY_SHARE, concentration=Driver(HALF, 4 * PPB))
    book = market(dict.fromkeys(names, 200) | {"mm": 100_000, "di": 9_000}, schedule)
    for name in names:
        trade(book, name, "mm", 10)
    trade(book, "di", "mm", 10)
    announce(book)
    marks(book, BTC=100)
    assert {free_quanta(book, book.units[name]) for name in names} == {100}
    announced = AnnounceRequirements(
        time_ns=1, market_id="BTC", volatility_ppb=0, concentration_ppb=950_000_000, effective_ns=1
    )
    submit(book, announced)
    marks(book, BTC=100)
    for name in names:
        assert refused(book, deal(name, "mm", 1, 100)) is Code.BELOW_INITIAL_MARGIN
        assert refused(book, Withdraw(time_ns=1, unit_id=name, amount_quanta=1)) is Code.INSUFFICIENT_EQUITY


def test_wall_when_it_is_pulled_then_nothing_is_sold_far_below_the_mark() -> None:
    """ring bids for 30 lots at 96 and cancels; what is left is a bid at 40. At 94 w (44 against 47) is unhealthy.

    The band is 5 %: none of its 10 lots goes at 40, and the step's end says why.
    """
    book = market({"w": 104, "mm": 9_000, "ring": 9_000, "far": 9_000}, Schedule())
    trade(book, "w", "mm", 10)
    submit(book, order("wall", "ring", 30, 96))
    submit(book, order("floor", "far", 30, 40))
    submit(book, CancelOrder(time_ns=0, order_id="wall"))
    marks(book, BTC=94)
    end = only(checked_step(book, Rules(order_band_ppb=50_000_000)), StepEnded)
    assert [(sale.unit_id, sale.sold_lots, sale.why) for sale in end.unsold] == [("w", 0, "band")]
    assert (lots(book, "w"), equities(book)["w"]) == (10, 44)


def test_margin_when_open_interest_has_grown_then_the_same_position_needs_three_times_as_much() -> None:
    """At 10 % of the bound 10 lots need 100. At 90 % the factor is 1 + 5 x 0.4 = 3: they need 300.

    al opened early with 300; it keeps its lots, but of its 200 free nothing can leave any more. am is refused 10 lots
    for 300 less a quantum, and gets them for 300.
    """
    schedule = Schedule(cap_ppb=3 * PPB, open_interest=Driver(HALF, 5 * PPB))
    book = market({"al": 300, "am": 299, "big": 100_000, "mm": 100_000}, schedule)
    trade(book, "al", "mm", 10)
    trade(book, "big", "mm", 90)
    announce(book)
    marks(book, BTC=100)
    assert free_quanta(book, book.units["al"]) == 200
    submit(book, deal("big", "mm", 800, 100))
    submit(
        book,
        AnnounceRequirements(time_ns=1, market_id="BTC", volatility_ppb=0, concentration_ppb=0, effective_ns=1),
    )
    marks(book, BTC=100)
    assert refused(book, Withdraw(time_ns=1, unit_id="al", amount_quanta=1)) is Code.INSUFFICIENT_EQUITY
    assert refused(book, deal("am", "mm", 10, 100)) is Code.BELOW_INITIAL_MARGIN
    submit(book, Deposit(time_ns=1, unit_id="am", amount_quanta=1))
    submit(book, deal("am", "mm", 10, 100))
    assert (lots(book, "al"), lots(book, "am")) == (10, 10)
