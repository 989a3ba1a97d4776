"""Plans and what-ifs: the same answers as the domain itself would give, and nothing written, whatever happens there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from deleverage.domain import Domain, DomainStopped, Plan
from deleverage.domain import on_rulebook as door
from deleverage.domain.engines import RULEBOOK
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import (
    Code,
    Command,
    Deleveraged,
    Deposit,
    Fact,
    Movement,
    PotChange,
    Rejection,
    RunStep,
    StepEnded,
    Withdraw,
)
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from tests.commands import to_command, to_rules
from tests.worlds import world


def opened(name: str = "six-longs") -> Domain:
    """Return the domain of a story after its opening and its first marks: a step is due."""
    scenario = load(name)
    domain = Domain.open(scenario.rules, RULEBOOK)
    domain.submit([origin.command for origin in scenario.setup] + list(scenario.path[0].commands))
    return domain


def driven(seed: int) -> Iterator[tuple[Domain, list[Command]]]:
    """Yield a random world's domain before each command, with the commands that follow."""
    rules, plain = world(seed)
    domain = Domain.open(to_rules(rules), RULEBOOK)
    commands = [to_command(one) for one in plain]
    for at, command in enumerate(commands):
        yield domain, commands[at:]
        domain.submit([command])


def test_plan_of_six_longs_when_asked_for_then_is_the_step_in_full_and_nothing_is_written() -> None:
    """The mark has jumped to 660: 20 lots and 20,000 quanta (200 USD) of the bankrupt short are asked of
    two longs, equally per lot."""
    domain = opened()
    before, time_ns = domain.digest(), domain.book.time_ns
    plan = domain.plan(time_ns)
    assert isinstance(plan, Plan)
    assert [type(fact).__name__ for fact in plan.facts] == [
        "BankruptcyDeclared",
        "Deleveraged",
        "BankruptcyEnded",
        "StepEnded",
    ]
    told = plan.facts[1]
    assert isinstance(told, Deleveraged)
    closed = [(closing.unit_id, closing.closed_lots, closing.money_quanta) for closing in told.closings]
    assert closed == [("long-2", 10, 10_000), ("long-5", 10, 10_000)]
    assert (plan.time_ns, plan.seq, plan.rules_hash) == (time_ns, domain.book.seq, domain.rules.hash())
    assert domain.digest() == before
    assert domain.submit([RunStep(time_ns=time_ns)]) == [plan.facts]
    assert domain.digest() != before


@pytest.mark.parametrize("seed", range(4_000, 4_012))
def test_plan_when_a_random_world_steps_then_equals_the_answer_fact_for_fact(seed: int) -> None:
    """Before every step of a world: plan and answer are the same value, rejections included, and the digest stays."""
    steps = 0
    for domain, (command, *_) in driven(seed):
        if isinstance(command, RunStep):
            steps += 1
            before = domain.digest()
            plan = domain.plan(command.time_ns)
            assert domain.digest() == before
            assert domain.what_if([command]).answers == [plan.facts if isinstance(plan, Plan) else plan]
            (answer,) = domain.what_if([]).fork.submit([command])
            assert answer == (plan.facts if isinstance(plan, Plan) else plan)
    assert steps > 0


@pytest.mark.parametrize("seed", range(4_100, 4_106))
def test_what_if_when_a_random_world_is_tried_ahead_then_fork_and_domain_never_touch_each_other(seed: int) -> None:
    """Twenty commands ahead on a fork, then the same on the domain: same answers, same digest, each on its own book."""
    tried: list[tuple[list[Any], str]] = []
    for at, (domain, commands) in enumerate(driven(seed)):
        if at % 20:
            continue
        before = domain.digest()
        if tried:
            assert before == tried[-1][1]
        answers, fork = domain.what_if(commands[:20])
        assert domain.digest() == before
        tried.append((answers, fork.digest()))
        (again, twin), told = domain.what_if([]).fork.what_if(commands[:20]), fork.digest()
        assert (again, twin.digest()) == (answers, told)
        twin.submit(commands[20:])
        assert fork.digest() == told
    assert len(tried) > 5


