"""A service with keys, asked as people ask: one halts, one proposes, another one approves; all on the command line."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from deleverage.cli import call
from tests.service.incidents.running import serving

KEYS = (("ann-1", "risk-operator", "ann"), ("ann-2", "approver", "ann"), ("bob-1", "approver", "bob"))


class Desk:
    """Somebody at a terminal beside a service."""

    def __init__(self, port: int, capsys: pytest.CaptureFixture[str]) -> None:
        """Ask at a port."""
        self.address, self.capsys = f"http://127.0.0.1:{port}/v1", capsys

    def ask(self, key: str, method: str, path: str, body: Any = None, code: int = 0) -> Any:
        """Return the answer to a request that `deleverage request` signs with a key; its exit code is checked."""
        Path("body.json").write_text(json.dumps(body))
        given = [] if body is None else ["--body", "body.json"]
        self.capsys.readouterr()
        found = call(["request", method, f"{self.address}{path}", "--key", f"{key}.key", *given])
        said = self.capsys.readouterr()
        assert found == code, said
        return json.loads(said.out)


def test_halt_when_lifted_then_it_took_two_persons_with_keys_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second key of one person is not enough; a key that is taken away asks no more; no secret is left behind."""
    monkeypatch.chdir(tmp_path)
    for key, role, person in KEYS:
        assert call(["keys", "new", key, "--role", role, "--person", person]) == 0
    with serving(tmp_path / "j.db", "--keys", "keys.toml") as service:
        desk = Desk(service.port, capsys)
        time.sleep(1.1)  # what is dated before a second after the start is refused
        halt = {"commands": [{"key": "h1", "command": {"kind": "Halt", "scope": "", "reason": "drill"}}]}
        assert desk.ask("ann-1", "POST", "/commands", halt)["results"][0]["outcome"] == "done"
        resume = {"kind": "Resume", "scope": ""}
        alone = {"commands": [{"key": "r1", "command": resume}]}
        assert desk.ask("ann-1", "POST", "/commands", alone, code=2)["code"] == "FORBIDDEN"
        expiry_ns = str(time.time_ns() + 600 * 10**9)
        wish = {"command": resume, "reason": "the drill is over", "expiry_ns": expiry_ns}
        proposal = desk.ask("ann-1", "POST", "/proposals", wish)
        path, agreed = f"/proposals/{proposal['proposal']}/approval", {"hash": proposal["hash"]}
        assert desk.ask("ann-2", "POST", path, agreed, code=2)["code"] == "SAME_PERSON"
        assert desk.ask("bob-1", "POST", path, agreed)["state"] == "done"
        keys = Path("keys.toml").read_text().split("\n[[keys]]")
        Path("keys.toml").write_text("\n[[keys]]".join(part for part in keys if '"bob-1"' not in part))
        service.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert desk.ask("bob-1", "GET", "/markets", code=2)["code"] == "UNSIGNED"
        desk.ask("ann-1", "GET", "/queues/x/long", code=2)  # a look, though there is no such market
        service.stop()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("j.db*")).decode("latin-1")
    assert call(["reads", "j.db"]) == 0
    assert "ann-1 (ann)  QueueQuestion(market=x" in capsys.readouterr().out
    for key, _, _ in KEYS:
        secret = Path(f"{key}.key").read_text().split('secret = "')[1][:64]
        assert secret not in left
        assert os.stat(f"{key}.key").st_mode & 0o777 == 0o600
