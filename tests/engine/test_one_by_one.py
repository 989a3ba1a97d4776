"""Bankrupts one by one: kernel and line close what the law closes that looks at everybody before each fill."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from deleverage.engine import one_by_one
from deleverage.rulebook.book import Book, Tier, Unit
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.envelopes import Envelope
from deleverage.rulebook.messages import Deleveraged, Rejection, RunStep
from deleverage.rulebook.pace import ClosedNotional, FirstOf, Rounds, TouchedUnits
from deleverage.rulebook.price import Bankruptcy, Blend, Capped, Mark, PreviousMark, Spread
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.schedule import Driver
from deleverage.rulebook.scores import RANKINGS
from deleverage.rulebook.stages import one_by_one as law
from deleverage.rulebook.throttle import Limit
from tests.properties.stories import mark, open_book

TABLE = (Tier(0, 5_000_000, 10_000_000), Tier(1_500, 40_000_000, 50_000_000, 20), Tier(4_000, 90_000_000, 10**8, 220))
MARKETS = ("BTC", "ETH", "SOL")
PRICES = (
    Bankruptcy(),
    Bankruptcy(),
    Mark(),
    PreviousMark(),
    Spread(50_000_000),
    Blend(333_333_333),
    Capped(PreviousMark(), 120_000_000),
    Capped(Capped(Spread(10**8), 40_000_000), 70_000_000),
)
BY_LINE = ("ethereal", "rotation")
KNOWN = tuple(ranking for ranking in RANKINGS if ranking not in BY_LINE)


@pytest.fixture
def by_line(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Return a tally of the pools that were closed by the line, and of those whose rest was the law's."""
    counts, module = Counter[str](), vars(one_by_one)
    in_line, law_closes = module["in_line"], law.close_pool

    def counted_line(*arguments: Any) -> Any:
        counts["line"] += 1
        return in_line(*arguments)

    def counted_law(*arguments: Any) -> None:
        counts["law"] += 1
        law_closes(*arguments)

    monkeypatch.setattr(one_by_one, "in_line", counted_line)
    monkeypatch.setattr(law, "close_pool", counted_law)
    return counts


def stressed(random: Random, count: int = 14, trades: int = 60) -> Book:
    """Return a book of three markets after random trades and jumps: many are bankrupt, unhealthy, or barely not."""
    deposits = {f"u{number:03}": random.choice((1, 60, 200, 900, 2_500)) for number in range(count)}
    book = open_book(deposits, 0, MARKETS)
    for number in range(0, count, 5):
        owner, market_id = f"u{number:03}", random.choice(MARKETS)
        book.units[f"{owner}/{market_id}"] = Unit(f"{owner}/{market_id}", owner, market_id)
    for market in book.markets.values():
        market.terms = replace(market.terms, tiers=TABLE)
    for _ in range(trades):
        lots, market_id = random.choice((1, 1, 2, 7, 20)), random.choice((*MARKETS, "BTC"))
        able = [key for key, unit in sorted(book.units.items()) if unit.isolated_market_id in ("", market_id)]
        one, other = random.sample(able, 2)
        amount = lots * 100 + random.randint(-9, 9)
        for unit_id, side in ((one, 1), (other, -1)):
            settle_unit(book.units[unit_id], book.markets[market_id], side * lots, -side * amount, "")
    for market_id, market in book.markets.items():
        held = [unit.legs[market_id].lots for unit in book.units.values() if market_id in unit.legs]
        market.open_interest_lots = sum(max(0, lots) for lots in held)
    for account_id, change in (("u003", "fund"), ("u004", "backstop")):
        if random.random() < 0.3:
            book.accounts[account_id] = replace(book.accounts[account_id], role=change)
    for market_id in MARKETS:
        mark(book, random.choice((70, 85, 101, 115, 140)), market_id)
    return book


def both(book: Book, rules: Rules) -> tuple[Answer, Answer]:
    """Return the facts of a step as the law alone finds them, and as the engine's closer does."""
    step = RunStep(time_ns=2)
    return decide(book, step, rules), decide(book, step, rules, one_by_one.close_pool)


def closings(answer: Answer) -> int:
    """Return how many candidates a step has closed."""
    assert not isinstance(answer, Rejection), answer
    return sum(len(fact.closings) for fact in answer if isinstance(fact, Deleveraged))


@pytest.mark.parametrize("ranking", RANKINGS)
def test_step_when_bankrupts_go_one_by_one_then_the_engines_closer_tells_the_laws_facts(
    ranking: str, by_line: Counter[str]
) -> None:
    """Random books of three markets, several pools and rounds; every ranking and price, capped at equity or not."""
    random, compared = Random(ranking), 0
    for at in range(24):
        price = PRICES[at % len(PRICES)]
        policy = Queue(ranking, random.randrange(9)) if ranking == "rotation" else Queue(ranking)
        rules = Rules(rerank="each_fill", policy=policy, price=price, may_bankrupt=at % 3 == 2)
        expected, found = both(stressed(random), rules)
        assert expected == found
        compared += closings(found)
    assert compared > 150
    assert (ranking in BY_LINE) == (by_line["line"] > 0)


