"""A service in this process: a runner over a journal, filled with a story, and a client that says who it is."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from deleverage.domain.runner import Runner
from deleverage.journal.local import create
from deleverage.rulebook.messages import Command
from deleverage.rulebook.rules import Rules
from deleverage.scenarios.loader import load
from deleverage.service.app import make_app
from deleverage.service.counter import AccessLog, Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.doorman import Connection
from deleverage.service.principals import Principal, Role
from deleverage.service.questions.published import Held
from deleverage.service.rates import Rates

TICK_NS = 60_000_000_000


def who(name: str, *roles: Role, accounts: Sequence[str] = ()) -> Principal:
    """Return a principal."""
    return Principal(name, name, frozenset(roles), frozenset(accounts))


RISK, AUDITOR = who("risk", Role.RISK_OPERATOR), who("auditor", Role.AUDITOR)
CLEARING, ORACLE, VIEWER = who("clearing", Role.CLEARING), who("oracle", Role.ORACLE), who("viewer", Role.VIEWER)


def trader(account_id: str, *others: str) -> Principal:
    """Return a trader with accounts of his own."""
    return who(f"of-{account_id}", Role.TRADER, accounts=(account_id, *others))


class NamedDoor:
    """Lets in whoever a test says is there."""

    def __init__(self) -> None:
        self.principal = RISK

    async def admit(self, connection: Connection) -> Principal:
        """Return who is there."""
        return self.principal

    def knows(self, principal: Principal) -> bool:
        """Return that it is so."""
        return True


class World:
    """A service and a client of it."""

    def __init__(self, client: TestClient[Any], door: NamedDoor, desk: LocalDesk, runner: Runner) -> None:
        self.client, self.door, self.desk, self.runner = client, door, desk, runner

    def get(self, path: str, by: Principal = RISK, status: int = 200) -> Any:
        """Return the document at a path, as somebody is told it."""
        return self._checked(status, lambda: self.client.get(path), by).json()

    def body(self, path: str, by: Principal = RISK) -> bytes:
        """Return the bytes at a path."""
        return self._checked(200, lambda: self.client.get(path), by).content

    def post(self, path: str, document: Any, by: Principal = RISK, status: int = 200) -> Any:
        """Return the answer to a document."""
        return self._checked(status, lambda: self.client.post(path, json=document), by).json()

    def _checked(self, status: int, ask: Any, by: Principal) -> Any:
        self.door.principal = by
        response = ask()
        assert status == response.status_code, response.text
        return response

    def do(self, commands: Sequence[Command], prefix: str = "setup:") -> list[Any]:
        """Hand commands in behind the service, in order, and return their answers."""
        futures = [self.runner.submit(f"{prefix}{at}", command) for at, command in enumerate(commands)]
        return [future.result(timeout=60) for future in futures]

    def tick(self, tick_ns: int = TICK_NS) -> None:
        """Note everybody's standing."""
        asyncio.run(self.desk.tick(tick_ns))


def story(name: str) -> tuple[Rules, list[Command]]:
    """Return the rules of a bundled story, and its commands up to the end of its first frame."""
    scenario = load(name)
    return scenario.rules, [*(origin.command for origin in scenario.setup), *scenario.path[0].commands]


@contextmanager
def served(
    folder: Path,
    name: str = "six-longs",
    commands: Sequence[Command] | None = None,
    log: AccessLog | None = None,
    held: Held | None = None,
) -> Iterator[World]:
    """Serve a story, or other commands under its rules."""
    rules, told = story(name)
    runner = Runner(create(str(folder / "j.db"), "test", rules))
    desk, door = LocalDesk(runner), NamedDoor()
    try:
        with TestClient(make_app(Counter(desk, log, held, Rates(10_000, times=10**6)), door)) as client:
            world = World(client, door, desk, runner)
            world.do(told if commands is None else commands)
            yield world
    finally:
        runner.close()
