"""A venue in one process: a market, two traders against each other, people with keys, and a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient

from deleverage.domain.runner import Runner
from deleverage.journal.local import create, open_journal
from deleverage.rulebook.messages import ListMarket
from deleverage.rulebook.rules import Rules
from deleverage.service.app import make_app
from deleverage.service.clock import NS_PER_S, Clock
from deleverage.service.counter import Counter
from deleverage.service.desk import LocalDesk
from deleverage.service.doorman import Connection
from deleverage.service.principals import Principal, Role
from deleverage.service.rounds.office import Mode, Office, Ways
from deleverage.service.rounds.sources import Quorum
from tests.torture.script import TERMS

Json = dict[str, Any]
START_NS = 1_700_000_000 * NS_PER_S
PEOPLE = {
    "feed-a": ("alpha", (Role.ORACLE,)),
    "feed-b": ("beta", (Role.ORACLE,)),
    "feed-c": ("gamma", (Role.ORACLE,)),
    "feed-a2": ("alpha", (Role.ORACLE,)),
    "engine": ("engine", (Role.CLEARING,)),
    "ann": ("ann", (Role.RISK_OPERATOR,)),
    "ann-2": ("ann", (Role.APPROVER, Role.ADMIN)),
    "bob": ("bob", (Role.APPROVER,)),
    "cyd": ("cyd", (Role.APPROVER, Role.RISK_OPERATOR)),
    "root": ("root", (Role.ADMIN,)),
    "eve": ("eve", (Role.VIEWER, Role.TRADER)),
}
QUORUM = Quorum(1, 10 * NS_PER_S)


class Door:
    """Lets in whoever says its key id: who may do what is what these tests are about."""

    async def admit(self, connection: Connection) -> Principal:
        """Return the principal of a key id."""
        key_id = connection.headers["key"]
        person, roles = PEOPLE[key_id]
        return Principal(key_id, person, frozenset(roles))

    def knows(self, principal: Principal) -> bool:
        """Return that it is so."""
        return True


class Time:
    """A wall clock and a steady count, moved by hand."""

    def __init__(self) -> None:
        """Begin at a second."""
        self.wall_ns, self.steady_ns = START_NS, 0

    def pass_s(self, seconds: float) -> None:
        """Let time pass, as it does."""
        self.wall_ns += int(seconds * NS_PER_S)
        self.steady_ns += int(seconds * NS_PER_S)


class Venue:
    """A service over a journal of a folder, and those who use it."""

    def __init__(self, office: Office, runner: Runner, client: Any, time: Time) -> None:
        """Take over what was opened."""
        self.office, self.runner, self._client, self.time = office, runner, client, time
        self.sequence = 1_000 * ((time.wall_ns - START_NS) // NS_PER_S)

    async def ask(self, who: str, method: str, path: str, body: Any = None, status: int = 200) -> Json:
        """Return an answer, which must have this status."""
        answer = await self._client.request(method, f"/v1{path}", json=body, headers={"key": who})
        assert answer.status_code == status, answer.text
        return answer.json()

    async def command(self, who: str, key: str, kind: str, status: int = 200, /, **parts: Any) -> Json:
        """Hand in one command; return its result, or the problem."""
        body = {"commands": [{"key": key, "command": {"kind": kind, **parts}}]}
        answer = await self.ask(who, "POST", "/commands", body, status)
        return answer["results"][0] if status == 200 else answer

    async def mark(self, price: int, who: str = "feed-a", status: int = 200, market: str = "X", **other: Any) -> Json:
        """Hand in a mark of now."""
        self.sequence += 1
        body = {
            "sequence": str(self.sequence),
            "source_time_ns": str(self.time.wall_ns),
            "marks": [{"market": market, "price_ticks": str(price)}],
        }
        return await self.ask(who, "POST", "/marks", {**body, **other}, status)

    async def digest(self) -> str:
        """Return the digest of the state."""
        return await self.look(lambda domain, _: domain.digest())

    async def seq(self) -> int:
        """Return how many commands the journal has."""
        return await self.look(lambda _, journal: journal.seq)

    async def look(self, act: Callable[[Any, Any], Any]) -> Any:
        """Return what somebody sees in the state."""
        return await asyncio.wrap_future(self.runner.ask(act))

    async def steps(self) -> int:
        """Return how many steps the book has had."""
        return await self.look(lambda domain, _: domain.book.steps)

    async def open_positions(self) -> None:
        """Let a be long and b short 100 lots at 1,000; a is below zero from 979 on."""
        await self.mark(1_000)
        await self.office.gate.look(LocalDesk(self.runner))
        for name, money in (("a", 20_000), ("b", 1_000_000)):
            await self.command("engine", f"open-{name}", "OpenAccount", **ACCOUNT, account_id=name)
            await self.command("engine", f"money-{name}", "Deposit", unit_id=name, amount_quanta=str(money))
        done = await self.command("engine", "trade", "Trade", **TRADE)
        assert done["outcome"] == "done", done


ACCOUNT = {"owner_group": "", "role": "trader", "backstop_capacity_lots": "0", "hedge": False}
TRADE = {
    "market_id": "X",
    "buyer_unit_id": "a",
    "seller_unit_id": "b",
    "lots": "100",
    "price_ticks": "1000",
    "buyer_side": "",
    "seller_side": "",
}


@asynccontextmanager
async def venue(
    folder: Path,
    *,
    rules: Rules | None = None,
    mode: Mode = Mode.AUTOMATIC,
    quorum: Quorum = QUORUM,
    time: Time | None = None,
    deadline_s: float = 30.0,
    every_s: float = 0.0,
) -> AsyncIterator[Venue]:
    """Open a venue in a folder, again where there is one; with ``every_s`` steps run by themselves."""
    path, time = folder / "j.db", time or Time()
    new = not path.exists()
    journal = create(path, "venue", rules or Rules()) if new else open_journal(path)
    clock = Clock(lambda: time.wall_ns, lambda: time.steady_ns)
    runner = Runner(journal, stamp=clock.stamp)
    clock.begin(runner.ask(lambda domain, _: domain.book.time_ns).result())
    desk = LocalDesk(runner)
    office = Office(desk, clock, Ways(mode, every_s or 3_600.0, quorum, deadline_s))
    if every_s:
        await office.start()
    else:
        await office.gate.look(desk)
    try:
        app: Any = make_app(Counter(desk, office=office), Door())
        transport = ASGITransport(app=app)  # in this very loop
        async with AsyncClient(transport=transport, base_url="http://venue") as client:
            made = Venue(office, runner, client, time)
            if new:
                await list_market(runner)
            yield made
    finally:
        await office.end()
        await asyncio.to_thread(runner.close)


async def list_market(runner: Runner) -> None:
    """List the market, as two admins would have done."""
    await asyncio.wrap_future(runner.submit("listing", ListMarket(time_ns=0, terms=TERMS)))


def played(story: Callable[[], Awaitable[None]]) -> None:
    """Play a story to its end."""
    asyncio.run(story())  # type: ignore[arg-type]
