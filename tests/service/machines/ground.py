"""The machines: a bus, workers and fronts, each at the end of a wire of its own."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deleverage.service.bus.ring import FRONT, WORKER, join
from tests.service.bus.running import STARTED, Bus, Front, Part, worker
from tests.service.incidents.running import day, written
from tests.service.machines.wire import Wire

FRONTS, WORKERS = 3, 2


class Ground:
    """All processes, and the wires between them and the bus."""

    def __init__(self, folder: Path) -> None:
        """Start everything; ``ready`` waits until it serves."""
        self.folder = folder
        written(self.journal, day(time.time_ns()))
        self.bus = Bus(folder)
        join("reader", FRONT, str(folder / "reader.bus-key"), str(folder / "ring.toml"))
        names = {**{f"f{at}": FRONT for at in range(FRONTS)}, **{f"w{at}": WORKER for at in range(WORKERS)}}
        for name, part in names.items():
            join(name, part, str(folder / f"{name}.bus-key"), str(folder / "ring.toml"))
        self.wires = {name: Wire(self.bus.port) for name in names}
        self.fronts: list[Front] = []
        self.workers: list[Part] = []
        for name, part in names.items():
            url = self.wires[name].url
            if part == WORKER:
                self.workers.append(worker(folder, name, url))
            else:
                self.fronts.append(Front(folder, name, url))

    @property
    def journal(self) -> Path:
        """Where the journal lies."""
        return self.folder / "j.db"

    def ready(self) -> None:
        """Wait until every front takes commands."""
        for front in self.fronts:
            front.takes_commands()

    def active(self) -> Part | None:
        """Return the worker that writes, as far as its words tell."""
        for one in self.workers:
            said = one.said()
            places = [said.rfind(words) for words in ("working on", "ended work", "standing by", STARTED)]
            if places[0] == max(places) >= 0 and one.process is not None and one.process.poll() is None:
                return one
        return None

    def stop(self) -> None:
        """Ask everybody to end, fronts first, and wait for that."""
        for wire in self.wires.values():
            wire.mend()
        for one in (*self.fronts, *self.workers):
            one.stop()

    def close(self) -> None:
        """End whatever is left."""
        for one in (*self.fronts, *self.workers, self.bus):
            one.kill()
        for wire in self.wires.values():
            wire.close()


@contextmanager
def machines(folder: Path) -> Iterator[Ground]:
    """Give machines that serve, and end them."""
    ground = Ground(folder)
    try:
        ground.ready()
        yield ground
    finally:
        ground.close()
