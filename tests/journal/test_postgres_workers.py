"""Two workers, a journal in PostgreSQL: the lease says who tries, the epoch keeps who was followed from writing."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from deleverage.service.bus.ring import FRONT, WORKER, join
from tests.journal.places import PostgresPlace
from tests.service.bus.running import Bus, Front, Part, nats_server
from tests.service.incidents.running import WAIT_S
from tests.torture.server import PASSWORD

pytestmark = pytest.mark.skipif(nats_server() is None, reason="nats-server is not installed")


@pytest.mark.timeout(200)
def test_worker_when_it_wakes_behind_another_then_it_writes_nothing_and_stands_by(
    postgres: PostgresPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused longer than the lease lasts, on a machine of its own: the other writes; every key is there once."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    for name, part in (("f1", FRONT), ("w1", WORKER), ("w2", WORKER)):
        join(name, part, str(tmp_path / f"{name}.bus-key"), str(tmp_path / "ring.toml"))
    bus, folders = Bus(tmp_path), (tmp_path / "one", tmp_path / "two")
    folders[0].mkdir()
    front = Front(tmp_path, "f1", bus.url, "--domain", postgres.domain)
    first = Part(tmp_path, "w1", WORKER, bus.url, "--db", _address(postgres, folders[0]))
    second: Part | None = None
    try:
        first.wait_for("working on")
        shutil.copytree(folders[0], folders[1])
        second = Part(tmp_path, "w2", WORKER, bus.url, "--db", _address(postgres, folders[1]))
        second.wait_for("standing by")
        told = [_told(front, at) for at in range(3)]
        first.signal(signal.SIGSTOP)
        told += [_told(front, at) for at in range(3, 6)]
        first.signal(signal.SIGCONT)
        until = time.monotonic() + WAIT_S
        while "standing by" not in first.said():
            told.append(_told(front, len(told)))
            assert time.monotonic() < until, first.said()
        assert "ended work" in first.said()
        assert {one["receipt"]["epoch"] for one in told} == {"1", "2"}
        assert [one["receipt"] for one in told] == [_told(front, at)["receipt"] for at in range(len(told))]
    finally:
        for process in (front, first, second, bus):
            if process is not None:
                process.signal(signal.SIGCONT)
                process.kill()
    assert call(["verify", _address(postgres, folders[1])]) == 0


def _address(postgres: PostgresPlace, folder: Path) -> str:
    return f"postgresql://app@/journals?host={postgres.server.folder}&domain={postgres.domain}&folder={folder}"


def _told(front: Front, number: int) -> Any:
    """Return the result of a command, asked for under its key until it is told."""
    deposit = {"kind": "Deposit", "unit_id": "nobody", "amount_quanta": "1"}
    until = time.monotonic() + WAIT_S
    while True:
        (result,) = front.ask("POST", "/commands", {"commands": [{"key": f"k{number}", "command": deposit}]}).get(
            "results", [{"outcome": "refused"}]
        )
        if result["outcome"] == "rejected":
            return result
        assert time.monotonic() < until, result
        time.sleep(0.1)
