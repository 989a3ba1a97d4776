"""The connected engine finds what the plain rivals find, on every kind of book, and its state is a lawful one."""

from dataclasses import replace

import numpy as np
import pytest

from deleverage.bench import choices, crashes, replays, revaluations, splits, ticks
from deleverage.bench.books import draw, one_market, quiet
from deleverage.bench.brute import brute_force
from deleverage.bench.connect import EngineSubject, connect
from deleverage.bench.logs import draw_log
from deleverage.bench.readings import Bench, Readings
from deleverage.bench.with_objects import ObjectBook
from deleverage.engine import audit
from deleverage.rulebook.apply import apply
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Deleveraged, MarkUpdate, Rejection, RunStep, SetMarks
from deleverage.rulebook.rules import Rules
from tests.bench.slow_engine import SlowEngine
from tests.bench.test_run import beyond_zero
from tests.bench.to_law import to_book, to_commands

SIZE = 10_000


@pytest.mark.parametrize("mix", [False, True])
def test_engine_when_connected_then_it_finds_what_plain_objects_find(mix: bool) -> None:
    """Equities, health, lights, after another mark, and after ticks; with isolated units, hedges, tiers, collateral."""
    book = draw(SIZE, mix=mix)
    subject, slow, objects = EngineSubject(), SlowEngine(), ObjectBook(book)
    subject.load(book)
    slow.load(book)
    for share in (1, 0.97, 1.05):
        marks = np.maximum(1, (book.markets.mark_ticks * share).astype(np.int64))
        assert objects.revalue(marks) == subject.revalue(marks).tolist()
        assert objects.equities().tolist() == subject.equities().tolist()
    subject.revalue(book.markets.mark_ticks)
    slow.revalue(book.markets.mark_ticks)
    if not mix:  # In the mix a unit may stand twice in a market, and the slow engine's lights know no contracts.
        assert slow.lights().tolist() == subject.lights().tolist()
    for market, mark in ticks.steps(book, 40, 0.01, 1):
        assert slow.tick(market, mark).tolist() == subject.tick(market, mark).tolist()


def test_engine_when_connected_to_the_mix_then_the_book_is_lawful() -> None:
    """All sums hold, and the digest is that of the rulebook's book but for the collateral, which is not in that."""
    subject, book = EngineSubject(), draw(SIZE, mix=True)
    subject.load(book)
    audit.check(subject.desk)
    plain = replace(book, credit=np.zeros_like(book.credit))
    subject.load(plain)
    found, expected = subject.engine.book.copy(), to_book(plain, plain.markets.mark_ticks)
    assert expected.units == found.units
    assert expected.accounts == found.accounts
    assert expected.net_deposits_quanta == found.net_deposits_quanta


def test_crash_when_the_queue_is_in_order_before_each_fill_then_it_is_the_brute_forces() -> None:
    """Linear books of two seeds, and the mix."""
    for book in (draw(SIZE), draw(SIZE, seed=2), draw(SIZE, mix=True)):
        subject, mark = EngineSubject(), crashes.fallen(book)
        subject.load(book)
        given = subject.crash(0, mark, each_fill=True)
        assert brute_force(book, 0, mark).tolist() == given.tolist()
        assert given.sum() > 0


def test_step_when_bankrupts_are_taken_one_by_one_then_the_answer_is_the_rulebooks() -> None:
    """The whole step that is measured: who gave up how much in all markets, and the state behind it."""
    book = draw(2_000, markets=8, seed=3)
    for each_fill in (False, True):
        subject, mark = EngineSubject(), crashes.fallen(book)
        subject.load(book)
        law, rules = subject.desk.copy(), Rules(rerank="each_fill" if each_fill else "once")
        given = subject.step(0, mark, each_fill=each_fill)
        total = 0
        for command in (SetMarks(time_ns=0, marks=(MarkUpdate("m000", mark),)), RunStep(time_ns=0)):
            answer = decide(law, command, rules)
            assert not isinstance(answer, Rejection)
            for fact in answer:
                apply(law, fact)
                closings = fact.closings if isinstance(fact, Deleveraged) else ()
                total += sum(closing.closed_lots for closing in closings)
        assert total == given.sum() > 0
        assert law.digest() == subject.engine.digest()


def test_replay_when_a_log_is_answered_then_the_digest_is_the_rulebooks() -> None:
    """Every event, funding included, in batches of another size."""
    book = quiet(SIZE)
    log = draw_log(book, 600)
    law = to_book(book, book.markets.mark_ticks)
    for command in to_commands(book, log):
        answer = decide(law, command, Rules())
        assert not isinstance(answer, Rejection)
        for fact in answer:
            apply(law, fact)
    subject = EngineSubject()
    subject.load(book)
    assert subject.replay(log, 7) == 0
    assert {unit_id: unit.quote for unit_id, unit in law.units.items()} == dict(
        zip(subject.columns.names, subject.quotes().tolist(), strict=True)
    )
    assert law.units == subject.engine.book.copy().units


def test_run_when_the_engine_is_connected_then_nothing_differs() -> None:
    """The harness, one round at one small size: every count of differences is 0."""
    make, brute = connect()
    readings = Readings()
    bench = Bench(make, brute, (SIZE,), 1, None, None, readings, lambda line: None)
    for task in (revaluations, ticks, choices, crashes, splits, replays):
        task.measure(bench)
    assert beyond_zero(readings) == []
    assert one_market(200, 2_000).units == 2_200
