"""The rulebook and the exact model give the same answers - and where they would not, the comparison says so."""

from dataclasses import replace
from typing import Any

import pytest

from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.messages import Code, Deleveraged, Movement, Payment, PotChange, Rejection, Socialised
from tests.parity.run import Difference, run, run_world

WORLDS = range(1, 25)


def test_parity_when_random_worlds_are_run_then_rulebook_and_model_agree() -> None:
    """Codes, whole states and the accounts of steps are equal after each of six thousand commands."""
    found, tally = run(seed=1, count=6_000)
    assert found is None, str(found)
    assert tally.counts["commands"] == 6_000
    assert tally.counts["rounds reaching stage 5"] >= 60, "the worlds have become too tame"
    assert tally.counts["facts of stage 6"] >= 5, "the worlds have become too tame"
    for what in ("rounds stopped by trigger", "rounds stopped by pace", "rounds with fund money after stage 5"):
        assert tally.counts[what] >= 3, "the worlds have become too tame"


def first_difference(altered: Any, changed_apply: Any = apply) -> Difference | None:
    """Return the first difference that an altered rulebook shows in a few worlds."""
    differences = (run_world(seed, altered, changed_apply) for seed in WORLDS)
    return next((found for found in differences if found is not None), None)


def one_quantum_more(kind: type[Movement]) -> Any:
    """Return a decide that moves one quantum from the pot ``rounding`` to a filled unit in facts of one kind."""

    def altered(book: Book, command: Any, rules: Any) -> Any:
        answer = decide(book, command, rules)
        if isinstance(answer, Rejection):
            return answer
        return tuple(_shifted(fact) if isinstance(fact, kind) else fact for fact in answer)

    return altered


def _shifted(fact: Any) -> Any:
    """Return a fact that pays one quantum more to somebody it names, and takes it from a pot: its sum stays zero."""
    somebody = [part.unit_id for part in (*fact.fills, *fact.payments)]
    if not somebody:
        return fact
    return replace(
        fact,
        payments=(*fact.payments, Payment(somebody[0], 1)),
        pots=(*fact.pots, PotChange("rounding", -1)),
    )


@pytest.mark.parametrize("kind", [Deleveraged, Socialised, Movement])
def test_parity_when_one_quantum_of_a_fact_is_altered_then_the_difference_is_found(kind: type[Movement]) -> None:
    """A quantum that goes to the wrong place, in a fact that still sums to zero, is a difference."""
    found = first_difference(one_quantum_more(kind))
    assert found is not None
    assert "again    make replay SEED=" in str(found)


def test_parity_when_a_haircut_is_booked_to_nobody_then_the_difference_is_found() -> None:
    """An explanation that is not what happened is a difference, though no money is wrong."""

    def altered(book: Book, command: Any, rules: Any) -> Any:
        answer = decide(book, command, rules)
        if isinstance(answer, Rejection):
            return answer
        return tuple(replace(fact, haircuts=()) if isinstance(fact, Socialised) else fact for fact in answer)

    found = first_difference(altered)
    assert found is not None
    assert found.path.startswith("step/socialised")


def test_parity_when_a_rejection_has_another_code_then_the_difference_is_found() -> None:
    """The first reason in the order of precedence counts, not any reason."""

    def altered(book: Book, command: Any, rules: Any) -> Any:
        answer = decide(book, command, rules)
        if isinstance(answer, Rejection) and answer.code is Code.INSUFFICIENT_EQUITY:
            return replace(answer, code=Code.NEGATIVE_EQUITY)
        return answer

    found = first_difference(altered)
    assert found is not None
    assert found.path == "rejection"


def test_parity_when_the_rulebook_crashes_then_the_difference_names_the_error() -> None:
    """A crash is shown with seed and command like any other difference."""

    def altered(book: Book, command: Any, rules: Any) -> Any:
        raise KeyError("planted")

    found = first_difference(altered)
    assert found is not None
    assert (found.path, found.index, found.rulebook) == ("crash", 0, "KeyError: 'planted'")


def test_parity_when_two_processes_run_then_the_counts_are_as_asked() -> None:
    """Worlds in several processes are worlds of their own, and add up."""
    found, tally = run(seed=1, count=600, jobs=2)
    assert found is None, str(found)
    assert tally.counts["commands"] >= 600
    assert tally.counts["commands"] == tally.counts["accepted"] + tally.rejections.total()
