"""The bench of the lab runs and says what it measured; how fast this machine is, no test decides."""

import pytest

from deleverage.lab.speed import TWELVE, main


def test_speed_when_asked_for_then_twelve_policies_and_all_measures_are_timed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A small book; one row each, and the sum."""
    assert main(["--winners", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(TWELVE) == 12
    assert [line.split()[0] for line in lines[1:-1]] == list(TWELVE)
    assert lines[-1].startswith("12 policies: ")
