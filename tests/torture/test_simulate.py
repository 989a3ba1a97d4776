"""The simulation is a function of its seed, whatever the process."""

import pytest

from tests.torture.planted import HASH_SEEDS, digests
from tests.torture.simulate import main, run
from tests.torture.world import World


def test_world_when_the_hash_seed_is_another_then_everything_is_the_same() -> None:
    """Events, chain and state: no order hangs on hashes."""
    told = {digests(hash_seed, 1, 10) for hash_seed in HASH_SEEDS}
    assert (len(told), len(next(iter(told)).splitlines())) == (1, 10)


def test_worlds_when_they_are_many_then_everything_happens_in_them() -> None:
    """Each kind of event is met."""
    events = run(100, 1).kinds["events"]
    expected = {"killed", "clock jumped", "claimed by another", "halted: FENCED", "cut at work", "cut while starting"}
    assert expected - set(events) == set()
    assert any(event.startswith("not started") for event in events)


def test_command_when_run_then_it_prints_what_happens_in_a_world(capsys: pytest.CaptureFixture[str]) -> None:
    """The trace, and at its end the digest of it."""
    assert main(["17"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[-1] == f"17 {World(17).run()}"
    assert any("acknowledged" in line for line in told)
