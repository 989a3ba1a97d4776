"""Price bands and the circuit breaker: what they refuse to those who trade because they want to.

Breaker of 10 % in a window of 60 ns, pause of 100 ns; band of 5 %. Margin is 10 % initial, 5 % maintenance.
"""

from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Code
from deleverage.rulebook.rules import ConfigError, Rules
from tests.properties.stories import submit, trade
from tests.properties.test_corners import domain

BREAKER = Rules(breaker_ppb=100_000_000, breaker_window_ns=60, pause_ns=100)
BAND = Rules(trade_band_ppb=50_000_000)


def book_of(rules: Rules) -> Book:
    """Return a book whose first mark was set at 10 ns under these rules: al long 10 lots from 100, bo short."""
    book = domain({"al": 2_000, "bo": 2_000, "cy": 2_000})
    trade(book, "al", "bo", 10)
    for market in book.markets.values():
        market.mark_price_ticks = 0  # as if listed now: the breaker sees every mark
    set_mark(book, 10, 100, rules)
    return book


def set_mark(book: Book, time_ns: int, price_ticks: int, rules: Rules = BREAKER, **fields: Any) -> tuple[int, int, int]:
    """Set a mark; return the breaker's reference, its time, and the end of the pause."""
    marks = (m.MarkUpdate("BTC", price_ticks, fields.pop("sources", 1)),)
    submit(book, m.SetMarks(time_ns=time_ns, marks=marks, **fields), rules)
    market = book.markets["BTC"]
    return market.reference_price_ticks, market.reference_time_ns, market.paused_until_ns


def deal(time_ns: int, buyer: str, seller: str, price_ticks: int, lots: int = 1) -> m.Trade:
    """Return a trade."""
    parties: dict[str, Any] = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": "BTC"}
    return m.Trade(time_ns=time_ns, lots=lots, price_ticks=price_ticks, **parties)


def bid(time_ns: int, price_ticks: int) -> m.PlaceOrder:
    """Return an order of cy for one lot."""
    fields: dict[str, Any] = {"order_id": "o", "unit_id": "cy", "market_id": "BTC"}
    return m.PlaceOrder(time_ns=time_ns, lots=1, price_ticks=price_ticks, **fields)


def code(book: Book, command: m.Command, rules: Rules) -> Code | None:
    """Return the code with which a command is refused, None if it is not."""
    answer = decide(book, command, rules)
    return answer.code if isinstance(answer, m.Rejection) else None


# -- the window ---------------------------------------------------------------------------------------------------


def test_breaker_when_marks_stay_within_it_then_the_reference_is_the_first_of_the_window() -> None:
    """100 at 10 ns; 110 at 69 ns is exactly 10 % off and trips nothing."""
    book = book_of(BREAKER)
    assert set_mark(book, 40, 105) == (100, 10, 0)
    assert set_mark(book, 69, 110) == (100, 10, 0)


@pytest.mark.parametrize(("price_ticks", "until_ns"), [(111, 120), (89, 120), (110, 0), (90, 0)])
def test_breaker_when_a_mark_moves_further_either_way_then_it_pauses_and_starts_anew_there(
    price_ticks: int, until_ns: int
) -> None:
    """At 20 ns: a pause until 120, a new window from the tripping mark; at 10 % exactly, nothing."""
    reference = (price_ticks, 20) if until_ns else (100, 10)
    assert set_mark(book_of(BREAKER), 20, price_ticks) == (*reference, until_ns)


def test_breaker_when_the_window_is_over_then_the_next_mark_is_compared_with_the_last_of_it() -> None:
    """105 at 40 ns, the window ends at 70: 114 at 70 is 8.6 % above 105 and starts a window there; from 100 it is 14 %.

    A jump between two windows is no way around it: 116 instead is 10.5 % above 105.
    """
    book = book_of(BREAKER)
    set_mark(book, 40, 105)
    assert set_mark(book.copy(), 70, 114) == (105, 70, 0)
    assert set_mark(book, 70, 116) == (116, 70, 170)


