"""Neither a pause nor a price band ever stops the waterfall: a step is the same with and without them (V-19).

Told by hand for the stages that take lots, then asked of every step of random worlds. Each stage is also broken on
purpose, so that it respects the pause, and must be found out.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook import waterfall
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.transitions import UNDER_RULES
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.properties.stories import submit
from tests.properties.test_lies_about_stopping import in_grace, with_vault
from tests.worlds import world

STRICT = Rules(trade_band_ppb=1, breaker_ppb=1, breaker_window_ns=1, pause_ns=10**9)
"""Every price off the mark is out of band, every move of a mark pauses."""


def pauses(book: Book, time_ns: int) -> Book:
    """Return the book with every market in a pause."""
    paused = book.copy()
    for market in paused.markets.values():
        market.paused_until_ns = time_ns + 1
    return paused


def told(book: Book, time_ns: int, rules: Rules) -> tuple[m.Fact, ...]:
    """Return the facts of a step, without the name of the rules; what was approved counts as approved under them."""
    book = book.copy()
    for place, envelope in book.envelopes.items():
        book.envelopes[place] = replace(envelope, rules_hash=rules.hash())
    facts = decide(book, m.RunStep(time_ns=time_ns), rules)
    assert isinstance(facts, tuple)
    return tuple(replace(fact, rules_hash="") if isinstance(fact, UNDER_RULES) else fact for fact in facts)


def hindered(book: Book, time_ns: int, rules: Rules) -> list[str]:
    """Return the kinds of facts of a step that come otherwise, or not at all, with every market paused and banded."""
    free = replace(rules, trade_band_ppb=0, breaker_ppb=0)
    strict = replace(rules, trade_band_ppb=1, breaker_ppb=1, breaker_window_ns=1, pause_ns=1)
    with_them = told(pauses(book, time_ns), time_ns, strict)
    return [type(fact).__name__ for fact in told(book, time_ns, free) if fact not in with_them]


def unhealthy_with_far_bid() -> Book:
    """Return a book in which al (long 10 from 100, 200 deposited) has 40 at a mark of 84, and cy bids at 80 for 3 lots.

    The slippage of 3 x 4 is within its equity; 80 is 4.8 % off the mark.
    """
    book = in_grace(0)
    submit(book, m.CancelOrder(time_ns=2, order_id="cy"))
    fields: dict[str, Any] = {"order_id": "far", "unit_id": "cy", "market_id": "BTC"}
    submit(book, m.PlaceOrder(time_ns=2, lots=3, price_ticks=80, **fields))
    return book


def unhealthy_with_backstop() -> Book:
    """Return a book in which al may be taken over."""
    return with_vault(in_grace(0))


def bankrupt() -> Book:
    """Return a book in which al is 100 short at 70, and nobody bids."""
    book = in_grace(0)
    submit(book, m.CancelOrder(time_ns=2, order_id="cy"))
    submit(book, m.SetMarks(time_ns=2, marks=(m.MarkUpdate("BTC", 70),)))
    return book


BOOKS: dict[str, tuple[Callable[[], Book], type[m.Fact]]] = {
    "relieve": (unhealthy_with_far_bid, m.OrdersCancelled),
    "reduce": (unhealthy_with_far_bid, m.Reduced),
    "take_over": (unhealthy_with_backstop, m.TakenOver),
    "deleverage": (bankrupt, m.Deleveraged),
}


@pytest.mark.parametrize("stage", BOOKS)
def test_stage_when_its_market_is_paused_and_banded_then_it_acts_as_ever(stage: str) -> None:
    """In a pause, under a band that allows the mark alone: orders go, far bids are sold into, lots are taken."""
    make, kind = BOOKS[stage]
    facts = decide(pauses(make(), 2), m.RunStep(time_ns=2), STRICT)
    assert isinstance(facts, tuple)
    assert any(isinstance(fact, kind) for fact in facts)
    assert hindered(make(), 2, STRICT) == []


@pytest.mark.parametrize("stage", BOOKS)
def test_stage_when_a_bug_makes_it_respect_the_pause_then_it_is_found_out(
    stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted violation: the stage treats a paused market like a guarded one."""
    honest = getattr(waterfall, stage)

    def respecting(scratch: Any, *rest: Any) -> None:
        guarded = scratch.guarded
        paused = [key for key, market in scratch.book.markets.items() if scratch.time_ns < market.paused_until_ns]
        scratch.guarded = guarded | dict.fromkeys(paused, "paused")
        honest(scratch, *rest)
        scratch.guarded = guarded

    make, kind = BOOKS[stage]
    monkeypatch.setattr(waterfall, stage, respecting)
    assert kind.__name__ in hindered(make(), 2, STRICT)


@pytest.mark.parametrize("seed", range(81_000, 81_020))
def test_worlds_when_a_step_runs_then_pause_and_band_change_nothing(seed: int) -> None:
    """Every step of a random life, asked twice."""
    plain_rules, commands = world(seed)
    book, rules = Book(), to_rules(plain_rules)
    plain = next(commands)
    try:
        while True:
            command = to_command(plain)
            answer = decide(book, command, rules)
            if not isinstance(answer, m.Rejection):
                if isinstance(command, m.RunStep):
                    assert hindered(book, command.time_ns, rules) == []
                for fact in answer:
                    apply(book, fact)
            plain = commands.send(plain_book(book))
    except StopIteration:
        return
