"""Drawn books and logs are what they say, and the same for the same seed."""

from dataclasses import fields

import numpy as np
import pytest

from deleverage.bench.books import LEGS, Book, draw, one_market, quiet, summed
from deleverage.bench.logs import DEPOSIT, FUNDING, MARK, TRADE, WITHDRAW, draw_log
from deleverage.bench.terms import INVERSE, LINEAR, QUANTO

BOOKS = {
    "plain": lambda: draw(10_000),
    "tiers": lambda: draw(10_000, tiers=True),
    "mix": lambda: draw(10_000, mix=True),
    "quiet": lambda: quiet(10_000),
    "one market": lambda: one_market(500, 2_000),
}
SUM_BOUND, LEG_BOUND = 2**61, 2**54


@pytest.mark.parametrize("kind", BOOKS)
def test_book_when_drawn_then_lots_sum_to_zero_and_stay_within_the_bounds(kind: str) -> None:
    """Every market nets, no row is empty, and no product or sum is near the end of int64."""
    book = BOOKS[kind]()
    markets = len(book.markets.mark_ticks)
    assert summed(book.market, book.lots, markets).tolist() == [0] * markets
    assert (book.lots != 0).all()
    worth = book.lots * book.markets.values(book.markets.mark_ticks)[book.market]
    assert (np.sign(book.cost) == np.sign(worth)).all()
    assert np.abs(worth).max() < LEG_BOUND
    assert np.abs(book.quote).max() < SUM_BOUND
    assert (np.diff(book.owner.astype(np.int64)) >= 0).all()


@pytest.mark.parametrize("kind", BOOKS)
def test_book_when_drawn_twice_then_it_is_the_same(kind: str) -> None:
    """A seed is a book."""
    one, other = BOOKS[kind](), BOOKS[kind]()
    for item in fields(Book):
        if item.name != "markets":
            np.testing.assert_array_equal(getattr(one, item.name), getattr(other, item.name))
    for item in fields(type(one.markets)):
        np.testing.assert_array_equal(getattr(one.markets, item.name), getattr(other.markets, item.name))


def test_book_when_the_seed_is_another_then_so_is_the_book() -> None:
    """Not every seed is the same one."""
    assert (draw(10_000).lots != draw(10_000, seed=2).lots).any()


def test_book_when_drawn_then_it_has_the_population_that_it_claims() -> None:
    """1 to 4 positions, 1.9 on average; the most popular market has the most; few are unhealthy."""
    book = draw(100_000)
    legs = np.bincount(book.owner)
    held = np.bincount(book.market)
    assert (legs.min(), legs.max()) == (1, len(LEGS))
    assert 1.85 < legs.mean() < 1.95
    assert held[0] == held.max() > 10 * held[-1]
    below_zero = (book.equities(book.markets.mark_ticks) < 0).mean()
    assert 0 < below_zero < 0.01


def test_book_when_drawn_then_no_unit_has_two_legs_in_a_market_but_a_hedge() -> None:
    """In one-way mode a market is a leg; a hedge has a long and a short in the same one."""
    for book in (draw(10_000), draw(10_000, mix=True)):
        key = book.owner.astype(np.int64) * 64 + book.market
        names, counts = np.unique(key, return_counts=True)
        twice = names[counts > 1] // 64
        assert twice.tolist() == np.flatnonzero(book.hedge).tolist()
        assert (book.sums((book.side != 0).astype(np.int64)) == 2 * book.hedge).all()
        assert (np.sign(book.lots)[book.side != 0] == book.side[book.side != 0]).all()


def test_full_mix_when_drawn_then_every_kind_of_unit_and_contract_is_in_it() -> None:
    """Isolated units belong to the cross unit before them; contracts, tiers and collateral are there."""
    book = draw(10_000, mix=True)
    assert set(book.markets.contract.tolist()) == {LINEAR, QUANTO, INVERSE}
    assert (np.diff(book.markets.first_tier) == 8).any()
    assert book.hedge.any()
    assert (book.credit > 0).any()
    alone = np.flatnonzero(book.isolated >= 0)
    assert len(alone) > 100
    assert book.account[alone].tolist() == book.account[alone - 1].tolist()
    assert (book.isolated[alone - 1] < 0).all()
    assert (np.bincount(book.owner)[alone] == 1).all()


def test_margin_table_when_a_tier_begins_then_the_requirement_does_not_jump() -> None:
    """Deductions keep the requirement continuous, to a quantum."""
    terms = draw(10_000, tiers=True).markets
    for at in range(1, 8):
        start, rates = int(terms.from_notional_quanta[at]), terms.maintenance_rate_ppb
        below = start * int(rates[at - 1]) // 10**9 - int(terms.maintenance_deduction_quanta[at - 1])
        above = start * int(rates[at]) // 10**9 - int(terms.maintenance_deduction_quanta[at])
        assert abs(above - below) <= 1


def test_draw_when_there_are_too_few_positions_then_it_says_how_many_it_needs() -> None:
    """A market with one side only would have no counterparty."""
    with pytest.raises(ValueError, match="199 positions are too few for 1 markets: at least 200"):
        draw(199, markets=1)


def test_one_market_when_drawn_then_it_has_the_sides_that_were_asked_for() -> None:
    """One leg a unit."""
    book = one_market(500, 2_000)
    assert ((book.lots > 0).sum(), (book.lots < 0).sum(), book.units) == (500, 2_000, 2_500)


def test_log_when_drawn_then_it_has_every_kind_and_is_the_same_again() -> None:
    """About 70 % trades; deposits take the place of trades that nobody can afford."""
    book = quiet(10_000)
    log = draw_log(book, 5_000)
    shares = np.bincount(log["kind"], minlength=5) / len(log)
    assert 0.65 < shares[TRADE] < 0.75
    assert min(shares[kind] for kind in (DEPOSIT, WITHDRAW, MARK, FUNDING)) > 0
    assert log.tobytes() == draw_log(book, 5_000).tobytes()
    assert log.tobytes() != draw_log(book, 5_000, seed=2).tobytes()
    trades = log[log["kind"] == TRADE]
    assert (trades["lots"] >= 1).all()
    assert (trades["unit"] != trades["other"]).all()


@pytest.mark.parametrize("mix", [False, True])
def test_book_when_drawn_then_lots_and_costs_of_a_market_sum_to_zero(mix: bool) -> None:
    """What one side has paid the other had: no money is made by drawing."""
    book = draw(10_000, mix=mix)
    assert not summed(book.market, book.lots, 50).any()
    assert not summed(book.market, book.cost, 50).any()
