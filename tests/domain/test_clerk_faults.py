"""A clerk whose journal fails, whose domain stops, whose policy cannot answer: nobody waits, and nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deleverage.domain import Domain
from deleverage.domain.clerk import Clerk
from deleverage.domain.engines import COLUMNS, RULEBOOK, Answer
from deleverage.domain.faults import DomainStopped
from deleverage.domain.keeper import Settings
from deleverage.domain.on_rulebook import OnRulebook
from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.engine.engine import Engine
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.messages import Command, RunStep
from deleverage.rulebook.selection import PolicyFault
from tests.domain.asking import SEED, acknowledged, again, asked, batch, control, done, failing, new, path_of, told
from tests.torture.compare import complaint
from tests.torture.script import command, key

KEEPING = Settings(checkpoint_every=10, snapshot_every=20)
POISON = key(SEED, 23)


def require_reason(why: Why, *outcomes: Outcome | BaseException) -> None:
    """Fail unless everybody was told why the journal failed."""
    for outcome in outcomes:
        assert isinstance(outcome, JournalFault), outcome
        assert outcome.why is why


# -- the journal fails ------------------------------------------------------------------------------------------------


WRITE = 3
"""The call with which a batch is written: twice its keys were looked up before."""


def worked(folder: Path, call: int, why: Why) -> int:
    """Let a call to the store fail under a clerk, look at everything, and return how many calls there were."""
    with failing(folder) as (journal, store):
        clerk = Clerk(journal, settings=KEEPING)
        line = done(clerk, batch(1, 15))
        store.fail_at(call, why)
        line += [one for at in (13, 17, 22) for one in done(clerk, batch(at, at + 7))]
        kept = {one.seq: one for one in line if isinstance(one, Acknowledged)}
        require_reason(why, *(one for one in line if not isinstance(one, Acknowledged)))
        calls = store.calls
        assert (clerk.read_only is not None) == (call <= calls)
        if clerk.read_only is not None:
            require_reason(why, *done(clerk, [asked(40)]))
        store.fail_at(0, why)
        clerk.end()
    journal = again(folder)
    found = {one.seq: one.answer for one in journal.entries()}
    assert {seq: found[seq] for seq in kept} == {seq: one.answer for seq, one in kept.items()}
    journal.close()
    assert complaint(path_of(folder), SEED, {}) is None
    return calls


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("why", [Why.FULL, Why.FAILED])
def test_clerk_when_any_call_to_the_store_fails_then_all_are_told_and_what_was_acknowledged_is_there(
    tmp_path: Path, why: Why
) -> None:
    """At each call in turn, reads included: none is taken afterwards, and a restart has what was acknowledged."""
    call = calls = 1
    while call <= calls:
        folder = tmp_path / str(call)
        folder.mkdir()
        calls, call = worked(folder, call, why), call + 1
    assert call > 20


@pytest.mark.parametrize("why", list(Why), ids=[why.name for why in Why])
def test_clerk_when_a_block_is_not_taken_then_everybody_in_it_is_told_the_reason(tmp_path: Path, why: Why) -> None:
    """Whatever the reason is."""
    assert worked(tmp_path, WRITE, why) > WRITE


def test_clerk_when_the_device_is_full_then_it_reads_the_state_of_the_journal_and_answers_old_keys(
    tmp_path: Path,
) -> None:
    """The state in memory was ahead; it is rebuilt. What was acknowledged is told again, and nothing new is done."""
    with failing(tmp_path) as (journal, store):
        clerk = Clerk(journal)
        (first, *_) = done(clerk, batch(1, 20))
        store.fail_at(WRITE, Why.FULL)
        require_reason(Why.FULL, *done(clerk, batch(21, 30)))
        assert clerk.look(lambda domain, _: domain.digest()) == control(20).digest()
        old, fresh = done(clerk, [asked(1), asked(31)])
        assert old == acknowledged(first)._replace(again=True)
        require_reason(Why.FULL, fresh)
        assert isinstance(clerk.read_only, JournalFault)
        clerk.end()


def test_clerk_when_writing_failed_then_nobody_is_shown_the_state_that_is_ahead(tmp_path: Path) -> None:
    """What became of the block is unknown: there is no state to look at before the journal is opened again."""
    with failing(tmp_path) as (journal, store):
        clerk = Clerk(journal)
        done(clerk, batch(1, 20))
        store.fail_at(WRITE, Why.FAILED)
        require_reason(Why.FAILED, *done(clerk, batch(21, 30)))
        with pytest.raises(JournalFault, match="planted"):
            clerk.look(lambda domain, _: domain.digest())
        clerk.end()


def test_clerk_when_something_nobody_foresaw_fails_between_deciding_and_writing_then_it_halts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is as it was, so the state is rebuilt; a command after it would follow from what nobody has."""
    journal = new(tmp_path)
    clerk = Clerk(journal)
    done(clerk, batch(1, 20))
    monkeypatch.setattr(journal, "append", lambda answered: 1 // 0)
    assert [type(one) for one in done(clerk, batch(21, 22))] == [ZeroDivisionError] * 2
    monkeypatch.undo()
    require_reason(Why.FAILED, *done(clerk, [asked(23)]))
    assert clerk.look(lambda domain, _: domain.digest()) == control(20).digest()
    clerk.end()
    assert Clerk(again(tmp_path)).look(lambda domain, _: domain.digest()) == control(20).digest()


def test_clerk_when_its_clock_fails_then_the_batch_fails_and_the_next_is_done(tmp_path: Path) -> None:
    """Nothing was decided: nothing has to stop."""
    times: Iterator[int] = iter([5])

    def stamp(last_ns: int) -> int:
        try:
            return next(times)
        except StopIteration:
            raise OSError("no clock") from None

    clerk = Clerk(new(tmp_path), stamp=stamp)
    (first,), (second,) = done(clerk, [asked(1)]), done(clerk, [asked(2)])
    times = iter([6])
    (third,) = done(clerk, [asked(2)])
    assert (acknowledged(first).seq, type(second), acknowledged(third).seq) == (1, OSError, 2)


# -- the domain stops, or somebody's policy cannot answer -------------------------------------------------------------


@pytest.mark.parametrize("engine", [COLUMNS, RULEBOOK])
def test_clerk_when_the_domain_stops_then_nothing_of_the_batch_is_done_and_nothing_more_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """Sums that do not hold are found behind the batch: none of it may be acknowledged. Reading goes on."""
    step = next(number for number in range(20, 200) if isinstance(command(SEED, number), RunStep))
    clerk = Clerk(new(tmp_path), engine)
    (first, *_) = done(clerk, batch(1, step - 5))

    def broken(self: object) -> None:
        monkeypatch.undo()
        raise InvariantBroken("INV-1", "planted")

    for kind in (Engine, OnRulebook):
        monkeypatch.setattr(kind, "check", broken)
    for one in done(clerk, batch(step - 4, step + 3)):
        assert isinstance(one, DomainStopped)
    assert isinstance(clerk.read_only, DomainStopped)
    old, fresh = done(clerk, [asked(1), asked(step + 4)])
    assert old == acknowledged(first)._replace(again=True)
    assert fresh is clerk.read_only
    assert clerk.look(lambda domain, _: domain.digest()) == control(step - 5).digest()
    clerk.end()
    journal = again(tmp_path)
    assert journal.seq == step - 5
    journal.close()


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant a policy that cannot answer command 23."""
    real = Domain.submit_into

    def submit_into(self: Domain, commands: list[Command], answers: list[Answer]) -> None:
        for one in commands:
            if one == command(SEED, 23):
                raise PolicyFault("planted")
            real(self, [one], answers)

    monkeypatch.setattr(Domain, "submit_into", submit_into)


@pytest.mark.usefixtures("poisoned")
def test_clerk_when_a_policy_cannot_answer_one_command_then_the_others_are_done(tmp_path: Path) -> None:
    """Those before it and those behind it; the key stays free, and its twin learns the same."""
    clerk = Clerk(new(tmp_path))
    line = [*batch(1, 25), asked(23), asked(0, POISON, command(SEED, 30))]
    outcomes = done(clerk, line)
    assert [number for number, one in enumerate(outcomes, 1) if isinstance(one, PolicyFault)] == [23, 26]
    assert [acknowledged(one).seq for one in (*outcomes[:22], *outcomes[23:25])] == list(range(1, 25))
    assert acknowledged(outcomes[26]).seq == 25  # the key was used for nothing
    clerk.end()
    journal = again(tmp_path)
    expected = [command(SEED, number) for number in (*range(1, 23), 24, 25, 30)]
    assert [one.command for one in journal.entries()] == expected
    journal.close()


@pytest.mark.usefixtures("poisoned")
def test_clerk_when_nothing_of_a_batch_can_be_answered_then_nothing_is_written(tmp_path: Path) -> None:
    """And the next batch is done."""
    journal: Journal = new(tmp_path)
    clerk = Clerk(journal)
    done(clerk, batch(1, 22))
    (fault,) = done(clerk, [asked(23)])
    assert isinstance(fault, PolicyFault)
    assert (journal.mark.number, clerk.read_only) == (1, None)
    line = batch(24, 24)
    clerk.do(line)
    assert acknowledged(told(line[0].future)).seq == 23
