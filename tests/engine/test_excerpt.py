"""Losses that are asked of everybody, by steps that walk few: whoever bears a part is found, and nobody else made."""

from random import Random

import pytest

from deleverage.engine import excerpt, fronts, step
from deleverage.engine.excerpt import Excerpt, winners
from deleverage.engine.extract import book_of
from deleverage.engine.load import load
from deleverage.engine.screen import Screen
from deleverage.rulebook.book import Book, Leg
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.nobody import Nobody
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.losses.rule import LossRule
from deleverage.rulebook.margin import equity
from deleverage.rulebook.messages import Deleveraged, Fact, Socialised
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import gains_of
from tests.engine.test_fronts import STEP, crowd, lawful

RULES: tuple[LossRule, ...] = (
    WinnersProRata(),
    WinnersProRata("leg"),
    VariationMarginGains(),
    Payout(),
    FundingIndex(),
    ExchangeRate(),
    Clawback(),
    Nobody(),
    WinnersProRata() | Payout(5) | FlatToo(),
)
MARKETS = ("BTC", "ETH", "XRP")


def on_few(book: Book, rules: Rules) -> tuple[Fact, ...]:
    """Return the facts of a step that never asks for the whole book."""
    engine = load(book, rules)
    answer = step.run_step(engine.desk, rules, STEP, Screen(engine.columns))
    assert isinstance(answer, tuple)
    return answer


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_step_when_a_loss_is_asked_of_everybody_then_the_facts_are_the_rulebooks(rule: LossRule) -> None:
    """Bankrupts on both sides of three markets, netted: their debts lose their lots."""
    spread, rules = 0, Rules(loss_rule=rule)
    for seed in range(8):
        book = crowd(Random(seed), 90, MARKETS, 0.2)
        expected = lawful(book, rules)
        assert expected == on_few(book, rules)
        spread += any(isinstance(fact, Socialised) for fact in expected)
    assert spread > 2 or rule == Nobody()


@pytest.mark.parametrize("net", [True, False])
def test_winners_when_gains_are_drawn_then_they_are_those_of_the_law(net: bool) -> None:
    """By the law's own count of gains and equity; of gains that cancel out a float is not sure."""
    book = crowd(Random(1), 200, MARKETS, 0.1)
    columns = load(book, Rules()).columns
    found = {columns.names[number] for number in winners(columns, net=net)}
    gains = {unit_id: gains_of(book, unit, ()) for unit_id, unit in book.units.items() if equity(book, unit) > 0}
    due = {unit_id for unit_id, gain in gains.items() if (gain.net if net else gain.of_legs) > 0}
    assert due <= found
    assert all(net and gains[unit_id].net == 0 < gains[unit_id].of_legs for unit_id in found - due)
    assert 20 < len(found) < 180


def test_winners_when_gains_nearly_cancel_out_then_no_float_leaves_one_out() -> None:
    """Legs that win and lose 2^60 quanta, one quantum apart: a float does not see it."""
    book = crowd(Random(1), 4, ("BTC", "ETH"), 0)
    wide = 1 << 60
    for number, unit in enumerate(book.units.values()):
        unit.legs.clear()
        for market_id, sign in (("BTC", 1), ("ETH", -1)):
            unit.legs[market_id] = Leg(sign, sign * book.markets[market_id].value_quanta - sign * wide)
        unit.legs["ETH"].cost -= number
    columns = load(book, Rules()).columns
    assert [columns.names[number] for number in winners(columns, net=True)] == sorted(book.units)


def test_excerpt_when_no_loss_is_asked_then_nobody_else_is_made() -> None:
    """The units around a small book are made for that question only, and a walk never meets them."""
    engine = load(crowd(Random(1), 200, MARKETS, 0.1), Rules())
    book = Excerpt.of(book_of(engine.desk, [3, 1]), engine.desk, Rules())
    assert [unit.unit_id for unit in book.sorted_units()] == ["u0001", "u0003"]
    assert len(book.copy().units) == 2
    asked = [unit.unit_id for unit in book.bearing_units()]
    assert asked == sorted(
        {"u0001", "u0003", *(engine.columns.names[one] for one in winners(engine.columns, net=True))}
    )
    assert [unit.unit_id for unit in book.copy().sorted_units()] == ["u0001", "u0003"]


def test_step_when_a_queue_is_asked_after_a_loss_was_spread_then_no_front_stands_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A candidate goes bankrupt in stage 5, and is closed in the round after others have borne a loss."""
    book, rules = crowd(Random(1), 90, MARKETS, 0.2), Rules(may_bankrupt=True)
    with_fronts, usual = [], step._reached
    assert fronts.is_enough(load(book, rules).desk, rules)

    def reached(*given: object) -> object:
        with_fronts.append(given[3] is not None)
        return usual(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(step, "_reached", reached)
    expected = lawful(book, rules)
    kinds = [type(fact) for fact in expected]
    assert Deleveraged in kinds[kinds.index(Socialised) :]
    assert expected == on_few(book, rules)
    assert with_fronts == [True, *[False] * (len(with_fronts) - 1)]
    assert len(with_fronts) > 1


def test_step_when_the_rule_is_a_users_then_everybody_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a subclass of a known rule takes nobody knows: winners are not enough."""

    class Mine(WinnersProRata):
        """A rule of a user's."""

    monkeypatch.setattr(excerpt, "winners", None)
    engine = load(crowd(Random(1), 30, MARKETS, 0.1), Rules(loss_rule=Mine()))
    book = Excerpt.of(book_of(engine.desk, [3]), engine.desk, engine.rules)
    assert len(list(book.bearing_units())) == engine.columns.size
