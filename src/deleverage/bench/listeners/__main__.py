"""``python -m deleverage.bench.listeners``: a thousand listen, two hundred never read, and a crash goes through.

Server, two halves of the crowd, and whoever trades are processes of their own; a clock that all share says when a
command became durable, and when somebody read of it. It is no test: a machine that is busy otherwise says little, so
its load is printed with the figures.
"""

import argparse
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np

from deleverage.bench.listeners import figures
from deleverage.bench.listeners.world import FALL_TICKS, MARKET, PRICE, opening, trades
from deleverage.bench.machine import machine
from deleverage.domain.runner import Runner
from deleverage.journal import local
from deleverage.rulebook.rules import Rules

CLIENTS, SECONDS = 1_000, 75
QUICK_CLIENTS, QUICK_SECONDS = 200, 50
PARTS = 2
BATCHES_PER_S, BATCH = 20, 5
GOAL_P99_MS = 250
Json = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m deleverage.bench.listeners", description="Streams under load.")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_CLIENTS} clients, {QUICK_SECONDS} s")
    parser.add_argument("--clients", type=int)
    parser.add_argument("--seconds", type=int)
    given = parser.parse_args(arguments)
    clients = given.clients or (QUICK_CLIENTS if given.quick else CLIENTS)
    seconds = given.seconds or (QUICK_SECONDS if given.quick else SECONDS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with TemporaryDirectory() as folder:
        document = measure(Path(folder), clients, seconds)
    print(json.dumps(document, indent=2))
    held = document["all"]["p99_ms"] < GOAL_P99_MS and not document["stalled open"] and not document["healthy closed"]
    print(f"p99 under {GOAL_P99_MS} ms, all stalled closed, no healthy one: {'held' if held else 'MISSED'}")
    return 0 if held else 1


def measure(folder: Path, clients: int, seconds: int) -> Json:
    """Return the figures of one run."""
    _open(folder, clients)
    port = _free_port()
    module = [sys.executable, "-m", "deleverage.bench.listeners.server", str(folder), str(port)]
    server = subprocess.Popen(module)
    halves = list[subprocess.Popen[bytes]]()
    try:
        _wait_for(port)
        memory = {"before": _rss(server.pid)}
        halves += [_half(folder, port, clients, part) for part in range(PARTS)]
        _fall(port, 0, BATCH, 5, Random(1), clients, first=0)  # while all connect
        time.sleep(10)
        memory["all connected"] = _rss(server.pid)
        from_ns, load_before = time.monotonic_ns(), os.getloadavg()[0]
        memory["most"] = _fall(port, seconds, BATCH, BATCHES_PER_S, Random(2), clients, first=10**6, pid=server.pid)
        for half in halves:
            half.communicate(b"\n", timeout=300)
        memory["after"] = _rss(server.pid)
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
    finally:
        for process in (server, *halves):
            if process.poll() is None:
                process.kill()
    received, ends = figures.read(folder, PARTS)
    durable = np.array(json.loads((folder / "durable.json").read_text("ascii")), np.int64)
    return {
        "clients": clients,
        "seconds": seconds,
        **figures.figures(received, ends, durable, from_ns),
        "memory of the server, MiB": memory,
        "load of the machine, before and after": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "machine": machine(),
    }


def _open(folder: Path, clients: int) -> None:
    """Write a journal with the venue."""
    now_ns = time.time_ns() - 60 * 10**9
    runner = Runner(local.create(str(folder / "journal.db"), "bench", Rules()))
    for future in [runner.submit(f"o{at}", one, 60) for at, one in enumerate(opening(clients, now_ns))]:
        assert isinstance(future.result(120).answer, tuple), future.result().answer
    runner.close()


def _half(folder: Path, port: int, clients: int, part: int) -> "subprocess.Popen[bytes]":
    numbers = [str(number) for number in (port, clients, part, PARTS)]
    module = [sys.executable, "-m", "deleverage.bench.listeners.crowd", str(folder), *numbers]
    return subprocess.Popen(module, stdin=subprocess.PIPE)


def _fall(
    port: int, seconds: int, batch: int, per_s: int, rng: Random, clients: int, *, first: int, pid: int = 0
) -> int:
    """Trade and let the price fall for a while, or once; return the most memory that the server had."""
    price, most, started, beats = PRICE, 0, time.monotonic(), 0
    while True:
        if beats % max(1, per_s * seconds // 40) == 0:
            price -= FALL_TICKS if seconds else 0
            mark = {"market": MARKET, "price_ticks": str(price)}
            now_ns = time.time_ns()
            _ask(port, "/marks", {"sequence": str(now_ns), "source_time_ns": str(now_ns), "marks": [mark]})
            most = max(most, _rss(pid)) if pid else 0
        _ask(port, "/commands", trades(rng, clients, batch, price, first))
        first, beats = first + batch, beats + 1
        if time.monotonic() - started >= seconds:
            return most
        time.sleep(max(0.0, started + beats / per_s - time.monotonic()))


def _ask(port: int, path: str, body: Json | None = None) -> Json:
    content = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{port}/v1{path}", content, headers={"content-type": "application/json"})
    try:
        with urlopen(request, timeout=60) as answer:
            found: Json = json.loads(answer.read())
            return found
    except HTTPError as problem:
        raise RuntimeError(problem.read().decode()) from None


def _wait_for(port: int) -> None:
    for _ in range(1_200):
        try:
            _ask(port, "/health")
            return
        except URLError:
            time.sleep(0.1)
    raise RuntimeError("the service does not answer")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _rss(pid: int) -> int:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


if __name__ == "__main__":
    sys.exit(main())
