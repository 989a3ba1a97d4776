"""Wrong stories about stage 6, periods and claims: each adds up, and each must meet an objection.

The book is that of ``crashed``. At `price = mark` all 100 quanta of al's shortfall come to stage 6; by the common rule
bo (gain 360) is cut 75 and cy (gain 120) 25.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo
from deleverage.rulebook.losses.gains import WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.losses.rule import LossRule
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, open_book, submit, trade
from tests.properties.test_lies import STEP, objection

Change = Callable[[Any], Any]
HEAD: dict[str, Any] = {"seq": 0, "time_ns": 2}


def under(rule: LossRule, **switches: Any) -> Rules:
    """Return rules under which all of a shortfall comes to stage 6."""
    return Rules(price=Mark(), loss_rule=rule, **switches)


WINNERS, CLAIMS = under(WinnersProRata()), under(WinnersProRata(), haircut_claims=True)
INDEX, RATE, CLAW, NOBODY = under(FundingIndex()), under(ExchangeRate()), under(Clawback()), under(FlatToo())


def told(rules: Rules) -> tuple[m.Fact, ...]:
    """Return what the law says about the book under these rules."""
    facts = decide(crashed(), m.RunStep(time_ns=2), rules)
    assert isinstance(facts, tuple)
    return facts


def changed(facts: tuple[m.Fact, ...], kind: type[m.Fact], change: Change) -> tuple[m.Fact, ...]:
    """Return the facts with those of one kind changed; None leaves one out."""
    made = [change(fact) if isinstance(fact, kind) else fact for fact in facts]
    return tuple(fact for fact in made if fact is not None)


def haircuts(fact: m.Socialised, **parts: int) -> m.Socialised:
    """Return the fact with other amounts taken, booked and paid; who is given 0 is left out."""
    made = [cut._replace(taken_quanta=parts[cut.unit_id]) for cut in fact.haircuts if parts[cut.unit_id]]
    made = [cut._replace(legs=(("BTC", cut.taken_quanta),)) for cut in made]
    payments = [m.Payment(cut.unit_id, -cut.taken_quanta) for cut in made]
    payments += [payment for payment in fact.payments if payment.amount_quanta > 0]
    return replace(fact, haircuts=tuple(made), payments=tuple(payments))


def first(fact: m.Socialised, **changes: Any) -> m.Socialised:
    """Return the fact with its first haircut changed."""
    return replace(fact, haircuts=(fact.haircuts[0]._replace(**changes), *fact.haircuts[1:]))


LIES: dict[str, tuple[str, Rules, Change]] = {
    "the rule is none of the preset's": ("INV-12", WINNERS, lambda fact: replace(fact, rule="exchange-rate")),
    "a rule for all debts was asked about one pool": (
        "INV-12",
        WINNERS,
        lambda fact: replace(fact, market_id="BTC", side="long"),
    ),
    "a rule that is asked pool by pool was asked about all debts": (
        "INV-12",
        INDEX,
        lambda fact: replace(fact, market_id="", side=""),
    ),
    "a haircut claims another weight": ("INV-6", CLAW, lambda fact: first(fact, weight=1)),
    "a haircut claims another cap": ("INV-6", RATE, lambda fact: first(fact, base_quanta=861)),
    "the base is more than the rule finds": ("INV-6", WINNERS, lambda fact: replace(fact, base_quanta=481)),
    "winners are cut by different shares": ("INV-10", WINNERS, lambda fact: haircuts(fact, bo=70, cy=30)),
    "one winner pays all and the other is not named": ("INV-10", WINNERS, lambda fact: haircuts(fact, bo=100, cy=0)),
    "lots of one market pay differently": ("INV-10", INDEX, lambda fact: haircuts(fact, bo=27, cy=23, di=50)),
    "less is booked than was cut": ("INV-6", WINNERS, lambda fact: first(fact, legs=(("BTC", 74),))),
    "a claim is told that the preset does not give": ("INV-6", WINNERS, lambda fact: first(fact, claim_quanta=75)),
    "a claim is left out": ("INV-6", CLAIMS, lambda fact: first(fact, claim_quanta=0)),
    "less is cut than is owed and there": (
        "INV-6",
        WINNERS,
        lambda fact: replace(fact, debt_quanta=101),
    ),
    "the loss of one pool is paid by another's holders": (
        "INV-6",
        INDEX,
        lambda fact: replace(fact, side="short"),
    ),
    "a haircut is forgotten and a residual named": ("INV-7", WINNERS, lambda fact: None),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_story_about_a_loss_is_wrong_then_it_objects(name: str) -> None:
    """Weights, caps, shares, pools and claims are asked of the rule again before the fact."""
    expected, rules, change = LIES[name]
    facts = changed(told(rules), m.Socialised, change)
    if name.startswith("a haircut is forgotten"):
        residual = m.Residual("al", (), 100, 100, "capacity")
        named = m.ResidualNamed(**STEP, payments=(m.Payment("al", 100),), residuals=(residual,), named_quanta=100)
        facts = (*(fact for fact in facts if not isinstance(fact, m.BankruptcyEnded | m.StepEnded)), named)
    assert objection(crashed(), facts, rules) == expected


@pytest.mark.parametrize("rules", [WINNERS, CLAIMS, INDEX, RATE, CLAW, NOBODY], ids=lambda rules: rules.loss_rule.kind)
def test_invariant_when_the_story_of_a_loss_is_true_then_nobody_objects(rules: Rules) -> None:
    """The control, also where nobody bears anything and the residual is named."""
    assert objection(crashed(), told(rules), rules) == ""


def result(unit_id: str, quanta: int) -> m.UnitResult:
    """Return a result."""
    return m.UnitResult(unit_id, quanta)


HONEST_RESULTS = (result("al", 0), result("bo", 0), result("cy", 0), result("di", 0))


@pytest.mark.parametrize(
    ("expected", "units"),
    [
        ("INV-3", HONEST_RESULTS[:3]),
        ("INV-3", HONEST_RESULTS[::-1]),
        ("INV-3", (*HONEST_RESULTS[:3], result("di", 5))),
        ("", HONEST_RESULTS),
    ],
    ids=["one is left out", "another order", "a profit is kept", "honest"],
)
def test_period_when_its_end_is_told_wrong_then_an_invariant_objects(
    expected: str, units: tuple[m.UnitResult, ...]
) -> None:
    """Every unit begins the period with a profit of 0; at the opening mark nobody has made anything."""
    book = open_book({"al": 200, "bo": 500, "cy": 3_000, "di": 1_000})
    trade(book, "al", "bo", 10)
    assert objection(book, (m.PeriodClosed(**HEAD, units=units),), Rules()) == expected


def test_period_when_it_is_closed_with_somebody_below_zero_then_an_invariant_objects() -> None:
    """al is 100 short: the profits of bo and cy may not be forgotten now."""
    units = (result("al", -300), result("bo", 360), result("cy", 120), result("di", -180))
    assert objection(crashed(), (m.PeriodClosed(**HEAD, units=units),), Rules()) == "INV-7"


def test_period_when_a_profit_is_invented_with_moved_margin_then_an_invariant_objects() -> None:
    """Nobody has made anything: no profit goes along with 10 quanta of margin."""
    book = open_book({"al": 200, "bo": 500})
    submit(book, m.OpenIsolated(time_ns=0, account_id="bo", market_id="BTC"))
    moved: dict[str, Any] = {"from_unit_id": "bo", "to_unit_id": "bo/BTC", "amount_quanta": 10, "released": False}
    assert objection(book, (m.MarginMoved(**HEAD, **moved, profit_quanta=4),), Rules()) == "INV-3"
    assert objection(book, (m.MarginMoved(**HEAD, **moved, profit_quanta=0),), Rules()) == ""


def test_period_when_a_result_changes_behind_apply_then_the_full_check_objects() -> None:
    """The results before the period change only when a period ends; moved margin leaves their sum."""
    book = open_book({"al": 200, "bo": 500})
    running = Invariants(book, Rules())
    book.units["bo"].result_before += 1
    with pytest.raises(InvariantBroken, match="INV-3"):
        running.full()


def test_period_when_it_ends_then_the_full_check_counts_from_there() -> None:
    """The control: a period that was closed lawfully is no corruption."""
    book = open_book({"al": 200, "bo": 500})
    trade(book, "al", "bo", 10)
    running = Invariants(book, Rules())
    facts = decide(book, m.ClosePeriod(time_ns=1), Rules())
    assert isinstance(facts, tuple)
    for fact in facts:
        running.before(fact)
        apply(book, fact)
        running.after(fact)
    running.full()
