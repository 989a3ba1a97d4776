"""A runner: one thread, a bounded line, whole batches; nobody who asked waits for ever, whatever happens."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from deleverage.domain import Domain
from deleverage.domain.faults import DomainStopped, Evidence
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.domain.runner import Busy, Runner
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.journal import Journal
from deleverage.rulebook.messages import Command, Deposit, OpenAccount
from tests.domain.asking import SEED, acknowledged, again, control, failing, new, told
from tests.torture.script import RULES, command, key

WAIT_S = 60


def submitted(runner: Runner, first: int, last: int, wait_s: float = WAIT_S) -> list[Future[Outcome]]:
    """Return a future for each of the script's commands."""
    return [runner.submit(key(SEED, number), command(SEED, number), wait_s) for number in range(first, last + 1)]


def answered(futures: list[Future[Outcome]]) -> list[Acknowledged]:
    """Return acknowledgements."""
    return [acknowledged(future.result(WAIT_S)) for future in futures]


def digest(runner: Runner) -> str:
    """Return the digest of a runner's state."""
    return runner.ask(lambda domain, journal: domain.digest()).result(WAIT_S)


@contextmanager
def held(runner: Runner) -> Iterator[Callable[[], None]]:
    """Hold the runner's thread inside a look, until the end or until it is let go."""
    begun, end = Event(), Event()

    def look(domain: Domain, journal: Journal) -> None:
        begun.set()
        end.wait(WAIT_S)

    runner.ask(look)
    begun.wait(WAIT_S)
    try:
        yield end.set
    finally:
        end.set()


def test_runner_when_commands_come_then_answers_are_those_of_a_plain_domain_in_order(tmp_path: Path) -> None:
    """Sequence numbers are in the order in which they were handed in."""
    runner = Runner(new(tmp_path))
    told_ = answered(submitted(runner, 1, 80))
    assert [one.seq for one in told_] == list(range(1, 81))
    assert [one.answer for one in told_] == Domain.open(RULES).submit(command(SEED, at) for at in range(1, 81))
    assert digest(runner) == control(80).digest()
    runner.close()
    runner = Runner(again(tmp_path))
    assert digest(runner) == control(80).digest()
    runner.close()


def test_runner_when_many_wait_then_they_are_made_durable_together(tmp_path: Path) -> None:
    """One block, and the same hash on every receipt; a longer line is cut where a block is full."""
    runner = Runner(new(tmp_path), settings=Settings(most_at_once=30))
    with held(runner):
        futures = submitted(runner, 1, 40)
    receipts = [one.receipt for one in answered(futures)]
    assert [one.number for one in receipts] == [1] * 30 + [2] * 10
    assert len({one.chain_hash for one in receipts}) == 2
    runner.close()


def test_runner_when_the_line_is_full_then_it_says_so_and_nothing_is_done(tmp_path: Path) -> None:
    """Busy names how many wait; with time to wait, a place is waited for."""
    runner = Runner(new(tmp_path), settings=Settings(most_waiting=3))
    with held(runner) as let_go:
        futures = submitted(runner, 1, 3, 0)
        with pytest.raises(Busy, match="3 commands wait already") as busy:
            runner.submit("late", command(SEED, 4))
        with pytest.raises(Busy):
            runner.submit("late", command(SEED, 4), 0.01)
        with pytest.raises(Busy):
            runner.ask(lambda domain, journal: None)
        assert (busy.value.waiting, runner.waiting) == (3, 3)
        let_go()
        futures += submitted(runner, 4, 4)
    assert [one.seq for one in answered(futures)] == [1, 2, 3, 4]
    assert runner.ask(lambda domain, journal: journal.seq).result(WAIT_S) == 4
    runner.close()


def test_runner_when_somebody_looks_then_they_see_whole_batches_that_are_durable(tmp_path: Path) -> None:
    """State and journal say the same, between any two batches; a look has its place in line."""
    runner = Runner(new(tmp_path))
    with held(runner):
        looks = []
        for first in range(1, 60, 7):
            submitted(runner, first, first + 6)
            looks.append(runner.ask(lambda domain, journal: (domain.digest(), journal.seq)))
    for at, look in enumerate(looks, 1):
        assert look.result(WAIT_S) == (control(7 * at).digest(), 7 * at)
    runner.close()


