"""Power cuts and faults under SQLite: the settings of a journal lose nothing, and each planted fault is found."""

from collections import Counter
from dataclasses import replace

import apsw
import pytest

from tests.torture.chance import seed_sqlite
from tests.torture.cuts import Tally
from tests.torture.disk import ORDINARY, Traits
from tests.torture.lines import JOURNAL, PADDED, NoLog, Setting, opened, sqlite
from tests.torture.power import main, power_cuts
from tests.torture.restarts import KEPT, LOST, after_failed_syncs
from tests.torture.sectors import FORGET, KEEP, NOISE, TEAR, Survival
from tests.torture.sweep import CRASHED, DONE, REFUSED, Trial, sweep
from tests.torture.writer import lines_of

CUTS = 200
PLANTED = {
    "synchronous is NORMAL": (Setting("NORMAL"), FORGET, ORDINARY),
    "synchronous is OFF": (Setting("OFF"), KEEP, ORDINARY),
    "the disk lies": (JOURNAL, FORGET, Traits(lies_about_sync=True)),
}


@pytest.mark.parametrize("survival", [FORGET, KEEP, TEAR], ids=["forget", "keep", "tear"])
@pytest.mark.parametrize("traits", [ORDINARY, Traits(names_with_files=True)], ids=["strict", "journaling"])
def test_commits_when_set_as_a_journal_then_200_power_cuts_lose_none(survival: Survival, traits: Traits) -> None:
    """With `synchronous = FULL` what was acknowledged is there, whatever the cut leaves of the rest."""
    tally = power_cuts(1, CUTS, JOURNAL, survival, traits)
    assert (tally.cuts, tally.lost, tally.broken) == (CUTS, 0, [])
    assert tally.acknowledged > CUTS


@pytest.mark.parametrize("planted", PLANTED)
def test_commits_when_a_fault_is_planted_then_the_same_loop_finds_losses(planted: str) -> None:
    """What looks right until the power goes is found by the power going."""
    tally = power_cuts(1, CUTS, *PLANTED[planted])
    assert tally.lost > 10 or len(tally.broken) > 10


def test_commits_when_sectors_hold_noise_then_only_filled_sectors_and_an_emptied_log_lose_none() -> None:
    """SQLite fills up the sector of a commit, yet after a cut it goes on in the sector of the last one it found."""
    # The log is not written once more here: such a device spoils what lies in the sector that it is writing.
    settings = (replace(JOURNAL, renews_log=False), Setting(device=0), PADDED)
    lost = [power_cuts(1, 500, setting, NOISE).lost for setting in settings]
    assert [count > 0 for count in lost] == [True, True, False]


def test_power_cuts_when_the_seed_is_the_same_then_so_is_the_tally() -> None:
    """What is found once is found again."""
    setting = Setting("NORMAL")
    assert power_cuts(5, 50, setting, TEAR) == power_cuts(5, 50, setting, TEAR) != power_cuts(6, 50, setting, TEAR)


def _sweep(setting: Setting) -> list[tuple[Trial, int, str | None]]:
    """Return each trial of four lines and a close, with what is there after the power went, too."""
    seed_sqlite(1)
    results = []
    for trial in sweep(lines_of(sqlite(setting), 4), (apsw.Error, NoLog), seed=1):
        for survival in (FORGET, TEAR):
            with opened(trial.disk.power_cut(survival), setting) as opened_lines:
                results.append((trial, *opened_lines.found()))
    return results


def test_faults_when_at_every_operation_then_done_refused_or_crashed_and_never_wrong() -> None:
    """After each fault, and a power cut on top, the acknowledged lines are there, and at most the one under way."""
    results = _sweep(Setting(checkpoint_pages=4))
    assert {DONE, REFUSED, CRASHED} == {trial.outcome for trial, _, _ in results}
    wrong = [
        (trial.fault, last, complaint)
        for trial, last, complaint in results
        if complaint or last - len(trial.acknowledged) not in (0, 1)
    ]
    assert wrong == []


def test_faults_when_the_answer_to_the_mode_is_not_read_then_a_loss_is_found() -> None:
    """SQLite stays in its old mode, where a commit is durable once the folder is synced, and nobody hears of it."""
    results = _sweep(Setting(checkpoint_pages=4, reads_answer=False))
    assert any(last < len(trial.acknowledged) for trial, last, _ in results)


def _after_failed_syncs(setting: Setting) -> Counter[str]:
    """Count what is left of six lines."""
    seed_sqlite(1)
    return after_failed_syncs(sqlite(setting), (apsw.Error,), 6)


def test_commits_when_a_sync_failed_before_the_restart_then_only_a_renewed_log_keeps_all() -> None:
    """A log that was given up by a failed sync still reads well, and is gone with the power.

    Who goes on behind it loses, who brings it into the database may end with half of it there.
    """
    assert _after_failed_syncs(Setting())[LOST] > 0
    assert set(_after_failed_syncs(Setting(empties_log=True))) - {KEPT}
    assert set(_after_failed_syncs(JOURNAL)) == {KEPT}


def test_command_when_run_then_it_prints_the_counts_and_says_with_its_exit_whether_something_was_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 for the journal's settings, 1 for those that lose."""
    assert (main(["--cuts", "20"]), main(["--cuts", "50", "--synchronous", "NORMAL"])) == (0, 1)
    assert "20 power cuts" in capsys.readouterr().out


def test_tally_when_new_then_nothing_was_found() -> None:
    """A loop of no cuts finds nothing."""
    assert Tally() == power_cuts(1, 0, Setting())
