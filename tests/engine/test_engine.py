"""The engine as one writer: batches, growth, free rows, forks, numbers too wide, and who is known not to be poor."""

from random import Random

import numpy as np
import pytest

from deleverage.engine import engine as module
from deleverage.engine.day import events
from deleverage.engine.engine import Engine
from deleverage.engine.kernels.records import EVENT
from deleverage.engine.load import load
from deleverage.engine.prices import Prices
from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.decide import Answer, decide
from deleverage.rulebook.rules import Rules

TIERS = (Tier(0, 5_000_000, 20_000_000), Tier(50_000, 20_000_000, 60_000_000, 750, 2_000))
NAMES = [f"u{number:02}" for number in range(12)]


def opening(accounts: list[str], deposit: int = 10_000) -> list[m.Command]:
    """Return the commands that open two markets and some accounts with money."""
    commands: list[m.Command] = []
    for name, price in (("a", 1000), ("b", 77)):
        commands.append(m.ListMarket(time_ns=1, terms=MarketTerms(name, 1, TIERS, 10**6, 10**6, 10**9)))
        commands.append(m.SetMarks(time_ns=1, marks=(m.MarkUpdate(name, price),)))
    for name in accounts:
        commands.append(m.OpenAccount(time_ns=1, account_id=name))
        commands.append(m.Deposit(time_ns=1, unit_id=name, amount_quanta=deposit))
    return commands


def ordinary(seed: int, count: int) -> list[m.Command]:
    """Return commands of an ordinary day around the margin, marks that wander, steps, and withdrawals after each."""
    rng, marks, commands = Random(seed), {"a": 1000, "b": 77}, opening(NAMES)
    for at in range(count):
        market_id, (one, other) = rng.choice("ab"), rng.sample(NAMES, 2)
        kind = rng.random()
        if kind < 0.5:
            price = marks[market_id] + rng.choice((0, 0, 0, 1, -1))
            lots = rng.choice((1, 1, 5, 40, 200))
            trade = m.Trade(
                time_ns=at + 2,
                market_id=market_id,
                buyer_unit_id=one,
                seller_unit_id=other,
                lots=lots,
                price_ticks=price,
            )
            commands.append(trade)
        elif kind < 0.7:
            marks[market_id] = max(1, round(marks[market_id] * rng.choice((0.996, 1.003, 1.004, 0.97, 1.03))))
            commands.append(m.SetMarks(time_ns=at + 2, marks=(m.MarkUpdate(market_id, marks[market_id]),)))
        elif kind < 0.73:
            commands.append(m.RunStep(time_ns=at + 2))
        elif kind < 0.95:
            commands.append(m.Withdraw(time_ns=at + 2, unit_id=one, amount_quanta=rng.choice((1, 100, 3000))))
        else:
            commands.append(m.Deposit(time_ns=at + 2, unit_id=one, amount_quanta=rng.choice((1, 5000))))
    return commands


def by_the_rulebook(commands: list[m.Command], rules: Rules) -> tuple[list[Answer], Book]:
    """Return the law's answers and the book it leaves."""
    book, answers = Book(), []
    for command in commands:
        answer = decide(book, command, rules)
        answers.append(answer)
        for fact in answer if isinstance(answer, tuple) else ():
            apply(book, fact)
    return answers, book


