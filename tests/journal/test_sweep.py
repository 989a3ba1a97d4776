"""Presets of venues write journals that pass: some of the sweep (`python -m tests.journal.sweep` is all of it)."""

from pathlib import Path

import pytest

from tests.journal import sweep

CHOSEN = [
    (sweep.PLAIN, "wrong-way"),  # assets as collateral
    (sweep.PLAIN, "dutch-auction"),
    (sweep.PLAIN, "approval"),
    ("bybit", "crash"),  # a drawdown of the pool, hedged accounts last
    ("hyperliquid", "hedge-mode"),
    ("dydx-v4", "inverse"),  # one by one, a seeded rotation
    ("ftx", "backstop-edge"),
    ("okex-2018", "clawback"),
    ("vega", "expiry"),
    ("okx", "fund-pools"),
    ("deribit", "six-longs"),  # a policy from a file
]


@pytest.mark.parametrize(("preset", "scenario"), CHOSEN)
def test_journal_when_a_venues_preset_plays_a_crash_then_it_is_executed_again_to_the_same_state(
    tmp_path: Path, preset: str, scenario: str
) -> None:
    """By the rulebook, answer by answer, and by the engine that opens it."""
    commands, told = sweep.outcome(tmp_path, preset, scenario, accounts=30)
    assert told == ""
    assert commands > 0


def test_sweep_when_a_journal_does_not_pass_or_is_refused_then_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that is another, and a preset that does not fit: both are told, and only the first is a failure."""
    assert sweep.outcome(tmp_path, "deribit", "no such scenario")[1].startswith("refused: ")
    monkeypatch.setattr("sys.argv", ["sweep", "--presets", "okx", "--scenarios", "two-traders"])
    assert sweep.main() == 0
    assert "journals: 1 passed, 0 failed, 0 refused" in capsys.readouterr().out
    monkeypatch.setattr(sweep, "failure", lambda path, policy, digest: "planted")
    assert sweep.main() == 1
    out = capsys.readouterr().out
    assert "    two-traders: planted" in out
    assert "journals: 0 passed, 1 failed, 0 refused" in out


def test_sweep_when_its_presets_are_listed_then_every_venue_that_can_play_is_there() -> None:
    """And each side of each switch once."""
    names = sweep.preset_names()
    assert len(set(names)) == len(names) > 30
    assert sum("=" in name for name in names) > 0
