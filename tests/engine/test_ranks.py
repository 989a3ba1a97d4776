"""Queues and lights of the engine against the rulebook's, on books of every kind."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from deleverage.engine import ranks
from deleverage.engine.load import load as engine_of
from deleverage.engine.valuation import valued
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import OpenAccount, Rejection
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import RANKINGS
from deleverage.rulebook.selection import Levelling
from deleverage.rulebook.stages.candidates import queue_of
from tests.commands import to_command, to_rules
from tests.engine.test_one_by_one import stressed
from tests.properties.stories import mark, open_book, submit
from tests.worlds import world


def require_same(book: Book, rules: Rules) -> int:
    """Compare queues and lights of all markets and sides; return how many places there are."""
    engine, lights, count = engine_of(book, rules), {}, 0
    for market_id in book.markets:
        for side in (1, -1):
            expected = queue_of(book, rules, market_id, side)
            assert expected == engine.queue(market_id, side)
            count += len(expected)
            for place in expected:
                leg = book.units[place.unit_id].leg_on(market_id, -side)
                assert leg is not None
                lights[place.unit_id, leg[0]] = place.lights
    assert lights == engine.lights()
    return count


@pytest.mark.parametrize("seed", range(6))
def test_queue_when_a_random_world_has_lived_then_it_is_the_rulebooks(seed: int) -> None:
    """Random rules - all rankings, policies, removals, neutral accounts, collateral, hedges - after many commands."""
    count = 0
    for number in range(12):
        plain, commands = world(100 * seed + number)
        rules, book = to_rules(plain), Book()
        for at, command in enumerate(commands):
            answer = decide(book, to_command(command), rules)
            for fact in () if isinstance(answer, Rejection) else answer:
                apply(book, fact)
            if at % 40 == 39:
                count += require_same(book, rules)
            if at == 160:
                break
    assert count > 20


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
def test_queue_when_many_are_unhealthy_or_bankrupt_then_it_is_the_rulebooks(ranking: str) -> None:
    """Three margin tiers, a fund's inventory, poor units, bankrupts; every ranking."""
    random, count, by_kernel = Random(ranking), 0, 0
    for _ in range(12):
        book, rules = stressed(random), Rules(policy=Queue(ranking))
        for unit in book.units.values():
            unit.bankrupt = random.random() < 0.1
        by_kernel += not ranks.why_law(engine_of(book, rules).desk, rules)
        count += require_same(book, rules)
    assert count > 100
    assert by_kernel == (0 if ranking in ranks.NOT_RANKED else 12)


def tied(units: int) -> Book:
    """Return a book in which half of the units hold the same long, the others the same short; ids not in order."""
    names = [f"{'zayb'[number % 4]}{number}" for number in range(units)]
    book = open_book(dict.fromkeys(names, 500))
    for number, name in enumerate(names):
        lots = 3 if number % 2 else -3
        settle_unit(book.units[name], book.markets["BTC"], lots, -100 * lots, "")
        book.markets["BTC"].open_interest_lots += max(0, lots)
    mark(book, 104)
    return book


def test_queue_when_all_are_equal_then_ids_decide_also_those_that_come_later() -> None:
    """Ranks of ids are renewed when units are added."""
    engine = engine_of(tied(200), Rules())
    assert queue_of(tied(200), Rules(), "BTC", 1) == engine.queue("BTC", 1)
    before = engine.columns.order().copy()
    (answer,) = engine.submit([OpenAccount(time_ns=2, account_id="b")])
    assert not isinstance(answer, Rejection)
    after = engine.columns.order()
    names = engine.columns.names
    assert sorted(names) == [names[number] for number in after.argsort()]
    assert len(after) == len(before) + 1
    assert queue_of(engine.book, Rules(), "BTC", -1) == engine.queue("BTC", -1)


def test_queue_when_equity_meets_maintenance_to_the_quantum_then_tiers_are_the_rulebooks() -> None:
    """Equity one quantum above, at and below 0 and maintenance."""
    for equity, tier in ((-1, 5), (0, 5), (1, 4), (155, 4), (156, 2), (157, 2)):
        book = tied(6)
        market = book.markets["BTC"]
        half = tuple(replace(one, maintenance_rate_ppb=5 * 10**8) for one in market.terms.tiers)
        market.terms = replace(market.terms, tiers=half)
        for unit in book.units.values():
            unit.quote = equity - unit.legs["BTC"].lots * 104
        assert {place.tier for place in engine_of(book, Rules()).queue("BTC", 1)} == {tier}
        assert require_same(book, Rules()) == 6


def test_queue_when_the_numbers_leave_the_columns_then_the_law_still_answers() -> None:
    """A quote beyond 2^61: the engine goes on in plain rows."""
    book = tied(8)
    book.units["z0"].quote += 1 << 62
    engine = engine_of(book, Rules())
    assert engine.wide is not None
    assert require_same(book, Rules()) == 8


def test_reason_when_only_the_law_can_rank_then_it_is_named() -> None:
    """Each of them, and none where kernels can."""
    book = tied(4)
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, ""),
        ({"policy": Levelling()}, "another policy"),
        ({"policy": Queue("binance", wallet_floor_quanta=1 << 62)}, "another policy"),
        ({"policy": Queue("rotation")}, "another ranking"),
        ({"removed": ("unhealthy",)}, "declared removals"),
        ({"neutral_within_ppb": 1}, ""),
    ]
    for switches, reason in cases:
        rules = Rules(**switches)
        assert ranks.why_law(engine_of(book, rules).desk, rules) == reason
    book.accounts["z0"] = replace(book.accounts["z0"], neutral=True)
    rules = Rules(neutral_within_ppb=1)
    assert ranks.why_law(engine_of(book, rules).desk, rules) == "the neutral mode"
    assert submit(book, OpenAccount(time_ns=2, account_id="new"))
    assert require_same(book, rules) == 4


@pytest.mark.parametrize("ranking", sorted(RANKINGS))
def test_choice_when_lots_are_needed_then_they_are_the_queues_front(ranking: str) -> None:
    """One lot, about half, all there are and one more; every ranking, with a fund and without."""
    random, rules = Random(ranking), Rules(policy=Queue(ranking))
    for _ in range(6):
        book = stressed(random)
        for unit in book.units.values():
            unit.bankrupt = random.random() < 0.1
        engine = engine_of(book, rules)
        desk, value = engine.desk, valued(engine.desk)
        chooser = ranks.Chooser(desk, rules)
        for market_id, side in (("BTC", 1), ("BTC", -1), ("ETH", 1)):
            places = queue_of(book, rules, market_id, side)
            total = sum(place.lots for place in places)
            for need in {1, total // 2, total, total + 1} - {0}:
                span = ranks.opposite(desk, desk.columns.prices.numbers[market_id], side)
                found = chooser.choose(span, value, need)
                if ranking in ranks.NOT_RANKED:
                    assert found is None
                    continue
                assert found is not None
                units, taken = (column.tolist() for column in found)
                expected = {one.unit_id: min(one.lots, need - one.lots_ahead) for one in places}
                kept = {unit_id: lots for unit_id, lots in expected.items() if lots > 0}
                assert kept == {desk.columns.names[unit]: lots for unit, lots in zip(units, taken, strict=True)}