def paced(random: Random, rules: Rules, _book: Book) -> Rules:
    """Bound the notional, the units, or both."""
    paces = ClosedNotional(random.randrange(1, 4_000)), TouchedUnits(random.randrange(1, 6))
    return replace(rules, pace=FirstOf((Rounds(9), *random.choice((paces, paces[:1], paces[1:])))))


def throttled(random: Random, rules: Rules, _book: Book) -> Rules:
    """Bound the notional by the stress of the book."""
    return replace(rules, close_throttle=(Limit(0, random.randrange(1, 5_000)),))


def approved(random: Random, rules: Rules, book: Book) -> Rules:
    """Approve envelopes of few lots or little notional."""
    rules = replace(rules, manual=True)
    for market_id in MARKETS:
        for side in ("long", "short"):
            bounds = Envelope(random.randrange(1, 40), random.randrange(1, 9_000), 99, rules.hash())
            book.envelopes[f"{market_id}/{side}"] = bounds
    return rules


def removed(random: Random, rules: Rules, _book: Book) -> Rules:
    """Take candidates out, some of whom become such when they are closed."""
    reasons = ("no_equity",), ("own_units", "unhealthy"), ("no_equity", "unhealthy")
    return replace(rules, removed=random.choice(reasons))


def neutral(random: Random, rules: Rules, book: Book) -> Rules:
    """Let half of the accounts be in the neutral mode."""
    for number in range(0, 14, 2):
        book.accounts[f"u{number:03}"] = replace(book.accounts[f"u{number:03}"], neutral=True)
    return replace(rules, neutral_within_ppb=random.randrange(1, 10**9))


def shared(_random: Random, rules: Rules, book: Book) -> Rules:
    """Let requirements rise with a leg's share of the open interest."""
    for market in book.markets.values():
        schedule = replace(market.terms.schedule, cap_ppb=3 * 10**9, unit_share=Driver(0, 10**9))
        market.terms, market.measured_lots = replace(market.terms, schedule=schedule), 40
    return rules


def funded(random: Random, rules: Rules, book: Book) -> Rules:
    """Let longs have paid funding, or shorts."""
    for market in book.markets.values():
        market.funding_quanta, market.factor_ppb = random.randint(-20, 20), random.choice((10**9, 17 * 10**8))
    return rules


def large(_random: Random, rules: Rules, book: Book) -> Rules:
    """Let legs be worth up to about 2^53 quanta: just what columns hold."""
    multiply(book, 38)
    return rules


def wide(_random: Random, rules: Rules, book: Book) -> Rules:
    """Let money be wider than columns are."""
    multiply(book, 60)
    return rules


def multiply(book: Book, bits: int) -> None:
    """Multiply all money by two to the power of ``bits``."""
    for unit in book.units.values():
        unit.quote <<= bits
        unit.legs = {key: replace(leg, cost=leg.cost << bits) for key, leg in unit.legs.items()}
    for market in book.markets.values():
        market.terms = replace(market.terms, quanta_per_tick_lot=1 << bits)


@pytest.mark.parametrize(
    ("bend", "who"),
    [
        (paced, "law"),
        (throttled, "law"),
        (approved, "law"),
        (removed, "line"),
        (neutral, "line"),
        (shared, "line"),
        (funded, "kernel"),
        (large, "kernel"),
        (wide, "line"),
    ],
)
def test_step_when_something_bounds_or_bends_the_queue_then_the_closer_tells_the_laws_facts(
    bend: Any, who: str, by_line: Counter[str]
) -> None:
    """What leaves lots open half-way, and what the kernel does not know; funding and factors it does."""
    random, compared = Random(bend.__name__), 0
    for at in range(40):
        rules = Rules(rerank="each_fill", price=PRICES[at % len(PRICES)], policy=Queue(random.choice(KNOWN)))
        book = stressed(random)
        expected, found = both(book, bend(random, rules, book))
        assert expected == found
        compared += closings(found)
    assert compared > 60
    assert by_line[who] > 0 or (who == "kernel" and not by_line.total())


@pytest.mark.parametrize(("ranking", "may_bankrupt"), [("bitmex", False), ("binance", True), ("rotation", False)])
def test_step_when_a_crowd_is_bankrupt_then_the_closer_tells_the_laws_facts(ranking: str, may_bankrupt: bool) -> None:
    """Two hundred units and hundreds of fills in a few pools."""
    book = stressed(Random(ranking), 200, 700)
    for market_id in MARKETS:
        mark(book, 62, market_id)
    rules = Rules(rerank="each_fill", policy=Queue(ranking), may_bankrupt=may_bankrupt)
    expected, found = both(book, rules)
    assert expected == found
    assert closings(found) > 100
