"""A journal's making, ended at every operation of the disk: by a kill, a power cut, an error, a full device.

Whoever was given the journal opens it, whatever became of the machine behind that. Whoever was not makes it again, on
the same disk, as if nothing had been there; or it can be opened after all, and then it is used. A making that was
refused on a disk which goes on working has left nothing.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from deleverage.journal.faults import JournalFault, Why
from tests.torture import ground
from tests.torture.chance import seed_sqlite
from tests.torture.disk import Disk
from tests.torture.faults import Fault, PowerCut, faults_of
from tests.torture.ground import Build
from tests.torture.outages import UNMADE
from tests.torture.sectors import FORGET, KEEP, TEAR, Survival
from tests.torture.tally import Tally
from tests.torture.witness import Witness

NAME = "makings"
AGAIN = f"python -m tests.torture --only '{NAME}'"
KILLED = None
"""The process ends, and the machine goes on."""
BACK = (KILLED, FORGET, KEEP, TEAR)
COMMANDS = 3


class Trial(NamedTuple):
    """A making with a fault: how the disk comes back from it, and whether what is there is opened first, or made."""

    fault: Fault
    back: Survival | None
    opens: bool

    def __str__(self) -> str:
        """Return all of it in a few words."""
        back = "killed" if self.back is KILLED else f"power cut that keeps {self.back.keep_percent} %"
        return f"{self.fault}, {back}, then {'opened' if self.opens else 'made'}"


def run(count: int, seed: int, build: Build = ground.ORDINARY) -> Tally:
    """Return what became of ``count`` makings, or a few more: evenly spread over those of successive seeds."""
    tally = Tally(NAME)
    while tally.runs < count:
        trials = list(_trials(seed, build))
        Random(seed).shuffle(trials)
        for trial in trials[: count - tally.runs]:
            seed_sqlite(seed)
            try:
                outcome, wrong = _judged(Disk(seed, faults=[trial.fault]), trial, seed, build)
            except Exception as error:
                outcome, wrong = "", f"{type(error).__name__}: {error}"
            if wrong:
                again = f"{AGAIN} --count {count} --seed {seed}"
                tally.fail(seed, f"{trial}: {wrong}"[:1_000], again, trial.fault.kind.name)
            else:
                tally.note(outcome, trial.fault.kind.name)
        seed += 1
    return tally


def _trials(seed: int, build: Build) -> Iterator[Trial]:
    """Yield every trial of a making."""
    seed_sqlite(seed)
    plain = Disk(seed)
    with ground.running(plain, build, create=True):
        made = len(plain.log)
    for fault in faults_of(plain.log[:made]):
        for back in BACK:
            yield from (Trial(fault, back, opens) for opens in (False, True))


def _judged(disk: Disk, trial: Trial, seed: int, build: Build) -> tuple[str, str]:
    """Return how a making ended, and what must not be."""
    given, outcome = False, "cut off"
    try:
        with ground.running(disk, build, create=True):
            given, outcome = True, "made"
    except JournalFault as fault:
        outcome = f"refused: {fault.why.name}"
        left = disk.kill()
        if not trial.fault.lasts and left.names():
            return outcome, f"{outcome}, and left {left.names()}"
    except PowerCut:
        pass
    disk = disk.kill() if trial.back is KILLED else disk.power_cut(trial.back)
    how, made_again = _next(disk, trial, given, build)
    if how is None:
        return outcome, made_again
    return f"{outcome}, then {how}", _used(disk, seed, build)


def _next(disk: Disk, trial: Trial, given: bool, build: Build) -> tuple[str | None, str]:
    """Return how the journal was come by, or None and what is wrong with it."""
    opens = given or trial.opens
    for create in (not opens, opens):
        try:
            with ground.running(disk, build, create):
                return "made" if create else "opened", ""
        except JournalFault as fault:
            expected = {Why.EXISTS} if create else set() if given else UNMADE
            if fault.why not in expected:
                return None, f"when it is {'made' if create else 'opened'}: {fault}"
    return None, "it can neither be made nor be opened"


def _used(disk: Disk, seed: int, build: Build) -> str:
    """Return what is wrong with a journal that is worked with, on a disk whose power is then cut."""
    witness = Witness()
    disk = disk.kill()
    with ground.running(disk, build) as clerk:
        batch = witness.script(seed, range(1, COMMANDS + 1))
        clerk.do(batch)
        wrong = [complaint for one in batch if (complaint := witness.hear(one.key, one.future))]
    if wrong or len(witness.told) < COMMANDS:
        return f"{len(witness.told)} commands are acknowledged; {'; '.join(wrong)}"
    with ground.running(disk.power_cut(), build) as clerk:
        return witness.complaint(clerk) or witness.verified(clerk) or ""
