"""What stops a domain for good and what does not: our bugs do, with evidence; bad policies and bad types do not."""

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from deleverage.domain import Domain
from deleverage.domain import on_rulebook as door
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.faults import DomainStopped
from deleverage.rulebook.book import Book, MarketTerms, Tier
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deposit,
    Fact,
    ListMarket,
    MarkUpdate,
    MoneyIn,
    OpenAccount,
    Rejection,
    RunStep,
    SetMarks,
    StepEnded,
    Trade,
)
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import Allotment, PolicyFault, ProRata, Request
from deleverage.scenarios.loader import load

DEPOSIT = Deposit(time_ns=0, unit_id="a", amount_quanta=10)


def opened() -> Domain:
    """Return a domain with one account."""
    domain = Domain.open(Rules(), RULEBOOK)
    domain.submit([OpenAccount(time_ns=0, account_id="a")])
    return domain


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, kind: type[Fact] = MoneyIn) -> None:
    """Plant a bug: writing a fact of this kind fails half-way, after the book was touched."""
    real = vars(door)["apply"]

    def apply(book: Book, fact: Fact) -> None:
        if isinstance(fact, kind):
            book.net_deposits_quanta += 1
            raise error
        real(book, fact)

    monkeypatch.setattr(door, "apply", apply)