@pytest.mark.parametrize("batch", [1, 3, 64, 10**6])
@pytest.mark.parametrize("close", [1, 4, 256])
def test_engine_when_a_day_comes_in_batches_of_any_size_then_answers_and_digest_are_the_laws(
    batch: int, close: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trades, withdrawals and marks, where some are refused for margin, for equity, or because somebody is poor.

    On a small book all would be close to zero by number: with a short list, the room of values has to say who is.
    """
    monkeypatch.setattr(module, "MOST_CLOSE", close)
    commands = ordinary(7, 1500)
    answers, book = by_the_rulebook(commands, Rules())
    engine = Engine(Rules())
    assert answers == engine.submit(commands, batch)
    assert book.digest() == engine.digest()
    codes = {answer.code for answer in answers if isinstance(answer, m.Rejection)}
    assert {m.Code.BELOW_INITIAL_MARGIN, m.Code.INSUFFICIENT_EQUITY, m.Code.NEGATIVE_EQUITY} <= codes
    engine.check()


@pytest.mark.parametrize("batch", [1, 50, 10**6])
def test_replay_when_a_log_is_cut_anywhere_then_the_digest_is_the_same(batch: int) -> None:
    """The same day as columns of numbers."""
    commands = [command for command in ordinary(8, 900) if not isinstance(command, m.RunStep)]
    start = len(opening(NAMES))
    answers, book = by_the_rulebook(commands, Rules())
    engine = Engine(Rules())
    engine.submit(commands[:start])
    replayed = engine.replay(events(engine.columns, commands[start:]), batch)
    assert book.digest() == engine.digest()
    refused = sum(isinstance(answer, m.Rejection) for answer in answers[start:])
    by_law = sum(isinstance(answer, m.Rejection) for answer in replayed.by_law.values())
    assert refused == by_law + int((replayed.told["refused"] > 0).sum())


def test_replay_when_an_event_is_of_no_kind_then_it_is_a_mistake_of_the_caller() -> None:
    """Who has a step to run sends a command; zeros are no event."""
    with pytest.raises(ValueError, match="0 is no kind of event"):
        Engine(Rules()).replay(np.zeros(1, EVENT))


def test_engine_when_somebody_may_have_become_poor_unseen_then_the_law_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted violation: values may wander twenty times as far as is proved before anybody is looked at."""
    real = Prices.be_calm
    monkeypatch.setattr(module, "MOST_CLOSE", 1)
    monkeypatch.setattr(Prices, "be_calm", lambda prices, parts: real(prices, 1 if parts else 0))
    commands = ordinary(7, 1500)
    answers, _ = by_the_rulebook(commands, Rules())
    assert answers != Engine(Rules()).submit(commands)


def test_engine_when_a_number_is_too_wide_then_it_goes_on_in_plain_integers_and_says_why() -> None:
    """A deposit of 2^61 quanta: nothing is refused, the digest stays the law's, before it and after it."""
    commands = [*ordinary(9, 200), m.Deposit(time_ns=10**6, unit_id="u03", amount_quanta=2**61)]
    commands += [m.Deposit(time_ns=10**6 + at, unit_id="u04", amount_quanta=10**30) for at in range(3)]
    answers, book = by_the_rulebook(commands, Rules())
    engine = Engine(Rules())
    assert answers == engine.submit(commands)
    assert engine.wide is not None
    assert 2**61 == engine.wide.bound <= engine.wide.found
    assert "quote of u03" in str(engine.wide)
    assert book.digest() == engine.digest()
    engine.check()


@pytest.mark.parametrize("others", [0, 1])
def test_engine_when_an_inverse_lot_is_too_wide_and_nobody_holds_one_then_the_law_goes_on(others: int) -> None:
    """A mark of one tick makes a lot worth 2^60 quanta: alone, and beside another mark in one command."""
    inverse = MarketTerms("i", 0, TIERS, 10**6, 10**6, 10**9, contract="inverse", face_quanta_ticks=2**60)
    far, near = (m.MarkUpdate("i", price) for price in (10**6, 1))
    beside = (m.MarkUpdate("a", 999),) * others
    commands = [*opening(NAMES), m.ListMarket(time_ns=1, terms=inverse), m.SetMarks(time_ns=1, marks=(far,))]
    commands += [m.SetMarks(time_ns=2, marks=(near, *beside)), m.Deposit(time_ns=3, unit_id="u03", amount_quanta=5)]
    answers, book = by_the_rulebook(commands, Rules())
    engine = Engine(Rules())
    assert answers == engine.submit(commands)
    assert isinstance(answers[-2], tuple)
    assert engine.wide is not None
    assert book.digest() == engine.digest()


def test_rows_when_legs_close_and_others_open_then_free_rows_are_used_again() -> None:
    """A thousand positions opened and closed leave no more rows than were open at once."""
    engine = Engine(Rules())
    engine.submit(opening(NAMES))
    for at in range(1000):
        one, other = NAMES[at % 12], NAMES[(at + 5) % 12]
        for buyer, seller in ((one, other), (other, one)):
            trade = m.Trade(
                time_ns=2, market_id="a", buyer_unit_id=buyer, seller_unit_id=seller, lots=1, price_ticks=1000
            )
            assert isinstance(engine.submit([trade])[0], tuple)
    assert (engine.columns.rows, engine.columns.free_count) == (2, 2)
    engine.check()


def test_columns_when_units_come_and_come_then_they_grow_and_numbers_stay() -> None:
    """Three hundred accounts, ten at a time, trading in between."""
    engine, numbers = Engine(Rules()), dict[str, int]()
    engine.submit(opening([]))
    for at in range(30):
        names = [f"n{10 * at + one:03}" for one in range(10)]
        engine.submit(opening(names)[4:])
        trade = m.Trade(
            time_ns=1, market_id="b", buyer_unit_id=names[0], seller_unit_id=names[9], lots=3, price_ticks=77
        )
        engine.submit([trade])
        numbers |= {name: engine.columns.numbers[name] for name in names}
    assert list(range(300)) == [numbers[name] for name in sorted(numbers)]
    assert 60 == engine.columns.rows == int(np.count_nonzero(engine.columns.lots))
    engine.check()


def test_fork_when_it_goes_on_then_the_engine_stays() -> None:
    """Forks of columns, of desks with something on them, and of plain rows."""
    commands = ordinary(10, 400)
    engine = Engine(Rules())
    engine.submit(commands[:300])
    _ = engine.book.units["u01"]
    before, fork = engine.digest(), engine.fork()
    assert before == fork.digest()
    fork.submit([*commands[300:], m.Deposit(time_ns=10**6, unit_id="u03", amount_quanta=2**61)])
    assert (before, None) == (engine.digest(), engine.wide)
    _answers, book = by_the_rulebook(commands[:300], Rules())
    assert book.digest() == before
    assert fork.fork().digest() == fork.digest()


def test_load_when_a_book_is_taken_over_then_the_rest_of_the_day_is_the_same() -> None:
    """Half a day by the rulebook, the other half on columns."""
    commands = ordinary(11, 800)
    answers, book = by_the_rulebook(commands, Rules())
    _, half = by_the_rulebook(commands[:400], Rules())
    before = half.digest()
    engine = load(half, Rules())
    assert answers[400:] == engine.submit(commands[400:])
    assert (before, book.digest()) == (half.digest(), engine.digest())
