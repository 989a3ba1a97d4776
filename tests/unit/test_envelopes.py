"""Manual rounds on the book of ``crashed``: al is long 10 lots and 100 short at a mark of 70.

bo (12 short, made 360) and cy (4 short, made 120) are the candidates; under the common queue bo is the first.
"""

from typing import Any

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.envelopes import Envelope
from deleverage.rulebook.pace import ClosedNotional, Rounds
from deleverage.rulebook.price import Mark
from deleverage.rulebook.rules import Rules
from tests.properties.stories import crashed, mark, submit
from tests.unit.test_stops import closings, pools, reasons
from tests.vulnerabilities.told import checked_step, of, only

MANUAL = Rules(manual=True)


def approval(**changes: Any) -> m.ApproveEnvelope:
    """Return an approval of all ten lots, worth 700 at the mark, until 100 ns."""
    bounds: dict[str, Any] = {"most_lots": 10, "most_notional_quanta": 700, "expiry_ns": 100}
    place: dict[str, Any] = {"time_ns": 3, "market_id": "BTC", "side": "long"}
    return m.ApproveEnvelope(**place | bounds | {"rules_hash": MANUAL.hash()} | changes)


def waiting(**changes: Any) -> Book:
    """Return the book after a step that closed nothing, and (unless ``most_lots`` is 0) an approval."""
    book = crashed()
    checked_step(book, MANUAL)
    if changes.get("most_lots") != 0:
        submit(book, approval(**changes), MANUAL)
    return book


def ended(facts: tuple[m.Fact, ...]) -> list[tuple[str, int]]:
    """Return why envelopes have ended, and the lots closed under them."""
    return [(fact.why, fact.used_lots) for fact in of(facts, m.EnvelopeEnded)]


def test_step_when_nothing_is_approved_then_lots_wait_in_a_reduce_only_market_and_the_residual_says_so() -> None:
    """The pool is stopped by approval, before anybody is looked for; the next step has nothing new to say."""
    book = crashed()
    facts = checked_step(book, MANUAL)
    assert (pools(facts), reasons(facts)) == ([(0, "approval")], [("al", "approval")])
    assert (book.markets["BTC"].reduce_only, only(facts, m.StepEnded).stopped) == (True, "quiet")
    again = checked_step(book, MANUAL)
    assert (of(again, m.Deleveraged), reasons(again)) == ([], [("al", "approval")])


def test_step_when_all_lots_are_approved_then_they_are_closed_as_ever_and_the_envelope_is_used() -> None:
    """The same fills as under the common law, then an end: the envelope served one step."""
    book = waiting()
    facts = checked_step(book, MANUAL, time_ns=4)
    assert pools(facts) == [(10, "")]
    assert closings(facts) == closings(checked_step(crashed(), Rules()))
    assert (ended(facts), book.envelopes) == ([("used", 10)], {})


@pytest.mark.parametrize(
    ("changes", "closed"),
    [
        ({"most_lots": 4}, 4),
        ({"most_notional_quanta": 4 * 70 + 69}, 4),
        ({"most_notional_quanta": 280, "most_lots": 9}, 4),
    ],
)
def test_step_when_fewer_lots_are_approved_then_so_many_are_closed_and_the_rest_waits(
    changes: dict[str, int], closed: int
) -> None:
    """Of lots and notional at the mark the tighter one binds; the second round of the step finds nothing left of it."""
    book = waiting(**changes)
    facts = checked_step(book, MANUAL, time_ns=4)
    assert (pools(facts), reasons(facts)) == ([(closed, "approval")], [("al", "approval")])
    assert (ended(facts), book.units["al"].legs["BTC"].lots) == ([("used", closed)], 10 - closed)


def test_step_when_the_mark_has_moved_since_then_the_bound_is_taken_at_the_mark_of_the_step() -> None:
    """700 were approved at 70; at 60 they hold 11 lots, at 80 (al is 0 there, still bankrupt with its lots) 8."""
    assert [_closed_at(price_ticks) for price_ticks in (60, 80)] == [10, 8]


def _closed_at(price_ticks: int) -> int:
    book = waiting()
    submit(book, m.SetMarks(time_ns=4, marks=(m.MarkUpdate("BTC", price_ticks),)), MANUAL)
    return pools(checked_step(book, MANUAL, time_ns=5))[0][0]


def test_step_when_an_envelope_holds_no_lot_then_it_stays_until_it_expires() -> None:
    """69 do not hold a lot of 70: nothing is closed, so it is not used; at 100 ns it is over, before anything else."""
    book = waiting(most_notional_quanta=69)
    facts = checked_step(book, MANUAL, time_ns=99)
    assert (reasons(facts), ended(facts), len(book.envelopes)) == ([("al", "approval")], [], 1)
    facts = checked_step(book, MANUAL, time_ns=100)
    assert isinstance(facts[0], m.EnvelopeEnded)
    assert (ended(facts), book.envelopes) == ([("expired", 0)], {})


