"""Prices and traders of the demo."""

from random import Random

from deleverage.demo.book import Book, Match
from deleverage.demo.crowd import MOST_LEVERAGE, Crowd
from deleverage.demo.makers import LEVELS, Makers
from deleverage.demo.prices import DEEPEST_PPB, Prices
from deleverage.rulebook.quantities import PPB

HOME = {"A": 600_000, "B": 15_000}
SCALE = {"A": 100, "B": 1_000}


def test_prices_when_a_day_is_ordinary_then_they_stay_near_home() -> None:
    """An hour of steps moves a market by less than a crash does."""
    prices = Prices(HOME, HOME, Random(7))
    for _ in range(4 * 3_600):
        prices.step()
        assert all(home * 85 < 100 * prices.ticks[name] < home * 115 for name, home in HOME.items())


def test_prices_when_they_crash_then_they_fall_until_they_are_told_to_stop_and_come_home() -> None:
    """A crash is bounded; afterwards the walk is drawn home again."""
    prices = Prices(HOME, HOME, Random(7))
    prices.begin_crash()
    steps = 0
    while not prices.at_bottom:
        prices.step()
        steps += 1
    assert prices.crashing
    assert prices.fallen_ppb >= DEEPEST_PPB
    assert 100 < steps < 1_000
    prices.end_crash()
    for _ in range(20_000):
        prices.step()
    assert all(home * 85 < 100 * prices.ticks[name] < home * 115 for name, home in HOME.items())


def test_prices_when_the_seed_is_the_same_then_so_are_they() -> None:
    """Chance is drawn from a seed."""
    one, other = Prices(HOME, HOME, Random(3)), Prices(HOME, HOME, Random(3))
    for _ in range(100):
        one.step()
        other.step()
    assert one.ticks == other.ticks


def test_wish_when_he_is_asked_often_then_nobody_opens_beyond_his_leverage() -> None:
    """What a trader opens stays within what the venue allows by itself."""
    rng = Random(5)
    crowd = Crowd({"t": 10**9}, SCALE, rng)
    trader = crowd.know({"account": "t", "equity_quanta": str(10**9), "units": []}, 0)
    assert trader is not None
    for _ in range(2_000):
        wish = crowd.wish(trader, HOME, lambda name: PPB // 2)
        if wish is not None:
            sides = ("t", "x") if wish.buys else ("x", "t")
            crowd.fill(wish.market_id, Match(*sides, wish.lots, HOME[wish.market_id]))
        notional = sum(abs(lots) * HOME[name] * SCALE[name] for name, lots in trader.lots.items())
        assert notional <= MOST_LEVERAGE * crowd.equity(trader, HOME)


def test_know_when_an_account_is_told_then_he_is_worth_what_the_service_says() -> None:
    """Money as if he held nothing, and lots: together his equity at the marks of then."""
    crowd = Crowd({"t": 10**9}, SCALE, Random(1))
    leg = {"market": "A", "lots": "-7", "mark_price_ticks": "600000"}
    trader = crowd.know({"account": "t", "equity_quanta": "12345", "units": [{"legs": [leg]}]}, 4)
    assert trader is not None
    assert crowd.equity(trader, HOME) == 12_345
    assert crowd.is_known(trader, 5)
    crowd.forget("t")
    assert not crowd.is_known(trader, 5)


def test_quote_when_makers_hold_much_then_they_lean_and_the_crowd_is_wanted_on_the_other_side() -> None:
    """Makers that are long want buyers; their quotes lie around the price and do not cross."""
    makers, books = Makers(["m1", "m2"], SCALE, Random(2)), {name: Book() for name in HOME}
    assert makers.lean_ppb("A", HOME["A"]) == 0
    makers.fill("m1", "A", 10_000)
    assert makers.lean_ppb("A", HOME["A"]) > 0
    makers.quote(books, HOME, 1, shy=False)
    makers.quote(books, HOME, 2, shy=False)
    for name, book in books.items():
        bid, ask = book.spread
        assert bid is not None
        assert ask is not None
        assert bid < ask
        assert len(book.bids.orders()) == 2 * LEVELS
        assert abs(bid - HOME[name]) * 100 < HOME[name]
