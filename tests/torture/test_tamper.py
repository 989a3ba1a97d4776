"""Tampering: fifty changes go nowhere, and a verification that looks away is found out by them."""

from collections.abc import Callable
from typing import Any

import pytest

from deleverage.domain.verification import verify as verification
from deleverage.domain.verification.verdict import Verdict
from deleverage.domain.verification.verify import verify
from tests.torture import rewritten, tamper, tamper_rows
from tests.torture.tally import Tally


def test_journal_when_it_is_rewritten_then_one_kept_paper_shows_it_or_nothing_changed() -> None:
    """Fifty of the thousand of ``python -m tests.torture.tamper``; not all of them are harmless."""
    tally = tamper.run(50)
    assert tally.passed, "\n".join(tally.lines())
    assert (tally.runs, tally.outcomes.total()) == (50, 50)
    assert tally.outcomes[rewritten.DETECTED] >= 30


def _no_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*arguments: Any, **options: Any) -> Verdict:
        return verify(*arguments, **(options | {"witnesses": ()}))

    monkeypatch.setattr(rewritten, "verify", careless)


def _no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "_require_keys", lambda *_: None)


CARELESS = {"nobody kept a paper": _no_witness, "notes of keys are not compared": _no_notes}


def test_rows_when_their_owner_rewrites_them_then_one_kept_paper_shows_it_or_nothing_changed() -> None:
    """Sixty of those of ``python -m tests.torture.tamper_rows``; some are harmless, so that detecting is no reflex."""
    tally = tamper_rows.run(60)
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert tally.passed, "\n".join(tally.lines())
    assert (tally.runs, tally.outcomes[rewritten.DETECTED] >= 40, tally.outcomes[rewritten.HARMLESS] >= 1) == (
        *(60, True, True),
    )


@pytest.mark.parametrize("careless", CARELESS.values(), ids=CARELESS)
def test_journal_when_verification_looks_away_then_changes_go_unseen(
    monkeypatch: pytest.MonkeyPatch, careless: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """A tally without failures would show nothing if it could not have any."""
    careless(monkeypatch)
    tally = tamper.run(60)
    assert not tally.passed
    assert "python -m tests.torture.tamper --seed" in tally.failures[0].again


def test_rows_when_verification_looks_away_then_their_owners_changes_go_unseen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same of the tally of rows."""
    _no_witness(monkeypatch)
    tally = tamper_rows.run(60)
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert not tally.passed
    assert "python -m tests.torture.tamper_rows --seed" in tally.failures[0].again


def test_failure_when_its_command_is_given_again_then_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One seed is one change."""
    _no_witness(monkeypatch)
    first = tamper.run(60).failures[0]
    assert tamper.main(first.again.split()[3:]) == 1
    assert first.sentence in capsys.readouterr().out


def test_tally_when_nothing_was_run_then_it_has_not_passed() -> None:
    """Nothing shown is no proof, and says why."""
    empty, tally = Tally("family", skipped="(no server here)"), Tally("family")
    tally.note("done", "some")
    assert [one.passed for one in (empty, tally)] == [False, True]
    assert "NOTHING RUN (no server here)" in empty.lines()[0]
    other = Tally("family")
    other.fail(7, "what happened", "make it again", "some")
    tally.add(other)
    assert (tally.passed, tally.runs, dict(tally.kinds["some"])) == (False, 2, {"done": 1, "failed": 1})
    assert tally.lines()[-3:] == ["  failed, seed 7", "    what happened", "    again: make it again"]
