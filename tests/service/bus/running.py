"""Bus, workers and fronts as processes of this machine: started, stopped, paused and killed, each by its own id."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from deleverage.service.bus.ring import FRONT, WORKER, join
from tests.service.incidents.running import SERVE, Api, free_port

WAIT_S = 120
STARTED = "-- started --"
_CONF = """
host: 127.0.0.1
port: {port}
jetstream {{ store_dir: "{store}", sync_interval: always }}
ping_interval: 2
"""


def nats_server() -> str | None:
    """Return the server's program, where it is installed."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.exists() else shutil.which("nats-server")


class Process:
    """A process of the test. Its words go to a file."""

    def __init__(self, command: tuple[str, ...], words: Path) -> None:
        """Start it."""
        self.words, self._command = words, command
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, again."""
        with self.words.open("ab") as out:
            out.write(f"{STARTED}\n".encode())
            out.flush()
            self.process = subprocess.Popen(self._command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def signal(self, number: int) -> None:
        """Send a signal, where it lives."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it as a machine that loses its power would."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """Ask it to end, wait for that, and return its exit status."""
        assert self.process is not None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def said(self) -> str:
        """Return all that it said so far."""
        return self.words.read_text("utf-8", "replace") if self.words.exists() else ""

    def wait_for(self, words: str, count: int = 1) -> None:
        """Wait until it has said something so often."""
        until = time.monotonic() + WAIT_S
        while self.said().count(words) < count:
            ended = self.process is None or self.process.poll() is not None
            assert not ended, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)


class Bus(Process):
    """A nats-server with its own store."""

    def __init__(self, folder: Path) -> None:
        """Start it on a port of its own; it always has the same one afterwards."""
        program = nats_server()
        assert program is not None
        self.port, self.store = free_port(), folder / "nats"
        conf = folder / "nats.conf"
        conf.write_text(_CONF.format(port=self.port, store=self.store))
        super().__init__((program, "-c", str(conf)), folder / "nats.log")
        self.ready()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"nats://127.0.0.1:{self.port}"

    def ready(self) -> "Bus":
        """Wait until it listens."""
        until = time.monotonic() + WAIT_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            assert time.monotonic() < until, self.said()
            time.sleep(0.02)

    def wipe(self) -> None:
        """Kill it, take away all that it had, and start it again."""
        self.kill()
        shutil.rmtree(self.store, ignore_errors=True)
        self.start()
        self.ready()


class Part(Process):
    """A front or a worker."""

    def __init__(self, folder: Path, name: str, part: str, url: str, *options: str) -> None:
        """Join the ring, and start."""
        ring, key = folder / "ring.toml", folder / f"{name}.bus-key"
        if not key.exists():
            join(name, part, str(key), str(ring))
        on: tuple[str, ...] = ("--bus", url, "--part", part, "--bus-key", str(key), "--bus-ring", str(ring))
        if "--domain" not in options and not any(one.startswith("postgresql:") for one in options):
            on = (*on, "--domain", "venue")
        super().__init__((*SERVE, *on, *options), folder / f"{name}.log")


def worker(folder: Path, name: str, url: str, *options: str) -> Part:
    """Start a worker on the journal of the folder."""
    return Part(folder, name, WORKER, url, "--db", str(folder / "j.db"), *options)


class Front(Part, Api):
    """A front, asked over HTTP."""

    def __init__(self, folder: Path, name: str, url: str, *options: str) -> None:
        """Start it."""
        self.port = free_port()
        Part.__init__(self, folder, name, FRONT, url, "--port", str(self.port), "--insecure-demo", *options)

    def takes_commands(self) -> None:
        """Wait until it says that commands are taken."""
        until = time.monotonic() + WAIT_S
        while True:
            with contextlib.suppress(OSError):
                if self.ask("GET", "/ready").get("ready") == "yes":
                    return
            assert time.monotonic() < until, self.said()
            time.sleep(0.05)
