"""A loop of power cuts over anything that acknowledges numbered lines: is each of them there when the power is back?"""

from dataclasses import dataclass, field
from random import Random

from tests.torture.disk import ORDINARY, Disk, Traits
from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.sectors import FORGET, Survival
from tests.torture.writer import Start

LIVES = 10
"""Cuts of one disk before it is thrown away: the check of what came back grows with what is there."""
OPERATIONS = 200
"""At most so many from a start to the cut, which so finds a start, a line or a checkpoint."""


@dataclass
class Tally:
    """What came of it."""

    cuts: int = 0
    acknowledged: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)
    """What was wrong with what came back: the words of the writer, or of a start that refused."""


@dataclass(frozen=True)
class Loop:
    """Power cuts over a writer."""

    start: Start
    errors: tuple[type[Exception], ...]
    """With these a start says that it does not like what it finds."""
    survival: Survival = FORGET
    traits: Traits = ORDINARY

    def run(self, seed: int, cuts: int) -> Tally:
        """Cut the power so many times, each at a drawn operation, and look at what comes back each time.

        A disk on which something was lost is thrown away with the cuts that it still had to come.
        """
        rng = Random(seed)
        tally = Tally()
        for done in range(0, cuts, LIVES):
            self._life(rng, min(LIVES, cuts - done), tally)
        return tally

    def _life(self, rng: Random, cuts: int, tally: Tally) -> None:
        """Start on an empty disk, cut its power again and again, and start a last time without a cut."""
        disk, acknowledged = Disk(rng.getrandbits(64), self.traits), 0
        for left in range(cuts, -1, -1):
            faults = [Fault(Kind.CRASH, rng.randrange(1, OPERATIONS))] if left else []
            disk = disk.power_cut(self.survival, faults)
            try:
                with self.start(disk) as writer:
                    last, complaint = writer.found()
                    tally.lost += max(0, acknowledged - last)
                    tally.broken += [complaint] if complaint else []
                    if complaint or last < acknowledged:
                        return
                    acknowledged = last
                    while left:
                        writer.write(acknowledged + 1)
                        acknowledged += 1
                        tally.acknowledged += 1
            except PowerCut:
                tally.cuts += 1
            except self.errors as error:
                tally.broken.append(f"{type(error).__name__}: {error}")
                return
