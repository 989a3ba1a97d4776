"""The order book of the demo's venue."""

from random import Random

import pytest

from deleverage.demo.book import Book, Match, Order


def test_order_when_prices_differ_then_the_best_is_served_first() -> None:
    """A buyer takes the lowest ask, at its price, and goes on with the next."""
    book = Book()
    book.place(Order("dear", False, 5, 103))
    book.place(Order("cheap", False, 2, 101))
    assert [Match("b", "cheap", 2, 101), Match("b", "dear", 1, 103)] == book.place(Order("b", True, 3, 103))
    assert book.spread == (None, 103)


def test_order_when_prices_are_equal_then_who_came_first_is_served_first() -> None:
    """At one price the queue decides."""
    book = Book()
    book.place(Order("first", True, 2, 100))
    book.place(Order("second", True, 2, 100))
    assert [Match("first", "s", 2, 100), Match("second", "s", 1, 100)] == book.place(Order("s", False, 3, 100))


def test_order_when_nobody_pays_its_price_then_it_rests_or_is_gone() -> None:
    """What is not filled rests only if it may."""
    book = Book()
    assert book.place(Order("a", True, 1, 99), rests=False) == []
    assert book.bids.orders() == []
    assert book.place(Order("a", True, 1, 99)) == []
    assert book.spread == (99, None)


def test_order_when_it_meets_its_owner_then_what_rested_is_taken_back() -> None:
    """Nobody trades with himself."""
    book = Book()
    book.place(Order("a", False, 4, 100))
    book.place(Order("b", False, 4, 101))
    assert [Match("a", "b", 4, 101)] == book.place(Order("a", True, 4, 101))


def test_withdraw_and_expire_when_asked_then_others_keep_their_places() -> None:
    """Only what is meant leaves."""
    book = Book()
    book.place(Order("a", True, 1, 100, born=1))
    book.place(Order("b", True, 1, 100, born=5))
    book.place(Order("c", True, 1, 100, born=9))
    book.withdraw("b")
    assert [order.owner for order in book.bids.orders()] == ["a", "c"]
    book.expire(5)
    assert [order.owner for order in book.bids.orders()] == ["c"]


@pytest.mark.parametrize("seed", range(20))
def test_place_when_orders_are_drawn_then_it_does_what_a_search_over_all_of_them_does(seed: int) -> None:
    """A plain list, searched for the best and oldest, says the same; the book never stands crossed."""
    rng, book, plain = Random(seed), Book(), list[Order]()
    for _ in range(300):
        owner, buys, lots, price = f"t{rng.randrange(6)}", rng.random() < 0.5, rng.randint(1, 9), rng.randint(95, 105)
        expected = _searched(plain, Order(owner, buys, lots, price))
        assert expected == book.place(Order(owner, buys, lots, price))
        bid, ask = book.spread
        assert bid is None or ask is None or bid < ask


def _searched(plain: list[Order], order: Order) -> list[Match]:
    found = []
    while order.lots:
        sign = 1 if order.buys else -1
        others = [one for one in plain if one.buys != order.buys and sign * one.price_ticks <= sign * order.price_ticks]
        if not others:
            plain.append(order)
            break
        best = min(others, key=lambda one: sign * one.price_ticks)
        if best.owner == order.owner:
            plain.remove(best)
            continue
        lots = min(best.lots, order.lots)
        sides = (order.owner, best.owner) if order.buys else (best.owner, order.owner)
        found.append(Match(*sides, lots, best.price_ticks))
        order.lots, best.lots = order.lots - lots, best.lots - lots
        if not best.lots:
            plain.remove(best)
    return found
