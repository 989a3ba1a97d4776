"""The domain: commands in, facts or rejections out, every fact checked, and a broken invariant stops it."""

from dataclasses import replace

import pytest

from deleverage.domain import Domain, UnknownMarket, UnknownSide
from deleverage.domain.engines import RULEBOOK
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.messages import Code, Command, Deposit, Fact, ListMarket, OpenAccount, Rejection
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load

TERMS = MarketTerms("X", 1, (Tier(0, 0, 0),), 10, 10, 10)


def opened(name: str = "six-longs") -> Domain:
    """Return the domain of a story after its opening and its first marks."""
    scenario = load(name)
    domain = Domain.open(scenario.rules, RULEBOOK)
    domain.submit([origin.command for origin in scenario.setup] + list(scenario.path[0].commands))
    return domain


class Thief:
    """A watcher that breaks its promise and takes money out behind the back of ``apply``."""

    def before(self, book: Book, fact: Fact) -> None:
        """Take one quantum of the account."""
        book.units["a"].quote -= 1

    def after(self, book: Book, fact: Fact) -> None:
        """Do nothing more."""


def test_domain_when_a_command_is_refused_then_the_answer_is_a_rejection_and_the_book_is_unchanged() -> None:
    """A refusal is a value; the digest stays."""
    domain = Domain.open(Rules(), RULEBOOK)
    domain.submit([OpenAccount(time_ns=0, account_id="a")])
    before = domain.digest()
    (answer,) = domain.submit([Deposit(time_ns=0, unit_id="b", amount_quanta=5)])
    assert isinstance(answer, Rejection)
    assert answer.code is Code.UNKNOWN_UNIT
    assert domain.digest() == before


def test_domain_when_the_same_commands_come_twice_then_the_digest_is_the_same() -> None:
    """Two domains with the same commands are the same, bit for bit."""
    assert opened().digest() == opened().digest()


def test_domain_when_asked_for_a_queue_then_ranks_the_side_that_was_asked_for() -> None:
    """The queue of the longs is who would be closed against bankrupt shorts; who has no equity comes last."""
    domain = opened()
    assert [place.unit_id[-1] for place in domain.queue("XYZ", "long")] == ["2", "5", "4", "1", "6", "3"]
    assert [place.unit_id for place in domain.queue("XYZ", "short")] == ["shorts-80", "short-20"]


def test_domain_when_asked_for_an_unknown_queue_then_says_what_is_known() -> None:
    """Unknown markets and sides are typed faults that carry the name and what is known."""
    with pytest.raises(UnknownMarket, match=r"^market 'XY' is unknown, known are XYZ$") as market:
        opened().queue("XY", "long")
    assert (market.value.name, market.value.known) == ("XY", ("XYZ",))
    with pytest.raises(UnknownSide, match=r"^side 'up' is unknown, known are long, short$") as side:
        opened().queue("XYZ", "up")
    assert (side.value.name, side.value.known) == ("up", ("long", "short"))
    with pytest.raises(UnknownMarket, match="known are none"):
        Domain.open(Rules(), RULEBOOK).queue("XYZ", "long")


def test_domain_when_nobody_holds_lots_on_a_side_then_its_queue_is_empty() -> None:
    """A market without positions has two empty queues."""
    domain = Domain.open(Rules(), RULEBOOK)
    domain.submit([ListMarket(time_ns=0, terms=TERMS)])
    assert domain.queue("X", "long") == domain.queue("X", "short") == []


def test_domain_when_money_disappears_then_it_stops_and_refuses_everything_after() -> None:
    """A broken invariant is our bug: the domain goes no further."""
    domain = Domain.open(Rules(), RULEBOOK)
    domain.submit([OpenAccount(time_ns=0, account_id="a"), Deposit(time_ns=0, unit_id="a", amount_quanta=10)])
    command: Command = Deposit(time_ns=0, unit_id="a", amount_quanta=1)
    with pytest.raises(InvariantBroken):
        domain.submit([command], Thief())
    with pytest.raises(InvariantBroken):
        domain.submit([replace(command)])


def test_domain_when_it_works_then_time_for_checks_is_measured_apart() -> None:
    """Deciding, writing and checking each have their own clock."""
    timings = opened().timings
    assert min(timings.decide_ns, timings.apply_ns, timings.check_ns) > 0
