"""Kills: a process at work on a journal is killed with signal 9 again and again, and started on the same file.

Nothing that was acknowledged may be missing or told otherwise later, nothing may be there twice, and the state must be
that of a run without kills. What a kill cannot see (a device that forgets) is seen by the power cuts.
"""

import time
from collections import Counter
from collections.abc import Callable
from random import Random

from deleverage.journal.local import create
from tests.torture import child, processes
from tests.torture.child import Told
from tests.torture.compare import complaint
from tests.torture.script import RULES
from tests.torture.tally import Tally

NAME = "kills"
AGAIN = "python -m tests.torture --only kills --count 50"
"""Plays one journal again: the same commands and waits; where a kill falls hangs on the machine."""
LIVES = 50
"""Kills of one journal before the next: what is compared at the end grows with it."""
LONGEST_REST_S = 0.03
FAR = 2_000
"""More commands than a life has time for."""
ASKED_AGAIN = 3
"""Commands at a start that were acknowledged before: the answer has to be the one of then."""


def run(count: int, seed: int, act: Callable[..., None] = child.through) -> Tally:
    """Return what ``count`` kills did; the journals' seeds are ``seed`` onwards, one for each ``LIVES`` kills.

    ``act`` is what the killed processes do: tests plant faults there.
    """
    tally = Tally(NAME)
    for at, done in enumerate(range(0, count, LIVES)):
        with processes.folder() as folder:
            _Journal(str(folder / "j.db"), seed + at, tally, act).live(min(LIVES, count - done))
    return tally


class _Journal:
    """One journal, its killed writers, and what they told."""

    def __init__(self, path: str, seed: int, tally: Tally, act: Callable[..., None]) -> None:
        self.path, self.seed, self.tally, self.act = path, seed, tally, act
        self.told: dict[int, Told] = {}
        self.rng, self.failed = Random(seed), False
        create(path, "torture", RULES).close()

    def live(self, kills: int) -> None:
        """Kill so often, let a last writer end, and look at everything; a journal that failed is not gone on with."""
        for _ in range(kills):
            before = len(self.told)
            self._life(self.rng.choice((0, 0, 1, 5, 25)), self.rng.random() * LONGEST_REST_S, FAR)
            self.tally.note("killed at work" if len(self.told) > before else "killed while starting")
            if self.failed:
                return
        code = self._life(FAR, 0, commands=10)
        if code != 0:
            self._fail(f"a writer that nobody killed ended with {code}")
        complained = complaint(self.path, self.seed, self.told)
        if complained is not None:
            self._fail(complained)

    def _life(self, acknowledgements: int, rest_s: float, commands: int) -> int | None:
        """Start a writer, kill it after so many new acknowledgements and a rest, and return its exit code."""
        first = max(1, len(self.told) + 1 - ASKED_AGAIN)
        process, reader = processes.start(self.act, self.path, self.seed, first, first + commands)
        telling, enough = processes.heard(reader), len(self.told) + acknowledgements
        while len(self.told) < enough and (told := next(telling, None)) is not None:
            self._hear(told)
        if len(self.told) >= enough:
            time.sleep(rest_s)
            process.kill()
        for told in telling:
            self._hear(told)
        process.join()
        reader.close()
        return process.exitcode

    def _hear(self, told: Told | str) -> None:
        """Take an acknowledgement over."""
        if isinstance(told, str):
            self._fail(told)
            return
        before = self.told.setdefault(told.number, told)
        if told._replace(again=False) != before._replace(again=False):
            self._fail(f"command {told.number} was acknowledged as {before}, later as {told}")
        self.tally.kinds.setdefault("commands", Counter()).update(["answered again" if told.again else "acknowledged"])

    def _fail(self, sentence: str) -> None:
        """Note the first thing that must not have happened to this journal; what follows from it is not counted."""
        if not self.failed:
            self.tally.fail(self.seed, sentence[:1_000], f"{AGAIN} --seed {self.seed}")
        self.failed = True
