"""A step that was planned is done as it was planned, or not at all."""

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from deleverage.domain import Domain
from deleverage.domain.clerk import Clerk
from deleverage.domain.outcomes import Asked
from deleverage.domain.planned import Moved, plan_hash
from deleverage.rulebook.messages import (
    BankruptcyDeclared,
    Command,
    Deposit,
    Fact,
    Halt,
    MarkUpdate,
    OpenAccount,
    RunStep,
    SetMarks,
)
from tests.domain.asking import acknowledged, asked, batch, control, done, new
from tests.torture.script import SECOND


def crash(clerk: Clerk) -> tuple[Fact, ...]:
    """Bring a clerk's domain to a price at which somebody is bankrupt, and return what a step would do."""
    done(clerk, batch(1, 60))
    acknowledged(done(clerk, [asked(0, "mark", marks(2_500))])[0])
    return planned(clerk)


def marks(price_ticks: int) -> Command:
    """Return a mark that nobody guards."""
    return SetMarks(time_ns=100 * SECOND, marks=(MarkUpdate("X", price_ticks),), confirmed=True)


def planned(clerk: Clerk) -> tuple[Fact, ...]:
    """Return the facts of a step now."""
    plan = clerk.look(lambda domain, _: domain.plan(100 * SECOND))
    assert any(isinstance(fact, BankruptcyDeclared) for fact in plan.facts)  # type: ignore[union-attr]
    return plan.facts  # type: ignore[union-attr]


def step(key: str, plan: str, time_s: int = 100) -> Asked:
    """Return a step under a plan in line."""
    return Asked(key, RunStep(time_ns=time_s * SECOND), Future(), plan)


def deposit(unit_id: str) -> Asked:
    """Return money for a unit, in line."""
    return asked(0, f"money-{unit_id}", Deposit(time_ns=100 * SECOND, unit_id=unit_id, amount_quanta=10**6))


def test_plan_when_nothing_has_moved_then_the_step_does_it(tmp_path: Path) -> None:
    """Also where somebody else came in between, and a second later: neither changes what is forced."""
    clerk = Clerk(new(tmp_path))
    facts = crash(clerk)
    somebody = asked(0, "new", OpenAccount(time_ns=100 * SECOND, account_id="new"))
    outcome = acknowledged(done(clerk, [somebody, step("go", plan_hash(facts), 101)])[-1])
    assert plan_hash(outcome.answer) == plan_hash(facts)  # type: ignore[arg-type]
    clerk.end()


def test_plan_when_the_book_has_moved_then_nothing_is_done_and_both_hashes_are_told(tmp_path: Path) -> None:
    """A bankrupt who pays in is bankrupt no more: the plan would take lots that nobody has to give."""
    clerk = Clerk(new(tmp_path))
    facts = crash(clerk)
    bankrupt = next(fact for fact in facts if isinstance(fact, BankruptcyDeclared)).units[0].unit_id
    before, moved, behind = deposit(bankrupt), step("go", plan_hash(facts)), deposit("a1" if bankrupt != "a1" else "a2")
    told = done(clerk, [before, moved, behind])
    assert isinstance(told[1], Moved)
    assert (told[1].expected, told[1].found != told[1].expected) == (plan_hash(facts), True)
    assert acknowledged(told[2]).seq == acknowledged(told[0]).seq + 1
    clerk.end()


def test_plan_when_the_domain_is_halted_then_the_code_is_what_was_found(tmp_path: Path) -> None:
    """The kill switch beats a plan that is under way."""
    clerk = Clerk(new(tmp_path))
    facts = crash(clerk)
    halt = asked(0, "halt", Halt(time_ns=100 * SECOND, scope="", reason="stop"))
    told = done(clerk, [halt, step("go", plan_hash(facts))])
    assert isinstance(told[1], Moved)
    assert told[1].found == "DOMAIN_HALTED"
    clerk.end()


def test_plan_when_asked_again_under_its_key_then_the_answer_is_the_one_it_got(tmp_path: Path) -> None:
    """The plan is not compared a second time: it was done."""
    clerk = Clerk(new(tmp_path))
    facts = crash(clerk)
    first = acknowledged(done(clerk, [step("go", plan_hash(facts))])[0])
    second = acknowledged(done(clerk, [step("go", plan_hash(facts))])[0])
    assert (second.again, second.answer) == (True, first.answer)
    clerk.end()


def test_plan_hash_when_only_time_and_sequence_differ_then_it_is_the_same() -> None:
    """Whatever else differs is another plan."""
    domain: Domain = control(60)
    domain.submit([marks(2_500)])
    one, later = domain.plan(100 * SECOND), domain.plan(105 * SECOND)
    assert plan_hash(one.facts) == plan_hash(later.facts)  # type: ignore[union-attr]
    other = [replace(fact, seq=fact.seq + 7) for fact in one.facts]  # type: ignore[union-attr]
    assert plan_hash(other) == plan_hash(one.facts)  # type: ignore[union-attr]
    assert plan_hash(other[1:]) != plan_hash(other)
