"""A machine with a journal on its disk, on which all goes wrong: and each time somebody starts it again."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from copy import copy
from dataclasses import replace

from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import Settings
from deleverage.domain.outcomes import Acknowledged, Asked
from deleverage.journal.faults import JournalFault, Why
from deleverage.rulebook.messages import Command
from tests.torture import ground
from tests.torture.disk import Disk
from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.ground import Build
from tests.torture.network import Course
from tests.torture.outages import UNMADE
from tests.torture.sectors import FORGET, KEEP, TEAR
from tests.torture.witness import Witness

OPERATIONS = 150
"""At most so many of the disk from a start to what goes wrong on it."""
REST_MS = 300
DISK_FAULTS = (Kind.EIO, Kind.ENOSPC, Kind.SHORT, Kind.FAILED_SYNC, Kind.TORN)
EXCUSES = {Why.FAILED, Why.FULL}
"""What a start or a clerk may say where the disk fails."""

Tell = Callable[[Acknowledged], None]


class Wrong(Exception):
    """Something that must not be."""


class Machine:
    """A disk, and a process at work on it while there is one."""

    def __init__(self, course: Course, witness: Witness, build: Build) -> None:
        """Begin with an empty disk, switched off."""
        self.course, self.witness, self.rng = course, witness, course.rng
        settings = Settings(
            most_at_once=self.rng.choice((1, 3, 20)),
            checkpoint_every=self.rng.choice((3, 8, 50)),
            snapshot_every=self.rng.choice((5, 20)),
        )
        self.build = replace(build, settings=settings)
        self.clerk: Clerk | None = None
        self._disk = Disk(self.rng.getrandbits(64))
        self._life = ExitStack()
        self._line: list[tuple[Asked, Tell]] = []
        self._made, self._claimed = False, False

    def arrive(self, name: str, command: Command, tell: Tell) -> None:
        """Take a request into the line; a machine that is off takes none."""
        if self.clerk is not None:
            self._line.append((self.witness.ask(name, command), tell))
            if len(self._line) == 1:
                self.course.after(self.rng.randrange(1, 10), self._work)

    def start(self) -> None:
        """Start what is off; what goes wrong in it is drawn."""
        rates, faults = self.course.rates, []
        if self.course.happens(rates.cut):
            faults.append(Fault(Kind.CRASH, self.rng.randrange(1, OPERATIONS)))
        if self.course.happens(rates.broken):
            kind = self.rng.choice(DISK_FAULTS)
            faults.append(Fault(kind, self.rng.randrange(1, OPERATIONS), lasts=self.rng.randrange(3) == 0))
        self._disk = self._disk.kill(faults)
        try:
            self.clerk = self._opened()
        except PowerCut:
            self._dies("cut while starting", cut=True)
        except JournalFault as fault:
            if fault.why not in EXCUSES or not faults:
                raise Wrong(f"it is not opened: {fault}") from None
            self._dies(f"not started: {fault.why.name}", cut=False)

    def restart(self) -> Clerk:
        """Close in order on a disk that is sound, cut the power, and start once more."""
        self._disk.mend()
        if self.clerk is not None:
            if not self._claimed:
                self.clerk.end()
            self._dies("closed", cut=True)
        self.start()
        assert self.clerk is not None
        return self.clerk

    def close(self) -> None:
        """Let go of everything."""
        self._life.close()

    def _opened(self) -> Clerk:
        """Open the journal, or make it where its making was cut short, over what that has left; and look at it."""
        try:
            clerk = self._life.enter_context(ground.running(self._disk, self.build))
        except JournalFault as fault:
            if self._made or fault.why not in UNMADE:
                raise
            clerk = self._life.enter_context(ground.running(self._disk, self.build, create=True))
        self._made, self._claimed = True, False
        self._expect(self.witness.complaint(clerk))
        self.course.note("started", f"{len(self.witness.entries)} commands")
        return clerk

    def _dies(self, how: str, cut: bool) -> None:
        """End the process, and with ``cut`` the machine; somebody starts it again."""
        self.course.note(how)
        self._life.close()
        self.clerk, self._line = None, []
        self._disk = self._disk.power_cut(self.rng.choice((FORGET, KEEP, TEAR))) if cut else self._disk.kill()
        self.course.after(self.rng.randrange(1, REST_MS), lambda: self.start() if self.clerk is None else None)

    def _work(self) -> None:
        """Answer what waits, and see what became of the machine meanwhile."""
        clerk, rates = self.clerk, self.course.rates
        if clerk is None or not self._line:
            return
        if self.course.happens(rates.usurped):
            self._claim(clerk)
        most = self.build.settings.most_at_once
        batch, self._line = self._line[:most], self._line[most:]
        with suppress(PowerCut):
            clerk.do([asked for asked, _ in batch])
        for asked, tell in batch:
            self._hear(asked, tell)
        if self._disk.off:
            self._dies("cut at work", cut=True)
        elif clerk.read_only is not None:
            self._halted(clerk)
        elif self.course.happens(rates.killed):
            self._dies("killed", cut=False)
        elif self._line:
            self.course.after(self.rng.randrange(1, 10), self._work)

    def _claim(self, clerk: Clerk) -> None:
        """Let somebody else claim the journal under the hands of its writer."""
        with suppress(JournalFault, PowerCut):
            copy(clerk.look(lambda domain, journal: journal.store)).claim()
            self._claimed = True
            self.course.note("claimed by another")

    def _halted(self, clerk: Clerk) -> None:
        why = clerk.read_only.why if isinstance(clerk.read_only, JournalFault) else None
        if why not in EXCUSES and not (why is Why.FENCED and self._claimed):
            raise Wrong(f"it halts: {clerk.read_only}")
        with suppress(JournalFault, PowerCut):
            clerk.end()
        self._dies(f"halted: {why.name}", cut=self._disk.off or self.rng.randrange(2) == 0)

    def _hear(self, asked: Asked, tell: Tell) -> None:
        """Take an outcome over, and send it on."""
        fault = asked.future.exception(0)
        if fault is None:
            self._expect(self.witness.hear(asked.key, asked.future))
            outcome = asked.future.result()
            assert isinstance(outcome, Acknowledged)
            if self._claimed and not outcome.again:
                raise Wrong(f"{asked.key} is acknowledged by a writer whose journal was claimed by another")
            self.course.note("acknowledged", f"{asked.key} as {outcome.seq}")
            tell(outcome)
        elif not isinstance(fault, JournalFault) and not self._disk.off:
            raise Wrong(f"{asked.key} fails with {fault!r}")

    def _expect(self, complaint: str | None) -> None:
        if complaint is not None:
            raise Wrong(complaint)
