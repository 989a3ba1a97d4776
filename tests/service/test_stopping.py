"""A service that is told to end, killed, started again, or not let in: as a process, over sockets."""

import json
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from deleverage.journal.local import open_journal
from tests.service.corpus.values import batch, deposit
from tests.service.incidents.running import SERVE, Service, day, free_port, serving, verified, written
from tests.service.restart import HOW, restarted

RESTART_S = 10
MOST = 20_000
JSON = {"content-type": "application/json"}


class Hands:
    """Hand in deposits one after another on a connection that stays open, until it is closed."""

    def __init__(self, port: int, name: str) -> None:
        """Begin."""
        self.acknowledged: list[str] = []
        self.unanswered: list[str] = []
        self.broken: list[str] = []
        self._port, self._name = port, name
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            for at in range(MOST):
                if not self._hand_in(connection, f"{self._name}-{at}"):
                    return

    def _hand_in(self, connection: HTTPConnection, key: str) -> bool:
        """Return whether the connection stays open."""
        try:
            connection.request("POST", "/v1/commands", batch(deposit("1", "b"), key), JSON)
        except OSError:
            return False  # not sent: nobody is owed an answer
        try:
            answer = connection.getresponse()
            document = json.loads(answer.read())
        except ConnectionResetError:
            self.unanswered.append(key)  # closed while it was on its way
            return False
        except (OSError, HTTPException, ValueError) as error:
            self.broken.append(f"{key}: {error!r}")
            return False
        if answer.status == 200 and document["results"][0]["outcome"] == "done":
            self.acknowledged.append(key)
        return answer.getheader("connection") != "close"


def known(path: Path, keys: list[str]) -> int:
    """Return how many of these keys the journal has."""
    journal = open_journal(path)
    try:
        return len(journal.known([f"demo:{key}" for key in keys]))
    finally:
        journal.close()


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGTERM, signal.SIGTERM], [signal.SIGINT]])
def test_stop_when_asked_under_load_then_nothing_acknowledged_is_lost(tmp_path: Path, signals: list[int]) -> None:
    """Eight hands; what was acknowledged is in the journal, what was not answered is not, exit code 0."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    service = Service(path).ready()
    hands = [Hands(service.port, f"h{at}") for at in range(8)]
    while sum(len(one.acknowledged) for one in hands) < 100:
        time.sleep(0.01)
    for number in signals:
        service.process.send_signal(number)
    for one in hands:
        one.thread.join(30)
    code, said = service.ended()
    assert (code, [line for one in hands for line in one.broken]) == (0, []), said
    acknowledged = [key for one in hands for key in one.acknowledged]
    assert len(acknowledged) >= 100
    assert known(path, acknowledged) == len(acknowledged)
    assert known(path, [key for one in hands for key in one.unanswered]) == 0
    verified(path)


def test_stop_when_somebody_waits_for_a_round_then_he_is_answered(tmp_path: Path) -> None:
    """A long poll does not hold the end up, and ready says that the service is stopping."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    service = Service(path, "--rounds", "outside").ready()
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as waiting:
        waiting.request("GET", "/v1/rounds/prepared?wait_s=30")
        time.sleep(0.3)
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        answer = waiting.getresponse()
        assert (answer.status, json.loads(answer.read())) == (200, {"prepared": []})
    assert service.ended()[0] == 0
    assert time.monotonic() - started < RESTART_S


@pytest.mark.parametrize("how", HOW)
def test_restart_when_the_journal_is_long_then_it_serves_within_ten_seconds(tmp_path: Path, how: str) -> None:
    """After a clean end from its snapshot, after a kill from the commands; its own time, others may use the machine."""
    assert restarted(tmp_path, how, 4_000).cpu_s < RESTART_S


def refused(*options: str) -> tuple[int, str]:
    """Return how a service that is not let in ends."""
    found = subprocess.run((*SERVE, *options), capture_output=True, timeout=60, check=False)
    return found.returncode, (found.stdout + found.stderr).decode()


def test_start_when_another_server_holds_the_journal_then_it_says_so(tmp_path: Path) -> None:
    """Exit code 2 and the journal's own code; the first one goes on."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    with serving(path) as service:
        code, said = refused("--db", str(path), "--insecure-demo", "--port", str(free_port()))
        assert (code, said.count("\n")) == (2, 1), said
        assert "LOCKED: " in said
        assert service.ask("GET", "/ready")["ready"] == "yes"


RAW: dict[str, tuple[bytes, bytes]] = {
    "no request at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    "huge headers": (b"GET /v1/health HTTP/1.1\r\nhost: x\r\nx-a: " + b"a" * (1 << 20) + b"\r\n\r\n", b"400"),
    "very many headers": (b"GET /v1/health HTTP/1.1\r\nhost: x\r\n" + b"x-a: b\r\n" * 50_000 + b"\r\n", b"400"),
    "a path of a megabyte": (b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nhost: x\r\n\r\n", b"400"),
    "two lengths": (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}", b"400"),
    "a length that is none": (b"POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", b"400"),
    "a length and chunks": (
        b"POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"400",
    ),
    "chunks without end": (
        b"POST /v1/commands HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 32,
        b"413",
    ),
    "a version that is none": (b"GET /v1/health HTTP/x\r\nhost: x\r\n\r\n", b"400"),
}


def test_bytes_when_they_are_no_request_then_the_connection_ends_and_the_service_goes_on(tmp_path: Path) -> None:
    """Below what the application sees: headers without end, lengths that contradict each other, chunks without end."""
    path = tmp_path / "j.db"
    written(path, day(time.time_ns()))
    with serving(path) as service:
        before = service.ask("GET", "/markets")["seq"]
        found = {name: answered(service.port, sent) for name, (sent, _) in RAW.items()}
        assert {name: answer.split(b" ")[1] for name, answer in found.items()} == {
            name: status for name, (_, status) in RAW.items()
        }
        assert service.ask("GET", "/markets")["seq"] == before


def answered(port: int, sent: bytes) -> bytes:
    """Return what comes back for some bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with suppress(OSError):  # closed while we were still sending
            connection.sendall(sent)
        try:
            return connection.recv(65_536) or b"closed closed"
        except OSError:
            return b"reset reset"


def test_service_when_it_is_killed_then_who_works_for_it_ends_too(tmp_path: Path) -> None:
    """A service that is killed once a week for years would leave hundreds of processes behind."""
    service = Service(tmp_path / "j.db").ready()
    try:
        service.ask("POST", "/commands", json.loads(batch(deposit("1", "nobody"), "k")))
        until = time.monotonic() + 60
        while len(found := _children(service.process.pid)) < 2:  # who works, and who looks after what they share
            assert time.monotonic() < until, found
            time.sleep(0.05)
    finally:
        service.kill()
    while any(_lives(Path("/proc", number)) for number in found):
        assert time.monotonic() < until, found
        time.sleep(0.05)


def _children(number: int) -> list[str]:
    """Return the processes that any thread of a process has started."""
    return [one for children in Path(f"/proc/{number}/task").glob("*/children") for one in children.read_text().split()]


def _lives(process: Path) -> bool:
    """Return whether a process is there and has not ended."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
