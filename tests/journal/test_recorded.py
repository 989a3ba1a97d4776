"""A recorded domain: what it answered is durable before anybody has it, also where a batch ends early."""

from pathlib import Path

import pytest

from deleverage.domain import recorded
from deleverage.domain.domain import Domain
from deleverage.domain.engines import COLUMNS, RULEBOOK
from deleverage.domain.player import play
from deleverage.domain.recorded import RecordedDomain
from deleverage.journal import local
from deleverage.journal.faults import JournalFault
from deleverage.rulebook.messages import Deposit, Rejection, RunStep
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.selection import PolicyFault
from deleverage.scenarios.loader import load
from tests.journal.made import record_story, small_pairs

COMMANDS = [command for command, _ in small_pairs()]


def _made(tmp_path: Path, rules: Rules | None = None, engine: str = COLUMNS) -> RecordedDomain:
    return RecordedDomain(local.create(str(tmp_path / "j.db"), "d", rules or Rules()), engine)


def _reopened(tmp_path: Path, engine: str = COLUMNS) -> RecordedDomain:
    return RecordedDomain(local.open_journal(str(tmp_path / "j.db")), engine)


def test_domain_when_another_one_wrote_to_its_journal_then_it_writes_nothing(tmp_path: Path) -> None:
    """It knows nothing of that: its answers would never come of executing the journal again."""
    journal = local.create(str(tmp_path / "j.db"), "d", Rules())
    one, other = RecordedDomain(journal, prefix="one"), RecordedDomain(journal, prefix="other")
    one.submit(COMMANDS[:2])
    with pytest.raises(JournalFault, match=r"UNLAWFUL: facts before these answers \(found 0, expected 2\)"):
        other.submit(COMMANDS[:1])
    journal.close()
    assert one.digest() == _reopened(tmp_path).digest()


def test_domain_when_its_prefix_makes_no_keys_then_it_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    """Also one that would be too long for a late command."""
    journal = local.create(str(tmp_path / "j.db"), "d", Rules())
    for prefix in ("a b", "x" * 45):
        with pytest.raises(JournalFault, match="UNLAWFUL: a key is 1 to 64"):
            RecordedDomain(journal, prefix=prefix)
    journal.close()


def test_domain_when_it_is_opened_again_then_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """Answers, digest, and the numbers of keys."""
    domain = _made(tmp_path)
    answers = domain.submit(COMMANDS)
    domain.journal.close()
    again = _reopened(tmp_path)
    assert (domain.digest(), 3) == (again.digest(), again.journal.seq)
    again.submit(COMMANDS[1:2])
    entries = list(again.journal.entries())
    assert answers == [entry.answer for entry in entries[:3]]
    assert [entry.key for entry in entries] == ["run-1", "run-2", "run-3", "run-4"]
    again.journal.close()


@pytest.mark.parametrize("wrong", [1.5, None, True, 10**5000], ids=["float", "none", "flag", "huge"])
@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
def test_command_when_it_has_no_text_then_it_is_refused_and_the_others_are_recorded(
    tmp_path: Path, engine: str, wrong: object
) -> None:
    """It has changed nothing, so the journal tells the whole story without it."""
    domain = _made(tmp_path, engine=engine)
    malformed = Deposit(time_ns=1, unit_id="al", amount_quanta=wrong)  # type: ignore[arg-type]
    answers = domain.submit([COMMANDS[0], malformed, COMMANDS[1]])
    assert [isinstance(answer, Rejection) for answer in answers] == [False, True, False]
    assert [answers[1]] == domain.submit([malformed])
    assert [COMMANDS[0], COMMANDS[1]] == [entry.command for entry in domain.journal.entries()]
    domain.journal.close()
    again = _reopened(tmp_path, engine)
    assert domain.digest() == again.digest()
    again.journal.close()


@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
def test_batch_when_a_policy_is_unlawful_in_the_middle_then_what_was_done_before_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """The fault comes out, the command that met it changed nothing, and nothing behind it was asked."""
    scenario = load("six-longs")
    domain = _made(tmp_path, scenario.rules, engine)
    commands = [origin.command for origin in scenario.setup]
    domain.submit(commands)
    frame = list(scenario.path[0].commands)
    step = RunStep(time_ns=scenario.path[0].time_ns)

    def allocate(*_: object, **__: object) -> object:
        raise PolicyFault("nobody is closed by this one")

    monkeypatch.setattr(type(scenario.rules.policy), "allocate", allocate)
    with pytest.raises(PolicyFault):
        domain.submit([*frame, step, *frame])
    monkeypatch.undo()
    assert [*commands, *frame] == [entry.command for entry in domain.journal.entries()]
    assert domain.stopped is None
    domain.submit([step])
    domain.journal.close()
    again = _reopened(tmp_path, engine)
    assert domain.digest() == again.digest()
    again.journal.close()


def test_batch_when_something_in_it_is_no_command_then_what_was_done_before_is_recorded(tmp_path: Path) -> None:
    """A TypeError comes out, as of any domain."""
    domain = _made(tmp_path)
    with pytest.raises(TypeError, match="no command"):
        domain.submit([*COMMANDS[:2], "no command", COMMANDS[2]])  # type: ignore[list-item]
    assert COMMANDS[:2] == [entry.command for entry in domain.journal.entries()]
    domain.journal.close()


def test_batch_when_it_is_large_then_it_becomes_blocks_and_signed_states_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the last signed state, where it falls on the end, is not signed twice."""
    monkeypatch.setattr(recorded, "AT_ONCE", 10)
    monkeypatch.setattr(recorded, "CHECKPOINT_EVERY", 25)
    domain = _made(tmp_path)
    deposit = COMMANDS[1]
    domain.submit([COMMANDS[0], *[deposit] * 59])
    assert [one.seq for one in domain.journal.checkpoints()] == [30, 60]
    domain.checkpoint()
    assert [one.seq for one in domain.journal.checkpoints()] == [30, 60]
    assert (domain.journal.mark.number, domain.journal.seq) == (6, 60)
    domain.journal.close()
    again = _reopened(tmp_path)
    assert domain.digest() == again.digest()
    again.journal.close()


def test_domain_when_its_journal_is_shut_then_nothing_is_answered(tmp_path: Path) -> None:
    """An answer that is not durable is none."""
    domain = _made(tmp_path)
    domain.submit(COMMANDS[:1])
    domain.journal.close()
    answers: list[object] = []
    with pytest.raises(JournalFault, match="SHUT"):
        answers += domain.submit(COMMANDS[1:])
    assert answers == []


def test_story_when_it_is_recorded_then_the_domain_ends_as_without_a_journal(tmp_path: Path) -> None:
    """Recording changes nothing that is decided."""
    told = record_story(tmp_path / "j.db", "cascade")
    run = play(load("cascade"))
    assert isinstance(run.domain, Domain)
    assert run.domain.digest() == told.digest()
    told.journal.close()