def test_what_if_when_a_command_is_refused_then_the_next_one_is_asked_and_the_domain_stays() -> None:
    """The first in line asks what a deposit of 10,000 USD would do: it falls to rank 3, and the step closes long-5."""
    domain = opened()
    before, time_ns = domain.digest(), domain.book.time_ns
    answers, fork = domain.what_if(
        [
            Withdraw(time_ns=time_ns, unit_id="nobody", amount_quanta=1),
            Deposit(time_ns=time_ns, unit_id="long-2", amount_quanta=10**6),
        ]
    )
    refusal, accepted = answers
    assert isinstance(refusal, Rejection)
    assert refusal.code is Code.UNKNOWN_UNIT
    assert isinstance(accepted, tuple)
    assert [place.unit_id[-1] for place in domain.queue("XYZ", "long")] == ["2", "5", "4", "1", "6", "3"]
    assert [place.unit_id[-1] for place in fork.queue("XYZ", "long")] == ["5", "4", "2", "1", "6", "3"]
    plan = fork.plan(time_ns)
    assert isinstance(plan, Plan)
    closed = [closing.unit_id for fact in plan.facts if isinstance(fact, Deleveraged) for closing in fact.closings]
    assert closed == ["long-5"]
    assert domain.digest() == before


def test_plan_when_nothing_is_due_then_has_one_fact_and_when_refused_is_the_rejection() -> None:
    """After the step there is nothing left to do; a time before the book's is refused with both numbers."""
    domain = opened()
    time_ns = domain.book.time_ns
    domain.submit([RunStep(time_ns=time_ns)])
    plan = domain.plan(time_ns)
    assert isinstance(plan, Plan)
    (only,) = plan.facts
    assert isinstance(only, StepEnded)
    refused = domain.plan(time_ns - 1)
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.found, refused.bound) == (Code.TIME_BACKWARDS, time_ns - 1, time_ns)


def test_plan_when_the_law_lies_then_the_invariants_object_on_the_fork_and_the_domain_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted decision moves one quantum from nowhere: the plan is checked like a submission, on the copy only."""
    domain = opened()
    before, time_ns = domain.digest(), domain.book.time_ns

    def lying(book: Book, command: Command, rules: Rules) -> Any:
        answer = decide(book, command, rules)
        assert isinstance(answer, tuple)
        return tuple(
            replace(fact, pots=(*fact.pots, PotChange("rounding", 1))) if isinstance(fact, Movement) else fact
            for fact in answer
        )

    monkeypatch.setattr(door, "decide", lying)
    with pytest.raises(DomainStopped, match="money of one fact must cancel out: 1 quanta"):
        domain.plan(time_ns)
    assert domain.stopped is None
    assert domain.digest() == before
    monkeypatch.undo()
    assert isinstance(domain.submit([RunStep(time_ns=time_ns)])[0], tuple)


def test_plan_when_an_invariant_is_broken_behind_apply_then_it_is_found_on_the_fork(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A planted writer loses a quantum of the fund: INV-1 objects while planning, the real book keeps its money."""
    domain = opened()
    before = domain.digest()

    def losing(book: Book, fact: Fact) -> None:
        apply(book, fact)
        if isinstance(fact, Deleveraged):
            book.pots["fund"] -= 1

    monkeypatch.setattr(door, "apply", losing)
    with pytest.raises(DomainStopped, match="INV-1"):
        domain.plan(domain.book.time_ns)
    assert (domain.stopped, domain.digest()) == (None, before)


def test_what_if_when_the_domain_is_stopped_then_raises_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a book that may be half written nothing is foretold."""
    domain = opened()

    def failing(book: Book, fact: Fact) -> None:
        raise AssertionError("planted")

    monkeypatch.setattr(door, "apply", failing)
    with pytest.raises(DomainStopped) as stopped:
        domain.submit([RunStep(time_ns=domain.book.time_ns)])
    monkeypatch.undo()
    for ask in (lambda: domain.what_if([]), lambda: domain.plan(domain.book.time_ns)):
        with pytest.raises(DomainStopped) as again:
            ask()
        assert again.value is stopped.value
