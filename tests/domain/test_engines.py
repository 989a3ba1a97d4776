"""A domain on either engine: the same answers and digests, and a stop with evidence where something is broken."""

from typing import Any

import pytest

from deleverage.domain import Domain, DomainStopped
from deleverage.domain.document import document
from deleverage.domain.engines import ENGINES
from deleverage.domain.player import play
from deleverage.engine import engine as module
from deleverage.rulebook.messages import Deleveraged, Deposit, Rejection, RunStep
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import bundled_names, load
from deleverage.scenarios.model import Scenario


def opened(scenario: Scenario) -> Domain:
    """Return a domain on columns with the opening of a story and its first marks."""
    domain = Domain.open(scenario.rules)
    domain.submit(origin.command for origin in scenario.setup)
    domain.submit(scenario.path[0].commands)
    return domain


@pytest.mark.parametrize("name", bundled_names())
def test_story_when_it_is_played_on_either_engine_then_documents_and_digests_are_equal(name: str) -> None:
    """Every bundled story, a small population where one is drawn."""
    drawn = load(name).seed is not None
    runs = [play(load(name, accounts=60 if drawn else None), engine=engine) for engine in ENGINES]
    one, other = (document(run) for run in runs)
    assert one == other
    assert runs[0].domain.digest() == runs[1].domain.digest()


def test_domain_when_an_engine_is_unknown_then_the_known_ones_are_named() -> None:
    """A name that nobody has."""
    with pytest.raises(ValueError, match="'warp' is no engine: it is one of columns, rulebook"):
        Domain.open(Rules(), "warp")


def test_domain_when_a_quantum_is_lost_in_the_columns_then_the_next_step_stops_it() -> None:
    """The planted violation; from then on everything is refused, and the evidence names the step."""
    domain = opened(load("six-longs"))
    engine: Any = domain.engine
    engine.columns.units["quote"][1] -= 1
    engine.columns.quote[1] -= 1
    step = RunStep(time_ns=domain.book.time_ns)
    with pytest.raises(DomainStopped, match="INV-1"):
        domain.submit([step])
    assert domain.stopped is not None
    assert domain.stopped.evidence.command == step
    with pytest.raises(DomainStopped):
        domain.submit([step])


def test_domain_when_writing_fails_on_columns_then_command_and_fact_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that ends in the middle of a step: which command it was, and at which fact."""
    domain, real = opened(load("six-longs")), vars(module)["apply"]

    def apply(book: Any, fact: Any) -> None:
        assert not isinstance(fact, Deleveraged), "planted"
        real(book, fact)

    monkeypatch.setattr(module, "apply", apply)
    now, name = domain.book.time_ns, next(iter(domain.book.units))
    deposit, step = Deposit(time_ns=now, unit_id=name, amount_quanta=1), RunStep(time_ns=now)
    with pytest.raises(
        DomainStopped, match="writing Deleveraged for RunStep failed: AssertionError: planted"
    ) as stopped:
        domain.submit([deposit, step])
    assert (stopped.value.evidence.command, type(stopped.value.evidence.fact)) == (step, Deleveraged)


def test_submit_when_something_is_no_command_then_those_before_it_are_done() -> None:
    """On columns as on the rulebook: a TypeError, and the domain goes on."""
    domain = opened(load("six-longs"))
    name, now, before = next(iter(domain.book.units)), domain.book.time_ns, domain.book.net_deposits_quanta
    deposit = Deposit(time_ns=now, unit_id=name, amount_quanta=1)
    commands: Any = [deposit, "deposit", deposit]
    with pytest.raises(TypeError, match="str is no command of the law"):
        domain.submit(commands)
    assert before + 1 == domain.book.net_deposits_quanta
    assert not isinstance(domain.submit([deposit])[0], Rejection)
