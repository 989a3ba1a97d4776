"""What one account is told of a book: the same on both engines, nothing of anybody else, and parts of queues."""

from dataclasses import replace

import pytest

from deleverage.domain.domain import Domain
from deleverage.domain.engines import ENGINES
from deleverage.domain.own import tried
from deleverage.domain.player import play
from deleverage.rulebook.messages import Deposit, Rejection, Withdraw
from deleverage.rulebook.places import Part
from deleverage.scenarios.loader import bundled_names, load


@pytest.mark.parametrize("name", bundled_names())
def test_standings_when_they_are_made_on_either_engine_then_lights_own_books_and_parts_are_equal(name: str) -> None:
    """Every account of every bundled story: columns read by look-ups what the rulebook finds by walking."""
    accounts = 60 if load(name).seed is not None else None
    columns, rulebook = (play(load(name, accounts=accounts), engine=one).domain for one in ENGINES)
    found, expected = columns.standings(), rulebook.standings()
    assert (expected.below_zero, expected.owed_quanta) == (found.below_zero, found.owed_quanta)
    assert sorted(rulebook.book.accounts) == columns.accounts_after("", 1 << 30)
    assert sorted(rulebook.book.accounts)[1:3] == columns.accounts_after(min(rulebook.book.accounts), 2)
    for account_id in rulebook.book.accounts:
        assert sorted(expected.lights_of(account_id)) == sorted(found.lights_of(account_id))
        assert rulebook.own_book(account_id) == columns.own_book(account_id)
    for market_id in rulebook.book.markets:
        for side in ("long", "short"):
            queue = rulebook.queue(market_id, side)
            part = Part(2, frozenset(place.unit_id for place in queue[-1:]))
            shown = [*queue[:2], *queue[max(2, len(queue) - 1) :]]
            assert [shown, shown] == [one.queue(market_id, side, part) for one in (rulebook, columns)]


@pytest.mark.parametrize("engine", ENGINES)
def test_own_book_when_it_is_made_then_it_has_no_row_of_another_account(engine: str) -> None:
    """Units, orders, claims, auctions and accounts are the account's own, pots are empty."""
    domain = play(load("hedge-mode"), engine=engine).domain
    for account_id in domain.accounts_after("", 1 << 30):
        own = domain.own_book(account_id)
        assert own is not None
        assert [account_id] == list(own.accounts)
        assert {account_id} == {unit.account_id for unit in own.units.values()}
        assert set() == {order.unit_id for order in own.orders.values()} - set(own.units)
        assert set() == {*own.claims, *own.auctions} - set(own.units)
        assert not any(own.pots.values())
        assert (own.seq, own.steps, own.net_deposits_quanta) == (0, 0, 0)


def test_own_book_when_nobody_has_the_name_then_there_is_none() -> None:
    """An unknown account, and a unit that is no account."""
    assert Domain.open(load("six-longs").rules).own_book("nobody") is None


def test_tried_when_commands_are_tried_then_the_own_book_and_the_domain_stay_as_they_are() -> None:
    """Deposits and withdrawals are answered by the law, refused ones change nothing, and nothing is written."""
    domain = play(load("six-longs")).domain
    before, own = domain.digest(), domain.own_book("long-2")
    assert own is not None
    kept, time_ns = replace(own, units=dict(own.units)), domain.book.time_ns
    answers, left = tried(
        own,
        [
            Deposit(time_ns=time_ns, unit_id="long-2", amount_quanta=5),
            Withdraw(time_ns=time_ns, unit_id="long-3", amount_quanta=5),
        ],
        domain.rules,
    )
    assert [isinstance(answer, Rejection) for answer in answers] == [False, True]
    assert own.units["long-2"].quote + 5 == left.units["long-2"].quote
    assert kept == own
    assert before == domain.digest()
