"""What is done to the machines, by seed: processes killed and paused, wires cut, the bus killed and wiped."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.service.machines.ground import Ground

GOES_ON_S = 30
ENOUGH, UPON_ANOTHER = 20, 0.2


class Chaos(threading.Thread):
    """Does one thing after the other; each is over, and its process started again, before the next."""

    def __init__(
        self,
        ground: Ground,
        seed: int,
        ends: threading.Event,
        told: Callable[[], int],
        plan: list[str] | None = None,
    ) -> None:
        """Do what a plan says, or else what the seed says; ``told`` counts what clients were acknowledged."""
        super().__init__(daemon=True, name="chaos")
        self._ground, self._rng, self._ends, self._plan = ground, Random(f"{seed} chaos"), ends, plan
        self._told = told
        self.counts: Counter[str] = Counter()
        self.fault: BaseException | None = None
        self._acts: dict[str, Callable[[], None]] = {
            "front killed": self.kill_front,
            "writer killed": self.kill_writer,
            "standby killed": self.kill_standby,
            "process paused": self.pause,
            "wire cut": self.cut,
            "bus killed": self.kill_bus,
            "bus paused": self.pause_bus,
            "bus wiped": self.wipe_bus,
        }

    def run(self) -> None:
        """Do all of it."""
        try:
            for name in self._plan or iter(self._any, ""):
                self._let_go_on()
                if self._ends.is_set():
                    return
                self._acts[name]()
                self.counts[name] += 1
        except BaseException as error:
            self.fault = error

    def _let_go_on(self) -> None:
        """Wait until clients are told something again; now and then the next thing comes upon the last one."""
        before, until = self._told(), time.monotonic() + GOES_ON_S
        if self._ends.wait(0.2 + self._rng.random()) or self._rng.random() < UPON_ANOTHER:
            return
        while self._told() < before + ENOUGH and time.monotonic() < until:
            if self._ends.wait(0.05):
                return

    def _any(self) -> str:
        return self._rng.choice(list(self._acts))

    def _wait(self, most_s: float) -> None:
        time.sleep(most_s * (0.2 + 0.8 * self._rng.random()))

    def kill_front(self) -> None:
        front = self._rng.choice(self._ground.fronts)
        front.kill()
        self._wait(1)
        front.start()

    def kill_writer(self) -> None:
        writer = self._ground.active()
        if writer is not None:
            writer.kill()
            self._wait(2)
            writer.start()

    def kill_standby(self) -> None:
        writer = self._ground.active()
        for one in self._ground.workers:
            if one is not writer:
                one.kill()
                self._wait(1)
                one.start()

    def pause(self) -> None:
        one = self._rng.choice([*self._ground.fronts, *self._ground.workers])
        one.signal(signal.SIGSTOP)
        self._wait(3)
        one.signal(signal.SIGCONT)

    def cut(self) -> None:
        wire = self._rng.choice(list(self._ground.wires.values()))
        wire.cut()
        self._wait(3)
        wire.mend()

    def kill_bus(self) -> None:
        self._ground.bus.kill()
        self._wait(2)
        self._ground.bus.start()
        self._ground.bus.ready()

    def pause_bus(self) -> None:
        self._ground.bus.signal(signal.SIGSTOP)
        self._wait(3)
        self._ground.bus.signal(signal.SIGCONT)

    def wipe_bus(self) -> None:
        self._ground.bus.wipe()
