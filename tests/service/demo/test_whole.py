"""The demo as people start it: a service, a venue, a crash, an end, and a start behind it."""

from pathlib import Path

from tests.service.soak import soak

OPTIONS = ("--traders", "60", "--speed", "16")


def test_demo_when_it_crashes_and_ends_then_all_money_is_counted_and_the_journal_agrees(tmp_path: Path) -> None:
    """Nine seconds stand for two minutes; what the soak of half an hour asks holds here, too."""
    found = soak(tmp_path, 9.0, 9.0, *OPTIONS)
    assert found.faults == []
    assert found.crashes == 1
    assert found.commands > 1_000
