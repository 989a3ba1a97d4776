"""Three fronts and two workers on one machine, killed and cut off: every acknowledged command is there once."""

from pathlib import Path

import pytest

from tests.service.bus.running import nats_server
from tests.service.machines.trial import tried

pytestmark = pytest.mark.skipif(nats_server() is None, reason="nats-server is not installed")
PLAN = ["writer killed", "bus wiped", "front killed", "wire cut"]


@pytest.mark.timeout(300)
def test_machines_when_killed_and_cut_off_then_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    """The writer is killed, the bus wiped, a front killed, a wire cut; ``verify`` agrees with every answer."""
    ended = tried(tmp_path, seed=1, seconds=60, clients=4, plan=PLAN)
    assert ended.wrong == []
    assert sum(ended.counts[name] for name in PLAN) == len(PLAN)
    assert ended.counts["takeovers"] >= 2
    assert ended.counts["acknowledged"] >= 80
