"""Steps on the front of the queues alone against steps of the rulebook on everybody."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from deleverage.engine import extract, fronts, step
from deleverage.engine.load import load
from deleverage.rulebook.book import Book
from deleverage.rulebook.closing import settle_unit
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Deleveraged, Fact, Rejection, RunStep
from deleverage.rulebook.queues import Queue
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import RANKINGS
from deleverage.rulebook.trigger import AllOf, AnyOf, BankruptLots, Never, PoolFactor
from tests.properties.stories import mark, open_book

STEP = RunStep(time_ns=2)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the small books on which a step has run."""
    found: list[int] = []
    usual = extract.book_of

    def counted(desk: Any, numbers: Iterable[int]) -> Book:
        book = usual(desk, numbers)
        found.append(len(book.units))
        return book

    monkeypatch.setattr(step, "book_of", counted)
    return found


def lawful(book: Book, rules: Rules) -> tuple[Fact, ...]:
    """Return the facts of the rulebook's step."""
    answer = decide(book, STEP, rules)
    assert not isinstance(answer, Rejection)
    return answer


def crowd(random: Random, units: int, markets: tuple[str, ...], poor: float, fund: int = 0) -> Book:
    """Return a book after random trades, in which a share of the units has little money, and a jump of the marks."""
    names = [f"u{number:04}" for number in range(units)]
    book = open_book({name: 40 if random.random() < poor else 4_000 for name in names}, fund, markets)
    for _ in range(2 * units):
        one, other = random.sample(names, 2)
        market = book.markets[random.choice(markets)]
        lots, amount = random.choice((1, 2, 5)), random.randint(95, 105)
        for name, side in ((one, 1), (other, -1)):
            settle_unit(book.units[name], market, side * lots, -side * lots * amount, "")
    for market_id, market in book.markets.items():
        legs = [unit.legs[market_id].lots for unit in book.units.values() if market_id in unit.legs]
        market.open_interest_lots = sum(lots for lots in legs if lots > 0)
        mark(book, random.choice((80, 90, 97, 108, 120)), market_id)
    return book


@pytest.mark.parametrize("rerank", ["once", "each_fill"])
@pytest.mark.parametrize("ranking", sorted(set(RANKINGS) - {"rotation", "ethereal"}))
def test_step_when_it_runs_on_the_front_then_the_facts_are_the_rulebooks(
    ranking: str, rerank: str, sizes: list[int]
) -> None:
    """Three markets, both sides, bankrupts who hold several; every ranking that kernels know."""
    random, rules = Random(ranking), Rules(policy=Queue(ranking), rerank=rerank)
    closed = smaller = 0
    for _ in range(8):
        book = crowd(random, 90, ("BTC", "ETH", "XRP"), random.choice((0.02, 0.05, 0.2)))
        sizes.clear()
        expected = lawful(book, rules)
        (answer,) = load(book, rules).submit([STEP])
        assert expected == answer
        closed += any(isinstance(fact, Deleveraged) for fact in expected)
        smaller += min(sizes) < 60
    assert closed > 3
    assert smaller > 1


def test_step_when_thousands_hold_the_market_then_it_runs_on_a_few(sizes: list[int]) -> None:
    """One bankrupt among 3,000: a handful of units is what the law sees."""
    book, rules = crowd(Random(1), 3_000, ("BTC",), 0.001), Rules()
    expected = lawful(book, rules)
    assert any(isinstance(fact, Deleveraged) for fact in expected)
    (answer,) = load(book, rules).submit([STEP])
    assert expected == answer
    assert max(sizes) < 60


def test_step_when_a_front_is_too_short_then_a_longer_one_is_taken(
    sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A front that holds one lot only at first: all its members are touched, so it cannot stand for the queue."""
    book, rules = crowd(Random(2), 600, ("BTC",), 0.03), Rules()
    usual, asked = fronts.front, []

    def cut(desk: Any, its: Any, market: int, side: int, value: Any, apart: Any, need_lots: int) -> Any:
        asked.append(need_lots)
        return usual(desk, its, market, side, value, apart, need_lots if len(asked) > 2 else 1)

    monkeypatch.setattr(fronts, "front", cut)
    expected = lawful(book, rules)
    assert any(isinstance(fact, Deleveraged) for fact in expected)
    (answer,) = load(book, rules).submit([STEP])
    assert expected == answer
    assert len(sizes) > 1
    assert sizes[-1] > sizes[0]


def test_step_when_kernels_or_the_trigger_cannot_tell_then_everybody_is_there(sizes: list[int]) -> None:
    """A trigger that adds up the winners, a policy that kernels do not know."""
    book = crowd(Random(1), 300, ("BTC",), 0.02)
    winners = PoolFactor(0)
    for rules in (
        Rules(trigger=winners),
        Rules(trigger=AllOf((BankruptLots(), AnyOf((Never(), winners))))),
        Rules(policy=Queue("rotation")),
        Rules(policy=Queue("ethereal")),
    ):
        sizes.clear()
        assert not fronts.is_enough(load(book, rules).desk, rules)
        expected = lawful(book, rules)
        (answer,) = load(book, rules).submit([STEP])
        assert expected == answer
        assert min(sizes) > 250
    nested = Rules(trigger=AnyOf((Never(), AllOf((BankruptLots(),)))))
    assert fronts.is_enough(load(book, nested).desk, nested)
