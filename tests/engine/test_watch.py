"""The watch: after every tick and touch it knows exactly who is below, as if it had looked at everybody."""

from random import Random

import numpy as np
import pytest

from deleverage.engine.watch import Moved, Watch
from tests.engine.books import (
    Columns,
    Prices,
    RandomBook,
    RandomMarket,
    add_unit,
    columns_of,
    fill,
    prices_of,
    random_book,
)


class Watched:
    """A random book with its two watches, and the check that both know what a plain reading says."""

    def __init__(self, book: RandomBook, one_in: int) -> None:
        self.book = book
        self.columns: Columns = columns_of(book)
        self.prices: Prices = prices_of(book)
        self.watches = [Watch(self.columns, self.prices, zero=zero, one_in=one_in) for zero in (False, True)]
        self.known = [set(book.below(zero)) for zero in (False, True)]
        self.moves = 0

    def check(self, moved: list[Moved]) -> None:
        """Compare flags and what was reported with a reading of the whole book."""
        for at, (watch, news) in enumerate(zip(self.watches, moved, strict=True)):
            below = set(self.book.below(zero=at == 1))
            assert sorted(below - self.known[at]) == news.below.tolist()
            assert sorted(self.known[at] - below) == news.above.tolist()
            assert sorted(below) == np.flatnonzero(watch.flags).tolist()
            self.known[at] = below

    def tick(self, market: int) -> None:
        """Bring the tables up to date, tick, and check."""
        for name, column in vars(prices_of(self.book)).items():
            getattr(self.prices, name)[:] = column
        before = [watch._lists.reference.copy() for watch in self.watches]
        self.check([watch.tick(market) for watch in self.watches])
        moved = [(old != watch._lists.reference).any() for old, watch in zip(before, self.watches, strict=True)]
        self.moves += sum(moved)

    def touch(self, *units: int) -> None:
        """Bring the columns up to date, touch, and check."""
        fill(self.columns, self.book)
        self.check([watch.touch(units) for watch in self.watches])

    def move(self) -> None:
        """Do to a market what a tick may do, or worse."""
        random = self.book.random
        at = random.randrange(len(self.book.markets))
        market = self.book.markets[at]
        what = random.random()
        if what < 0.8:
            most = random.choice((3, 3, 3, 20, 300))
            step = market.value * random.randrange(-most, most + 1) // 1000
            market.value = market.value + step or market.value
        elif what < 0.9:
            market.funding += random.randrange(-50, 51)
        else:
            market.factor = random.randrange(10**9, 3 * 10**9)
        self.tick(at)

    def trade(self) -> None:
        """Let one unit open, change, close or flip a leg, or its money or credit change."""
        book, random = self.book, self.book.random
        unit = random.randrange(len(book.quote))
        rows = book.rows_of(unit)
        what = random.random()
        if what < 0.2:
            book.quote[unit] += random.randrange(-20_000, 20_000)
        elif what < 0.3:
            book.credit[unit] = random.randrange(0, 20_000)
        elif what < 0.4:
            unit = add_unit(book)
        elif rows and what < 0.8:
            row = random.choice(rows)
            price = abs(book.markets[book.market[row]].value)
            lots = random.choice((0, 0, -book.lots[row], book.lots[row] // 2, book.lots[row] + 7))
            book.quote[unit] -= (lots - book.lots[row]) * price
            book.lots[row] = lots
        else:
            book.open(unit, random.randrange(len(book.markets)), random.choice((-1, 1)) * random.randrange(1, 500))
        self.touch(unit)


@pytest.mark.parametrize("one_in", [8, 100])
@pytest.mark.parametrize("tiers", [1, 4])
@pytest.mark.parametrize("seed", range(3))
def test_watch_when_prices_move_and_units_trade_then_it_knows_who_is_below(seed: int, tiers: int, one_in: int) -> None:
    """Small and huge steps, funding, factors, leaping tiers, hedges, free rows used again, units that are new."""
    random = Random(f"{seed} {tiers} {one_in}")
    watched = Watched(random_book(random, units=80, markets=4, tiers=tiers), one_in)
    watched.check([Moved(np.zeros(0), np.zeros(0))] * 2)
    for _ in range(150):
        watched.move() if random.random() < 0.7 else watched.trade()
    assert 0 < watched.moves < 300
    assert any(watch._lists.near.sum() for watch in watched.watches)


def test_watch_when_several_markets_change_before_their_ticks_then_it_is_exact_after_the_last_one() -> None:
    """A unit holds both; the first tick sees only its own market's change."""
    for seed in range(20):
        random = Random(seed)
        watched = Watched(random_book(random, units=60, markets=3, tiers=2), 100)
        for market in watched.book.markets:
            market.value = market.value * random.randrange(950, 1050) // 1000 or market.value
        for name, column in vars(prices_of(watched.book)).items():
            getattr(watched.prices, name)[:] = column
        for watch in watched.watches:
            for at in range(3):
                watch.tick(at)
        assert [watched.book.below(zero) for zero in (False, True)] == [
            np.flatnonzero(watch.flags).tolist() for watch in watched.watches
        ]


def test_watch_when_a_market_gets_more_rows_than_it_has_room_for_then_it_is_built_anew() -> None:
    """Everybody opens a leg in one market; what changes on the way is reported once."""
    random = Random(5)
    watched = Watched(random_book(random, units=300, markets=3, tiers=1), 100)
    first = watched.watches[0]._lists.index
    for unit in range(300):
        watched.book.open(unit, 0, random.choice((-50, 50)))
        watched.book.quote[unit] -= 100_000
    watched.touch(*range(300))
    assert first is not watched.watches[0]._lists.index


def test_watch_when_a_small_step_is_made_then_only_near_units_are_looked_at() -> None:
    """Far units' margins are not even shifted: the entries in front are few."""
    book = random_book(Random(1), units=400, markets=2, tiers=1)
    book.quote = [quote + 10**9 for quote in book.quote]
    book.quote[7] -= 10**9
    watched = Watched(book, 100)
    assert len(book.rows_of(7)) >= watched.watches[0]._lists.near.sum()


def large_long(lots: int, margin: int, deduction: int) -> tuple[Watch, Prices, RandomBook]:
    """Return a watch over one long in a market of two tiers, 1 % and from 10^6 quanta 5 %, a lot being worth 1,000."""
    market = RandomMarket(1_000, [(0, 10_000_000, 0), (1_000_000, 50_000_000, deduction)])
    book = RandomBook(Random(0), [market], [lots], [0], [0], [0], [0])
    book.quote[0] = margin - book.margin(0)
    prices = prices_of(book)
    watch = Watch(columns_of(book), prices, one_in=100)
    assert watch._lists.near.tolist() == [0]
    return watch, prices, book


def test_watch_when_a_tier_comes_down_upon_a_leg_then_its_unit_is_found() -> None:
    """Value and funding rise together: the leg is worth what it was, but its notional has reached the dearer tier."""
    watch, prices, book = large_long(970, 15_000, 0)
    book.markets[0].value, book.markets[0].funding = 1_040, 40
    for name, column in vars(prices_of(book)).items():
        getattr(prices, name)[:] = column
    assert book.below() == watch.tick(0).below.tolist() == [0]


@pytest.mark.parametrize(("more_held", "more_spare"), [(0, -40_000), (60, 60_000)])
def test_watch_when_a_deduction_no_longer_makes_up_for_the_rate_then_the_unit_is_found(
    more_held: int, more_spare: int
) -> None:
    """It is lost; or it grows with the rate, but only as fast as is right for the smallest leg of the tier."""
    watch, prices, _ = large_long(2_000, 30_000, 40_000)
    prices.held[2:] += more_held
    prices.spare[2:] += more_spare
    assert watch.tick(0).below.tolist() == [0]
