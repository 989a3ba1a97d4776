"""``deleverage serve`` as a process of its own, and what it uses."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

STARTS_IN_S = 120
ENDS_IN_S = 120


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Served:
    """A service process; ``started_s`` is how long it took until it answered, ``lines`` what it said so far."""

    def __init__(self, log: Path, *options: str) -> None:
        """Start it on a free port, and wait until it serves."""
        self.port = free_port()
        self._log = log
        command = [sys.executable, "-m", "deleverage", "serve", "--port", str(self.port), *options]
        started = time.monotonic()
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        self._wait(started)
        self.started_s = time.monotonic() - started

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """What it has said."""
        return self._log.read_text("utf-8", "replace").splitlines()

    def stop(self) -> float:
        """Tell it to end, and return how many seconds it took; RuntimeError where it did not end well."""
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.wait(ENDS_IN_S):
            raise RuntimeError("\n".join(["the service ended badly", *self.lines[-20:]]))
        return time.monotonic() - started

    def resident_bytes(self) -> tuple[int, int]:
        """Return the memory of the service, with those who work for it, and of the demo's venue (0: there is none)."""
        venue, service = 0, _resident_bytes(str(self.process.pid))
        for pid in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text("ascii").split():
            if b"deleverage.demo" in Path(f"/proc/{pid}/cmdline").read_bytes():
                venue += _resident_bytes(pid)
            else:
                service += _resident_bytes(pid)
        return service, venue

    def _wait(self, started: float) -> None:
        while time.monotonic() - started < STARTS_IN_S:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/v1/health", timeout=5) as answer:
                    json.load(answer)
                return
            except OSError:
                time.sleep(0.02)
        self.process.kill()
        raise RuntimeError("\n".join(["the service did not start", *self.lines[-20:]]))


def _resident_bytes(pid: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0
