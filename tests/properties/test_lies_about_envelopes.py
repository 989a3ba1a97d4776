"""Planted violations of manual rounds: what was approved, what is closed under it, and how it ends, told wrongly."""

from dataclasses import replace

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.envelopes import Envelope
from deleverage.rulebook.pace import ClosedNotional, Rounds
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.throttle import Limit
from tests.properties.test_lies import Facts, objection
from tests.properties.test_lies_about_stops import changed, nothing_done, pool, under
from tests.unit.test_envelopes import MANUAL, approval, waiting

ENVELOPE = Envelope(10, 700, 100, MANUAL.hash())
TOO_SMALL = Envelope(10, 69, 4, MANUAL.hash())
"""69 hold no lot of 70: whether it has expired or not, nothing may be closed."""


def told(book: Book, command: m.Command, rules: Rules = MANUAL) -> Facts:
    """Return what the law says about a command."""
    facts = decide(book, command, rules)
    assert isinstance(facts, tuple)
    return facts


def with_envelope(envelope: Envelope | None = ENVELOPE) -> Book:
    """Return the book that waits, with another envelope, or none."""
    book = waiting(most_lots=0)
    if envelope is not None:
        book.envelopes["BTC/long"] = envelope
    return book


STEP = m.RunStep(time_ns=4)
GIVEN = told(waiting(most_lots=0), approval())[0]
USED = told(with_envelope(), STEP)
OVER = next(fact for fact in USED if isinstance(fact, m.EnvelopeEnded))
EXPIRED = told(with_envelope(replace(ENVELOPE, expiry_ns=4)), STEP)
ALL = next(fact for fact in USED if isinstance(fact, m.Deleveraged))
AT_ONCE = told(with_envelope(), STEP, Rules())
assert isinstance(GIVEN, m.EnvelopeApproved)


def without(facts: Facts, kind: type[m.Fact]) -> Facts:
    """Return the facts but those of a kind."""
    return tuple(fact for fact in facts if not isinstance(fact, kind))


