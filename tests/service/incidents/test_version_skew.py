"""Knight Capital, 1 August 2012: one server of eight ran another version, and nobody refused."""

import time
from dataclasses import replace
from pathlib import Path

from deleverage.domain.domain import Domain
from deleverage.journal.local import create
from deleverage.rulebook.messages import DepositToFund, MoneyIn
from deleverage.rulebook.rules import Rules
from tests.service.incidents.running import Service, day, serving, written

BAD_INPUT = 2


def test_version_skew_when_the_journal_has_another_programs_answers_then_it_is_not_served(tmp_path: Path) -> None:
    """Another version would have credited a quantum more: this one says which command, and refuses to go on."""
    path, rules = tmp_path / "j.db", Rules()
    domain, journal = Domain.open(rules), create(path, "venue", rules)
    commands = [*day(1), DepositToFund(time_ns=2, amount_quanta=7)]
    answers = domain.submit(commands)
    (fact,) = answers[-1]  # type: ignore[misc]
    assert isinstance(fact, MoneyIn)
    answers[-1] = (replace(fact, to_fund_quanta=8),)
    journal.append([(f"k{at}", *pair) for at, pair in enumerate(zip(commands, answers, strict=True))])
    journal.close()
    status, said = Service(path).ended()
    assert (status, "OTHER_STATE" in said) == (BAD_INPUT, True), said


def test_version_skew_when_other_rules_are_asked_for_then_it_is_not_served(tmp_path: Path) -> None:
    """The journal's rules are its law for good; both hashes are told."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()), Rules(grace_ns=1))
    status, said = Service(path, "--rules", "crash").ended()
    assert (status, Rules(grace_ns=1).hash() in said) == (BAD_INPUT, True), said
    status, said = Service(path, "--rounds", "manual").ended()
    assert (status, "--rounds manual" in said) == (BAD_INPUT, True), said


def test_version_skew_when_a_second_process_is_started_then_the_second_refuses(tmp_path: Path) -> None:
    """Old and new side by side over one journal, as in a deployment gone half way: one writes."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    with serving(path) as service:
        status, said = Service(path).ended()
        assert (status, "LOCKED" in said) == (BAD_INPUT, True), said
        assert service.mark(1_000)["results"][0]["outcome"] == "done"