@pytest.mark.parametrize("error", [AssertionError("money must cancel out"), KeyError("a"), ZeroDivisionError("x")])
def test_domain_when_writing_fails_then_it_stops_like_at_a_broken_invariant(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stop is typed, says what failed, keeps command, fact, sequence number and rules, and is final."""
    domain = opened()
    failing(monkeypatch, error)
    with pytest.raises(InvariantBroken, match=f"DEFECT: writing MoneyIn for Deposit failed: {type(error).__name__}"):
        domain.submit([DEPOSIT])
    stopped = domain.stopped
    assert isinstance(stopped, DomainStopped)
    assert (stopped.evidence.command, type(stopped.evidence.fact)) == (DEPOSIT, MoneyIn)
    assert (stopped.evidence.seq, stopped.evidence.rules_hash) == (1, Rules().hash())
    monkeypatch.undo()
    with pytest.raises(DomainStopped) as again:
        domain.submit([OpenAccount(time_ns=0, account_id="b")])
    assert again.value is stopped


def test_domain_when_writing_fails_in_the_middle_of_a_step_then_the_rest_is_never_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A step has several facts; after the one that failed none is written, and nobody may go on from the half."""
    scenario = load("two-traders")
    domain = Domain.open(scenario.rules, RULEBOOK)
    domain.submit([origin.command for origin in scenario.setup] + list(scenario.path[0].commands))
    failing(monkeypatch, AssertionError("half"), StepEnded)
    with pytest.raises(DomainStopped):
        domain.submit([RunStep(time_ns=domain.book.time_ns)])
    assert domain.book.steps == 0
    with pytest.raises(DomainStopped):
        domain.submit([DEPOSIT])


def test_domain_when_deciding_fails_then_it_stops_and_the_book_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a decision has changed nothing, but the same command would meet it again: the domain stops."""
    domain = opened()
    before = domain.digest()

    def decide(*_: object) -> Any:
        raise OverflowError("int too large to convert to float")

    monkeypatch.setattr(door, "decide", decide)
    with pytest.raises(DomainStopped, match="deciding for Deposit failed: OverflowError"):
        domain.submit([DEPOSIT])
    assert domain.stopped is not None
    assert domain.stopped.evidence.fact is None
    assert domain.digest() == before


def test_domain_when_interrupted_while_writing_then_the_interruption_goes_on_and_the_domain_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ctrl-C in the middle of a fact leaves half of it: the interruption is not swallowed, and nobody may go on."""
    domain = opened()
    failing(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        domain.submit([DEPOSIT])
    with pytest.raises(DomainStopped):
        domain.submit([DEPOSIT])


def test_evidence_when_told_then_is_short_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact can name thousands of accounts: what is told of it is bounded, and says how long it was."""
    domain = opened()
    failing(monkeypatch, AssertionError())
    with pytest.raises(DomainStopped) as stopped:
        domain.submit([DEPOSIT])
    told = stopped.value.evidence.as_json()
    assert told["command"] == "Deposit(time_ns=0, unit_id='a', amount_quanta=10)"
    assert told["facts_before"] == "1"
    marks = tuple(MarkUpdate(f"market-{number}", 1) for number in range(1_000))
    long = replace(stopped.value.evidence, command=SetMarks(time_ns=0, marks=marks)).as_json()["command"]
    assert len(long) < 2_100
    assert long.endswith("characters)")


@dataclass(frozen=True, slots=True)
class Greedy(ProRata):
    """A policy that allots one lot too few: its result is unlawful."""

    def allocate(self, request: Request) -> list[Allotment]:
        """Return what pro-rata says, less one lot."""
        first, *others = ProRata().allocate(request)
        return [first._replace(lots=first.lots - 1), *others]


def test_domain_when_the_policy_is_unlawful_then_nothing_changes_and_it_goes_on() -> None:
    """An unlawful allocation is the policy's fault: it is typed, the digest stays, other commands are answered."""
    scenario = load("two-traders")
    domain = Domain.open(replace(scenario.rules, policy=Greedy()), RULEBOOK)
    domain.submit([origin.command for origin in scenario.setup] + list(scenario.path[0].commands))
    before, time_ns = domain.digest(), domain.book.time_ns
    with pytest.raises(PolicyFault, match="9 lots, 10 are needed"):
        domain.submit([RunStep(time_ns=time_ns)])
    assert domain.digest() == before
    assert domain.stopped is None
    (answer,) = domain.submit([Deposit(time_ns=time_ns, unit_id="bob", amount_quanta=1)])
    assert isinstance(answer, tuple)


TERMS = MarketTerms("X", 1, (Tier(0, 0, 0),), 10, 10, 10)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (Deposit(time_ns=0, unit_id="a", amount_quanta=1.0), "Deposit.amount_quanta is declared as"),  # type: ignore[arg-type]
        (Deposit(time_ns=0, unit_id="a", amount_quanta=True), "Deposit.amount_quanta is declared as"),
        (Deposit(time_ns=0, unit_id="a", amount_quanta="1"), "Deposit.amount_quanta is declared as"),  # type: ignore[arg-type]
        (Deposit(time_ns=None, unit_id="a", amount_quanta=1), "Deposit.time_ns is declared as"),  # type: ignore[arg-type]
        (Deposit(time_ns=0, unit_id=b"a", amount_quanta=1), "Deposit.unit_id is declared as"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=[]), "SetMarks.marks is declared as"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=(("X", 1, 1),)), r"SetMarks.marks\[0\] is declared as"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=(MarkUpdate("X", 1.5),)), r"SetMarks.marks\[0\].price_ticks is declared as"),  # type: ignore[arg-type]
        (SetMarks(time_ns=0, marks=(), confirmed=1), "SetMarks.confirmed is declared as"),  # type: ignore[arg-type]
        (ListMarket(time_ns=0, terms=replace(TERMS, max_lots=1.5)), "ListMarket.terms.max_lots is declared as"),  # type: ignore[arg-type]
        (ListMarket(time_ns=0, terms=replace(TERMS, tiers=(1,))), r"ListMarket.terms.tiers\[0\] is declared as"),  # type: ignore[arg-type]
    ],
)
def test_domain_when_a_value_has_the_wrong_type_then_it_is_refused_and_nothing_changes(
    command: Any, sentence: str
) -> None:
    """A float or a bool would pass comparisons and make integers inexact: the law refuses it, the domain goes on."""
    domain = opened()
    before = domain.digest()
    (answer,) = domain.submit([command])
    assert isinstance(answer, Rejection)
    assert answer.code is Code.BAD_TYPE
    assert re.match(sentence, answer.sentence)
    assert domain.digest() == before
    follow: Command = DEPOSIT
    assert isinstance(domain.submit([follow])[0], tuple)


@pytest.mark.parametrize("wrong", [Trade, {"kind": "Deposit"}, None], ids=["class", "mapping", "nothing"])
def test_domain_when_it_is_given_no_command_then_it_says_so_and_goes_on(wrong: Any) -> None:
    """What is no command of the law is the embedder's mistake, not ours."""
    domain = opened()
    with pytest.raises(TypeError, match="is no command of the law"):
        domain.submit([wrong])
    assert isinstance(domain.submit([DEPOSIT])[0], tuple)