def test_step_when_the_pace_is_as_tight_as_the_envelope_then_the_pace_is_named() -> None:
    """Three lots by both: pace. Two approved: approval."""
    rules = Rules(manual=True, pace=Rounds() | ClosedNotional(210))
    for most_lots, said in ((3, "pace"), (2, "approval")):
        book = crashed()
        checked_step(book, rules)
        submit(book, approval(most_lots=most_lots, rules_hash=rules.hash()), rules)
        assert pools(checked_step(book, rules, time_ns=4))[0] == (most_lots, said)


def test_step_when_bankrupts_go_one_by_one_then_the_envelope_bounds_all_fills_together() -> None:
    """Seven approved: bo closes seven and the pool stops."""
    rules = Rules(manual=True, rerank="each_fill")
    book = crashed()
    checked_step(book, rules)
    submit(book, approval(most_lots=7, rules_hash=rules.hash()), rules)
    facts = checked_step(book, rules, time_ns=4)
    assert (pools(facts), ended(facts)) == ([(7, "approval")], [("used", 7)])


def test_approval_when_the_lots_have_gone_another_way_then_it_is_needless() -> None:
    """The market settles: al is flat, and nothing is left to close."""
    book = waiting()
    submit(book, m.SettleMarket(time_ns=4, market_id="BTC", price_ticks=70), MANUAL)
    facts = checked_step(book, MANUAL, time_ns=5)
    assert (ended(facts), book.envelopes) == ([("needless", 0)], {})


def test_approval_when_it_is_given_again_then_the_later_one_counts() -> None:
    """Three lots instead of ten."""
    book = waiting()
    submit(book, approval(most_lots=3), MANUAL)
    assert book.envelopes == {"BTC/long": Envelope(3, 700, 100, MANUAL.hash())}


def test_approval_when_the_domain_is_reopened_under_other_rules_then_it_holds_nothing() -> None:
    """Approved at the bankruptcy price; under the mark nobody has approved anything."""
    book = waiting()
    other = Rules(manual=True, price=Mark())
    facts = checked_step(book, other, time_ns=4)
    assert (of(facts, m.Deleveraged), reasons(facts)) == ([], [("al", "approval")])


def test_approval_when_it_is_taken_back_then_nothing_is_closed() -> None:
    """The fact says why."""
    book = waiting()
    (fact,) = submit(book, m.AbortEnvelope(time_ns=4, market_id="BTC", side="long", reason="wait for the feed"), MANUAL)
    assert isinstance(fact, m.EnvelopeEnded)
    assert (fact.why, fact.used_lots, fact.reason) == ("aborted", 0, "wait for the feed")
    assert pools(checked_step(book, MANUAL, time_ns=5)) == []


def test_approval_when_given_then_the_fact_says_what_was_seen() -> None:
    """Lots after netting, the mark, policy and price."""
    book = waiting(most_lots=0)
    (fact,) = submit(book, approval(), MANUAL)
    assert isinstance(fact, m.EnvelopeApproved)
    assert (fact.planned_lots, fact.planned_price_ticks) == (10, 70)
    assert (fact.policy, fact.price) == ("queue-bitmex", "bankruptcy")


@pytest.mark.parametrize(
    ("command", "rules", "code"),
    [
        (approval(market_id="none", side=""), MANUAL, "UNKNOWN_MARKET"),
        (approval(side="", most_notional_quanta=0), MANUAL, "WRONG_SIDE"),
        (approval(most_notional_quanta=0, most_lots=0), MANUAL, "BAD_AMOUNT"),
        (approval(most_lots=0, expiry_ns=3), MANUAL, "BAD_LOTS"),
        (approval(expiry_ns=3), Rules(), "BAD_EXPIRY"),
        (approval(rules_hash=""), Rules(), "NOT_MANUAL"),
        (approval(rules_hash=Rules().hash(), side="short"), MANUAL, "WRONG_RULES"),
        (approval(side="short"), MANUAL, "NOTHING_TO_APPROVE"),
        (m.AbortEnvelope(time_ns=3, market_id="none", side="long", reason=""), MANUAL, "UNKNOWN_MARKET"),
        (m.AbortEnvelope(time_ns=3, market_id="BTC", side="short", reason=""), MANUAL, "UNKNOWN_ENVELOPE"),
        (m.AbortEnvelope(time_ns=3, market_id="BTC", side="long", reason=""), MANUAL, "BAD_REASON"),
    ],
)
def test_approval_when_something_is_wrong_then_the_first_code_in_order_says_so(
    command: m.Command, rules: Rules, code: str
) -> None:
    """Each row but the last of a code has the next fault too; nothing changes."""
    book = waiting()
    before = book.digest()
    answer = decide(book, command, rules)
    assert isinstance(answer, m.Rejection)
    assert (answer.code.name, book.digest()) == (code, before)


def test_approval_when_no_step_has_locked_the_market_yet_then_there_is_nothing_to_approve() -> None:
    """al is 100 short at 70, but no step has found it: the market is not reduce-only."""
    book = crashed()
    mark(book, 70)
    answer = decide(book, approval(), MANUAL)
    assert isinstance(answer, m.Rejection)
    assert answer.code.name == "NOTHING_TO_APPROVE"
