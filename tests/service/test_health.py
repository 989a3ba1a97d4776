"""Whether the process lives and serves, and why not."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.service.whole import Whole, whole


def _look(made: Whole) -> Callable[[], Awaitable[None]]:
    async def look() -> None:
        made.watch.look()

    return look


def test_ready_when_the_gate_is_closed_then_it_is_ready_and_says_so(tmp_path: Path) -> None:
    """Money in, halts and marks go through a closed gate: whoever sends them has to find the service."""
    with whole(tmp_path) as made:
        assert made.client.get("/v1/ready").json()["gate"] == "open"
        made.office.gate._open = False
        answer = made.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["ready"], answer.json()["gate"]) == (200, "yes", "closed")


def test_ready_when_stopping_or_read_only_then_it_says_why_and_health_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed, as every refusal; whoever balances load looks at the status alone."""
    with whole(tmp_path) as made:
        made.counter.ending = True
        answer = made.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "NOT_READY")
        made.counter.ending = False
        monkeypatch.setattr(type(made.counter.desk), "trouble", "FULL: the device is full")
        answer = made.client.get("/v1/ready")
        assert (answer.status_code, answer.json()["code"]) == (503, "READ_ONLY")
        made.call(_look(made))
        text = made.client.get("/v1/metrics").text
        assert 'deleverage_read_only{why="FULL"} 1.0' in text
        assert "deleverage_up 0.0" in text
        assert made.client.get("/v1/health").json() == {"health": "alive"}
