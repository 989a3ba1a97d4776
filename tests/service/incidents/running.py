"""``deleverage serve`` as a process of its own: asked over HTTP, killed, started again; and the journal it lies on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from deleverage.domain.runner import Runner
from deleverage.journal.local import create, open_journal
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    DepositToFund,
    ListMarket,
    MarkUpdate,
    OpenAccount,
    RunStep,
    SetMarks,
    Trade,
)
from deleverage.rulebook.rules import Rules
from tests.torture.script import TERMS

NS_PER_S = 1_000_000_000
WAIT_S = 60
Json = dict[str, Any]
SERVE = (sys.executable, "-c", "import sys; from deleverage.cli import main; sys.exit(main())", "serve")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Api:
    """What is asked over HTTP."""

    port: int

    def ask(self, method: str, path: str, body: Any = None) -> Json:
        """Return an answer, or a problem."""
        content = None if body is None else json.dumps(body).encode()
        kind = {"content-type": "application/json"}
        asked = Request(f"http://127.0.0.1:{self.port}/v1{path}", content, kind, method=method)
        try:
            with urlopen(asked, timeout=WAIT_S) as answer:
                return json.loads(answer.read())
        except HTTPError as problem:
            return json.loads(problem.read())

    def mark(self, price: int | str, age_s: float = 0, market: str = "X") -> Json:
        """Hand in a mark of now, or of a while ago."""
        now_ns = time.time_ns()
        body = {
            "sequence": str(now_ns),
            "source_time_ns": str(now_ns - int(age_s * NS_PER_S)),
            "marks": [{"market": market, "price_ticks": str(price)}],
        }
        return self.ask("POST", "/marks", body)


class Service(Api):
    """A service process."""

    def __init__(self, path: Path | str, *options: str) -> None:
        """Start it; ``ready`` waits until it serves."""
        self.port = free_port()
        address = ("--port", str(self.port), "--db", str(path))
        door = () if "--keys" in options else ("--insecure-demo",)
        self.process = subprocess.Popen(
            (*SERVE, *address, *door, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def ready(self) -> "Service":
        """Wait until it takes requests."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(self.ended())
            try:
                self.ask("GET", "/health")
                return self
            except URLError:
                time.sleep(0.05)
        raise AssertionError("the service does not answer")

    def ended(self) -> tuple[int, str]:
        """Return the exit status of a process that ends by itself, and what it said."""
        out, error = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, (out + error).decode()

    def steps(self) -> int:
        """Return how many steps were run since the start."""
        return int(self.ask("GET", "/rounds/state")["steps"])

    def wait_for_steps(self, count: int) -> None:
        """Wait until so many steps were run."""
        until = time.monotonic() + WAIT_S
        while self.steps() < count:
            assert time.monotonic() < until, self.ask("GET", "/rounds/state")
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it, as a machine that loses its power would."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """Ask it to end, and wait for that."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=WAIT_S)


@contextmanager
def serving(path: Path | str, *options: str) -> Iterator[Service]:
    """Give a service that serves, and end it."""
    service = Service(path, *options)
    try:
        yield service.ready()
    finally:
        service.stop()


def written(path: Path, commands: Sequence[Command], rules: Rules | None = None) -> None:
    """Write a journal as a service would have, a new one where there is none; each command has its own time."""
    journal = open_journal(path) if path.exists() else create(path, "venue", rules or Rules())
    first = journal.seq
    runner = Runner(journal)
    try:
        for future in [runner.submit(f"w-{first + at}", one, WAIT_S) for at, one in enumerate(commands)]:
            answer = future.result(WAIT_S).answer
            assert isinstance(answer, tuple), answer
    finally:
        runner.close()


def day(time_ns: int, fund_quanta: int = 50_000, longs: int = 1) -> list[Command]:
    """Return an ordinary day: a fund, longs of 100 lots in all at 1,000, below zero from 979 on, and a rich short."""
    names = [f"a{at}" for at in range(longs)]
    lots = 100 // longs
    commands: list[Command] = [
        ListMarket(time_ns=time_ns, terms=TERMS),
        SetMarks(time_ns=time_ns, marks=(MarkUpdate("X", 1_000),)),
        *([DepositToFund(time_ns=time_ns, amount_quanta=fund_quanta)] if fund_quanta else []),
    ]
    for name, money in [*((name, 20_000 // longs) for name in names), ("b", 1_000_000)]:
        commands += [
            OpenAccount(time_ns=time_ns, account_id=name),
            Deposit(time_ns=time_ns, unit_id=name, amount_quanta=money),
        ]
    for name in names:
        sides = {"buyer_unit_id": name, "seller_unit_id": "b"}
        commands.append(Trade(time_ns=time_ns, market_id="X", lots=lots, price_ticks=1_000, **sides))
    return [*commands, RunStep(time_ns=time_ns)]


def verified(path: Path) -> None:
    """Execute a journal again with the rulebook, in a process of its own; it must agree with every answer."""
    found = subprocess.run((*SERVE[:-1], "verify", str(path)), capture_output=True, env=os.environ, check=False)
    assert found.returncode == 0, (found.stdout + found.stderr).decode()
