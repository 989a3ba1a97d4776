"""Second writers: two at work on one journal, because its lock keeps one of them out no more.

Whoever opened it later has a later epoch. The earlier one appends nothing from then on and signs nothing, and what it
acknowledged before is there. Where the lock works, the second one does not get in.
"""

from collections import Counter
from concurrent.futures import Future
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from random import Random

from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Acknowledged, Outcome
from deleverage.domain.runner import Runner
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import SystemFile, SystemFiles
from deleverage.journal.journal import Journal
from deleverage.journal.local import create, open_journal
from deleverage.journal.store import Stored
from tests.torture import child, processes
from tests.torture.child import Told
from tests.torture.compare import complaint
from tests.torture.script import RULES, command, key
from tests.torture.tally import Tally

NAME = "second writers"
AGAIN = "python -m tests.torture --only 'second writers' --count 1"
COMMANDS = 60
TRIES = 10
"""Appends of the earlier writer with nothing between it and the store."""
WAIT_S = 60


class Unlocked(SystemFiles):
    """The machine's files, with a lock that keeps nobody out."""

    def lock(self, path: str) -> SystemFile:
        """Return a claim on a name of its own."""
        return self.open(f"{path}.unlocked", create=True)


def run(count: int, seed: int) -> Tally:
    """Return what ``count`` pairs of writers did, each on a journal of its own."""
    tally = Tally(NAME)
    for at in range(count):
        with processes.folder() as folder:
            pair = _Pair(str(folder / "j.db"), seed + at, tally)
            try:
                pair.in_turn() if pair.rng.random() < 0.5 else pair.at_once()
            finally:
                pair.end()
            complained = complaint(pair.path, pair.seed, pair.told)
            if complained is not None:
                pair.fail(complained)
    return tally


class _Pair:
    """An earlier writer in this process, a later one in another."""

    def __init__(self, path: str, seed: int, tally: Tally) -> None:
        self.path, self.seed, self.tally = path, seed, tally
        self.rng = Random(seed)
        self.told: dict[int, Told] = {}
        create(path, "torture", RULES).close()
        self.journal = open_journal(path)
        self.runner = Runner(self.journal, settings=Settings(most_at_once=self.rng.choice((1, 3))))

    def in_turn(self) -> None:
        """The earlier writer pauses, and goes on when the later one has done its work."""
        own = self.rng.randrange(1, COMMANDS)
        for number in range(1, own + 1):
            self._hear(number, self._submit(number))
        try:
            open_journal(self.path).close()
            self.fail("the lock let a second writer in")
        except JournalFault as fault:
            self._expect(fault.why.name, Why.LOCKED.name)
        self._follow(*self._begin(own + 1))
        for _ in range(TRIES):
            try:
                self.journal.store.append(_next_block(self.journal))
                self.fail("the store took a block of an earlier epoch")
            except JournalFault as fault:
                self._expect(fault.why.name, Why.FENCED.name)
        if self.rng.random() < 0.5:
            self._hear(COMMANDS + 1, self._submit(COMMANDS + 1))
        self.tally.note("in turn")

    def at_once(self) -> None:
        """Both work at once, on the same commands."""
        process, reader = self._begin(1)
        waiting = {number: self._submit(number) for number in range(1, COMMANDS + 1)}
        self._follow(process, reader)
        for number, future in waiting.items():
            self._hear(number, future)
        self.tally.note("at once")

    def end(self) -> None:
        """Close the earlier writer, which may not know yet that there is a later one."""
        try:
            self.runner.close()
        except JournalFault as fault:
            self._expect(fault.why.name, Why.FENCED.name)

    def _submit(self, number: int) -> Future[Outcome]:
        return self.runner.submit(key(self.seed, number), command(self.seed, number))

    def _begin(self, first: int) -> tuple[BaseProcess, Connection]:
        """Start the later writer."""
        return processes.start(child.forced, self.path, self.seed, first, COMMANDS, Unlocked())

    def _follow(self, process: BaseProcess, reader: Connection) -> None:
        """Hear the later writer to its end."""
        for told in processes.heard(reader):
            if isinstance(told, str):
                self._expect(told, Why.LOCKED.name)
            else:
                self._take(told)
        process.join()
        reader.close()

    def _hear(self, number: int, future: Future[Outcome]) -> None:
        try:
            outcome = future.result(WAIT_S)
        except JournalFault as fault:
            self._expect(fault.why.name, Why.FENCED.name, Why.LOCKED.name)
            return
        assert isinstance(outcome, Acknowledged)
        self._take(Told(number, outcome.seq, ascii(outcome.answer), outcome.receipt, outcome.again))

    def _take(self, told: Told) -> None:
        before = self.told.setdefault(told.number, told)
        self._tell("commands", "acknowledged by one" if before is told else "acknowledged by both")
        if told._replace(again=False) != before._replace(again=False):
            self.fail(f"command {told.number} was acknowledged as {before}, and as {told}")

    def _expect(self, found: str, *expected: str) -> None:
        self._tell("refusals", found)
        if found not in expected:
            self.fail(f"refused with {found}; {' or '.join(expected)} was expected")

    def fail(self, sentence: str) -> None:
        """Note what must not have happened."""
        self.tally.fail(self.seed, sentence[:1_000], f"{AGAIN} --seed {self.seed}")

    def _tell(self, kind: str, what: str) -> None:
        self.tally.kinds.setdefault(kind, Counter()).update([what])


def _next_block(journal: Journal) -> Stored:
    """Return a block as the earlier writer would append it now."""
    mark = journal.mark
    return Stored(mark.number + 1, mark.seq + 1, mark.seq + 1, journal.epoch, mark.chain_hash, b"")
