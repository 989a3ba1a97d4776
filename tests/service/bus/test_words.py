"""Whatever travels arrives as what it was: questions, views, acts, commands, outcomes and refusals."""

from pathlib import Path

import msgspec
import pytest

from deleverage.domain.outcomes import Acknowledged, KeyReused, Outcome, Unwritten
from deleverage.domain.planned import Moved
from deleverage.domain.runner import Busy
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook.messages import Command, Deposit, Rejection
from deleverage.service.acts import Act, Approve, StepNow
from deleverage.service.bus import kinds
from deleverage.service.bus.kinds import Named
from deleverage.service.bus.words import OutcomeWords, read_asked, read_outcome, say_asked, say_outcome
from deleverage.service.outcomes import document_of
from deleverage.service.problems import Code, Problem
from deleverage.service.questions import AccountQuestion, MarketsQuestion, Question, ReservesQuestion, View
from deleverage.service.questions.published import Held
from tests.service.world import served


def carried(words: OutcomeWords) -> OutcomeWords:
    """Return words that went through the bus."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(words), type=OutcomeWords)


def test_kinds_when_looked_at_then_every_record_has_a_name_of_its_own_and_can_be_read() -> None:
    """Also those that are called alike, and those that no route asks."""
    for base, least in ((Question, 25), (View, 45), (Act, 12)):
        found = kinds.kinds(base)
        assert len(found) >= least
        for name, kind in found.items():
            msgspec.json.Decoder(kind)
            assert name == kinds.name_of(kind)


@pytest.mark.parametrize(
    "record",
    [
        AccountQuestion(account="a"),
        ReservesQuestion(held=Held(currency="USD", assets_quanta=7, available_ns=3)),
        Approve(proposal="p", hash="h"),
        StepNow(key="k"),
    ],
)
def test_record_when_carried_then_it_is_the_same(record: Question | Act) -> None:
    """Its name and its document are enough."""
    given = kinds.named(record)
    assert record == (kinds.read(Question, given) if isinstance(record, Question) else kinds.read(Act, given))


def test_record_when_its_name_is_unknown_then_it_is_refused() -> None:
    """Nothing is looked for outside the records of its kind."""
    with pytest.raises(ValueError, match="no question of the name"):
        kinds.read(Question, Named("acts.marks.HandInMarks", b"{}"))


def test_view_when_carried_then_it_is_the_same(tmp_path: Path) -> None:
    """Views hold views."""
    with served(tmp_path) as world:
        for question in (MarketsQuestion(), AccountQuestion(account="maker")):
            try:
                view = world.runner.ask(question.answer).result(10)
            except Problem:
                continue
            assert view == kinds.read(View, kinds.named(view))


def test_outcomes_when_carried_then_they_are_the_same(tmp_path: Path) -> None:
    """Facts, rejections, receipts; asked again, too."""
    with served(tmp_path) as world:
        outcomes = [*world.do([Deposit(time_ns=0, unit_id="nobody", amount_quanta=1)], "x")]
        outcomes += [world.runner.submit(f"setup:{at}", _at(world.runner, at)).result(10) for at in range(3)]
    for outcome in outcomes:
        assert isinstance(outcome, Acknowledged)
        assert outcome == read_outcome(carried(say_outcome(outcome)))


def _at(runner: object, at: int) -> Command:
    found: Command = runner.ask(lambda _, journal: journal.entry(at + 1).command).result(10)  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(
    "refusal",
    [
        KeyReused("k", 7),
        Busy(3),
        Moved("a", "b"),
        JournalFault(Why.FENCED, "another", 1, 2),
        Problem(Code.NO_FRESH_MARK, "hand marks in", retry_s=1, waits_for="X"),
    ],
)
def test_refusal_when_carried_then_people_are_told_the_same(refusal: Exception) -> None:
    """The type and the compared values come through."""
    found = read_outcome(carried(say_outcome(refusal)))
    assert type(refusal) is type(found)
    assert document_of("k", refusal) == document_of("k", found)


def test_defect_when_carried_then_nothing_of_it_is_told() -> None:
    """What it says may hold anything."""
    found = read_outcome(carried(say_outcome(RuntimeError("secret"))))
    assert isinstance(found, Problem)
    assert (found.code, "secret" in str(found)) == (Code.DEFECT, False)


def test_unwritten_when_carried_then_it_has_no_receipt(tmp_path: Path) -> None:
    """The law's refusal of what has no place in the journal."""
    with served(tmp_path) as world:
        (rejected,) = world.do([Deposit(time_ns=0, unit_id="nobody", amount_quanta=1)], "x")
    assert isinstance(rejected.answer, Rejection)
    outcome: Outcome = Unwritten(rejected.answer)
    assert outcome == read_outcome(carried(say_outcome(outcome)))


def test_command_when_carried_then_it_is_the_same() -> None:
    """With its plan."""
    command = Deposit(time_ns=0, unit_id="a", amount_quanta=10**30)
    words = say_asked(("k", command), "hash")
    assert ("k", command) == read_asked(words)
    assert words.plan_hash == "hash"