def test_runner_when_a_look_fails_then_only_its_asker_is_told(tmp_path: Path) -> None:
    """Also where it ends as no look should."""
    runner = Runner(new(tmp_path))
    for error in (ValueError("mine"), SystemExit(3)):

        def look(domain: Domain, journal: Journal, error: BaseException = error) -> None:
            raise error

        assert runner.ask(look).exception(WAIT_S) is error
    assert answered(submitted(runner, 1, 1))[0].seq == 1
    runner.close()


def test_runner_when_questions_are_taken_back_then_the_others_are_answered(tmp_path: Path) -> None:
    """Commands and looks that were cancelled in line are not done; the thread goes on."""
    runner = Runner(new(tmp_path))
    seen: list[int] = []
    with held(runner):
        futures = submitted(runner, 1, 3)
        look = runner.ask(lambda domain, journal: seen.append(1))
        futures += submitted(runner, 4, 6)
        assert (futures[5].cancel(), look.cancel()) == (True, True)
    assert [one.seq for one in answered(futures[:5])] == [1, 2, 3, 4, 5]
    with pytest.raises(CancelledError):
        futures[5].result(WAIT_S)
    assert (digest(runner), seen) == (control(5).digest(), [])
    runner.close()


class Own(Deposit):
    """Somebody's own kind of command."""


def test_runner_when_what_comes_is_no_command_or_no_key_then_it_is_refused_at_the_door(tmp_path: Path) -> None:
    """Nothing gets into line."""
    runner = Runner(new(tmp_path))
    with pytest.raises(TypeError, match="str is no command of the law"):
        runner.submit("k", "command")  # type: ignore[arg-type]
    for own in (Command(time_ns=1), Own(time_ns=1, unit_id="a0", amount_quanta=1)):
        with pytest.raises(TypeError, match="is no command of the law"):
            runner.submit("k", own)
    for wrong in ("", "a b", "x" * 65, "two\nkeys"):
        with pytest.raises(JournalFault, match="UNLAWFUL"):
            runner.submit(wrong, command(SEED, 1))
    assert runner.ask(lambda domain, journal: journal.seq).result(WAIT_S) == 0
    runner.close()


def test_runner_when_the_journal_fails_then_everybody_in_line_is_told_and_nobody_waits(tmp_path: Path) -> None:
    """Those of the batch, those behind it, and whoever comes later."""
    with failing(tmp_path) as (journal, store):
        runner = Runner(journal, settings=Settings(most_at_once=5))
        answered(submitted(runner, 1, 20))
        with held(runner):
            futures = submitted(runner, 21, 40)
            store.fail_at(3, Why.FULL)
        for future in (*futures, *submitted(runner, 41, 42)):
            fault = future.exception(WAIT_S)
            assert isinstance(fault, JournalFault)
            assert fault.why is Why.FULL
        assert isinstance(runner.read_only, JournalFault)
        assert digest(runner) == control(20).digest()
        runner.close()
    runner = Runner(again(tmp_path))
    assert digest(runner) == control(20).digest()
    runner.close()


