"""The whole service in this process: a story under way, an office with an open gate, and a client with every role."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep, time_ns
from typing import Any, NamedTuple

from litestar.testing import TestClient

from deleverage.domain.runner import Runner
from deleverage.journal.local import create
from deleverage.rulebook.messages import Command, RunStep
from deleverage.rulebook.rules import Rules
from deleverage.service.app import make_app
from deleverage.service.clock import Clock
from deleverage.service.counter import Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.doorman import Connection
from deleverage.service.meters import Meters
from deleverage.service.principals import Principal, Role
from deleverage.service.rates import Rates
from deleverage.service.rounds.office import Mode, Office, Ways
from deleverage.service.watch import Watch
from tests.service.incidents.running import day

GENEROUS, PLACES = 10**6, 10_000


class OneDoor:
    """Lets everybody in as whoever a test says."""

    def __init__(self) -> None:
        """Begin with every role, and two accounts."""
        self.principal = Principal("all", "all", frozenset(Role), frozenset({"a0", "b"}))

    async def admit(self, connection: Connection) -> Principal:
        """Return who is there."""
        return self.principal

    def knows(self, principal: Principal) -> bool:
        """Return that everybody stays."""
        return True


class Whole(NamedTuple):
    """A service and what stands behind it."""

    client: TestClient[Any]
    runner: Runner
    door: OneDoor
    counter: Counter
    office: Office
    watch: Watch

    def standing(self) -> tuple[str, int]:
        """Return the digest of the state, and how many commands the journal has."""
        return self.runner.ask(lambda domain, journal: (domain.digest(), journal.seq)).result()

    def call(self, act: Any) -> Any:
        """Call something in the service's loop."""
        portal: Any = self.client.blocking_portal
        return portal.call(act)


@contextmanager
def whole(
    folder: Path, *, rules: Rules | None = None, rates: Rates | None = None, mode: Mode = Mode.AUTOMATIC
) -> Iterator[Whole]:
    """Serve a day: a fund, a long that is deep under water after the next bad mark, a rich short."""
    clock, meters = Clock(), Meters()
    runner = Runner(create(folder / "j.db", "venue", rules or Rules()), stamp=clock.stamp, listener=meters.hear)
    commands: list[Command] = [one for one in day(time_ns()) if not isinstance(one, RunStep)]
    for at, command in enumerate(commands):
        runner.submit(f"w-{at}", command).result(60)
    desk, door = LocalDesk(runner), OneDoor()
    office = Office(desk, clock, Ways(mode, every_s=3_600.0))
    rates = rates or Rates(PLACES, times=GENEROUS)
    counter = Counter(desk, rates=rates, office=office, meters=meters)
    watch = Watch(desk, meters, rates, office, places=PLACES)
    try:
        with TestClient(make_app(counter, door), raise_server_exceptions=False) as client:
            made = Whole(client, runner, door, counter, office, watch)
            made.call(lambda: desk.tick(time_ns()))
            made.call(office.start)
            _open(made)
            yield made
            made.call(office.end)
    finally:
        runner.close()


def _open(made: Whole) -> None:
    """Hand in a mark, which opens the gate."""
    body = {
        "sequence": "1",
        "source_time_ns": str(time_ns()),
        "marks": [{"market": "X", "price_ticks": "1000"}],
        "asset_prices": [],
    }
    answer = made.client.post("/v1/marks", json=body)
    assert answer.status_code == 200, answer.text
    assert made.office.gate.is_open
    until = monotonic() + 10
    while not made.office.stepper.steps:  # the step behind it
        assert monotonic() < until
        sleep(0.005)
