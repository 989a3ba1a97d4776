"""A fault of the disk at every operation of a script: errors, a full device, short and torn writes, a sync that fails.

The script makes a journal, works, signs, keeps, closes, opens and works again. Under each fault it ends in one of four
ways: done, refused with a typed reason, halted (nothing is taken any more, and everybody waiting knows why), or cut off
with the power. Whatever the way, a start after it finds everything that was acknowledged, once; and so does another one
after a power cut, in that start or behind it: what a failed sync has given up reads well until then.
"""

from collections.abc import Collection
from contextlib import suppress
from random import Random

from deleverage.domain.clerk import Clerk
from deleverage.domain.keeper import Settings
from deleverage.journal.faults import JournalFault, Why
from tests.torture import ground
from tests.torture.chance import seed_sqlite
from tests.torture.disk import Disk
from tests.torture.faults import Fault, Kind, PowerCut, faults_of
from tests.torture.ground import Build
from tests.torture.outages import UNMADE
from tests.torture.sectors import FORGET, KEEP, TEAR
from tests.torture.tally import Tally
from tests.torture.witness import Witness

NAME = "I/O faults"
AGAIN = f"python -m tests.torture --only '{NAME}' --count 1000"
BUILD = Build(settings=Settings(checkpoint_every=20, snapshot_every=40))
START = 60
"""About as many operations as a start has: every second one after a fault is cut, the others are sound."""
LIVES = ((30, 1, 15, 4), (1, 20))
"""Commands of each batch, from a start to a close."""


def run(count: int, seed: int, build: Build = BUILD, kinds: Collection[Kind] = tuple(Kind)) -> Tally:
    """Return what ``count`` faults did, or a few more: evenly spread over those of scripts with successive seeds."""
    tally = Tally(NAME)
    while tally.runs < count:
        seed_sqlite(seed)
        plain = _Trial(seed, None, build)
        plain.script()
        faults = [fault for fault in faults_of(plain.disk.log) if fault.kind in kinds]
        for fault in faults[:: max(1, len(faults) // count)]:
            seed_sqlite(seed)
            _Trial(seed, fault, build).judge(tally)
        seed += 1
    return tally


class _Trial:
    """The script under one fault."""

    def __init__(self, seed: int, fault: Fault | None, build: Build) -> None:
        self.seed, self.build = seed, build
        self.disk = Disk(seed, faults=[] if fault is None else [fault])
        self.witness, self.made, self.wrong = Witness(), False, ""
        self.kind = "" if fault is None else fault.kind.name
        self.where = "" if fault is None else str(fault)

    def judge(self, tally: Tally) -> None:
        """Run the script, and look at what is left in two starts."""
        try:
            outcome = self._outcome()
            rng = Random(f"{self.seed} {self.where}")
            with suppress(PowerCut):
                self._started_again(self.disk.kill([Fault(Kind.CRASH, rng.randrange(1, 2 * START))]))
            self._started_again(self.disk.power_cut(rng.choice((FORGET, KEEP, TEAR))))
        except Exception as error:  # whatever else a fault leads to is what must not be
            outcome, self.wrong = "", self.wrong or f"{type(error).__name__}: {error}"
        if self.wrong:
            tally.fail(self.seed, f"{self.where}: {self.wrong}"[:1_000], f"{AGAIN} --seed {self.seed}", self.kind)
        else:
            tally.note(outcome, self.kind)

    def _outcome(self) -> str:
        try:
            halted = self.script()
        except PowerCut:
            return "cut off"
        except JournalFault as fault:
            return f"refused: {fault.why.name}"
        return f"halted: {halted.name}" if halted else "done"

    def script(self) -> Why | None:
        """Do everything; return why no command was taken any more."""
        first = 1
        for batches in LIVES:
            with ground.running(self.disk, self.build, create=first == 1) as clerk:
                self.made = True
                for count in batches:
                    self._do(clerk, first, count)
                    if clerk.read_only is not None:
                        return self._halted(clerk)
                    first += count
                clerk.end()
        return None

    def _do(self, clerk: Clerk, first: int, count: int) -> None:
        """Ask a batch; each command of it has an outcome, acknowledged or refused with a typed reason."""
        batch = self.witness.script(self.seed, range(first, first + count))
        clerk.do(batch)
        for one in batch:
            self._expect(self.witness.hear(one.key, one.future))
            fault = one.future.exception(0)
            if not self.disk.off and not isinstance(fault, JournalFault | None):
                self._expect(f"{one.key} fails with {fault!r}")
        if self.disk.off:
            raise PowerCut

    def _halted(self, clerk: Clerk) -> Why:
        """Return why a clerk takes nothing any more, after it has refused to; on a full device it still shows all."""
        told = len(self.witness.told)
        self._do(clerk, told + 1, 2)
        if len(self.witness.told) > told:
            self._expect("a halted clerk goes on")
        assert isinstance(clerk.read_only, JournalFault)
        if clerk.read_only.why is Why.FULL:
            self._expect(self.witness.complaint(clerk))
        why = clerk.read_only.why
        try:
            clerk.end()
        except JournalFault as fault:
            self._expect(None if fault.why in (why, Why.FULL, Why.FAILED) else f"halted with {why}, ended with {fault}")
        return why

    def _started_again(self, disk: Disk) -> None:
        """Start on what is left; a journal whose making was cut short may say so, and is then made."""
        self.disk = disk
        try:
            self._gone_on(create=False)
        except JournalFault as fault:
            if self.made or fault.why not in UNMADE:
                self._expect(f"it is not opened: {fault}")
                return
            self._gone_on(create=True)

    def _gone_on(self, create: bool) -> None:
        """Open or make the journal, and find everything."""
        with ground.running(self.disk, self.build, create) as clerk:
            self.made = True
            self._expect(self.witness.complaint(clerk))
            self._do(clerk, max(1, len(self.witness.told) - 2), 5)
            self._expect(None if clerk.read_only is None else f"halted on a sound disk: {clerk.read_only}")
            self._expect(self.witness.complaint(clerk) or self.witness.verified(clerk))

    def _expect(self, complaint: str | None) -> None:
        """Note the first thing that must not be."""
        self.wrong = self.wrong or complaint or ""