def test_runner_when_the_domain_stopped_then_nobody_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in line behind the batch are told the same reason."""

    def stop(self: Domain, *values: object) -> None:
        monkeypatch.undo()
        self.stopped = DomainStopped("INV-1", "planted", Evidence(command(SEED, 21), None, 0, ""))
        raise self.stopped

    runner = Runner(new(tmp_path), settings=Settings(most_at_once=2))
    answered(submitted(runner, 1, 20))
    with held(runner):
        monkeypatch.setattr(Domain, "submit_into", stop)
        futures = submitted(runner, 21, 24)
    assert [type(future.exception(WAIT_S)) for future in futures] == [DomainStopped] * 4
    assert isinstance(runner.read_only, DomainStopped)
    assert digest(runner) == control(20).digest()
    runner.close()


# -- the end ----------------------------------------------------------------------------------------------------------


def test_runner_when_it_is_closed_then_what_stands_in_line_is_done_signed_and_kept(tmp_path: Path) -> None:
    """And the journal can be opened again; closing twice is no harm."""
    runner = Runner(new(tmp_path))
    with held(runner):
        futures = submitted(runner, 1, 30)
        closing = Thread(target=runner.close)
        closing.start()
    closing.join(WAIT_S)
    runner.close()
    assert [told(future) for future in futures] == answered(futures)
    with pytest.raises(JournalFault, match="SHUT"):
        runner.submit("late", command(SEED, 31))
    with pytest.raises(JournalFault, match="SHUT"):
        runner.ask(lambda domain, journal: None)
    journal = again(tmp_path)
    snapshot = journal.store.snapshot()
    assert snapshot is not None
    assert (snapshot.seq, journal.checkpoints()[-1].state_digest) == (30, control(30).digest())
    journal.close()


def test_runner_when_commands_come_beside_its_closing_then_each_is_answered_or_told(tmp_path: Path) -> None:
    """Four threads hand in until they are refused: no future is left open, and the journal has what was told."""
    journal = new(tmp_path)
    for round_ in range(20):
        runner, futures, start = Runner(journal, settings=Settings(most_waiting=2)), [], Barrier(5)

        def hand_in(name: str) -> None:
            start.wait(WAIT_S)  # noqa: B023  # each round's threads end within it
            for at in range(1_000):
                opened = OpenAccount(time_ns=0, account_id=f"{name}-{at}")
                try:
                    futures.append(runner.submit(f"{name}-{at}", opened, 0.001))  # noqa: B023
                except Busy:
                    continue
                except JournalFault:
                    return

        threads = [Thread(target=hand_in, args=(f"r{round_}-t{at}",)) for at in range(4)]
        for thread in threads:
            thread.start()
        start.wait(WAIT_S)
        runner.close()
        for thread in threads:
            thread.join(WAIT_S)
        outcomes = [told(future) for future in futures]
        journal = again(tmp_path)
        acknowledged_ = [one for one in outcomes if isinstance(one, Acknowledged)]
        assert [one for one in outcomes if not isinstance(one, Acknowledged | JournalFault)] == []
        assert sorted(one.seq for one in acknowledged_)[-1:] in ([], [journal.seq])
    journal.close()


def test_runner_when_signing_at_its_end_fails_then_whoever_closes_is_told(tmp_path: Path) -> None:
    """Everything was durable before; what is missing is the state, and the journal is let go of."""
    with failing(tmp_path) as (journal, store):
        runner = Runner(journal)
        answered(submitted(runner, 1, 5))
        store.fail_at(1, Why.FULL)
        with pytest.raises(JournalFault, match="FULL"):
            runner.close()
    runner = Runner(again(tmp_path))
    assert digest(runner) == control(5).digest()
    runner.close()


def test_runner_when_it_is_to_close_itself_then_that_is_refused(tmp_path: Path) -> None:
    """It would wait for its own end."""
    runner = Runner(new(tmp_path))
    error = runner.ask(lambda domain, journal: runner.close()).exception(WAIT_S)
    assert isinstance(error, RuntimeError)
    assert answered(submitted(runner, 1, 1))[0].seq == 1
    runner.close()


def test_runner_when_two_domains_stand_side_by_side_then_they_share_nothing(tmp_path: Path) -> None:
    """The same keys mean other commands there, and either state is that of a domain alone."""
    runners = []
    for at in range(2):
        folder = tmp_path / str(at)
        folder.mkdir()
        runners.append(Runner(new(folder)))
    futures = [runner.submit(key(SEED, number), command(SEED, number + at * (number > 20)), WAIT_S)
               for number in range(1, 41) for at, runner in enumerate(runners)]  # fmt: skip
    assert [one.seq for one in answered(futures)] == [number for number in range(1, 41) for _ in runners]
    assert digest(runners[0]) == control(40).digest()
    assert digest(runners[1]) != control(40).digest()
    for runner in runners:
        runner.close()


def test_runner_when_who_waits_exits_then_the_others_of_the_batch_are_told_as_ever(tmp_path: Path) -> None:
    """What a callback raises is its own: whoever is durable hears so, and the line goes on, also behind a question."""
    runner = Runner(new(tmp_path))
    going = Event()
    runner.ask(lambda domain, journal: going.wait())
    futures = [runner.submit(key(SEED, number), command(SEED, number)) for number in range(1, 5)]
    futures[1].add_done_callback(lambda future: sys.exit(3))
    asked_too = runner.ask(lambda domain, journal: journal.seq)
    asked_too.add_done_callback(lambda future: sys.exit(3))
    going.set()
    assert [acknowledged(future.result(10)).seq for future in futures] == [1, 2, 3, 4]
    assert (asked_too.result(10), runner.ask(lambda domain, journal: journal.seq).result(10)) == (4, 4)
    runner.close()
