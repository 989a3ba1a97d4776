"""A sync fails, the process ends at once as it should, starts again, and the power goes: is what it told still true?

After a failed sync the system takes what was not synced for clean: it reads well, and is not on the platter.
"""

from collections import Counter
from contextlib import suppress
from itertools import count

from tests.torture.disk import Disk
from tests.torture.faults import Fault, Kind, PowerCut
from tests.torture.sectors import KEEP
from tests.torture.sweep import outcome_of
from tests.torture.writer import Start, lines_of

KEPT, LOST, BROKEN = "kept", "lost", "broken"


def after_failed_syncs(start: Start, errors: tuple[type[Exception], ...], last: int) -> Counter[str]:
    """Count what is left: each sync under so many lines fails once, the power goes at each operation of the next start.

    What that start found counts as told: somebody may ask again for what he got no answer to.
    """
    script = lines_of(start, last)
    plain = Disk(1)
    outcome_of(script, (), plain)
    left: Counter[str] = Counter()
    for at in (number for number, operation in enumerate(plain.log, 1) if operation == "sync"):
        for cut_at in count(1):
            disk = Disk(at, faults=[Fault(Kind.FAILED_SYNC, at), Fault(Kind.CRASH, at + 1)])
            _, acknowledged = outcome_of(script, errors, disk)
            told = len(acknowledged)
            disk = disk.kill([Fault(Kind.CRASH, cut_at)])
            with suppress(PowerCut, *errors), start(disk) as writer:
                told = writer.found()[0]
            if not disk.off:
                break
            left[_left(disk.power_cut(KEEP), start, errors, told)] += 1
    return left


def _left(disk: Disk, start: Start, errors: tuple[type[Exception], ...], told: int) -> str:
    """Return whether what somebody was told is kept or lost, or what is there is broken or not accepted."""
    try:
        with start(disk) as writer:
            last, complaint = writer.found()
    except errors:
        return BROKEN
    return BROKEN if complaint else LOST if last < told else KEPT