LIES: dict[str, tuple[str, Book, Facts]] = {
    "more lots were waiting": ("INV-21", with_envelope(None), (replace(GIVEN, planned_lots=11),)),
    "another mark was seen": ("INV-21", with_envelope(None), (replace(GIVEN, planned_price_ticks=71),)),
    "nothing was waiting": ("INV-21", with_envelope(None), (replace(GIVEN, side="short", planned_lots=0),)),
    "another policy was approved": ("INV-21", with_envelope(None), (replace(GIVEN, policy="pro-rata"),)),
    "another price was approved": ("INV-21", with_envelope(None), (replace(GIVEN, price="mark"),)),
    "no lot was approved": ("INV-21", with_envelope(None), (replace(GIVEN, most_lots=0),)),
    "a pool is stopped by what there is not": (
        "INV-21",
        with_envelope(replace(ENVELOPE, most_lots=4)),
        changed(
            told(with_envelope(replace(ENVELOPE, most_lots=4)), STEP),
            m.Deleveraged,
            lambda f: pool(f, stopped="removal"),
        ),
    ),
    "it ends for no reason": ("INV-21", with_envelope(), (replace(OVER, why="", used_lots=0),)),
    "what was used is told as taken back": (
        "INV-21",
        with_envelope(),
        changed(USED, m.EnvelopeEnded, lambda fact: replace(fact, why="aborted", reason="no")),
    ),
    "it was approved under other rules": ("INV-18", with_envelope(None), (replace(GIVEN, rules_hash="0"),)),
    "it was approved too late": ("INV-18", with_envelope(None), (replace(GIVEN, expiry_ns=3),)),
    "lots are closed without an envelope": ("INV-6", with_envelope(None), (ALL,)),
    "more lots are closed than were approved": ("INV-6", with_envelope(replace(ENVELOPE, most_lots=9)), (ALL,)),
    "more is closed than was worth it": ("INV-6", with_envelope(Envelope(10, 699, 100, MANUAL.hash())), (ALL,)),
    "lots that were used before are closed again": (
        "INV-6",
        with_envelope(Envelope(10, 700, 100, MANUAL.hash(), 1)),
        (ALL,),
    ),
    "lots are closed under what has expired": ("INV-6", with_envelope(replace(ENVELOPE, expiry_ns=4)), (ALL,)),
    "approval is told to stop what was approved": ("INV-21", with_envelope(), (pool(ALL, stopped="approval"),)),
    "the missing approval is not told": ("INV-21", with_envelope(None), (nothing_done(ALL, ""),)),
    "used is told, and it was not": ("INV-21", with_envelope(), (replace(OVER, used_lots=0),)),
    "fewer lots were used": (
        "INV-21",
        with_envelope(),
        changed(USED, m.EnvelopeEnded, lambda fact: replace(fact, used_lots=9)),
    ),
    "needless is told, and lots wait": ("INV-21", with_envelope(), (replace(OVER, why="needless", used_lots=0),)),
    "expired is told too early": ("INV-21", with_envelope(), (replace(OVER, why="expired", used_lots=0),)),
    "aborted is told without a reason": ("INV-21", with_envelope(), (replace(OVER, why="aborted", used_lots=0),)),
    "what there was not has ended": ("INV-21", with_envelope(None), (replace(OVER, used_lots=0),)),
    "used, and the end is not told": ("INV-21", with_envelope(), without(USED, m.EnvelopeEnded)),
    "expired, and the end is not told": (
        "INV-21",
        with_envelope(TOO_SMALL),
        without(told(with_envelope(TOO_SMALL), STEP), m.EnvelopeEnded),
    ),
    "the residual waits for another reason": (
        "INV-7",
        with_envelope(None),
        changed(
            told(with_envelope(None), STEP),
            m.ResidualNamed,
            lambda fact: replace(fact, residuals=tuple(one._replace(reason="pace") for one in fact.residuals)),
        ),
    ),
    "everything as under rules that ask nobody": (
        "INV-6",
        with_envelope(None),
        changed(AT_ONCE, m.Deleveraged, lambda fact: under(MANUAL, fact)),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_invariant_when_a_manual_round_is_told_wrongly_then_it_objects(name: str) -> None:
    """What is waiting, what an envelope holds and when it is over follow from the book."""
    expected, book, facts = LIES[name]
    assert objection(book.copy(), facts, MANUAL) == expected


@pytest.mark.parametrize(
    ("envelope", "facts"),
    [
        (None, (GIVEN,)),
        (ENVELOPE, USED),
        (replace(ENVELOPE, expiry_ns=4), EXPIRED),
        (None, told(with_envelope(None), STEP)),
        (ENVELOPE, (replace(OVER, why="aborted", used_lots=0, reason="no"),)),
    ],
)
def test_invariant_when_a_manual_round_is_told_truly_then_nobody_objects(
    envelope: Envelope | None, facts: Facts
) -> None:
    """The controls."""
    assert objection(with_envelope(envelope), facts, MANUAL) == ""


def approved(rules: Rules, most_lots: int) -> Book:
    """Return the book that waits under some rules, with so many lots approved."""
    book = waiting(most_lots=0)
    book.envelopes["BTC/long"] = replace(ENVELOPE, most_lots=most_lots, rules_hash=rules.hash())
    return book


@pytest.mark.parametrize("rerank", ["once", "each_fill"])
def test_invariant_when_another_bound_was_as_tight_as_the_approval_then_approval_is_a_lie(rerank: str) -> None:
    """210 quanta hold three lots of 70, three are approved: the pace has stopped it. Two approved: the approval has."""
    for bound in ({"pace": Rounds() | ClosedNotional(210)}, {"close_throttle": (Limit(0, 210),)}):
        rules = Rules(manual=True, rerank=rerank, **bound)
        for most_lots, told_so in ((3, "approval"), (2, "pace"), (2, "throttle")):
            book = approved(rules, most_lots)
            facts = told(book, STEP, rules)
            lie = changed(facts, m.Deleveraged, lambda fact, said=told_so: pool(fact, stopped=said))  # type: ignore[misc]
            assert (objection(book.copy(), facts, rules), objection(book, lie, rules)) == ("", "INV-21")


@pytest.mark.parametrize("rerank", ["once", "each_fill"])
def test_invariant_when_the_approval_was_what_bound_and_a_removal_is_told_then_it_objects(rerank: str) -> None:
    """Four of ten lots are approved and closed; that a candidate was removed explains nothing of it."""
    rules = Rules(manual=True, rerank=rerank)
    book = approved(rules, 4)
    facts = told(book, STEP, rules)
    lie = changed(facts, m.Deleveraged, lambda fact: pool(fact, stopped="", removed=("cy",)))
    assert (objection(book.copy(), facts, rules), objection(book, lie, rules)) == ("", "INV-21")
