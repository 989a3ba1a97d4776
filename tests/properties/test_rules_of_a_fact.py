"""Every fact that only a step tells names the rules it was decided under, and no other rules are believed."""

from dataclasses import fields, replace

import pytest

from deleverage.documents.published import FACTS
from deleverage.domain.engines import RULEBOOK
from deleverage.domain.player import play
from deleverage.rulebook import messages as m
from deleverage.rulebook.invariants import InvariantBroken, Invariants
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.transitions import UNDER_RULES
from deleverage.scenarios.loader import load

STORIES = ("approval", "both-sides-bankrupt", "cascade", "drawdown", "dutch-auction", "hedge-mode", "wrong-way")
"""Scenarios whose steps tell every kind."""

OTHER = Rules(may_bankrupt=True).hash()


def test_kinds_when_they_name_rules_then_the_checks_ask_each_and_only_approvals_are_no_part_of_a_step() -> None:
    """A kind that gets the field and is not asked would be believed."""
    kinds = {getattr(m, name) for name in FACTS}
    naming = {kind for kind in kinds if "rules_hash" in {item.name for item in fields(kind)}}
    assert naming == {*UNDER_RULES, m.EnvelopeApproved}


def test_step_when_a_fact_names_other_rules_then_the_checks_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first fact of each kind, as it is but for its hash, where it is true: all fourteen are caught."""
    caught: set[type[m.Fact]] = set()
    before = Invariants.before

    def lied_to(running: Invariants, fact: m.Fact) -> None:
        if isinstance(fact, UNDER_RULES) and type(fact) not in caught:
            with pytest.raises(InvariantBroken, match=f"^INV-12: decided under rules {OTHER[:12]}$"):
                before(running, replace(fact, rules_hash=OTHER))
            caught.add(type(fact))
        before(running, fact)

    monkeypatch.setattr(Invariants, "before", lied_to)
    for name in STORIES:
        play(load(name), engine=RULEBOOK)
    assert caught == set(UNDER_RULES)
