"""Power cuts under a journal and its clerk: whatever was acknowledged is there when the power is back.

The power goes at a drawn operation: while a journal is made or opened, while commands are written, a state is signed
or kept, or while the journal is closed. Many cuts strike one journal, one after another.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from deleverage.domain.clerk import Clerk
from deleverage.journal.faults import JournalFault, Why
from tests.torture import ground
from tests.torture.chance import seed_sqlite
from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.ground import Build
from tests.torture.sectors import FORGET, KEEP, TEAR, Survival
from tests.torture.tally import Tally
from tests.torture.witness import Witness

NAME = "power cuts"
LIVES = 10
"""Cuts of one journal before the next."""
AGAIN = f"python -m tests.torture --only '{NAME}' --count {LIVES}"
OPERATIONS = (60, 120, 400)
"""At most so many from a start to the cut: an opening has some thirty."""
MOST_AT_ONCE = 50
FOREVER = 1_000
ENDS_PERCENT = 25
"""How often a writer closes its journal after a few batches; the next one starts at once."""
ASKED_AGAIN = 3
"""Commands at a start that were acknowledged before: the answer has to be the one of then."""
UNMADE = {Why.NO_JOURNAL, Why.NO_ANCHOR, Why.BAD_FORMAT}
"""What a journal says of itself whose making was cut short."""


@dataclass(frozen=True)
class Case:
    """What is cut, and what a cut leaves."""

    build: Build = ground.ORDINARY
    traits: Traits = ORDINARY
    survivals: tuple[Survival, ...] = (FORGET, KEEP, TEAR)


def run(count: int, seed: int, case: Case | None = None) -> Tally:
    """Return what ``count`` power cuts did; the journals' seeds are ``seed`` onwards, one for ``LIVES`` cuts."""
    tally = Tally(NAME, kinds={"commands": Counter()})
    for at, done in enumerate(range(0, count, LIVES)):
        seed_sqlite(seed + at)
        _Journal(seed + at, tally, case or Case()).live(min(LIVES, count - done))
    return tally


class _Journal:
    """One journal under power cuts."""

    def __init__(self, seed: int, tally: Tally, case: Case) -> None:
        self.seed, self.tally, self.case = seed, tally, case
        self.rng = Random(seed)
        self.disk = Disk(seed, case.traits)
        self.witness = Witness()
        self.made, self.phase, self.failed, self.left = False, "", False, 0

    def live(self, cuts: int) -> None:
        """Cut so often, then start once more without a cut, and look at everything."""
        self.left = cuts
        while self.left and not self.failed:
            try:
                self._life(ends=self.rng.randrange(100) < ENDS_PERCENT)
                self.disk = self.disk.kill(self._cuts())
            except PowerCut:
                self.tally.note(f"cut while {self.phase}")
                self.left -= 1
                self.disk = self.disk.power_cut(self.rng.choice(self.case.survivals), self._cuts())
        if not self.failed:
            self._life(ends=True)

    def _cuts(self) -> list[Fault]:
        """Return the next cut of a disk, at a drawn operation; none where it is left alone at the end."""
        return [Fault(Kind.CRASH, self.rng.randrange(1, self.rng.choice(OPERATIONS)))] if self.left else []

    def _life(self, ends: bool) -> None:
        """Start, look at what is there, work, and perhaps end; a PowerCut comes through."""
        self.phase = "starting"
        try:
            with self._started() as clerk:
                self._expect(self.witness.complaint(clerk))
                self._work(clerk, self.rng.randrange(1, 6) if ends else FOREVER)
                if ends and not self.failed:
                    self._expect(None if self.left else self.witness.verified(clerk))
                    self.phase = "closing"
                    clerk.end()
        except JournalFault as fault:
            self._expect(f"it is not opened: {fault}")

    @contextmanager
    def _started(self) -> Iterator[Clerk]:
        """Give the clerk of a journal that was made before, or of a new one over what an earlier making has left."""
        try:
            with ground.running(self.disk, self.case.build) as clerk:
                self.made = True
                yield clerk
                return
        except JournalFault as fault:
            if self.made or fault.why not in UNMADE:
                raise
        self.disk = self.disk.kill(self._cuts())
        self.phase = "making"
        with ground.running(self.disk, self.case.build, create=True) as clerk:
            self.made = True
            yield clerk

    def _work(self, clerk: Clerk, batches: int) -> None:
        """Ask batch after batch; a few are asked that were answered before."""
        first = max(1, len(self.witness.told) + 1 - ASKED_AGAIN)
        while batches and not self.failed:
            count = self.rng.choice((1, 3, 10, self.rng.randrange(1, MOST_AT_ONCE + 1)))
            batch = self.witness.script(self.seed, range(first, first + count))
            self.phase = "writing"
            before = len(self.witness.told)
            try:
                clerk.do(batch)
            finally:
                for one in batch:
                    self._expect(self.witness.hear(one.key, one.future))
                if batch[-1].future.done() and batch[-1].future.exception() is None:
                    self.phase = "signing"
                self.tally.kinds["commands"]["acknowledged"] += len(self.witness.told) - before
            fault = PowerCut() if self.disk.off else batch[-1].future.exception()
            if fault is not None:
                raise fault
            batches, first = batches - 1, first + count

    def _expect(self, complaint: str | None) -> None:
        """Note the first thing that must not have happened to this journal; what follows from it is not counted."""
        if complaint is not None and not self.failed:
            self.failed = True
            self.tally.fail(self.seed, complaint[:1_000], f"{AGAIN} --seed {self.seed}")