def test_breaker_when_the_mark_moves_on_in_a_pause_then_the_pause_is_longer() -> None:
    """89 at 20 ns pauses until 120, 80 at 50 ns (10.1 % below 89) until 150; 79 at 60 ns leaves it there."""
    book = book_of(BREAKER)
    set_mark(book, 20, 89)
    assert set_mark(book, 50, 80) == (80, 50, 150)
    assert set_mark(book, 60, 79) == (80, 50, 150)


def test_breaker_when_a_mark_is_guarded_then_it_is_not_asked_and_a_confirmed_one_is() -> None:
    """A mark that was not accepted moves nothing; one that an operator vouches for did move."""
    book = book_of(BREAKER)
    assert set_mark(book, 20, 50, sources=0) == (100, 10, 0)
    assert set_mark(book, 30, 50, confirmed=True) == (50, 30, 130)


# -- what is refused ----------------------------------------------------------------------------------------------


def test_pause_when_it_holds_then_what_opens_is_refused_and_what_reduces_is_not() -> None:
    """Until 120: cy may not buy of al, nor rest an order; al may close with bo. At 120 all of it is allowed."""
    book = book_of(BREAKER)
    set_mark(book, 20, 89)
    assert code(book, deal(119, "cy", "al", 89), BREAKER) is Code.MARKET_PAUSED
    assert code(book, bid(119, 89), BREAKER) is Code.MARKET_PAUSED
    assert code(book, deal(119, "bo", "al", 89), BREAKER) is None
    assert code(book, deal(120, "cy", "al", 89), BREAKER) is None
    assert code(book, bid(120, 89), BREAKER) is None


@pytest.mark.parametrize(
    ("price_ticks", "expected"),
    [(95, None), (105, None), (94, Code.PRICE_OUT_OF_BAND), (106, Code.PRICE_OUT_OF_BAND)],
)
def test_band_when_a_price_lies_beyond_it_then_trades_and_orders_are_refused(
    price_ticks: int, expected: Code | None
) -> None:
    """5 % around a mark of 100, its edges included; for trades that open, trades that reduce, and orders."""
    book = book_of(BAND)
    assert code(book, deal(10, "cy", "al", price_ticks), BAND) is expected
    assert code(book, deal(10, "bo", "al", price_ticks), BAND) is expected
    assert code(book, bid(10, price_ticks), BAND) is expected


def test_precedence_when_several_reasons_hold_then_halt_reduce_only_pause_and_band_come_in_this_order() -> None:
    """One reason after the other is taken away."""
    rules = Rules(breaker_ppb=1, breaker_window_ns=60, pause_ns=100, trade_band_ppb=1)
    book = book_of(rules)
    set_mark(book, 20, 89, rules)
    market = book.markets["BTC"]
    market.reduce_only, book.halts["BTC"] = True, "drill"
    found = [code(book, bid(20, 50), rules)]
    book.halts.clear()
    found.append(code(book, bid(20, 50), rules))
    market.reduce_only = False
    found += [code(book, bid(time_ns, 50), rules) for time_ns in (20, 120)]
    assert found == [Code.MARKET_HALTED, Code.MARKET_REDUCE_ONLY, Code.MARKET_PAUSED, Code.PRICE_OUT_OF_BAND]


def test_rules_when_a_breaker_has_no_window_or_no_pause_then_it_is_a_fault() -> None:
    """A breaker without either would be one that is off, and says it is on."""
    window, pause = (f"{name}_ns is 0, but the breaker is on" for name in ("breaker_window", "pause"))
    parts: tuple[tuple[str, dict[str, Any]], ...] = (
        (pause, {"breaker_window_ns": 1}),
        (window, {"pause_ns": 1}),
        (f"{window}.*{pause}", {}),
    )
    for sentence, incomplete in parts:
        with pytest.raises(ConfigError, match=sentence):
            Rules(breaker_ppb=1, **incomplete)
    with pytest.raises(ConfigError, match="trade_band_ppb is -1"):
        Rules(trade_band_ppb=-1)
